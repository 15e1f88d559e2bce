//! The random mesh behind the binary `stress`. The benchmarks are the binary `vela-benches`.

pub mod mesh;
