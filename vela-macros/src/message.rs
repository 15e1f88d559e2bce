//! `#[derive(Message)]`: an enum of messages is made from what its variants hold.

mod ast;
mod check;
mod expand;
mod parse;

use proc_macro2::TokenStream;

use crate::diag::Diag;
use crate::fallback::{self, Position};

/// The whole derive.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    let mut ast = parse::message(item, &mut diag);
    if let Some(message) = &mut ast {
        check::message(message, &mut diag);
    }
    let expansion = ast.as_ref().map(expand::message).unwrap_or_default();
    fallback::attach(expansion, Position::Items, &diag)
}
