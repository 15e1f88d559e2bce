//! The macros of Vela. Use them through the crate `vela`, whose thin `macro_rules!` hand `$crate` over.
//!
//! Four stages, each a function on `proc_macro2` tokens and tested as such: `arrow` rewrites every `<-`, `parse` reads
//! what is left into syn's types, `check` finds what is grammatical and still wrong, `expand` writes code and cannot
//! fail. Errors are collected on the way and come behind the expansion, which keeps its shape (`fallback`).

mod arrow;
mod body;
mod cursor;
mod diag;
mod entry;
mod fallback;
mod go;
mod krate;
mod message;
mod operand;
mod select;
#[cfg(test)]
mod tests;
mod vela;

use proc_macro::TokenStream;

/// Starts a task: Go's `go` statement. Behind `vela::go!`, see there.
#[proc_macro]
pub fn go(input: TokenStream) -> TokenStream {
    go::go(input.into()).into()
}

/// Waits for several operations and does exactly one of them. Behind `vela::select!`, see there.
#[proc_macro]
pub fn select(input: TokenStream) -> TokenStream {
    select::select(input.into()).into()
}

/// Code in which `<-` receives and sends. Behind `vela::vela!`, see there.
#[proc_macro]
pub fn vela(input: TokenStream) -> TokenStream {
    vela::vela(input.into()).into()
}

/// Writes a `From` for each variant of an enum that holds one value, so that an actor that takes the enum can be sent the values
/// themselves.
///
/// ```text
/// #[derive(Message)]
/// enum CounterMsg {
///     Add(Add),             // impl From<Add> for CounterMsg
///     Get(Call<Get>),       // impl From<Call<Get>> for CounterMsg
///     #[message(skip)]
///     Undo(Add),            // none: made by its name, `CounterMsg::Undo(…)`
///     Flush,                // none, as for variants with named fields, or several
/// }
/// ```
///
/// Nothing else is written: implementations by hand are as good. A struct is a message as it is.
///
/// | option of a variant | meaning |
/// |---|---|
/// | `#[message(skip)]` | no `From`: another variant holds the same type, or a type parameter stands for it |
#[proc_macro_derive(Message, attributes(message))]
pub fn message(item: TokenStream) -> TokenStream {
    message::derive(item.into()).into()
}

/// Runs an `async fn main` on Vela's runtime.
///
/// ```text
/// #[vela::main]
/// async fn main() -> vela::Result<()> { … }
///
/// #[vela::main(flavor = "current_thread", on_panic = "abort")]
/// async fn main() { … }
/// ```
///
/// | option | meaning |
/// |---|---|
/// | `flavor = "multi_thread"`, `"current_thread"` | how many threads run the tasks |
/// | `worker_threads = 4` | of the multi-thread runtime |
/// | `on_panic = "abort"` | a panic in a detached task ends the program, as in Go |
/// | `run_queue = "tokio"`, `"vela"` | what runs the tasks: see `vela::task::RunQueue` |
/// | `crate = "v"` | where the crate is found, if it was renamed |
///
/// The function takes no arguments and has no generics; its return type is what `main` may return.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::main(options.into(), item.into()).into()
}

/// Runs an `async fn` as a test: in many schedules, on one thread, with a clock of its own, so that what fails can be had
/// again. `vela::guide::testing` teaches it.
///
/// ```text
/// #[vela::test]
/// async fn a_value_arrives() { … }
///
/// #[vela::test(schedules = 10_000, strategy = "pct", depth = 3, faults = "spurious, cancel")]
/// async fn nothing_is_lost() -> vela::Result<()> { … }
///
/// #[vela::test(strategy = "exhaustive", preemptions = 2)]
/// async fn small_and_proven() { … }
///
/// #[vela::test(tokio)]
/// async fn over_a_real_socket() -> std::io::Result<()> { … }
/// ```
///
/// | option | default | meaning |
/// |---|---|---|
/// | `schedules = 10_000` | 100; exhaustive: 1,000,000 | how many schedules are tried at most |
/// | `strategy = "…"` | `"mixed"` | `"random"`; `"pct"`; `"mixed"`: both in turn; `"exhaustive"`: each schedule once |
/// | `depth = 3` | 3 | of `"pct"`, 1 to 15: how many ordering constraints the bug needs |
/// | `preemptions = 2` | no bound | of `"exhaustive"`: how often a task that could go on is interrupted at most |
/// | `seed = 7` | from the test's name | what the schedules are drawn from |
/// | `faults = "…"` | none | some of `"spurious, cancel, panic, delay"` |
/// | `time_limit = "30s"` | 5 minutes | by the wall's clock, with its unit: `ms`, `s`, `m` |
/// | `max_steps = 1_000` | 100,000 | in one schedule; more is a failure |
/// | `leaks = "allow"` | a failure | tasks may wait for ever when the test has ended |
/// | `tokio` | | not deterministic: one run on a current-thread Tokio runtime, for real sockets and threads |
/// | `flavor`, `worker_threads` | | of that runtime, as in `#[vela::main]`; each implies `tokio` |
/// | `crate = "v"` | | where the crate is found, if it was renamed |
///
/// The function takes no arguments and has no generics. It returns nothing, or a `Result` whose error is `Debug`; an error
/// fails the schedule. `#[test]` is added; other attributes (`#[ignore]`, `#[should_panic]`, `#[cfg]`) stay on the test.
/// `#[should_panic(expected = "DEADLOCK")]` sees the report.
///
/// The body is run once for each schedule, so what it counts or opens has to be its own.
///
/// # Environment
///
/// | variable | meaning |
/// |---|---|
/// | `VELA_SEED=0x5eed` | only the schedule for which a report gave this seed |
/// | `VELA_SEED=random` | other schedules than in the last run |
/// | `VELA_REPLAY=1` | only the shrunk schedule of the last failure, which is kept in the target directory; or a file with one |
/// | `VELA_SCHEDULES=1000000` | how many, whatever the test says |
/// | `VELA_WATCHDOG=2` | seconds that one step may take before the process is ended (60); 0: no limit |
///
/// # Errors
///
/// A schedule fails for a deadlock, tasks that wait for ever after the end (a leak), a panic of the test or one that nobody
/// learns of, an `Err`, too many steps, a wake from another thread, and for not being deterministic. It is shrunk, and the
/// report says who waits for whom, how it came about, and how to see it again.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::test(options.into(), item.into()).into()
}
