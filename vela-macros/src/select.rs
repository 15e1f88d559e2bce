//! `select!`: wait for several operations, do exactly one.

mod ast;
mod check;
mod expand;
mod head;
mod late;
mod parse;
mod pattern;

pub(crate) use pattern::refutable;
use proc_macro2::TokenStream;

use crate::diag::Diag;
use crate::fallback::{self, Position};
use crate::krate::Krate;

/// The whole macro.
pub(crate) fn select(input: TokenStream) -> TokenStream {
    let (krate, input) = Krate::split(input);
    let mut diag = Diag::default();
    let ast = parse::select(input, &krate, &mut diag);
    check::select(&ast, &mut diag);
    fallback::attach(expand::select(&ast, &krate, &diag), Position::Expression, &diag)
}

/// The bodies as the parser finds them, for the random test.
#[cfg(test)]
pub(crate) fn bodies(input: TokenStream) -> Vec<TokenStream> {
    let ast = parse::select(input, &Krate::vela(), &mut Diag::default());
    let last = ast.closed.into_iter().chain(ast.els).map(|last| last.body);
    ast.arms.into_iter().map(|arm| arm.body).chain(last).collect()
}
