//! What the binaries share: how cells are run, words of the command line, the allocator that counts, and the random mesh and the histories behind the
//! binary `stress`. The benchmarks are the binary `vela-benches`; `actors` measures the actors, `sim` the simulator.

pub mod counting;
pub mod harness;
mod history;
pub mod mesh;
pub mod words;
