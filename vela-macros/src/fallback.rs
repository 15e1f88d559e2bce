//! The shape after an error: the expansion stays, the errors come after it.
//!
//! So completion, hover and go-to-definition go on working in half-written code, and rustc has nothing to add.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use crate::diag::Diag;
use crate::krate::own;

/// Where an expansion stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Position {
    /// It is one expression, and keeps its value.
    Expression,
    /// It is items, or statements whose bindings must stay visible.
    Items,
}

/// `expansion`, and behind it what went wrong.
pub(crate) fn attach(expansion: TokenStream, position: Position, diag: &Diag) -> TokenStream {
    if diag.is_empty() {
        return expansion;
    }
    let errors = diag.to_compile_errors();
    match position {
        Position::Expression if expansion.is_empty() => quote_spanned!(own()=> { #errors }),
        Position::Expression => quote_spanned! {own()=>
            {
                let __vela_value = #expansion;
                #errors
                __vela_value
            }
        },
        Position::Items => quote_spanned!(own()=> #expansion #errors),
    }
}
