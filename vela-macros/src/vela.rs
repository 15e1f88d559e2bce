//! `vela!`: statements, an expression, or items, with their arrows rewritten.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use crate::arrow::{Rewriter, Statements};
use crate::diag::Diag;
use crate::fallback::{self, Position};
use crate::krate::{Krate, own};

/// The whole macro. A macro cannot see its own position, so what is inside decides what comes out.
pub(crate) fn vela(input: TokenStream) -> TokenStream {
    let (krate, input) = Krate::split(input);
    let mut diag = Diag::default();
    let (tokens, kinds) = Rewriter::new(&krate, &mut diag).statements(input);
    match position(kinds) {
        Position::Items => fallback::attach(tokens, Position::Items, &diag),
        Position::Expression => fallback::attach(quote_spanned!(own()=> { #tokens }), Position::Expression, &diag),
    }
}

/// Only `let`s stay where they are, and so do only items; anything else is a block.
fn position(kinds: Statements) -> Position {
    match kinds {
        Statements { others: 0, items: 0, .. } | Statements { others: 0, lets: 0, .. } => Position::Items,
        _ => Position::Expression,
    }
}
