//! The name under which expansions reach the hidden module, and the tokens they are made of.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};

use crate::cursor::Cursor;

/// The path of the crate that re-exports this one: `$crate` from the thin macros, or what `crate = "…"` says.
#[derive(Clone)]
pub(crate) struct Krate {
    path: TokenStream,
}

impl Krate {
    /// The default of the attributes.
    pub(crate) fn vela() -> Self {
        Krate { path: quote_spanned!(own()=> ::vela) }
    }

    pub(crate) fn from_path(path: &syn::Path) -> Self {
        Krate { path: path.to_token_stream() }
    }

    /// Takes the leading `[$crate]` off what a thin macro handed over.
    pub(crate) fn split(stream: TokenStream) -> (Self, TokenStream) {
        let mut cursor = Cursor::new(stream);
        match cursor.next() {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => {
                (Krate { path: group.stream() }, cursor.rest())
            }
            _ => {
                cursor.pos = 0;
                (Krate::vela(), cursor.rest())
            }
        }
    }

    /// `…::__private`, the only module that expansions name besides `::core`.
    pub(crate) fn private(&self) -> TokenStream {
        let path = &self.path;
        quote_spanned!(own()=> #path::__private)
    }
}

/// The span of tokens that are ours: locals and labels cannot collide with the user's.
pub(crate) fn own() -> Span {
    Span::mixed_site()
}

/// Ours, but reported at the user's place.
pub(crate) fn own_at(place: Span) -> Span {
    own().located_at(place)
}
