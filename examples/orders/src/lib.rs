//! A service that takes orders over HTTP and puts them into SQLite: what Vela is for in production.
//!
//! The README beside it has the picture, and says what to look at.

pub mod http;
pub mod intake;
pub mod order;
pub mod pipeline;
pub mod prices;
pub mod progress;
pub mod queues;
pub mod service;
pub mod settings;
pub mod signals;
pub mod sqlite;
pub mod store;
