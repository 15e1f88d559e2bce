//! Pools.
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
pub use error::{BuildError, JobError, Leftover, SpawnError, SpawnErrorKind};
#[cfg(feature = "metrics")]
pub use export::{describe, publish};
pub use hybrid::HybridPool;
pub use io::{IoPool, IoPoolBuilder};
pub use par::{par_map, par_map_unordered};
pub use snapshot::{PoolSnapshot, snapshot};
pub use worker::{Cpu, Io, WorkerPool};
