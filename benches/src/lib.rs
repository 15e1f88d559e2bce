//! The random mesh and the histories behind the binary `stress`. The benchmarks are the binary `vela-benches`; the simulator
//! is measured by the binary `sim`.

mod history;
pub mod mesh;
