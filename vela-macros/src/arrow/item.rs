//! Items: their headers are copied, the bodies of functions rewritten.

use proc_macro2::{Delimiter, TokenTree};

use super::{Mode, Out, Rewriter, Wait};
use crate::cursor::Cursor;

/// Does an item begin `ahead` trees from here, its attributes aside?
pub(super) fn begins_item(c: &Cursor, ahead: usize) -> bool {
    let word = |i: usize| c.ident_at(ahead + i).map(ToString::to_string).unwrap_or_default();
    let names = |i: usize| c.ident_at(ahead + i).is_some();
    match word(0).as_str() {
        "pub" | "fn" | "struct" | "enum" | "trait" | "impl" | "mod" | "use" | "type" | "extern" => true,
        "static" => names(1) && !matches!(word(1).as_str(), "move" | "async"),
        "const" => {
            names(1)
                && !matches!(word(1).as_str(), "move")
                && !(word(1) == "async" && word(2) != "fn" && word(2) != "unsafe")
        }
        "async" | "gen" => matches!(word(1).as_str(), "fn" | "unsafe" | "extern" | "gen"),
        "unsafe" => matches!(word(1).as_str(), "fn" | "impl" | "trait" | "extern" | "mod" | "auto"),
        "safe" => word(1) == "fn",
        "auto" => word(1) == "trait",
        "union" => names(1) && (c.is_brace_at(ahead + 2) || c.is_punct_at(ahead + 2, '<') || word(2) == "where"),
        "macro_rules" => c.is_punct_at(ahead + 1, '!'),
        _ => false,
    }
}

impl Rewriter<'_> {
    /// Copies one item, the cursor behind its attributes.
    pub(super) fn item(&mut self, c: &mut Cursor, out: &mut Out) {
        if c.is_ident("pub") {
            c.copy(1, out);
            if c.group_at(0, Delimiter::Parenthesis).is_some() {
                c.copy(1, out);
            }
        }
        let mut wait = Wait::Function;
        loop {
            let Some(word) = c.ident_at(0).map(ToString::to_string) else { return };
            match word.as_str() {
                "const" if !["fn", "unsafe", "async", "extern", "gen"].iter().any(|w| c.is_ident_at(1, w)) => {
                    return self.constant(c, out);
                }
                "static" => return self.constant(c, out),
                "async" | "gen" => wait = Wait::Here,
                "const" | "unsafe" | "safe" | "default" | "auto" => {}
                "extern" if c.is_ident_at(1, "crate") => return self.until_semicolon(c, out),
                "extern" => {
                    c.copy(1, out);
                    if matches!(c.peek(), Some(TokenTree::Literal(_))) {
                        c.copy(1, out);
                    }
                    if c.is_brace() {
                        c.copy(1, out);
                        return;
                    }
                    continue;
                }
                "fn" => return self.function(c, out, wait),
                "impl" | "trait" | "mod" => return self.container(c, out),
                "use" | "type" => return self.until_semicolon(c, out),
                "macro_rules" => {
                    c.copy(2, out);
                    c.copy(usize::from(c.ident_at(0).is_some()), out);
                    c.copy(1, out);
                    return;
                }
                _ => {
                    // struct, enum, union, and what is no item after all
                    self.until(c, out, |c| c.is_brace() || c.is_punct(';'));
                    c.copy(1, out);
                    return;
                }
            }
            c.copy(1, out);
        }
    }

    fn function(&mut self, c: &mut Cursor, out: &mut Out, wait: Wait) {
        self.until(c, out, |c| c.is_brace() || c.is_punct(';'));
        if c.is_brace() {
            self.waiting(wait, |rewriter| rewriter.block_group(c, out));
        } else {
            c.copy(1, out);
        }
    }

    fn constant(&mut self, c: &mut Cursor, out: &mut Out) {
        self.until(c, out, |c| c.is_punct('=') || c.is_punct(';'));
        if c.is_punct('=') {
            c.copy(1, out);
            self.waiting(Wait::Constant, |rewriter| rewriter.expr(c, out, Mode::default()));
        }
        c.copy(usize::from(c.is_punct(';')), out);
    }

    fn container(&mut self, c: &mut Cursor, out: &mut Out) {
        self.until(c, out, |c| c.is_brace() || c.is_punct(';'));
        if c.is_brace()
            && let Some(TokenTree::Group(group)) = c.next()
        {
            out.push(self.group(&group, |rewriter, c, out| {
                rewriter.waiting(Wait::Function, |rewriter| rewriter.block(c, out));
            }));
        } else {
            c.copy(1, out);
        }
    }

    fn until_semicolon(&mut self, c: &mut Cursor, out: &mut Out) {
        self.until(c, out, |c| c.is_punct(';'));
        c.copy(1, out);
    }
}
