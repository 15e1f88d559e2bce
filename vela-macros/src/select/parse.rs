//! Splits a select into its lines and arms.

use proc_macro2::{TokenStream, TokenTree};

use super::ast::{Body, Last, Select};
use super::head;
use crate::arrow::{Mode, Out, Rewriter};
use crate::cursor::Cursor;
use crate::diag::Diag;
use crate::krate::Krate;

pub(crate) fn select(input: TokenStream, krate: &Krate, diag: &mut Diag) -> Select {
    let mut rewriter = Rewriter::new(krate, diag);
    let mut c = Cursor::new(input);
    let mut select = Select::default();
    while !c.at_end() {
        line(&mut c, &mut select, &mut rewriter);
    }
    select
}

fn line(c: &mut Cursor, select: &mut Select, rewriter: &mut Rewriter<'_>) {
    let span = c.span();
    if c.is_ident("biased") && c.is_punct_at(1, ';') {
        c.pos += 2;
        let first = select.arms.is_empty() && select.closed.is_empty() && select.els.is_empty();
        if !first || !select.biased.is_empty() || !select.tiers.is_empty() {
            rewriter.diag.at(span, "`biased;` is the first line of a select, and stands there once");
        }
        select.biased.push(span);
    } else if c.is_ident("then") && c.is_punct_at(1, ';') {
        c.pos += 2;
        select.tiers.push((span, select.arms.len()));
    } else if (c.is_ident("biased") || c.is_ident("then")) && c.is_punct_at(1, ',') {
        let word = c.next().map(|word| word.to_string()).unwrap_or_default();
        c.pos += 1;
        rewriter.diag.at(span, format!("this line ends with a semicolon\nhelp: `{word};`"));
        if word == "biased" {
            select.biased.push(span);
        } else {
            select.tiers.push((span, select.arms.len()));
        }
    } else if c.is_ident("else") {
        let last = last(c, "else", rewriter);
        select.els.push(last);
    } else if c.is_ident("closed")
        && (c.is_op_at(1, "=>") || c.is_punct_at(1, ',') || c.is_ident_at(1, "if") || is_block_of_last(c))
    {
        let last = last(c, "closed", rewriter);
        select.closed.push(last);
    } else if c.is_punct(',') || c.is_punct(';') {
        c.pos += 1;
        rewriter.diag.at(span, "an arm was expected here\nhelp: `pattern = <-rx => body,` or `tx <- value => body,`");
    } else {
        head::arm(c, select, rewriter);
    }
}

/// `closed { … }`, an error, and not the pattern of a struct.
fn is_block_of_last(c: &Cursor) -> bool {
    c.is_brace_at(1) && !c.is_punct_at(2, '=') && !c.is_punct_at(2, '.')
}

/// `closed => body`, `else => body`
fn last(c: &mut Cursor, word: &str, rewriter: &mut Rewriter<'_>) -> Last {
    let span = c.span();
    c.pos += 1;
    if !c.is_op("=>") {
        let guarded = c.is_punct(',') || c.is_ident("if");
        rewriter.diag.at(
            if guarded { c.span() } else { span },
            if guarded {
                format!("`{word}` takes no guard\nhelp: `{word} => …`; look at the condition in its body")
            } else {
                format!("`{word}` is an arm of its own\nhelp: `{word} => …`")
            },
        );
        while !(c.at_end() || c.is_op("=>") || c.is_brace() && !guarded) {
            c.pos += 1;
        }
    }
    if c.is_op("=>") {
        c.pos += 2;
    }
    Last { span, body: body(c, rewriter) }
}

/// A body, and the comma behind it.
pub(super) fn body(c: &mut Cursor, rewriter: &mut Rewriter<'_>) -> Body {
    let mut out = Out::new();
    let from = c.pos;
    let arrow = c.between(from.saturating_sub(1), from).first().map_or_else(|| c.span(), TokenTree::span);
    let tail = rewriter.expr(c, &mut out, Mode::STATEMENT);
    if tail.send.is_some() {
        rewriter.stray_else(c, &mut out, &tail);
    }
    if c.pos == from {
        rewriter.diag.at(arrow, "an arm needs a body\nhelp: `=> { … }`, or `=> {}` to do nothing");
    }
    if c.is_punct(',') {
        c.pos += 1;
    } else if !c.at_end() && !tail.block_like {
        let span = c.span();
        if c.pos > from {
            rewriter.diag.at(span, "a `,` was expected between this arm's body and what follows\nhelp: end the body with a comma, or put it in braces");
        }
        while !c.at_end() && !c.is_punct(',') {
            c.copy(1, &mut out);
        }
        c.pos += usize::from(!c.at_end());
    }
    out.into_iter().collect()
}
