//! The behaviour of Vela, through its public interface.
#![allow(missing_docs)]

mod channel;
mod flow;
mod kinds;
mod lang;
mod run_queue;
mod select;
