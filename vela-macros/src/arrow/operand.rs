//! Operands: what stands between two operators.

use proc_macro2::{Delimiter, Group, Span, TokenTree};

use super::{Mode, Out, Rewriter, Wait};
use crate::cursor::Cursor;
use crate::diag::show;

/// What was read as an operand.
pub(super) enum Kind {
    /// Nothing: here the expression ends.
    Nothing,
    /// `return`, `break 'a`, `let pattern =`: an expression of its own follows, if any does.
    Open { scrutinee: bool },
    /// A closure: it took all that follows.
    Last,
    /// Something that ends in a block.
    Block,
    /// `<-x`
    Received,
    /// Anything else.
    Plain,
}

const PARENTHESES: &str =
    "the operand of `<-` is a path, a call, a field or the like\nhelp: put anything else in parentheses: `<-(…)`";

/// std's macros that take expressions.
const MACROS: &[&str] = &[
    "assert",
    "assert_eq",
    "assert_ne",
    "dbg",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "eprint",
    "eprintln",
    "format",
    "format_args",
    "matches",
    "panic",
    "pin",
    "print",
    "println",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
];

impl Rewriter<'_> {
    pub(super) fn operand(&mut self, c: &mut Cursor, out: &mut Out, mode: Mode) -> Kind {
        match c.peek() {
            None => Kind::Nothing,
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                // `if {…} {…}`: a condition may begin with a block, but not consist of nothing
                let begins = mode.stmt
                    || !mode.no_struct
                    || matches!(c.peek_at(1), Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Brace);
                if !begins {
                    return Kind::Nothing;
                }
                self.block_group(c, out);
                Kind::Block
            }
            Some(TokenTree::Group(group)) if is_block_fragment(group) => {
                let group = group.clone();
                c.pos += 1;
                out.push(self.group(&group, |rewriter, c, out| rewriter.block_group(c, out)));
                Kind::Block
            }
            Some(TokenTree::Group(_)) => {
                self.expr_group(c, out);
                self.postfix(c, out, None);
                Kind::Plain
            }
            Some(TokenTree::Literal(_)) => {
                c.copy(1, out);
                self.postfix(c, out, None);
                Kind::Plain
            }
            Some(TokenTree::Punct(_)) => self.punct_operand(c, out, mode),
            Some(TokenTree::Ident(_)) => match self.control(c, out, mode) {
                Some(kind) => kind,
                None => self.path_operand(c, out, mode, None),
            },
        }
    }

    fn punct_operand(&mut self, c: &mut Cursor, out: &mut Out, mode: Mode) -> Kind {
        if c.is_arrow() {
            self.receive(c, out, mode);
            return Kind::Received;
        }
        if c.is_punct('|') {
            self.closure(c, out, mode, Wait::Closure);
            return Kind::Last;
        }
        if c.is_label() {
            let mut label = Out::new();
            c.copy(3, &mut label);
            return self.labelled(c, out, mode, label);
        }
        if c.is_punct('<') || c.is_op("::") {
            return self.path_operand(c, out, mode, None);
        }
        Kind::Nothing
    }

    /// A path, and what makes it a call of a macro or a struct literal.
    fn path_operand(&mut self, c: &mut Cursor, out: &mut Out, mode: Mode, receive: Option<usize>) -> Kind {
        let name = self.path(c, out);
        let group = match c.peek_at(1) {
            Some(TokenTree::Group(group)) if c.is_punct('!') => Some(group.delimiter()),
            _ => None,
        };
        if let Some(delimiter) = group {
            c.copy(1, out);
            if name.is_some_and(|name| MACROS.contains(&name.as_str())) {
                self.expr_group(c, out);
            } else {
                c.copy(1, out);
            }
            if delimiter == Delimiter::Brace && receive.is_none() {
                return Kind::Block;
            }
        } else if c.is_brace() && !mode.no_struct {
            if receive.is_some() {
                self.refuse(c.span());
            }
            self.expr_group(c, out);
        }
        self.postfix(c, out, receive);
        Kind::Plain
    }

    /// Copies `a::b::<C>`; gives the last name if generics do not follow it.
    fn path(&self, c: &mut Cursor, out: &mut Out) -> Option<String> {
        let mut name = None;
        let from = c.pos;
        loop {
            if c.is_op("::") {
                c.copy(2, out);
            } else if c.is_punct('<')
                && (c.pos == from || matches!(out.last(), Some(TokenTree::Punct(p)) if p.as_char() == ':'))
            {
                self.generics(c, out);
                name = None;
            } else if let Some(ident) = c.ident_at(0)
                && (c.pos == from || matches!(out.last(), Some(TokenTree::Punct(p)) if p.as_char() == ':'))
            {
                name = Some(ident.to_string());
                c.copy(1, out);
            } else {
                return name;
            }
        }
    }

    /// `.field`, `.method::<T>(…)`, `.await`, `[…]`, `(…)`, `?`. In the operand of a prefix arrow, which began at
    /// `receive`, a `?` is ambiguous.
    pub(super) fn postfix(&mut self, c: &mut Cursor, out: &mut Out, receive: Option<usize>) {
        let mut asked = false;
        loop {
            if c.is_punct('.') && !c.is_op("..") {
                c.copy(1, out);
                self.after_dot(c, out);
            } else if c.is_punct('?') {
                if let Some(from) = receive
                    && !asked
                {
                    asked = true;
                    self.ambiguous = true;
                    let text = self.two_readings(c, from);
                    self.diag.at(c.span(), text);
                }
                // The last one asks what was received; one before a `.` belongs to the operand, which the editor goes on with.
                if asked && (!c.is_punct_at(1, '.') || c.is_op_at(1, "..")) {
                    c.pos += 1;
                } else {
                    c.copy(1, out);
                }
            } else if c.group_at(0, Delimiter::Parenthesis).is_some() || c.group_at(0, Delimiter::Bracket).is_some() {
                self.expr_group(c, out);
            } else {
                return;
            }
        }
    }

    /// `<-a?`, the operand from `from` on, the cursor on the `?`: both readings, with all that follows.
    fn two_readings(&self, c: &Cursor, from: usize) -> String {
        let operand = show(&c.between(from, c.pos));
        let mut end = c.clone();
        // Up to here it is the operand; behind it are only further `?`.
        let mut last = c.pos;
        loop {
            if end.is_punct('?') {
                end.pos += 1;
                continue;
            } else if end.is_punct('.') && !end.is_op("..") {
                end.pos += 1;
                if end.ident_at(0).is_none() && !matches!(end.peek(), Some(TokenTree::Literal(_))) {
                    break;
                }
                end.pos += 1;
                if end.is_op("::") && end.is_punct_at(2, '<') {
                    end.pos += 2;
                    self.generics(&mut end, &mut Out::new());
                }
            } else if end.group_at(0, Delimiter::Parenthesis).is_some() || end.group_at(0, Delimiter::Bracket).is_some()
            {
                end.pos += 1;
            } else {
                break;
            }
            last = end.pos;
        }
        if last == c.pos {
            return format!(
                "`<-{operand}?` can be read two ways\n\
                 help: write `(<-{operand})?` to receive and then ask, or `<-({operand}?)` to receive from what `{operand}` holds"
            );
        }
        let (all, behind) = (show(&c.between(from, last)), show(&c.between(c.pos, last)));
        let asks = show(&c.between(last, end.pos));
        let whole = if asks.is_empty() { format!("<-({all})") } else { format!("(<-({all})){asks}") };
        format!(
            "`<-{all}{asks}` can be read two ways\n\
             help: write `{whole}` to receive from all of it, or `(<-{operand}){behind}{asks}` to receive from `{operand}` and go on with what came"
        )
    }

    fn after_dot(&mut self, c: &mut Cursor, out: &mut Out) {
        if c.is_ident("await") {
            let text = match self.wait {
                Wait::Arm(part) => Some(format!(
                    "`.await` in {part} would wait before the select does\n\
                     help: bind it first, above the `select!`; an arm whose operation is a future is written without `.await`: the select polls it"
                )),
                Wait::Call => Some(self.call_text(".await")),
                _ => None,
            };
            if let Some(text) = text {
                self.diag.at(c.span(), text);
            }
        }
        if c.ident_at(0).is_none() && !matches!(c.peek(), Some(TokenTree::Literal(_))) {
            return;
        }
        c.copy(1, out);
        if c.is_op("::") {
            c.copy(2, out);
            if c.is_punct('<') {
                self.generics(c, out);
            }
        }
    }

    /// `<-operand`, the cursor on the arrow.
    fn receive(&mut self, c: &mut Cursor, out: &mut Out, mode: Mode) {
        let mut arrows = vec![c.arrow()];
        while c.is_arrow() {
            arrows.push(c.arrow());
        }
        let mut operand = Out::new();
        let outer = std::mem::take(&mut self.ambiguous);
        self.receive_operand(c, &mut operand, mode);
        if operand.is_empty() {
            let last = arrows[arrows.len() - 1];
            self.diag.at(last, "`<-` needs something to receive from on its right\nhelp: `<-rx`");
            operand.extend(quote::quote_spanned!(last=> ()));
            self.ambiguous = true;
        } else if let [TokenTree::Literal(literal)] = operand.as_slice() {
            self.diag.at(
                literal.span(),
                format!("`<-` receives from a source of values, and `{literal}` is none\nhelp: if a comparison with a negative number was meant, put a space between `<` and `-`: `a < -{literal}`"),
            );
            self.ambiguous = true;
        }
        for arrow in arrows.into_iter().rev() {
            let block = self.emit_receive(arrow, operand);
            operand = vec![block];
        }
        self.ambiguous = outer;
        out.append(&mut operand);
    }

    /// The operand wants parentheses.
    fn refuse(&mut self, span: Span) {
        self.diag.at(span, PARENTHESES);
        self.ambiguous = true;
    }

    /// The operand of a prefix arrow: a postfix expression, perhaps behind `*` or `&`.
    pub(super) fn receive_operand(&mut self, c: &mut Cursor, out: &mut Out, mode: Mode) {
        let from = c.pos;
        let first = out.len();
        while c.is_punct('*') || c.is_punct('&') {
            let borrow = c.is_punct('&');
            c.copy(1, out);
            if borrow && c.is_ident("mut") {
                c.copy(1, out);
            }
        }
        let unary = out.len();
        self.receive_root(c, out, mode, from);
        if out.len() == unary {
            out.truncate(first);
        }
    }

    fn receive_root(&mut self, c: &mut Cursor, out: &mut Out, mode: Mode, from: usize) {
        match c.peek() {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                if !mode.no_struct {
                    let span = c.span();
                    self.block_group(c, out);
                    self.refuse(span);
                }
            }
            Some(TokenTree::Group(_) | TokenTree::Literal(_)) => {
                if matches!(c.peek(), Some(TokenTree::Literal(_))) {
                    c.copy(1, out);
                } else {
                    self.expr_group(c, out);
                }
                self.postfix(c, out, Some(from));
            }
            Some(TokenTree::Ident(word)) => {
                let (word, span) = (word.to_string(), word.span());
                if matches!(word.as_str(), "else" | "in" | "as") {
                    return;
                }
                let before = out.len();
                match self.control(c, out, mode) {
                    Some(_) if out.len() > before => self.refuse(span),
                    Some(_) => {}
                    None => _ = self.path_operand(c, out, mode, Some(from)),
                }
            }
            Some(TokenTree::Punct(_)) if c.is_op("::") || (c.is_punct('<') && !c.is_arrow()) => {
                self.path_operand(c, out, mode, Some(from));
            }
            Some(TokenTree::Punct(_)) if c.is_punct('|') => {
                let span = c.span();
                self.closure(c, out, mode, Wait::Closure);
                self.refuse(span);
            }
            Some(TokenTree::Punct(_)) | None => {}
        }
    }

    /// Rewrites the expressions in the next group.
    pub(super) fn expr_group(&mut self, c: &mut Cursor, out: &mut Out) {
        if let Some(TokenTree::Group(group)) = c.next() {
            out.push(self.group(&group, |rewriter, c, out| rewriter.exprs(c, out)));
        }
    }
}

/// `$body:block` of a user's macro: an invisible group around one block.
fn is_block_fragment(group: &Group) -> bool {
    let mut trees = group.stream().into_iter();
    let brace = matches!(trees.next(), Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Brace);
    group.delimiter() == Delimiter::None && brace && trees.next().is_none()
}
