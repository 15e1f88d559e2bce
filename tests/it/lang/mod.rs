//! The language: `<-`, `select!`, `go!` and `vela!`, rule by rule.

mod arrows;
mod blocks;
mod bodies;
mod custom;
mod evaluation;
mod forms;
mod generics;
mod go;
mod lending;
mod loops;
mod patterns;
mod scopes;
mod shapes;
mod sources;
mod tasks;
