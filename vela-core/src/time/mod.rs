//! The clock, and what waits for it: sleeping, timers, tickers and time limits.
//!
//! # Examples
//!
//! ```
//! # use vela_core as vela;
//! use vela::time::{ms, sleep, timeout};
//!
//! # vela::block_on(async {
//! assert!(timeout(ms(5), std::future::pending::<()>()).await.is_err());
//! assert_eq!(timeout(ms(500), async { 7 }).await, Ok(7));
//! sleep(ms(1)).await;
//! # });
//! ```

mod after;
mod instant;
mod sleep;
mod ticker;
mod timeout;

use std::time::Duration;

pub use after::{After, AfterFuture, after, after_at};
pub use instant::Instant;
pub use sleep::{Sleep, sleep, sleep_until};
pub use ticker::{TickFuture, Ticker, tick};
pub use timeout::{Elapsed, Timeout, timeout, timeout_at};

/// `n` milliseconds.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// assert_eq!(vela::time::ms(1500), std::time::Duration::from_millis(1500));
/// ```
#[must_use]
pub const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// `n` seconds.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// assert_eq!(vela::time::secs(90), std::time::Duration::from_secs(90));
/// ```
#[must_use]
pub const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}
