//! Statements: `let`, items, expressions, and the send that may leave.

use proc_macro2::{Delimiter, Span, TokenTree};

use super::expr::Send;
use super::{Mode, Out, Rewriter, Tail};
use crate::cursor::Cursor;
use crate::diag::show;
use crate::krate::own;

/// What a block consists of.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) struct Statements {
    pub(crate) lets: usize,
    pub(crate) items: usize,
    pub(crate) others: usize,
}

impl Rewriter<'_> {
    pub(super) fn block(&mut self, c: &mut Cursor, out: &mut Out) -> Statements {
        let mut kinds = Statements::default();
        while !c.at_end() {
            let from = c.pos;
            if c.is_punct(';') {
                c.copy(1, out);
                continue;
            }
            if let Some(attributes) = item_after_attributes(c) {
                c.copy(attributes, out);
                self.item(c, out);
                kinds.items += 1;
                continue;
            }
            while c.is_punct('#') && attribute_len(c, 0) > 0 {
                c.copy(attribute_len(c, 0), out);
            }
            if c.is_ident("let") {
                self.local(c, out);
                kinds.lets += 1;
                continue;
            }
            self.expr_statement(c, out);
            kinds.others += 1;
            if c.pos == from {
                c.copy(1, out);
            }
        }
        kinds
    }

    fn expr_statement(&mut self, c: &mut Cursor, out: &mut Out) {
        let tail = self.expr(c, out, Mode::STATEMENT);
        if let Tail { send: Some(send @ Send { whole: true, .. }), .. } = &tail
            && c.is_ident("else")
        {
            self.check_brace(send.brace.as_ref());
            let (mut els, mut body) = (Out::new(), Out::new());
            let braced = c.is_brace_at(1);
            c.copy(1, &mut els);
            if braced {
                self.block_group(c, &mut body);
            } else {
                body.push(self.unbraced(c, els[0].span()));
            }
            if braced && !c.is_punct(';') {
                self.diag.at(
                    body.last().map_or(send.arrow, TokenTree::span),
                    "`tx <- value else { … }` ends with a `;`, as `let … else` does\nhelp: add `;` after the block",
                );
            }
            let (Some(block), Some(els), Some(body)) = (out.pop(), els.pop(), body.pop()) else { return };
            out.extend(Self::emit_or_leave(block, &els, &body));
            if !c.is_punct(';') {
                out.extend(quote::quote_spanned!(own()=> ;));
            }
            return;
        }
        self.stray_else(c, out, &tail);
    }

    /// `tx <- v else break`: the block that was meant.
    fn unbraced(&mut self, c: &mut Cursor, els: Span) -> TokenTree {
        let (from, at) = (c.pos, if c.at_end() { els } else { c.span() });
        let mut body = Out::new();
        self.expr(c, &mut body, Mode::default());
        let leave = if body.is_empty() { "return".to_owned() } else { show(&c.between(from, c.pos)) };
        self.diag.at(
            at,
            format!("what leaves stands in braces, as in `let … else`\nhelp: write `tx <- value else {{ {leave} }};`"),
        );
        if body.is_empty() {
            body.extend(quote::quote_spanned!(own()=> ::core::unreachable!()));
        }
        super::emit::braced(own(), &body.into_iter().collect())
    }

    /// `let … else` and `tx <- v else`: what stands before `else` does not end in `}`.
    fn check_brace(&mut self, brace: Option<&TokenTree>) {
        if let Some(brace) = brace {
            self.diag.at(
                brace.span(),
                "a value that ends in `}` cannot stand before `else`, as in `let … else`\nhelp: put the value in parentheses: `tx <- (…) else { … };`",
            );
        }
    }

    fn local(&mut self, c: &mut Cursor, out: &mut Out) {
        c.copy(1, out);
        self.pattern(c, out);
        if c.is_colon() {
            self.until(c, out, |c| c.is_punct('=') || c.is_punct(';'));
        }
        if c.is_punct('=') {
            c.copy(1, out);
        } else if c.is_arrow() {
            // `let value <- rx`, an error: read on as `let value = <-rx`
            out.extend(quote::quote_spanned!(c.span()=> =));
        } else {
            c.copy(usize::from(c.is_punct(';')), out);
            return;
        }
        let tail = self.expr(c, out, Mode::default());
        if c.is_ident("else") && c.is_brace_at(1) {
            if let Some(send) = &tail.send {
                self.check_brace(send.brace.as_ref());
            }
            if tail.arrow_last {
                let block = out.pop();
                out.extend(block.map(super::emit::parenthesised));
            }
            c.copy(1, out);
            self.block_group(c, out);
        }
        c.copy(usize::from(c.is_punct(';')), out);
    }
}

/// The trees of one attribute, `#[…]` or `#![…]`; zero if there is none.
fn attribute_len(c: &Cursor, ahead: usize) -> usize {
    if !c.is_punct_at(ahead, '#') {
        return 0;
    }
    let inner = usize::from(c.is_punct_at(ahead + 1, '!'));
    match c.group_at(ahead + 1 + inner, Delimiter::Bracket) {
        Some(_) => 2 + inner,
        None => 0,
    }
}

/// Does an item follow the attributes here? If so, how many trees do they take?
fn item_after_attributes(c: &Cursor) -> Option<usize> {
    let mut ahead = 0;
    loop {
        match attribute_len(c, ahead) {
            0 => break,
            len => ahead += len,
        }
    }
    super::item::begins_item(c, ahead).then_some(ahead)
}
