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
mod operand;
mod select;
#[cfg(test)]
mod tests;
mod vela;

use proc_macro::TokenStream;

/// Starts a task: Go's `go` statement.
///
/// ```text
/// go! { statements }                  // an `async move` block, spawned now
/// go!(serve(conn, ctx.clone()));      // a call: its arguments are evaluated here, the call runs in the task
/// go!(name("fetch") clone(tx, seen) in(scope) -> Result<()> { … });       // clauses, in any order but `->`
/// ```
///
/// It gives a `Task<T>`, where `T` is the value of the block or of the call. `<-task` and `task.await` join it; dropping
/// it lets the task run on. As a statement it ends with `;`, like any other value: `go! { … };`.
///
/// # A block
///
/// All locals that it uses are moved into it (see `clone`). `<-`, `.await`, `?` and `return` work as in an `async`
/// block. Braces around the block are optional without clauses, and wanted after them.
///
/// # A call
///
/// What is exactly one call, of a function, a path, a value or a method, is Go's statement: the arguments, and the
/// receiver of a method, are evaluated here and now, in order, and moved into the task; the call is made there. An
/// `async fn` is awaited, a plain function is just run, in the task. `go!(f(x);)`, with a semicolon, is a block: nothing
/// of it is evaluated here. So is `go!(f(x).await)`.
///
/// # Clauses
///
/// | clause | meaning |
/// |---|---|
/// | `name("fetch")` | the task's name in errors and listings: `&'static str`, `String` |
/// | `clone(tx, mut seen, x = self.x)` | the task gets clones; `x = expr` clones the value of any expression and calls it `x` |
/// | `in(scope)` | the task belongs to a scope or group, which waits for it |
/// | `-> T` | the block's type, so that `?` knows its error; stands last, just before the block |
///
/// With nothing after it, `go!(name("a"))` is a call of a function `name`.
///
/// # Errors
///
/// Futures, closures and plain values are refused, with the fix: `go!(async move { … })` is `go! { … }`, and a future
/// `f` that is there already is run by `go! { f.await }`.
#[proc_macro]
pub fn go(input: TokenStream) -> TokenStream {
    go::go(input.into()).into()
}

/// Waits for several operations and does exactly one of them.
///
/// ```text
/// select! {
///     biased;                                   // optional first line: textual order is priority. Default: fair
///                                               // (instead, a line `then;` between arms: tiers, each fair in itself)
///     Some(job) = <-jobs            => run(job).await,      // fires on a value; disabled once `jobs` is closed
///     v = <-replies, if waiting     => …,                   // fires on close, too (`None`). Guard false: disabled
///     out <- next_id()              => sent += 1,           // fires once the value is taken; disabled once closed
///     r = out <- x                  => r?,                  // fires on every outcome, with the value in the error
///     out <- mut pending            => pending = make(),    // lends `pending`: it is moved only if this arm wins
///     _ = <-after(ms(50))           => …,                   // timers, tickers, tasks, contexts are receivers
///     bytes = sock.read(&mut buf)   => …,                   // any future, without `.await`
///     (i, v) = <-any(&mut inputs)   => …,                   // a set chosen at run time
///     closed                        => break,               // every arm is disabled
///     else                          => …,                   // nothing is ready now: do not wait (Go's `default`)
/// }
/// ```
///
/// It is an expression, usable wherever `.await` is. Arms are separated by commas as in `match`: after a body that ends
/// in a block the comma may be left out. `<-rx => …` is short for `_ = <-rx => …`. `closed` and `else` may stand
/// anywhere, once each. `closed =>`, `else =>`, `biased;` and `then;` are keywords in exactly that form; elsewhere they
/// are names like others.
///
/// # The `else` trap
///
/// In `tokio::select!`, `else` means "all branches are disabled". Here that is **`closed`**. Here `else` means "no arm
/// is ready now", as `default` does in Go: the select does not wait. A loop that is carried over from Tokio with its
/// `else => break` ends at the first quiet moment; write `closed => break`.
///
/// # Rules
///
/// 1. **One instant.** `else` runs only if at some one instant no arm was ready. A foreign future counts as not ready if
///    it is pending at its one poll.
/// 2. **Exactly one.** One arm's effect happens, the others' do not: no message is taken, lost or duplicated by an arm
///    that lost or by a select that is dropped. For the same reason a pattern is `Some(…)` around one that always fits,
///    or one that always fits by itself; for anything else bind the value and `match` it in the body.
/// 3. **Fair.** Among ready arms each is equally likely. `biased;` gives strict textual order. `then;` makes tiers: at
///    each look the arms above it go first; once the select sleeps, the first to fire wins.
/// 4. **Go's evaluation order.** Guards, operands and sent values are evaluated once each, top to bottom, on entry;
///    nothing of an arm whose guard is false. A place (`self.rx`, `rxs[i]`) is borrowed; a value (a call) is kept, and
///    dropped before the body. `.await` and `<-` there would wait before the select does, and are errors: bind the value
///    above the select. (Inside an `async` block they are fine.)
/// 5. **It waits for real:** on all arms at once, without polling them in turns.
/// 6. **It does not hang by its own shape.** If every arm can become disabled (by a guard, `Some(…)`, a send without a
///    pattern) there must be `closed` or `else`. `closed` goes before `else`.
/// 7. **Lending.** `tx <- mut value` takes a local declared `mut`. It is moved after all guards and operands, so a `?`
///    there leaves it intact; each arm that wins instead gives it back before its body begins. After its own arm it is
///    moved from. Fields cannot be lent: see `Sender::send_from`.
/// 8. Bodies are inline code: `break 'outer`, `continue`, `return`, `?`, `.await` and `<-` work.
/// 9. `any(&mut set)` gives `(index, value)`; a closed member fires until it is removed, an empty set never.
/// 10. Any number of arms.
///
/// A guard is a `bool`; `, if let` is refused. Arms take no attributes.
#[proc_macro]
pub fn select(input: TokenStream) -> TokenStream {
    select::select(input.into()).into()
}

/// Code in which `<-` receives and sends.
///
/// | form | meaning |
/// |---|---|
/// | `<-rx` | receive: an `Option<T>` from a channel (`None`: closed and drained), a task's `Result`, `()` from a timer |
/// | `tx <- v` | send: a `Result<(), SendError<T>>` whose error hands the value back |
/// | `tx <- v else { return };` | send, or leave; as in `let … else`, the block must leave and `v` not end in `}` |
/// | `for x in <-rx { … }` | receive until closed; the pattern must always fit |
/// | `while let Some(x) = <-rx`, `let Some(x) = <-rx else { … };`, `tx <- <-rx`, `f(<-a, <-b)` | as they look |
///
/// Both wait like `.await`, so they stand in async functions, blocks and closures. They work in nested blocks, `match`
/// arms and guards, calls, and in the arguments of std's macros (`println!("{:?}", <-rx)`); the tokens of other macros
/// are left alone.
///
/// # How far an operand goes
///
/// The operand of the prefix is a postfix expression, perhaps behind `*` or `&`: `<-self.jobs.rx`, `<-rx.clone()`,
/// `<-after(d)`, `<-*rx`. So `<-a == <-b` compares two received values, and `<-rx.await` receives from what `rx.await`
/// gives. Everything to the right of the infix is the value, up to `;`, `,` or the end: `tx <- a + b`,
/// `tx <- if c { 1 } else { 2 }`, `tx <- v?`. On its left stands a place or a call; `return tx <- v`, `let r = tx <- v`
/// and `r = tx <- v` send first.
///
/// In `for x in <-source`, a place is borrowed anew for each round; a call is evaluated once.
///
/// # What is refused
///
/// What could be read two ways, with both ways to write it: `<-rx?`, `a && tx <- c`, `a <- b <- c`, `!tx <- v`. Arrows
/// in closures and functions that are not async.
///
/// `a < -b`, with a space, is a comparison; `W<-1>` in a type and `Foo::<-1>` stay generics.
///
/// # What it becomes
///
/// Only `let` statements: these statements, so the bindings stay visible. Only items (functions, impls, modules): these
/// items. Anything else: a block with its value. A macro cannot see where it stands.
///
/// In `let P = tx <- v else { … };` the `else` is the `let`'s.
#[proc_macro]
pub fn vela(input: TokenStream) -> TokenStream {
    vela::vela(input.into()).into()
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
/// | `crate = "v"` | where the crate is found, if it was renamed |
///
/// The function takes no arguments and has no generics; its return type is what `main` may return.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::main(options.into(), item.into()).into()
}

/// Runs an `async fn` as a test.
///
/// ```text
/// #[vela::test]
/// async fn a_value_arrives() { … }
///
/// #[vela::test(flavor = "multi_thread", worker_threads = 4)]
/// #[should_panic(expected = "closed")]
/// async fn many() -> vela::Result<()> { … }
/// ```
///
/// Options: `flavor`, `worker_threads` and `crate`, as in `#[vela::main]`. Other attributes (`#[ignore]`,
/// `#[should_panic]`, `#[cfg]`) stay on the test. `#[test]` itself is added.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::test(options.into(), item.into()).into()
}
