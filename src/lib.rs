//! Go-style concurrency for Rust on Tokio: tasks with [`go!`], channels with `<-`, and a [`select!`] that is fair, waits
//! for real, has an `else`, and loses nothing.
//!
//! Coming from Go? Read [`guide::from_go`]. Coming from Tokio? Read [`guide::from_tokio`]; its `else` trap is a real one.
//!
//! # A first program
//!
//! ```
//! use vela::prelude::*;
//!
//! #[vela::main]
//! async fn main() -> vela::Result<()> {
//!     let (tx, rx) = vela::channel::<u64>(0); // rendezvous; n = buffered; vela::unbounded()
//!
//!     let producer = go!(clone(tx) {          // a task with its own clone of `tx`
//!         for n in 0..3 {
//!             tx <- n else { break };         // send; leave when nobody can receive any more
//!         }
//!     });
//!     drop(tx);                               // the channel closes with its last sender
//!
//!     let mut got = Vec::new();
//!     vela! {
//!         for n in <-rx { got.push(n); }      // receive until closed
//!         (<-producer)?;                      // `<-` joins a task, too
//!     }
//!     assert_eq!(got, [0, 1, 2]);
//!     Ok(())
//! }
//! ```
//!
//! # How do I start something?
//!
//! [`go!`] starts a task: a block that moves what it uses, or a call whose arguments are evaluated here.
//!
//! ```
//! use vela::prelude::*;
//!
//! async fn add(a: u32, b: u32) -> u32 {
//!     a + b
//! }
//!
//! # vela::block_on(async {
//! let sum = go!(add(1, 2));                       // Go's `go f(x)`; `add` may be async or not
//! let name = String::from("fetcher");
//! let hello = go!(name("hello") clone(name) { format!("hello from {name}") });
//! vela! {
//!     println!("{}", (<-sum)?);
//!     println!("{}", (<-hello)?);                 // `name` is still ours
//! }
//! # assert_eq!(name, "fetcher");
//! # vela::Result::<()>::Ok(())
//! # }).unwrap();
//! ```
//!
//! Dropping a [`Task`](task::Task) detaches it; a panic of a task is reported where it happens, whether or not somebody joins
//! it. Tasks that belong together live in a [`scope`](task::scope): it returns when all have ended, and the first failure
//! cancels the rest.
//!
//! # How do values move?
//!
//! Through channels. `tx <- v` sends and gives a `Result` that hands the value back if nobody can receive it; `<-rx`
//! receives and gives an `Option`, `None` once the channel is closed and drained. The operators live inside `vela! { }`,
//! `go! { }` and `select! { }`; outside there are methods with the same meaning: [`Sender::send`], [`Receiver::recv`].
//!
//! ```
//! use vela::prelude::*;
//!
//! # vela::block_on(async {
//! let (tx, rx) = vela::channel(2);
//! vela! {
//!     tx <- "one" else { return };
//!     let sent = tx <- "two";
//!     assert!(sent.is_ok());
//!     drop(tx);
//!     while let Some(word) = <-rx {
//!         println!("{word}");
//!     }
//! }
//! # });
//! ```
//!
//! # How do I wait for several things?
//!
//! With [`select!`]. Exactly one arm happens; the others have had no effect.
//!
//! ```
//! use vela::prelude::*;
//!
//! # vela::block_on(async {
//! let (jobs_tx, jobs) = vela::channel::<u32>(1);
//! let (out, results) = vela::channel::<u32>(1);
//! jobs_tx.send(7).await.unwrap();
//! drop(jobs_tx);
//! let mut pending = 1;
//! loop {
//!     select! {
//!         Some(job) = <-jobs  => println!("job {job}"),         // disabled once `jobs` is closed
//!         out <- mut pending  => { pending = 2; break }         // moved only if this arm wins
//!         _ = <-after(secs(5)) => panic!("nothing happened"),   // timers are receivers
//!     }
//! }
//! # drop(results);
//! # });
//! ```
//!
//! An `else` arm makes it a look instead of a wait: it runs if nothing is ready *now*. A `closed` arm runs once every arm is
//! disabled. A select that could wait for ever by its own shape does not compile.
//!
//! # How do I stop things?
//!
//! By closing a channel, by a [`Context`](context::Context) (`<-ctx.done()` is an arm like any other), by cancelling a
//! [`Task`](task::Task), or by leaving a scope. Dropping any pending operation of Vela loses no message: every async
//! function says so under *Cancel safety*. How a program stops at Ctrl-C, and does not miss it, is in `guide::patterns`.
//!
//! # How do I test it?
//!
//! With `#[vela::test]`: it runs the test in many schedules, on one thread and with a clock of its own. A deadlock, a leaked
//! task, a panic or a failed assertion in any of them is shrunk to its shortest form, reported with who waits for whom, and
//! can be run again by its seed. See `guide::testing`; `vela::sim` is the same as a library:
//!
//! ```
//! # #[cfg(feature = "sim")]
//! # fn main() {
//! let failure = vela::sim::Simulation::new()
//!     .check(async || {
//!         let (tx, rx) = vela::channel::<u8>(0);
//!         assert_eq!(rx.recv().await, None); // `tx` lives: nobody will ever send, and nobody has closed
//!         drop(tx);
//!     })
//!     .unwrap_err();
//! assert!(failure.to_string().starts_with("vela: DEADLOCK, 1 task"));
//! # }
//! # #[cfg(not(feature = "sim"))]
//! # fn main() {}
//! ```
//!
//! # What else is received with `<-`?
//!
//! Tasks, timers ([`time::after`]), tickers ([`time::tick`]), [`oneshot`], [`broadcast`], [`watch`], subscriptions to a
//! [`signal`] or a [`bus`], permits, requests and [pipelines](flow), any `Stream`, an `Option` of those (`None` is Go's nil
//! channel: never ready), a [set chosen at run time](any), and your own types through [`Receive`] and [`Transmit`].
//!
//! A `None` that stands for something later needs its type: `let mut job: Option<Task<u32>> = None;`, and then
//! `done = <-job => { job = None; … }`. Without it the compiler looks for the type in vain, and says `overflow evaluating` (E0275).
//!
//! # Sizes
//!
//! No send, receive or select allocates, parked or not; a waiting task costs its node inside its own future. The sizes, in
//! bytes on 64-bit targets (`tests/it/channel/sizes.rs` holds the first two, `tests/alloc.rs` counts the allocations):
//!
#![doc = include_str!("sizes.md")]
//!
//! # Features
//!
//! In `Cargo.toml`: `vela = { version = "0.1", features = ["actor", "pool"] }`. This page and the guides show what is behind a feature
//! only where it is on.
//!
//! | feature | |
//! |---|---|
//! | `macros` (default) | the macros |
//! | `sim` (default) | deterministic tests, `#[vela::test]` and `vela::sim` |
//! | `actor` | actors and supervision: `vela::actor` |
//! | `config` | layered configuration of named channels: `vela::config`, [`Channel`]`::named` |
//! | `metrics` | what [monitors](monitor) count, for the `metrics` facade and with it Prometheus ([`guide::monitoring`]) |
//! | `serde` | settings and snapshots can be serialised |
//! | `tracing` | panics of tasks and lines about channels are events, tasks with a name run in a span |
//! | `rate-limit` | `flow::RateLimiter`, on the crate `governor` |
//! | `pool` | `vela::pool`: CPU work on Rayon's threads, futures on a runtime of their own |
//!
//! With `actor` there are actors: state with a mailbox, and a task that handles one message after the other. `address <- message` is
//! a send, `<-address.ask(request)` waits for a typed answer, and both are arms of [`select!`]. What fails, by an `Err` or a panic, is
//! restarted by its supervisor, with backoff and within a budget; its address and its mailbox survive that. The guide
//! `guide::actors` goes through it; `guide::from_otp` and `guide::from_actix` are for those who know others.

pub use vela_core::*;

pub mod guide;
pub mod prelude;

/// The code of the README, compiled and run as documentation tests.
#[cfg(all(doctest, feature = "actor", feature = "macros", feature = "sim"))]
#[doc = include_str!("../README.md")]
mod readme {}

/// What the macros' expansions name. Not a public interface.
#[doc(hidden)]
pub mod __private {
    #[cfg(not(feature = "sim"))]
    pub use no_sim::simulate;
    pub use vela_core::__private::*;
    #[cfg(feature = "macros")]
    pub use vela_macros::{go, select, vela};
    #[cfg(feature = "sim")]
    pub use vela_sim::simulate;

    #[cfg(not(feature = "sim"))]
    mod no_sim {
        use std::future::Future;

        use vela_core::__private::seam::TestOptions;

        #[diagnostic::on_unimplemented(
            message = "a deterministic `#[vela::test]` needs the feature `sim` of `vela`",
            note = "it is a default feature; without it, write `#[vela::test(tokio)]`"
        )]
        pub trait Simulated {}

        pub fn simulate<B: Fn() -> F, F: Future<Output: Simulated>>(_: TestOptions, _: B) {}
    }
}

/// Actors and supervision; the crate `vela-actor`.
#[cfg(feature = "actor")]
pub mod actor {
    pub use vela_actor::*;
    #[cfg(feature = "macros")]
    pub use vela_macros::Message;

    /// What nearly every file with actors imports: `use vela::actor::prelude::*;`, beside `use vela::prelude::*;`.
    ///
    /// The trait, all types in the signatures of its methods, addresses and requests, what starts and supervises actors, and the
    /// derive `Message`.
    pub mod prelude {
        pub use vela_actor::prelude::*;
        #[cfg(feature = "macros")]
        pub use vela_macros::Message;
    }
}
/// CPU and IO pools; the crate `vela-pool`.
#[cfg(feature = "pool")]
#[doc(inline)]
pub use vela_pool as pool;
#[cfg(feature = "sim")]
#[doc(inline)]
pub use vela_sim as sim;

#[cfg(feature = "macros")]
pub use vela_macros::{main, test};

#[doc = include_str!("macros/go.md")]
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! go {
    ($($tokens:tt)*) => { $crate::__private::go! { [$crate] $($tokens)* } };
}

#[doc = include_str!("macros/select.md")]
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! select {
    ($($tokens:tt)*) => { $crate::__private::select! { [$crate] $($tokens)* } };
}

#[doc = include_str!("macros/vela.md")]
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! vela {
    ($($tokens:tt)*) => { $crate::__private::vela! { [$crate] $($tokens)* } };
}
