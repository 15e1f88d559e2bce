//! A cursor over raw tokens: looking ahead by a few trees, without parsing anything.

use proc_macro2::{Delimiter, Group, Ident, Spacing, Span, TokenStream, TokenTree};

/// Reads one list of token trees from left to right. Going back is setting `pos`.
#[derive(Clone)]
pub(crate) struct Cursor {
    trees: Vec<TokenTree>,
    pub(crate) pos: usize,
}

impl Cursor {
    pub(crate) fn new(stream: TokenStream) -> Self {
        Cursor { trees: stream.into_iter().map(visible_block).collect(), pos: 0 }
    }

    pub(crate) fn peek_at(&self, ahead: usize) -> Option<&TokenTree> {
        self.trees.get(self.pos + ahead)
    }

    pub(crate) fn peek(&self) -> Option<&TokenTree> {
        self.peek_at(0)
    }

    pub(crate) fn next(&mut self) -> Option<TokenTree> {
        let tree = self.trees.get(self.pos).cloned();
        self.pos += usize::from(tree.is_some());
        tree
    }

    pub(crate) fn at_end(&self) -> bool {
        self.pos >= self.trees.len()
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> TokenStream {
        self.trees[self.pos.min(self.trees.len())..].iter().cloned().collect()
    }

    /// The trees between two positions.
    pub(crate) fn between(&self, from: usize, to: usize) -> Vec<TokenTree> {
        self.trees[from.min(to)..to.min(self.trees.len())].to_vec()
    }

    /// The span of the next tree, or else of the last one.
    pub(crate) fn span(&self) -> Span {
        self.peek().or_else(|| self.trees.last()).map_or_else(Span::call_site, TokenTree::span)
    }

    /// Moves the next `count` trees to `out`.
    pub(crate) fn copy(&mut self, count: usize, out: &mut Vec<TokenTree>) {
        for _ in 0..count {
            out.extend(self.next());
        }
    }

    pub(crate) fn is_punct_at(&self, ahead: usize, ch: char) -> bool {
        matches!(self.peek_at(ahead), Some(TokenTree::Punct(p)) if p.as_char() == ch)
    }

    pub(crate) fn is_punct(&self, ch: char) -> bool {
        self.is_punct_at(0, ch)
    }

    fn is_joint_at(&self, ahead: usize, ch: char) -> bool {
        matches!(self.peek_at(ahead), Some(TokenTree::Punct(p)) if p.as_char() == ch && p.spacing() == Spacing::Joint)
    }

    /// Is `op` (punctuation only) written here without a gap?
    pub(crate) fn is_op_at(&self, ahead: usize, op: &str) -> bool {
        let last = op.len() - 1;
        op.chars().enumerate().all(|(i, ch)| match i == last {
            true => self.is_punct_at(ahead + i, ch),
            false => self.is_joint_at(ahead + i, ch),
        })
    }

    pub(crate) fn is_op(&self, op: &str) -> bool {
        self.is_op_at(0, op)
    }

    /// `<-`, written without a gap.
    pub(crate) fn is_arrow(&self) -> bool {
        self.is_op("<-")
    }

    /// One `:` that is no part of `::`.
    pub(crate) fn is_colon(&self) -> bool {
        self.is_punct(':') && !self.is_op("::")
    }

    pub(crate) fn ident_at(&self, ahead: usize) -> Option<&Ident> {
        match self.peek_at(ahead) {
            Some(TokenTree::Ident(ident)) => Some(ident),
            _ => None,
        }
    }

    pub(crate) fn is_ident_at(&self, ahead: usize, name: &str) -> bool {
        self.ident_at(ahead).is_some_and(|ident| ident == name)
    }

    pub(crate) fn is_ident(&self, name: &str) -> bool {
        self.is_ident_at(0, name)
    }

    pub(crate) fn group_at(&self, ahead: usize, delimiter: Delimiter) -> Option<&Group> {
        match self.peek_at(ahead) {
            Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
            _ => None,
        }
    }

    pub(crate) fn is_brace_at(&self, ahead: usize) -> bool {
        self.group_at(ahead, Delimiter::Brace).is_some()
    }

    pub(crate) fn is_brace(&self) -> bool {
        self.is_brace_at(0)
    }

    /// `'label :`
    pub(crate) fn is_label(&self) -> bool {
        self.is_punct('\'') && self.ident_at(1).is_some() && self.is_punct_at(2, ':') && !self.is_op_at(2, "::")
    }

    /// Reads two puncts as one arrow.
    pub(crate) fn arrow(&mut self) -> Span {
        let span = self.span();
        self.pos += 2;
        span
    }
}

/// A `$body:block` of a user's macro comes in an invisible group: here it is the block that it is.
fn visible_block(tree: TokenTree) -> TokenTree {
    let TokenTree::Group(group) = &tree else { return tree };
    if group.delimiter() != Delimiter::None {
        return tree;
    }
    let mut inner = group.stream().into_iter();
    match (inner.next(), inner.next()) {
        (Some(TokenTree::Group(block)), None) if block.delimiter() == Delimiter::Brace => TokenTree::Group(block),
        _ => tree,
    }
}
