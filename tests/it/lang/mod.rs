//! The language: `<-`, `select!`, `go!` and `vela!`, rule by rule.

// The forms are the point here, not the shortest way to write something.
#![allow(
    clippy::never_loop,
    clippy::let_and_return,
    clippy::nonminimal_bool,
    clippy::needless_bool,
    clippy::question_mark,
    clippy::manual_unwrap_or_default,
    clippy::if_same_then_else,
    clippy::redundant_closure_call,
    clippy::redundant_pattern,
    clippy::deref_addrof,
    clippy::identity_op,
    clippy::unnecessary_cast,
    clippy::needless_lifetimes
)]

mod arrows;
mod blocks;
mod bodies;
mod custom;
mod evaluation;
mod forms;
mod generics;
mod go;
mod idioms;
mod lending;
mod loops;
mod patterns;
mod scopes;
mod shapes;
mod sources;
mod tasks;
