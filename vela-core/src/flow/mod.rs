//! Patterns as functions: pipelines, fan-out and fan-in, request and response, batches, debouncing, throttling.
//!
//! Each is a thing of a few lines with channels, tasks and `select!`; here those lines are, with their ends thought through:
//! what happens when the consumer has had enough, when a stage fails, when somebody is cancelled. The guide
//! `vela::guide::patterns` shows when to use which.
//!
//! | | what | tasks |
//! |---|---|---|
//! | [`from`] | a [pipeline](Flow) of stages with parallelism, ordered or not | one per worker, one for the pipeline |
//! | [`fan_out`], [`fan_out_all`] | each value to one of n receivers, to all of them | none; one |
//! | [`fan_in`] | many receivers as one source | none |
//! | [`request()`], [`call`] | a value with its [reply](Reply) channel | none |
//! | [`select_first`] | the first value that one of several receivers has | none |
//! | [`batch()`], [`debounce`], [`throttle`] | a receiver seen through a clock | none |
#![cfg_attr(feature = "rate-limit", doc = "| [`RateLimiter`] | so many a second | none |")]
//! | [`spawn_with_channel`] | a task with a channel of its own | one |
//!
//! # What others have
//!
//! A receiver is a `Stream` ([`Receiver::stream`](crate::Receiver::stream)), so all of futures' `StreamExt` applies: `zip`,
//! `scan`, `take_while`, `chunks`, and `buffered(n)`, which is an ordered stage in the task of its consumer: concurrent, but not
//! parallel. The combinators of tokio-stream that look at the clock (`chunks_timeout`, `throttle`) look at Tokio's, which a
//! simulation does not replace; those here use Vela's.
//!
//! # Examples
//!
//! ```
//! # use vela_core as vela;
//! use vela::flow;
//!
//! # vela::block_on(async {
//! let (tx, rx) = vela::channel(4);
//! let (squares, pipeline) = flow::from(rx)
//!     .filter(|n| n % 2 == 0)
//!     .map(4, |n: u64| async move { n * n })    // four at a time, in order
//!     .into_receiver();
//! vela::task::spawn(async move {
//!     for n in 0..6 {
//!         tx.send(n).await.ok();
//!     }
//! });
//! let mut got = Vec::new();
//! while let Some(square) = squares.recv().await {
//!     got.push(square);
//! }
//! assert_eq!(got, [0, 4, 16]);
//! pipeline.join().await?;                       // `(<-pipeline)?` inside `vela!`
//! # Ok::<(), vela::Error>(())
//! # }).unwrap();
//! ```

mod builder;
mod fan;
mod first;
mod pipeline;
#[cfg(feature = "rate-limit")]
mod rate;
mod request;
mod spawn;
mod stage;
mod timed;
mod until;

pub use builder::{Flow, from, from_stream};
pub use fan::{FanIn, RecvFanIn, fan_in, fan_out, fan_out_all};
pub use first::select_first;
pub use pipeline::{JoinPipeline, Pipeline};
#[cfg(feature = "rate-limit")]
pub use rate::{RateLimited, RateLimiter, Turn};
pub use request::{Call, Calling, Reply, Request, RequestError, call, request};
pub use spawn::spawn_with_channel;
pub use timed::{Batch, Debounce, Rule, Throttle, Timed, batch, debounce, throttle};
