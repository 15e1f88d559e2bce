//! Expressions: operators, and the two arrows among them.

use proc_macro2::{Delimiter, Span, TokenTree};
use quote::quote_spanned;

use super::operand::Kind;
use super::{Out, Rewriter};
use crate::cursor::Cursor;
use crate::diag::show;
use crate::krate::own;

/// Where an expression stands.
#[derive(Clone, Copy, Default)]
pub(crate) struct Mode {
    /// In a condition or scrutinee: `{` ends it.
    pub(crate) no_struct: bool,
    /// As a statement or the body of an arm: what ends in a block is complete.
    pub(crate) stmt: bool,
    /// To the right of an infix arrow.
    pub(super) value: bool,
}

impl Mode {
    pub(crate) const STATEMENT: Mode = Mode { no_struct: false, stmt: true, value: false };
    pub(crate) const CONDITION: Mode = Mode { no_struct: true, stmt: false, value: false };
}

/// What was read.
#[derive(Default)]
pub(crate) struct Tail {
    /// It ends in a send.
    pub(crate) send: Option<Send>,
    /// It ends in a block, and as a statement needs no `;`.
    pub(crate) block_like: bool,
    /// Its last token is the block of an arrow.
    pub(crate) arrow_last: bool,
}

/// A send, for `else`.
pub(crate) struct Send {
    pub(crate) arrow: Span,
    /// The last tree of the value, if that is `{ … }`.
    pub(crate) brace: Option<TokenTree>,
    /// Nothing else belongs to the expression.
    pub(crate) whole: bool,
}

/// The operand that was just read, as a left side for `<-`.
struct Left {
    /// Where it begins, in the output and in the input.
    at: usize,
    from: usize,
    /// Where the expression began that it may stand alone in.
    region: usize,
    region_from: usize,
    /// A `!` or `-` is in front.
    negated: bool,
    /// It is itself `<-x`.
    received: bool,
}

impl Rewriter<'_> {
    /// Reads one expression; stops before what cannot belong to it.
    pub(crate) fn expr(&mut self, c: &mut Cursor, out: &mut Out, mode: Mode) -> Tail {
        self.nested(c.span(), c, out, |rewriter, c, out| rewriter.expr_inner(c, out, mode)).unwrap_or_default()
    }

    fn expr_inner(&mut self, c: &mut Cursor, out: &mut Out, mode: Mode) -> Tail {
        let first = out.len();
        let (mut region, mut region_from) = (first, c.pos);
        let mut in_let = false;
        loop {
            let (at, from) = (out.len(), c.pos);
            let negated = self.unary_ops(c, out);
            let mode_here = Mode { stmt: mode.stmt && out.len() == first, ..mode };
            let kind = self.operand(c, out, mode_here);
            match kind {
                Kind::Nothing | Kind::Last => return Tail::default(),
                Kind::Open { scrutinee } => {
                    in_let = scrutinee;
                    (region, region_from) = (out.len(), c.pos);
                    continue;
                }
                Kind::Block if mode_here.stmt && !c.is_punct('.') && !c.is_punct('?') => {
                    return Tail { block_like: true, ..Tail::default() };
                }
                Kind::Block => self.postfix(c, out, None),
                Kind::Received if mode_here.stmt && !ends_statement(c) && !c.is_arrow() => {
                    let block = out.pop();
                    out.extend(block.map(super::emit::parenthesised));
                }
                Kind::Received | Kind::Plain => {}
            }
            let received = matches!(kind, Kind::Received);
            if received && after_break_label(&out[..at]) && !c.is_arrow() {
                let block = out.pop();
                out.extend(block.map(super::emit::parenthesised));
            }
            if c.is_arrow() {
                let left = Left { at, from, region, region_from, negated, received };
                return self.infix(c, out, (mode, first), in_let, left);
            }
            let op_from = c.pos;
            match self.binary_op(c, out) {
                Some(true) => (region, region_from) = (out.len(), c.pos),
                Some(false) => {}
                None => return Tail { arrow_last: received, ..Tail::default() },
            }
            let op = c.between(op_from, c.pos);
            if mode.value && mode.no_struct && (show(&op) == "&&" || show(&op) == "||") {
                self.diag.at(
                    op[0].span(),
                    "this can belong to the sent value, or to the condition\n\
                     help: put the send, or its value, in parentheses: `(tx <- value)`",
                );
                self.ambiguous = true;
            }
        }
    }

    /// `left <- value`, the cursor on the arrow.
    fn infix(&mut self, c: &mut Cursor, out: &mut Out, (mode, first): (Mode, usize), in_let: bool, left: Left) -> Tail {
        let before = c.pos;
        let arrow = c.arrow();
        let mut value = Out::new();
        let value_from = c.pos;
        let value_mode = Mode { stmt: false, value: true, no_struct: mode.no_struct || in_let };
        let outer = std::mem::take(&mut self.ambiguous);
        let lent = c.is_ident("mut").then(|| c.span());
        c.pos += usize::from(lent.is_some());
        self.expr(c, &mut value, value_mode);
        if self.ambiguous {
            // an error already, and of no known type
            value.clear();
            value.extend(quote_spanned!(own()=> ()));
        }
        if let Some(lent) = lent {
            let value = show(&value);
            self.diag.at(
                lent,
                format!("lending (`<- mut`) is for the arms of a `select!`, where a send can lose\nhelp: `tx <- {value}` moves the value"),
            );
            self.ambiguous = true;
        } else if value.is_empty() {
            self.diag.at(arrow, "`<-` needs a value to send on its right\nhelp: `tx <- value`");
            self.ambiguous = true;
        }
        if value.is_empty() {
            value.extend(quote::quote_spanned!(arrow=> ()));
        }
        let words = Words {
            whole: show(&c.between(left.region_from, before)),
            head: show(&c.between(left.region_from, left.from)),
            left: show(&c.between(left.from, before)),
            value: show(&c.between(value_from, c.pos)),
        };
        self.check_infix(mode, arrow, &left, &words);
        let is_brace = |tree: &TokenTree| matches!(tree, TokenTree::Group(g) if g.delimiter() == Delimiter::Brace);
        let brace = c.between(c.pos - 1, c.pos).pop().filter(is_brace);
        let mut operand = out.split_off(left.at);
        if self.ambiguous && left.negated {
            // the operator in front says nothing of a send
            let operators =
                operand.iter().take_while(|tree| matches!(tree, TokenTree::Punct(p) if "!-.=".contains(p.as_char())));
            operand.drain(..operators.count());
        }
        let block = self.emit_send(arrow, operand, value);
        self.ambiguous = outer;
        let block = if after_break_label(out) { super::emit::parenthesised(block) } else { block };
        out.push(block);
        Tail { send: Some(Send { arrow, brace, whole: left.at == first }), block_like: false, arrow_last: true }
    }

    fn check_infix(&mut self, mode: Mode, arrow: Span, left: &Left, words: &Words) {
        let Words { whole, head, left: operand, value } = words;
        let text = if mode.value {
            "a chain of `<-` can be read two ways: `a <- (b <- c)` sends the outcome of the second send to `a`; \
             `(a <- b) <- c` sends to the outcome of the first\n\
             help: put the one you mean in parentheses; to receive and pass on, write `a <- <-b`"
                .to_owned()
        } else if left.received {
            let inner = operand.trim_start_matches("<-").trim_start();
            format!(
                "this can be read two ways\n\
                 help: write `(<-{inner}) <- {value}` to send to what was received, or `<-({inner} <- {value})` to receive from the outcome of the send"
            )
        } else if left.negated {
            format!(
                "this can be read two ways\nhelp: write `({operand}) <- {value}`, or take the operator out of the send: `let r = tx <- {value};`"
            )
        } else if left.at != left.region {
            format!(
                "this can be read two ways\n\
                 help: write `({whole}) <- {value}`, or `{head} ({operand} <- {value})`"
            )
        } else {
            return;
        };
        self.diag.at(arrow, text);
        self.ambiguous = true;
    }

    /// Operators in front of an operand. True: one of them negates, so that an infix arrow after it is ambiguous.
    fn unary_ops(&mut self, c: &mut Cursor, out: &mut Out) -> bool {
        let mut negates = false;
        loop {
            if c.is_op("!=") || c.is_op("->") || c.is_op("=>") {
                return negates;
            }
            if c.is_punct('!') || c.is_punct('-') {
                negates = true;
                c.copy(1, out);
            } else if c.is_punct('*') {
                c.copy(1, out);
            } else if c.is_punct('&') {
                c.copy(1, out);
                if c.is_ident("mut") {
                    c.copy(1, out);
                } else if c.is_ident("raw") && (c.is_ident_at(1, "const") || c.is_ident_at(1, "mut")) {
                    c.copy(2, out);
                }
            } else if c.is_op("..") {
                negates = true;
                c.copy(if c.is_op("..=") { 3 } else { 2 }, out);
            } else if c.is_punct('#') && c.group_at(1, Delimiter::Bracket).is_some() {
                c.copy(2, out);
            } else {
                return negates;
            }
        }
    }

    /// The operator between two operands. `Some(true)`: an assignment; what follows stands alone.
    fn binary_op(&mut self, c: &mut Cursor, out: &mut Out) -> Option<bool> {
        const ASSIGN: [&str; 10] = ["<<=", ">>=", "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|="];
        const OPS: [&str; 11] = ["...", "..=", "==", "!=", "<=", ">=", "&&", "||", "<<", ">>", ".."];
        if c.is_ident("as") {
            c.copy(1, out);
            self.ty(c, out);
            return self.binary_op(c, out).or(None);
        }
        if c.is_op("=>") || c.is_op("->") {
            return None;
        }
        if let Some(op) = ASSIGN.iter().find(|op| c.is_op(op)) {
            c.copy(op.len(), out);
            return Some(true);
        }
        if let Some(op) = OPS.iter().find(|op| c.is_op(op)) {
            c.copy(op.len(), out);
            return Some(false);
        }
        if c.is_punct('=') {
            c.copy(1, out);
            return Some(true);
        }
        if "+-*/%^&|<>".chars().any(|op| c.is_punct(op)) {
            c.copy(1, out);
            return Some(false);
        }
        None
    }

    /// Expressions separated by anything: arguments, elements, fields.
    pub(super) fn exprs(&mut self, c: &mut Cursor, out: &mut Out) {
        while !c.at_end() {
            let from = c.pos;
            let tail = self.expr(c, out, Mode::default());
            self.stray_else(c, out, &tail);
            if c.pos == from || c.is_punct(',') || c.is_punct(';') || c.is_colon() {
                c.copy(1, out);
            }
        }
    }

    /// An `else` after an expression that cannot have one.
    pub(crate) fn stray_else(&mut self, c: &mut Cursor, out: &mut Out, tail: &Tail) {
        if c.is_ident("else") && (c.is_brace_at(1) || tail.send.is_some() && !c.is_op_at(1, "=>")) {
            self.diag.at(
                c.span(),
                "`else` can follow a send only where that is a statement of its own\n\
                 help: write `{ tx <- value else { return }; }`, or look at the outcome: `if (tx <- value).is_err() { … }`",
            );
            c.pos += 1;
            let mut block = Out::new();
            if c.is_brace() {
                self.block_group(c, &mut block);
            } else {
                let mut leave = Out::new();
                self.expr(c, &mut leave, Mode::default());
                block.push(super::emit::braced(own(), &leave.into_iter().collect()));
            }
            // the block stays for the editor, where no syntax is broken by it
            if tail.arrow_last
                && let (Some(send), Some(block)) = (out.pop(), block.pop())
            {
                let both = quote_spanned!(own()=> { _ = #send; #[allow(unreachable_code, unused_braces)] { if false { _ = #block; } } });
                out.push(self.dead(&both));
            }
        }
    }
}

/// Parts of an ambiguous send, as text.
struct Words {
    whole: String,
    head: String,
    left: String,
    value: String,
}

/// Does `out` end in `break 'label`? A block behind that wants parentheses.
fn after_break_label(out: &[TokenTree]) -> bool {
    matches!(out, [.., TokenTree::Ident(word), TokenTree::Punct(p), TokenTree::Ident(_)] if word == "break" && p.as_char() == '\'')
}

fn ends_statement(c: &Cursor) -> bool {
    c.at_end() || c.is_punct(';') || c.is_punct(',') || c.is_ident("else") || c.is_op("=>")
}
