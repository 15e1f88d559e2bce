//! Pools of Vela: work that computes on Rayon's threads, futures on a runtime of their own. Results are tasks.
//!
//! A task that computes for long holds up every other task of its worker, and so sockets, timers and channels. Hand such work
//! to a pool, and wait for its result as for anything else:
//!
//! ```
//! use vela::pool::CpuPool;
//!
//! # vela::block_on(async {
//! let pool = CpuPool::builder().threads(2).queue(64).build()?;
//! let sum = pool.run(|| (1..=1_000_000_u64).sum::<u64>()).await?;      // `(<-pool.run(…))?` inside `vela!`
//! assert_eq!(sum, 500_000_500_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! | | for | waits for room |
//! |---|---|---|
//! | [`CpuPool`] | closures that compute: Rayon's threads, a bounded queue with a policy, priorities | in the queue |
//! | [`IoPool`] | futures: a Tokio runtime of its own or the current one, a limit | before they start |
//! | [`HybridPool`] | both, told apart by the call | |
//! | [`WorkerPool`] | code that takes any of them | |
//! | [`par_map`], [`par_map_unordered`] | the values of a channel, through a CPU pool | senders do |
//!
//! # What is promised
//!
//! - **Nothing is lost in silence.** Work that a pool does not take comes back in the error. Work that it takes is run, or its task
//!   says that it was cancelled. What a policy drops is counted and told of in the log.
//! - **A panic** reaches who joins, with message and place, is reported as that of any task, and costs no thread.
//! - **Cancelling** a job that waits takes it out of the queue at once, closure and all.
//! - **The end**: [`CpuPool::shutdown`] runs what is queued, within a time; it says what was left.
//! - **Tests** are deterministic with pools, too: in a simulation no thread is used, and time is virtual.
//!
//! # Numbers
//!
//! [`CpuPool::snapshot`], and [`snapshot()`] for all pools that have a name: how many were accepted, done, cancelled, dropped,
//! turned away; how long they waited and ran. Feature `metrics`: `publish` hands them to the recorder of the `metrics` facade.
//!
//! # Features
//!
//! | feature | |
//! |---|---|
//! | `metrics` | `publish` and `describe`, for the `metrics` facade |
//! | `serde` | snapshots can be serialised |
//! | `tracing` | lines about dropped jobs are events; jobs with a name run in a span |
//!
//! Programs use this crate as `vela::pool` (feature `pool` of `vela`).

mod contained;
mod cpu;
mod error;
#[cfg(feature = "metrics")]
mod export;
mod hybrid;
mod io;
mod ledger;
mod par;
mod report;
mod sample;
mod snapshot;
mod wanted;
mod worker;

pub use cpu::{CpuPool, CpuPoolBuilder, JobBuilder, Priority};
pub use error::{BuildError, JobError, Leftover, Refusal, SpawnError, SpawnErrorKind};
#[cfg(feature = "metrics")]
pub use export::{describe, publish};
pub use hybrid::{HybridPool, HybridPoolBuilder, HybridSnapshot};
pub use io::{IoPool, IoPoolBuilder};
pub use par::{par_map, par_map_unordered};
pub use snapshot::{PoolSnapshot, snapshot};
pub use worker::{Cpu, Io, WorkerPool};
