//! Types, generics and patterns: places where `<-` is no arrow, copied as they are.

use super::{Out, Rewriter};
use crate::cursor::Cursor;

impl Rewriter<'_> {
    /// Copies `<…>`; the cursor stands on `<`.
    pub(super) fn generics(&self, c: &mut Cursor, out: &mut Out) {
        let mut depth = 0usize;
        while !c.at_end() && !c.is_punct(';') {
            depth = copy_one(c, out, depth);
            if depth == 0 {
                return;
            }
        }
    }

    /// Copies up to where `stop` says, outside of any `<…>`. False: the end came first.
    pub(super) fn until(&self, c: &mut Cursor, out: &mut Out, stop: impl Fn(&Cursor) -> bool) -> bool {
        let mut depth = 0;
        while !c.at_end() {
            if depth == 0 && stop(c) {
                return true;
            }
            depth = copy_one(c, out, depth);
        }
        false
    }

    /// Copies the type after `as`, or another one that ends by itself.
    pub(super) fn ty(&self, c: &mut Cursor, out: &mut Out) {
        let mut callable = false;
        loop {
            let prefix = match c.ident_at(0) {
                Some(word) => {
                    ["dyn", "impl", "mut", "const", "unsafe", "for", "extern", "fn"].iter().any(|w| word == w)
                }
                None => c.is_punct('&') || c.is_punct('*'),
            };
            if c.is_punct('\'') {
                c.copy(2, out);
            } else if prefix {
                callable |= c.is_ident("fn");
                let binder = c.is_ident("for");
                let abi = c.is_ident("extern");
                c.copy(1, out);
                if binder && c.is_punct('<') {
                    self.generics(c, out);
                } else if abi && matches!(c.peek(), Some(proc_macro2::TokenTree::Literal(_))) {
                    c.copy(1, out);
                }
            } else {
                break;
            }
        }
        if callable || !self.type_path(c, out) {
            // `(A, B)`, `[T; N]`, `!`, or the parameters of `fn`
            if !c.is_brace() && (c.is_punct('!') || matches!(c.peek(), Some(proc_macro2::TokenTree::Group(_)))) {
                c.copy(1, out);
            }
        }
        if c.is_op("->") {
            c.copy(2, out);
            self.ty(c, out);
        }
    }

    fn type_path(&self, c: &mut Cursor, out: &mut Out) -> bool {
        let from = c.pos;
        if c.is_op("::") {
            c.copy(2, out);
        }
        loop {
            if c.is_punct('<') {
                self.generics(c, out);
            } else if c.ident_at(0).is_some_and(|word| word != "as" && word != "else" && word != "if") {
                c.copy(1, out);
                match c.peek() {
                    Some(proc_macro2::TokenTree::Group(g)) if g.delimiter() == proc_macro2::Delimiter::Parenthesis => {
                        c.copy(1, out);
                    }
                    _ if c.is_punct('<') && !c.is_op("<<") && !c.is_op("<=") => self.generics(c, out),
                    _ => {}
                }
            }
            if !c.is_op("::") {
                return c.pos > from;
            }
            c.copy(2, out);
        }
    }
}

/// Copies one token, or one operator whose parts mean nothing alone, and follows the nesting of `<…>`.
fn copy_one(c: &mut Cursor, out: &mut Out, depth: usize) -> usize {
    for op in ["..=", "->", "=>", "::", ">=", "=="] {
        // `>=` closes a bracket in `let x: V<T>= …`
        if c.is_op(op) && !(op == ">=" && depth > 0) {
            c.copy(op.len(), out);
            if op == "::" && c.is_punct('<') {
                c.copy(1, out);
                return depth + 1;
            }
            return depth;
        }
    }
    let depth = match () {
        () if c.is_punct('<') => depth + 1,
        () if c.is_punct('>') => depth.saturating_sub(1),
        () => depth,
    };
    c.copy(1, out);
    depth
}
