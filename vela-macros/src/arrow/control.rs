//! Operands that begin with a keyword: branches, loops, blocks, closures, jumps.

use proc_macro2::TokenTree;

use super::operand::Kind;
use super::{Mode, Out, Rewriter, Wait};
use crate::cursor::Cursor;

impl Rewriter<'_> {
    /// `None`: the next word is no keyword of an expression.
    pub(super) fn control(&mut self, c: &mut Cursor, out: &mut Out, mode: Mode) -> Option<Kind> {
        let word = c.ident_at(0)?.to_string();
        let brace = c.is_brace_at(1);
        let kind = match word.as_str() {
            "else" | "in" | "where" => Kind::Nothing,
            "if" => self.branch(c, out),
            "match" => self.matching(c, out),
            "for" if c.is_punct_at(1, '<') => {
                c.copy(1, out);
                self.generics(c, out);
                self.operand(c, out, mode)
            }
            "while" | "loop" | "for" => self.looping(c, out, Out::new()),
            "unsafe" | "const" | "try" if brace => {
                c.copy(1, out);
                self.block_group(c, out);
                Kind::Block
            }
            "async" | "gen" if brace => self.async_block(c, out, 1),
            "async" | "gen" if c.is_ident_at(1, "move") && c.is_brace_at(2) => self.async_block(c, out, 2),
            "async" if c.is_punct_at(1, '|') => self.closure_after(c, out, mode, 1, Wait::Here),
            "async" if c.is_ident_at(1, "move") && c.is_punct_at(2, '|') => {
                self.closure_after(c, out, mode, 2, Wait::Here)
            }
            "move" if c.is_punct_at(1, '|') => self.closure_after(c, out, mode, 1, Wait::Closure),
            "static" => {
                c.copy(1, out);
                self.operand(c, out, mode)
            }
            "return" | "yield" | "become" => {
                c.copy(1, out);
                Kind::Open { scrutinee: false }
            }
            "break" => {
                c.copy(1, out);
                if c.is_punct('\'') && !c.is_label() {
                    c.copy(2, out);
                }
                Kind::Open { scrutinee: false }
            }
            "continue" => {
                c.copy(1, out);
                if c.is_punct('\'') {
                    c.copy(2, out);
                }
                Kind::Plain
            }
            "let" => {
                c.copy(1, out);
                self.pattern(c, out);
                if c.is_punct('=') {
                    c.copy(1, out);
                }
                Kind::Open { scrutinee: true }
            }
            _ => return None,
        };
        Some(kind)
    }

    /// After `'label:`.
    pub(super) fn labelled(&mut self, c: &mut Cursor, out: &mut Out, mode: Mode, mut label: Out) -> Kind {
        if ["for", "while", "loop"].iter().any(|word| c.is_ident(word)) {
            return self.looping(c, out, label);
        }
        out.append(&mut label);
        self.operand(c, out, mode)
    }

    /// A pattern, up to its `=`, its type or its end.
    pub(super) fn pattern(&mut self, c: &mut Cursor, out: &mut Out) {
        self.until(c, out, |c| c.is_arrow() || c.is_colon() || c.is_punct(';') || (c.is_punct('=') && !c.is_op("==")));
        if c.is_arrow() {
            self.diag.at(c.span(), "a `let` receives with `=`\nhelp: write `let value = <-rx`");
        }
    }

    /// `{ … }` as a block.
    pub(super) fn block_group(&mut self, c: &mut Cursor, out: &mut Out) {
        if c.is_brace()
            && let Some(TokenTree::Group(group)) = c.next()
        {
            out.push(self.group(&group, |rewriter, c, out| {
                _ = rewriter.block(c, out);
            }));
        }
    }

    fn async_block(&mut self, c: &mut Cursor, out: &mut Out, words: usize) -> Kind {
        c.copy(words, out);
        self.waiting(Wait::Here, |rewriter| rewriter.block_group(c, out));
        Kind::Block
    }

    fn branch(&mut self, c: &mut Cursor, out: &mut Out) -> Kind {
        loop {
            c.copy(1, out);
            self.expr(c, out, Mode::CONDITION);
            self.block_group(c, out);
            if !c.is_ident("else") {
                return Kind::Block;
            }
            if c.is_ident_at(1, "if") {
                c.copy(1, out);
            } else if c.is_brace_at(1) {
                c.copy(1, out);
                self.block_group(c, out);
                return Kind::Block;
            } else {
                return Kind::Block;
            }
        }
    }

    fn matching(&mut self, c: &mut Cursor, out: &mut Out) -> Kind {
        c.copy(1, out);
        self.expr(c, out, Mode::CONDITION);
        if c.is_brace()
            && let Some(TokenTree::Group(group)) = c.next()
        {
            out.push(self.group(&group, |rewriter, c, out| rewriter.arms(c, out)));
        }
        Kind::Block
    }

    fn arms(&mut self, c: &mut Cursor, out: &mut Out) {
        while !c.at_end() {
            self.until(c, out, |c| c.is_op("=>") || c.is_ident("if"));
            if c.is_ident("if") {
                c.copy(1, out);
                self.expr(c, out, Mode::default());
            }
            if c.is_op("=>") {
                c.copy(2, out);
                let tail = self.expr(c, out, Mode::STATEMENT);
                self.stray_else(c, out, &tail);
                if c.is_punct(',') {
                    c.copy(1, out);
                }
            } else {
                c.copy(1, out);
            }
        }
    }

    fn looping(&mut self, c: &mut Cursor, out: &mut Out, mut label: Out) -> Kind {
        if c.is_ident("for") {
            return self.for_loop(c, out, label);
        }
        out.append(&mut label);
        let conditional = c.is_ident("while");
        c.copy(1, out);
        if conditional {
            self.expr(c, out, Mode::CONDITION);
        }
        self.block_group(c, out);
        Kind::Block
    }

    fn for_loop(&mut self, c: &mut Cursor, out: &mut Out, mut label: Out) -> Kind {
        let mut head = Out::new();
        c.copy(1, &mut head);
        let mut pattern = Out::new();
        // A brace ends what has no `in`, unless it is that of a struct's pattern.
        self.until(c, &mut pattern, |c| {
            let mut after = c.clone();
            after.pos += 1;
            c.is_ident("in") || c.is_brace() && !after.is_ident("in") && !after.is_punct('|')
        });
        if c.is_ident("in") && {
            let mut ahead = c.clone();
            ahead.pos += 1;
            ahead.is_arrow()
        } {
            let before = c.pos;
            let errors = self.diag.len();
            let outer = std::mem::take(&mut self.ambiguous);
            let mut keyword = Out::new();
            c.copy(1, &mut keyword);
            let arrow = c.arrow();
            let mut operand = Out::new();
            self.receive_operand(c, &mut operand, Mode::CONDITION);
            if !operand.is_empty() && c.is_brace() {
                let mut body = Out::new();
                self.block_group(c, &mut body);
                out.extend(body.pop().map(|body| self.emit_for(arrow, label, pattern, operand, body)));
                self.ambiguous = outer;
                return Kind::Block;
            }
            // something else that begins with an arrow: an expression as any other
            self.diag.truncate(errors);
            self.ambiguous = outer;
            c.pos = before;
        }
        out.append(&mut label);
        out.append(&mut head);
        out.append(&mut pattern);
        if c.is_ident("in") {
            c.copy(1, out);
            self.expr(c, out, Mode::CONDITION);
        }
        self.block_group(c, out);
        Kind::Block
    }

    fn closure_after(&mut self, c: &mut Cursor, out: &mut Out, mode: Mode, words: usize, wait: Wait) -> Kind {
        c.copy(words, out);
        self.closure(c, out, mode, wait);
        Kind::Last
    }

    /// The cursor on the first `|`.
    pub(super) fn closure(&mut self, c: &mut Cursor, out: &mut Out, mode: Mode, wait: Wait) {
        c.copy(1, out);
        self.until(c, out, |c| c.is_punct('|'));
        c.copy(1, out);
        self.waiting(wait, |rewriter| {
            if c.is_op("->") {
                c.copy(2, out);
                rewriter.ty(c, out);
                rewriter.block_group(c, out);
            } else {
                rewriter.expr(c, out, Mode { stmt: false, ..mode });
            }
        });
    }
}
