//! What is set by variables: where things are, and how fast they go. The queues are in `config/*.toml`.
//!
//! | variable | default | |
//! |---|---|---|
//! | `ORDERS_CONFIG` | `config` | directory of `base.toml` and the files of the environments (`VELA_ENV`) |
//! | `ORDERS_LISTEN` | `127.0.0.1:7080` | address; port 0 takes a free one |
//! | `ORDERS_DATABASE` | `orders.db` | SQLite file |
//! | `ORDERS_ACCEPT` | `queued` | when an order is answered: `queued` or `stored` |
//! | `ORDERS_GRACE` | `30s` | time to stop in |
//! | `ORDERS_WORKERS` | `8` | prices that are looked up at a time |
//! | `ORDERS_LOOKUP` | `5ms` | what a price takes |
//! | `ORDERS_BATCH` | `128` | orders in one transaction, at most |
//! | `ORDERS_LINGER` | `10ms` | what an order waits for others to share its transaction, at most |
//! | `ORDERS_LOG` | `info` | `error`, `warn`, `info`, `debug`, `trace` |

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::intake::Accept;
use crate::pipeline::Options;

/// How the service is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Directory of the configuration of the queues.
    pub config: PathBuf,
    /// Where it listens.
    pub listen: SocketAddr,
    /// The SQLite file.
    pub database: PathBuf,
    /// When an order is answered.
    pub accept: Accept,
    /// Time to stop in.
    pub grace: Duration,
    /// What a price takes.
    pub lookup: Duration,
    /// How the stages work.
    pub options: Options,
    /// What is logged.
    pub log: LevelFilter,
}

/// A variable that cannot be read.
#[derive(Debug)]
pub struct BadVariable {
    name: &'static str,
    why: String,
}

impl fmt::Display for BadVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.why)
    }
}

impl std::error::Error for BadVariable {}

impl Settings {
    /// From the variables of the process.
    ///
    /// # Errors
    ///
    /// Says which variable is wrong, and why.
    pub fn from_env() -> Result<Self, BadVariable> {
        Ok(Self {
            config: or("ORDERS_CONFIG", PathBuf::from("config"), parsed)?,
            listen: or("ORDERS_LISTEN", (Ipv4Addr::LOCALHOST, 7080).into(), parsed)?,
            database: or("ORDERS_DATABASE", PathBuf::from("orders.db"), parsed)?,
            accept: or("ORDERS_ACCEPT", Accept::Queued, |text| match text {
                "queued" => Ok(Accept::Queued),
                "stored" => Ok(Accept::Stored),
                _ => Err("expected `queued` or `stored`".to_owned()),
            })?,
            grace: or("ORDERS_GRACE", Duration::from_secs(30), duration)?,
            lookup: or("ORDERS_LOOKUP", Duration::from_millis(5), duration)?,
            options: Options {
                workers: or("ORDERS_WORKERS", 8, at_least_one)?,
                batch: or("ORDERS_BATCH", 128, at_least_one)?,
                linger: or("ORDERS_LINGER", Duration::from_millis(10), duration)?,
            },
            log: or("ORDERS_LOG", LevelFilter::INFO, parsed)?,
        })
    }
}

fn or<T>(name: &'static str, default: T, read: impl Fn(&str) -> Result<T, String>) -> Result<T, BadVariable> {
    let Some(text) = std::env::var_os(name) else { return Ok(default) };
    let text = text.to_str().ok_or_else(|| BadVariable { name, why: "not UTF-8".to_owned() })?;
    read(text).map_err(|why| BadVariable { name, why: format!("{text:?}: {why}") })
}

fn parsed<T: FromStr<Err: fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}, as in \"10ms\" or \"5s\""))
}

/// Without a worker nothing would ever come through.
fn at_least_one(text: &str) -> Result<usize, String> {
    match parsed(text)? {
        0 => Err("at least 1".to_owned()),
        n => Ok(n),
    }
}
