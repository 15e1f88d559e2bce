//! Bodies: blocks of the user that an expansion puts something in front of.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote_spanned;

use crate::krate::{own, own_at};

/// `{ first… body }`, in which a body that is a block dissolves: nested, it would look to rustc like needless braces.
/// The braces that stay are the user's.
pub(crate) fn with(first: TokenStream, body: TokenStream) -> TokenTree {
    match sole_block(&body) {
        Some(block) => {
            let mut inner = first;
            inner.extend(block.stream());
            group(inner, block.span())
        }
        None => {
            // what ends too early is reported at the closing brace
            let last = body.clone().into_iter().last().map_or_else(own, |tree| own_at(tree.span()));
            group(quote_spanned!(own()=> #first #body), last)
        }
    }
}

fn group(inner: TokenStream, span: proc_macro2::Span) -> TokenTree {
    let mut group = Group::new(Delimiter::Brace, inner);
    group.set_span(span);
    TokenTree::Group(group)
}

/// The block that is all of `body`, unless it begins with an inner attribute, which must stay first.
fn sole_block(body: &TokenStream) -> Option<Group> {
    let mut trees = body.clone().into_iter();
    let (Some(TokenTree::Group(group)), None) = (trees.next(), trees.next()) else { return None };
    let mut inside = group.stream().into_iter();
    let hash = matches!(inside.next(), Some(TokenTree::Punct(p)) if p.as_char() == '#');
    let bang = matches!(inside.next(), Some(TokenTree::Punct(p)) if p.as_char() == '!');
    (group.delimiter() == Delimiter::Brace && !(hash && bang)).then_some(group)
}
