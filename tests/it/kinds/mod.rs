//! Oneshot, broadcast, watch, signals and the bus, through the macros: as arms beside channels, as arms that lose, in loops.

mod arms;
mod loops;
mod losers;
