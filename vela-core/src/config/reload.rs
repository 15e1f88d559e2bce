//! Reading once more, and the configuration of the process.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use parking_lot::RwLock;

use super::Config;
use super::error::ConfigError;
use super::in_force::{InForce, Settled};
use super::key::Key;
use super::place::Origin;

/// That of the process. Nothing but the pointer changes hands under the lock.
static INSTALLED: RwLock<Option<Arc<Config>>> = RwLock::new(None);

/// Has the channels that live follow a new configuration; set by them, for they are above this module.
static FOLLOW: OnceLock<fn(&Config) -> Vec<Pending>> = OnceLock::new();

/// Who is told of a new configuration.
pub(crate) fn on_install(follow: fn(&Config) -> Vec<Pending>) {
    FOLLOW.get_or_init(|| follow);
}

/// A value that a channel which lives already cannot take: the next channel of that name will have it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pending {
    /// The channel's name.
    pub channel: String,
    /// The key, as in the file.
    pub key: &'static str,
}

impl Pending {
    pub(crate) fn new(channel: String, key: &'static str) -> Self {
        Self { channel, key }
    }
}

impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "channels.{}.{}: only channels that are made from now on have the new value", self.channel, self.key)
    }
}

/// The configuration of the process, if one was [installed](Config::install).
///
/// # Examples
///
/// ```
/// use vela_core::config::{self, Config};
///
/// Config::from_toml("[channels.orders]\n")?.install();
/// assert!(config::installed().unwrap().channel("orders").is_ok());
/// # Ok::<(), vela_core::config::ConfigError>(())
/// ```
#[must_use]
pub fn installed() -> Option<Arc<Config>> {
    INSTALLED.read().clone()
}

/// Hands over the configuration of the process, and once more if another has been installed meanwhile: who does so by
/// himself brings nothing up to a date that is over.
pub(crate) fn until_it_stays(mut hand_over: impl FnMut(&Config)) {
    let mut handed = None;
    loop {
        let now = installed();
        match &now {
            Some(config) if !is_same(handed.as_ref(), now.as_ref()) => hand_over(config),
            _ => return,
        }
        handed = now;
    }
}

fn is_same(one: Option<&Arc<Config>>, other: Option<&Arc<Config>>) -> bool {
    one.map(Arc::as_ptr) == other.map(Arc::as_ptr)
}

impl Config {
    /// Makes this the configuration of the process, in place of the one before. Channels that were made
    /// [by name](crate::Channel::named) follow it, see [`Reload::install`].
    ///
    /// # Examples
    ///
    /// See [`installed`].
    pub fn install(self) -> Arc<Self> {
        self.put_in_force().0
    }

    fn put_in_force(self) -> (Arc<Self>, Vec<Pending>) {
        let new = Arc::new(self);
        let old = INSTALLED.write().replace(Arc::clone(&new));
        drop(old); // after the lock
        let mut pending = None;
        until_it_stays(|config| {
            config.unbounded_policy().put_in_force();
            let follow = FOLLOW.get().map_or_else(Vec::new, |follow| follow(config));
            pending.get_or_insert(follow);
        });
        (new, pending.unwrap_or_default())
    }

    /// Reads the same sources once more: files anew, and the variables of the process if it was they.
    ///
    /// Nothing changes by it, neither this configuration nor that of the process, until the result is
    /// [installed](Reload::install).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all mistakes; then all stays as it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::config::Config;
    ///
    /// let config = Config::from_toml("[channels.orders]\n")?;
    /// assert!(config.reload()?.changes().next().is_none());
    /// # Ok::<(), vela_core::config::ConfigError>(())
    /// ```
    pub fn reload(&self) -> Result<Reload, ConfigError> {
        let config = self.from.read()?;
        let changes = changes(&self.settled, &config.settled);
        Ok(Reload { config, changes })
    }
}

/// A configuration that was read once more, and what is different in it; made by [`Config::reload`].
///
/// # Examples
///
/// ```
/// use vela_core::config::Config;
///
/// let config = Config::from_toml("[channels.orders]\n")?.install();
/// let reload = config.reload()?;
/// for change in reload.changes() {
///     println!("{change}"); // channels.orders.capacity: 1000 → 5000 (production.toml:2)
/// }
/// reload.install();
/// # Ok::<(), vela_core::config::ConfigError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing changes until it is installed"]
pub struct Reload {
    config: Config,
    changes: Vec<Change>,
}

impl Reload {
    /// What was read.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What is different, by channel and key. Not in the program's [own settings](Config::app): compare those yourself.
    pub fn changes(&self) -> impl ExactSizeIterator<Item = &Change> {
        self.changes.iter()
    }

    /// Makes it the configuration of the process.
    ///
    /// Channels that were made [by name](crate::Channel::named) and live take over limits of saturation, `report_every`, the sizing, the
    /// times of their overflow policy, and a capacity of at least 1 if they had one. (Values above a smaller capacity stay until
    /// they are received; where the oldest are dropped, they are dropped.) What comes back is the rest: what only channels have
    /// that are made from now on.
    pub fn install(self) -> Vec<Pending> {
        self.config.put_in_force().1
    }

    /// What was read, without the changes.
    #[must_use]
    pub fn into_config(self) -> Config {
        self.config
    }
}

/// One key whose value is another than before. `Display` shows it as a line for the log.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use vela_core::config::Config;
///
/// let path = std::env::temp_dir().join(format!("vela-change-{}.toml", std::process::id()));
/// std::fs::write(&path, "[channels.orders]\ncapacity = 10\n")?;
/// let config = Config::builder().file(&path).variables([("", ""); 0]).load()?;
/// std::fs::write(&path, "[channels.orders]\ncapacity = 20\n")?;
/// let reload = config.reload()?;
/// # std::fs::remove_file(&path)?;
///
/// let change = reload.changes().next().unwrap();
/// assert_eq!((change.channel(), change.key()), (Some("orders"), "capacity"));
/// assert_eq!((change.old_value(), change.new_value()), (Some("10"), Some("20"))); // messages
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    channel: Option<String>,
    key: &'static str,
    old: Option<String>,
    new: Option<String>,
    from: Origin,
}

impl Change {
    /// The channel; None for the policy on channels without a bound.
    pub fn channel(&self) -> Option<&str> {
        self.channel.as_deref()
    }

    /// The key, from the table of the channel: `capacity`, `sizing.peak_rate`.
    pub fn key(&self) -> &str {
        self.key
    }

    /// The value before; None if there was no such channel, or no sizing.
    pub fn old_value(&self) -> Option<&str> {
        self.old.as_deref()
    }

    /// The value now; None if there is no such channel any more, or no sizing.
    pub fn new_value(&self) -> Option<&str> {
        self.new.as_deref()
    }

    /// Where the value comes from now.
    pub fn origin(&self) -> &Origin {
        &self.from
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(channel) = &self.channel {
            write!(f, "channels.{channel}.")?;
        }
        let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
        write!(f, "{}: {} → {}", self.key, show(&self.old), show(&self.new))?;
        if self.new.is_some() { write!(f, " ({})", self.from) } else { Ok(()) }
    }
}

fn changes(old: &Settled, new: &Settled) -> Vec<Change> {
    let mut changes = Vec::new();
    if old.unbounded != new.unbounded {
        changes.push(Change {
            channel: None,
            key: Key::Unbounded.path(),
            old: Some(old.unbounded.to_string()),
            new: Some(new.unbounded.to_string()),
            from: new.unbounded_from.clone().unwrap_or(Origin::Default),
        });
    }
    let names: BTreeSet<&String> = old.channels.keys().chain(new.channels.keys()).collect();
    for name in names {
        let (before, after) = (old.channels.get(name), new.channels.get(name));
        for key in Key::OF_CHANNEL {
            let shown = |channel: Option<&InForce>| channel.and_then(|channel| channel.shown.get(&key).cloned());
            let (was, is) = (shown(before), shown(after));
            let from = is.as_ref().map_or(Origin::Default, |(_, origin)| origin.clone());
            let (was, is) = (was.map(|(value, _)| value), is.map(|(value, _)| value));
            if was != is {
                changes.push(Change { channel: Some(name.clone()), key: key.path(), old: was, new: is, from });
            }
        }
    }
    changes
}
