//! The select engine, seen from `select!`, `any`, `SelectSet` and the builder.

mod any;
mod arms;
mod budget;
mod builder;
mod closing;
mod drops;
mod fairness;
mod first_look;
mod foreign;
mod instant;
mod losers;
mod meeting;
mod memory;
mod modes;
mod monitored;
mod mutants;
mod policies;
pub(crate) mod probe;
mod set;
mod wakers;
