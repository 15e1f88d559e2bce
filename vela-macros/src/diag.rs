//! The error collector: every mistake is noted with its tokens, and all of them come out in one pass.

use proc_macro2::{Delimiter, Group, Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens;

/// Collects errors; never stops at the first.
#[derive(Default)]
pub(crate) struct Diag {
    errors: Vec<syn::Error>,
}

impl Diag {
    /// Notes an error on one place.
    pub(crate) fn at(&mut self, span: Span, message: impl std::fmt::Display) {
        self.push(syn::Error::new(span, message));
    }

    /// Notes an error on all of `tokens`.
    pub(crate) fn on(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Takes over what syn found.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.errors.push(error);
    }

    pub(crate) fn len(&self) -> usize {
        self.errors.len()
    }

    /// Forgets what was noted after there were `len` errors: the tokens will be read again.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.errors.truncate(len);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// An expression of the error type: it has whatever type is wanted, diverges nowhere, and nothing that is done with
    /// it brings a second error. It repeats the first error, which rustc prints once. In parentheses, so that the tests
    /// tell it from the errors behind the expansion.
    pub(crate) fn dead(&self) -> TokenStream {
        let Some(error) = self.errors.first().and_then(|error| error.clone().into_iter().next()) else {
            return quote::quote!(loop {});
        };
        let in_parentheses = |tree| match tree {
            TokenTree::Group(group) => {
                let mut new = Group::new(Delimiter::Parenthesis, group.stream());
                new.set_span(group.span());
                TokenTree::Group(new)
            }
            other => other,
        };
        let tokens = error.to_compile_error().into_iter().filter(|tree| !is_semicolon(tree));
        tokens.map(in_parentheses).collect()
    }

    /// The `compile_error!`s, in the order in which the errors were found.
    pub(crate) fn to_compile_errors(&self) -> TokenStream {
        self.errors.iter().map(syn::Error::to_compile_error).collect()
    }
}

/// How much of the user's code an error text repeats, in characters.
const SHOWN: usize = 48;

/// Prints tokens as a person would write them; what is long is cut.
pub(crate) fn show(tokens: &[TokenTree]) -> String {
    let mut text = String::new();
    write_trees(tokens, &mut text);
    match text.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}…", text[..cut].trim_end()),
        None => text,
    }
}

fn write_trees(trees: &[TokenTree], text: &mut String) {
    let mut joint = false;
    for (i, tree) in trees.iter().enumerate() {
        if text.len() > 4 * SHOWN {
            return;
        }
        let operator = trees[..i].iter().rev().skip(1).take_while(|tree| is_joint(tree)).count() + 1;
        let after_operand = i > operator && is_operand(&trees[i - operator - 1]);
        if !joint && i > 0 && wants_gap(&trees[i - 1], tree, after_operand) {
            text.push(' ');
        }
        joint = is_joint(tree);
        write_tree(tree, text);
    }
}

fn write_tree(tree: &TokenTree, text: &mut String) {
    let TokenTree::Group(group) = tree else {
        text.push_str(&tree.to_string());
        return;
    };
    let (open, close) = match group.delimiter() {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::Brace => ("{ ", " }"),
        Delimiter::None => ("", ""),
    };
    let inner: Vec<_> = group.stream().into_iter().collect();
    if inner.is_empty() {
        text.push_str(open.trim());
        text.push_str(close.trim());
        return;
    }
    text.push_str(open);
    write_trees(&inner, text);
    text.push_str(close);
}

fn is_semicolon(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Punct(p) if p.as_char() == ';')
}

fn is_joint(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Punct(p) if p.spacing() == Spacing::Joint)
}

fn is_operand(tree: &TokenTree) -> bool {
    !matches!(tree, TokenTree::Punct(_))
}

/// Is there a blank between two trees? An operator that does not follow an operand stands in front of its own.
fn wants_gap(before: &TokenTree, after: &TokenTree, after_operand: bool) -> bool {
    if let TokenTree::Punct(p) = before
        && (matches!(p.as_char(), '.' | ':' | '!' | '\'' | '#')
            || (matches!(p.as_char(), '&' | '*' | '-') && !after_operand))
    {
        return p.as_char() == ':' && p.spacing() == Spacing::Alone && after_operand;
    }
    match after {
        TokenTree::Punct(p) => !matches!(p.as_char(), '.' | ',' | ';' | '?' | ':'),
        TokenTree::Group(g) if g.delimiter() == Delimiter::Parenthesis || g.delimiter() == Delimiter::Bracket => {
            !is_operand(before)
        }
        _ => true,
    }
}
