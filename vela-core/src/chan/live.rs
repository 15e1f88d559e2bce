//! The channels that were made by name, and follow the configuration while they live.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::builder::{Said, expected, limits};
use super::state::Chan;
use crate::config::{self, Config, Pending};
use crate::monitor::Limits;
use crate::settings::{Capacity, ChannelSettings};

static LIVE: Mutex<Option<ByName>> = Mutex::new(None);

type ByName = HashMap<Box<str>, Vec<Follower>>;

struct Follower {
    channel: Weak<dyn Follows>,
    said: Said,
}

/// What can take over new settings.
trait Follows: Send + Sync {
    /// Takes over what the code has not said, and says which keys it cannot take over.
    fn follow(&self, settings: &ChannelSettings, said: Said) -> Vec<&'static str>;
}

/// Has the channel follow what the configuration says under this name.
pub(super) fn add<T: Send + 'static>(name: &str, chan: &Arc<Chan<T>>, said: Said) {
    config::on_install(follow);
    enlist(name, Follower { channel: Arc::downgrade(chan) as _, said });
    // It may have been installed after the builder has looked, and before the channel was in the list.
    config::until_it_stays(|config| {
        if let Ok(settings) = config.channel(name) {
            chan.follow(&settings, said);
        }
    });
}

fn enlist(name: &str, new: Follower) {
    let mut live = LIVE.lock();
    let channels = live.get_or_insert_default().entry(name.into()).or_default();
    if channels.len() == channels.capacity() {
        channels.retain(|follower| follower.channel.strong_count() > 0);
        // Half of it is free after that: the next time is as many channels away.
        channels.reserve(channels.len().max(1));
    }
    channels.push(new);
}

fn follow(config: &Config) -> Vec<Pending> {
    // Channels are used, and perhaps let go of, outside the lock: their values have destructors.
    let mut channels = Vec::new();
    if let Some(live) = &mut *LIVE.lock() {
        live.retain(|name, all| {
            all.retain(|follower| follower.channel.strong_count() > 0);
            let live = all.iter().filter_map(|follower| Some((follower.channel.upgrade()?, follower.said)));
            channels.extend(live.map(|(channel, said)| (name.to_string(), channel, said)));
            !all.is_empty()
        });
    }
    let mut pending = Vec::new();
    for (name, channel, said) in channels {
        // A name that is not there any more leaves its channels as they are.
        let Ok(settings) = config.channel(&name) else { continue };
        for key in channel.follow(&settings, said) {
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
    fn follow(&self, settings: &ChannelSettings, said: Said) -> Vec<&'static str> {
        let mut dropped = Vec::new();
        let pending = self.with(|state, wakes| {
            let mut pending = Vec::new();
            if !said.overflow && !state.set_overflow(settings.overflow) {
                pending.push("overflow");
            }
            let capacity = match settings.capacity {
                Capacity::Bounded(capacity) => capacity,
                Capacity::Unbounded => usize::MAX,
            };
            if !state.set_capacity(capacity, &mut dropped, wakes) {
                pending.push("capacity");
            }
            let limits = limits(settings);
            let (saturated_at, relieved_at) = said.saturation.unwrap_or((limits.saturated_at, limits.relieved_at));
            let report_every = said.report_every.unwrap_or(limits.report_every);
            if let Ok(limits) = (Limits { saturated_at, relieved_at, report_every }).checked() {
                state.set_limits(limits, expected(settings));
            }
            if !said.monitored && state.is_monitored() != settings.monitored {
                pending.push("monitored");
            }
            pending
        });
        // Values have destructors of their own, which must not run under the lock.
        drop(dropped);
        pending
    }
}
