//! The channels that were made by name, and follow the configuration while they live.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::builder::limits;
use super::state::Chan;
use crate::config::{self, Config, Pending};
use crate::settings::{Capacity, ChannelSettings};

static LIVE: Mutex<Option<ByName>> = Mutex::new(None);

type ByName = HashMap<Box<str>, Vec<Weak<dyn Follows>>>;

/// What can take over new settings.
trait Follows: Send + Sync {
    /// Says which keys it cannot take over.
    fn follow(&self, settings: &ChannelSettings) -> Vec<&'static str>;
}

/// Has the channel follow what the configuration says under this name.
pub(super) fn add<T: Send + 'static>(name: &str, chan: &Arc<Chan<T>>) {
    config::on_install(follow);
    let new: Weak<dyn Follows> = Arc::downgrade(chan) as _;
    let mut live = LIVE.lock();
    let channels = live.get_or_insert_default().entry(name.into()).or_default();
    if channels.len() == channels.capacity() {
        channels.retain(|channel| channel.strong_count() > 0);
    }
    channels.push(new);
}

fn follow(config: &Config) -> Vec<Pending> {
    // Channels are used, and perhaps let go of, outside the lock: their values have destructors.
    let mut channels = Vec::new();
    if let Some(live) = &mut *LIVE.lock() {
        live.retain(|name, all| {
            all.retain(|channel| channel.strong_count() > 0);
            channels.extend(all.iter().filter_map(Weak::upgrade).map(|channel| (name.to_string(), channel)));
            !all.is_empty()
        });
    }
    let mut pending = Vec::new();
    for (name, channel) in channels {
        // A name that is not there any more leaves its channels as they are.
        let Ok(settings) = config.channel(&name) else { continue };
        for key in channel.follow(&settings) {
            let new = Pending::new(name.clone(), key);
            if !pending.contains(&new) {
                pending.push(new);
            }
        }
    }
    pending.sort_by(|one, other| (&one.channel, one.key).cmp(&(&other.channel, other.key)));
    pending
}

impl<T: Send> Follows for Chan<T> {
    fn follow(&self, settings: &ChannelSettings) -> Vec<&'static str> {
        let mut dropped = Vec::new();
        let pending = self.with(|state, wakes| {
            let mut pending = Vec::new();
            if !state.set_overflow(settings.overflow) {
                pending.push("overflow");
            }
            let capacity = match settings.capacity {
                Capacity::Bounded(capacity) => capacity,
                Capacity::Unbounded => usize::MAX,
            };
            if !state.set_capacity(capacity, &mut dropped, wakes) {
                pending.push("capacity");
            }
            if let Ok(limits) = limits(settings) {
                state.set_limits(limits);
            }
            if state.is_monitored() != settings.monitored {
                pending.push("monitored");
            }
            pending
        });
        // Values have destructors of their own, which must not run under the lock.
        drop(dropped);
        pending
    }
}
