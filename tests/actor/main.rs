//! Actors, through the facade: in the simulator, and the central behaviours on a runtime, too.

mod addresses;
mod administration;
mod arrows;
mod ask;
mod bank;
mod budgets;
mod cycles;
mod insight;
mod lanes;
mod lifecycle;
mod links;
mod mail;
mod mended;
mod names;
mod panics;
mod probe;
mod real;
mod restart_types;
mod scale;
mod significant;
mod stage;
mod starting;
mod stopping;
mod strategies;
mod supervision;
mod trees;
