//! Layered configuration of named channels: files, an environment, variables.
//!
//! A directory holds `base.toml`, which declares the channels, and one file for each environment, which changes what is
//! different there. Variables of the process go before both. The guide `vela::guide::configuration` is for those who
//! operate a program; this page is for those who write it.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = std::env::temp_dir().join(format!("vela-config-{}", std::process::id()));
//! # std::fs::create_dir_all(&directory)?;
//! use vela_core::config::Config;
//! use vela_core::settings::Capacity;
//!
//! std::fs::write(directory.join("base.toml"), r#"
//!     unbounded = "forbid"
//!
//!     [defaults]
//!     overflow = { timeout = "5s" }
//!
//!     [channels.worker.step_processor.requests]
//!     capacity = 1000                 # messages
//!
//!     [channels.audit]                # as large as it needs to be: 200/s × 20 ms × 3
//!     sizing = { peak_rate = 200, processing_time = "20ms" }
//! "#)?;
//! std::fs::write(directory.join("production.toml"), r#"
//!     [channels.worker.step_processor.requests]
//!     capacity = 5000
//! "#)?;
//!
//! // In a program: `Config::load("config")?`, which asks VELA_ENV for the environment.
//! let config = Config::builder()
//!     .directory(&directory)
//!     .environment("production")
//!     .variables([("VELA_CHANNELS__AUDIT__OVERFLOW", "drop-oldest")])
//!     .load()?;
//!
//! let requests = config.channel("worker.step_processor.requests")?;
//! assert_eq!(requests.capacity, Capacity::Bounded(5000));
//! assert_eq!(config.channel("audit")?.capacity, Capacity::Bounded(12));
//! assert_eq!(config.origin("channels.audit.overflow").unwrap().to_string(), "VELA_CHANNELS__AUDIT__OVERFLOW");
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok(())
//! # }
//! ```
//!
//! A program's own settings may stand in the same files, below `[app]`: [`Config::app`].
//!
//! A mistake is an error that names file, line, key, what was found and what was expected; all mistakes of all sources
//! are reported at once:
//!
//! ```
//! # use vela_core::config::Config;
//! let error = Config::from_toml("[channels.orders]\nreport_every = 30\n").unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     r#"text:2:16: channels.orders.report_every: expected a duration with its unit, such as "5s", "10ms" or "1m 30s", found the integer 30
//!   |
//! 2 | report_every = 30
//!   |                ^^
//!   = help: add a unit: "30s" or "30ms""#
//! );
//! ```
//!
//! # How it is done
//!
//! Each source is parsed and checked by itself, with the places of its values; the crate `config` merges what is left, and
//! each value is then looked at in the light of the others.
//!
//! It is `config` (0.15) and not `figment`: config is maintained, follows toml 1, and needs three small crates without its
//! default features, while figment's last release, 0.10.19, is of 2024 and stays with toml 0.8. Both merge tables key by key
//! and know of a value its file at best, not its line, so that parsing, checking and places are this module's own with either.

mod app;
mod builder;
mod document;
mod error;
mod file;
mod in_force;
mod key;
mod layer;
mod nearest;
mod place;
mod reload;
mod table;
mod value;
mod variable;

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

pub use builder::Builder;
pub use error::{ConfigError, Mistake, UnknownChannel};
pub use place::Origin;
pub use reload::{Change, Pending, Reload, installed};
pub(crate) use reload::{on_install, until_it_stays};
pub use table::Table;

use crate::settings::{ChannelSettings, UnboundedPolicy};
use app::Node;
use in_force::Settled;
use key::Target;

/// The settings of all named channels, as they are in force, and where each comes from.
///
/// # Examples
///
/// ```
/// use vela_core::config::Config;
///
/// let config = Config::from_toml("[channels.orders]\nmonitored = false\n")?;
/// let settings = config.channel("orders").unwrap();
/// assert!(!settings.monitored);
/// # Ok::<(), vela_core::config::ConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    environment: String,
    settled: Settled,
    app: Node,
    files: Vec<PathBuf>,
    /// To read it once more.
    from: Builder,
}

impl Config {
    /// Reads `base.toml` in a directory, the file of the environment that `VELA_ENV` names (`development` unless it does),
    /// and the variables of the process. Files are read on the spot.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all mistakes of all sources. There must be a `base.toml`; the file of the environment may be
    /// missing only if nobody asked for one.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::config::Config;
    ///
    /// let error = Config::load("no/such/directory").unwrap_err();
    /// assert!(error.to_string().starts_with("no/such/directory/base.toml: cannot be read"));
    /// ```
    pub fn load(directory: impl AsRef<Path>) -> Result<Self, ConfigError> {
        Self::builder().directory(directory.as_ref()).load()
    }

    /// Names other sources, or more of them.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A configuration from a text alone, without variables: for tests, and for programs that bring their own.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all mistakes; they show the text by the name `text`.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::config::Config;
    ///
    /// let error = Config::from_toml("capacity = 5").unwrap_err();
    /// assert!(error.to_string().starts_with("text:1:1: capacity: unknown key"));
    /// ```
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        Self::builder().text("text", text).variables([("", ""); 0]).load()
    }

    /// The settings of a channel.
    ///
    /// # Errors
    ///
    /// [`UnknownChannel`], with names that look like it.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::config::Config;
    ///
    /// let config = Config::from_toml("[channels.worker]\njobs = {}\nsteps.capacity = 5\n")?;
    /// assert!(config.channel("worker.jobs").is_ok());
    /// assert_eq!(config.channel("steps").unwrap_err().similar().next(), Some("worker.steps"));
    /// # Ok::<(), vela_core::config::ConfigError>(())
    /// ```
    pub fn channel(&self, name: &str) -> Result<ChannelSettings, UnknownChannel> {
        let known = || self.settled.channels.keys().map(String::as_str);
        let found = self.settled.channels.get(name).map(|channel| channel.settings.clone());
        found.ok_or_else(|| UnknownChannel::new(name, known(), self.files.clone()))
    }

    /// All channels, by name.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::config::Config;
    ///
    /// let config = Config::from_toml("[channels]\nb = {}\na = {}\n")?;
    /// let names: Vec<_> = config.channels().map(|(name, _)| name).collect();
    /// assert_eq!(names, ["a", "b"]);
    /// # Ok::<(), vela_core::config::ConfigError>(())
    /// ```
    pub fn channels(&self) -> impl ExactSizeIterator<Item = (&str, &ChannelSettings)> {
        self.settled.channels.iter().map(|(name, channel)| (name.as_str(), &channel.settings))
    }

    /// What holds for a channel of which nothing else is said.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::config::Config;
    /// use std::time::Duration;
    ///
    /// let config = Config::from_toml("[defaults]\nreport_every = \"1m\"\n")?;
    /// assert_eq!(config.defaults().report_every, Duration::from_secs(60));
    /// # Ok::<(), vela_core::config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn defaults(&self) -> &ChannelSettings {
        &self.settled.defaults
    }

    /// What becomes of channels without a bound.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::config::Config;
    /// use vela_core::settings::UnboundedPolicy;
    ///
    /// let config = Config::from_toml("unbounded = \"warn\"\n")?;
    /// assert_eq!(config.unbounded_policy(), UnboundedPolicy::Warn);
    /// # Ok::<(), vela_core::config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn unbounded_policy(&self) -> UnboundedPolicy {
        self.settled.unbounded
    }

    /// The program's own settings: the table `[app]`, in which any keys may stand, of all layers. Tables are merged key by key, all
    /// else is replaced as a whole. Durations and the like are as the type reads them.
    ///
    /// A variable sets one key: `VELA_APP__SERVER__PORT` sets `server.port`, or whichever key there is that is written like this in a
    /// variable. Its value is a text; numbers and booleans are made of a text where the type wants them, and tables and arrays
    /// are written as in a file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], with the first mistake, and its place as far as that is known: who has the type knows only then what may stand
    /// there. So read it as soon as the configuration is loaded.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::config::Config;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Server {
    ///     host: String,
    ///     port: u16,
    /// }
    ///
    /// let config = Config::builder()
    ///     .text("base.toml", "[app]\nhost = \"localhost\"\nport = 80\n[channels.orders]\n")
    ///     .variables([("VELA_APP__PORT", "8080")])
    ///     .load()?;
    /// let server: Server = config.app()?;
    /// assert_eq!((server.host.as_str(), server.port), ("localhost", 8080));
    ///
    /// let config = Config::from_toml("[app]\nhost = \"localhost\"\nport = 80000\n")?;
    /// let error = config.app::<Server>().map(drop).unwrap_err();
    /// assert!(error.to_string().starts_with("text:3:8: app.port: "), "{error}");
    /// # Ok::<(), vela_core::config::ConfigError>(())
    /// ```
    pub fn app<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        self.app.typed()
    }

    /// The name of the environment.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::config::Config;
    ///
    /// let config = Config::builder().text("base.toml", "[channels.a]\n").variables([("VELA_ENV", "test")]).load()?;
    /// assert_eq!(config.environment(), "test");
    /// # Ok::<(), vela_core::config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// The files that were read, in order.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }

    /// Where the value in force comes from: of `unbounded`, or of a channel's key such as `channels.orders.capacity` and
    /// `channels.orders.sizing.peak_rate`. None if there is no such channel or key, or the channel has no sizing.
    ///
    /// # Examples
    ///
    /// See [`Origin`].
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<Origin> {
        match key::parse(key)? {
            (Target::Root, _) => Some(self.settled.unbounded_from.clone().unwrap_or(Origin::Default)),
            (Target::Channel(name), key) => Some(self.settled.channels.get(&name)?.shown.get(&key)?.1.clone()),
            (Target::Defaults, _) => None,
        }
    }

    /// All that is in force and where it comes from, one line for each channel and key.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela_core::config::Config;
    ///
    /// let config = Config::from_toml("[channels.orders]\ncapacity = 500\n")?;
    /// let table = config.table().to_string();
    /// let capacity = table.lines().find(|line| line.contains("capacity")).unwrap();
    /// assert_eq!(capacity, "orders   capacity      500    text:2");
    /// # Ok::<(), vela_core::config::ConfigError>(())
    /// ```
    pub fn table(&self) -> Table<'_> {
        Table::new(self)
    }
}
