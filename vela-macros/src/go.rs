//! `go!`: a task.

mod ast;
mod expand;
mod parse;

use proc_macro2::TokenStream;

use crate::diag::Diag;
use crate::fallback::{self, Position};
use crate::krate::Krate;

/// The whole macro.
pub(crate) fn go(input: TokenStream) -> TokenStream {
    let (krate, input) = Krate::split(input);
    let mut diag = Diag::default();
    let ast = parse::go(input, &krate, &mut diag);
    fallback::attach(expand::go(&ast, &krate), Position::Expression, &diag)
}
