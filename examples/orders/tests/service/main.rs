//! The service as a process: what its clients, its operator and its disk see.
#![cfg(unix)]

mod answers;
mod forced;
mod kill;
mod page;
mod process;
mod reload;
mod saturation;
mod scrape;
mod starting;
mod stopping;
