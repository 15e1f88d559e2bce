//! Histories: tasks write down what they do on a channel, and afterwards it is checked whether a queue could have done that.
//!
//! The mesh keeps books, which tell loss and duplication, and order from each sender to each receiver. Here each operation
//! has the stamps of its begin and its end from one clock, so that order among senders and among receivers is checked as
//! well, and that who finds a channel empty is right.

mod check;
mod log;
mod round;

pub(crate) use round::{Report, round};
