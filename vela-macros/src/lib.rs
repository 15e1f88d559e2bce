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
