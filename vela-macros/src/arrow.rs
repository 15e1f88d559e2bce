//! The token pass: finds every `<-` in raw tokens and rewrites it, before syn sees them.
//!
//! syn either rejects `a <- b` or reads it as `a < (-b)`, so no raw arrow may reach it. The pass is a small recogniser
//! of Rust's expressions over token trees: it knows where an operand begins and ends, what is a type, a pattern or a
//! nested item, and copies all it does not know as it is. It never fails: half-written code comes out half-written.

mod control;
mod emit;
mod expr;
mod item;
mod operand;
mod stmt;
mod types;

use proc_macro2::{Group, Span, TokenStream, TokenTree};

use crate::cursor::Cursor;
use crate::diag::{Diag, show};
use crate::krate::Krate;

pub(crate) use emit::{bind, first_span, receive_call, transmit_call};
pub(crate) use expr::{Mode, Tail};
pub(crate) use stmt::Statements;

/// Trees under construction.
pub(crate) type Out = Vec<TokenTree>;

/// May an arrow wait where it stands?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wait {
    /// Yes.
    Here,
    /// No: in a closure that is not async.
    Closure,
    /// No: in a function that is not async.
    Function,
    /// No: in the initial value of a constant or static.
    Constant,
    /// No: in this part of a select arm, named with its article.
    Arm(&'static str),
    /// No: in a part of the call that `go!` makes.
    Call,
}

/// Nesting up to which arrows are rewritten; rustc's own limit on nested blocks is of the same order.
const DEPTH: usize = 256;

/// The state of one pass.
pub(crate) struct Rewriter<'a> {
    krate: &'a Krate,
    pub(crate) diag: &'a mut Diag,
    wait: Wait,
    depth: usize,
    /// Arrows rewritten so far: a group without any is kept as it is, spans of its two delimiters included.
    rewritten: usize,
    too_deep: bool,
    /// The arrow that is being read is an error already: what it becomes must not bring a second one.
    ambiguous: bool,
    /// What `go!` calls, as text.
    call: String,
}

impl<'a> Rewriter<'a> {
    pub(crate) fn new(krate: &'a Krate, diag: &'a mut Diag) -> Self {
        Rewriter {
            krate,
            diag,
            wait: Wait::Here,
            depth: 0,
            rewritten: 0,
            too_deep: false,
            ambiguous: false,
            call: String::new(),
        }
    }

    /// Rewrites the statements of a block, and says of what kinds they are.
    pub(crate) fn statements(&mut self, stream: TokenStream) -> (TokenStream, Statements) {
        let mut out = Out::new();
        let kinds = self.block(&mut Cursor::new(stream), &mut out);
        (out.into_iter().collect(), kinds)
    }

    /// Rewrites expressions that are separated by anything.
    pub(crate) fn expressions(&mut self, stream: TokenStream) -> TokenStream {
        let mut out = Out::new();
        self.exprs(&mut Cursor::new(stream), &mut out);
        out.into_iter().collect()
    }

    /// Rewrites the call of `go!`: nothing in it may wait, for its parts are evaluated before the task starts.
    pub(crate) fn call(&mut self, stream: TokenStream) -> TokenStream {
        self.call = show(&stream.clone().into_iter().collect::<Vec<_>>());
        self.waiting(Wait::Call, |rewriter| rewriter.expressions(stream))
    }

    /// Rewrites the operand of a prefix arrow, and stops behind it.
    pub(crate) fn receive_operand_of(&mut self, c: &mut Cursor) -> TokenStream {
        let mut out = Out::new();
        self.receive_operand(c, &mut out, Mode::default());
        out.into_iter().collect()
    }

    /// Runs `f` where an arrow may wait as `wait` says.
    pub(crate) fn waiting<R>(&mut self, wait: Wait, f: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::replace(&mut self.wait, wait);
        let result = f(self);
        self.wait = outer;
        result
    }

    /// Rewrites what is inside `group` with `f`. An untouched group keeps the spans of its delimiters.
    fn group(&mut self, group: &Group, f: impl FnOnce(&mut Self, &mut Cursor, &mut Out)) -> TokenTree {
        let before = self.rewritten;
        let mut out = Out::new();
        self.nested(group.span(), &mut Cursor::new(group.stream()), &mut out, f);
        if self.rewritten == before {
            return TokenTree::Group(group.clone());
        }
        let mut new = Group::new(group.delimiter(), out.into_iter().collect());
        new.set_span(group.span());
        TokenTree::Group(new)
    }

    /// Guards against recursion without end; what lies deeper is copied.
    fn nested<R>(
        &mut self,
        span: Span,
        c: &mut Cursor,
        out: &mut Out,
        f: impl FnOnce(&mut Self, &mut Cursor, &mut Out) -> R,
    ) -> Option<R> {
        if self.depth == DEPTH {
            if !self.too_deep {
                self.too_deep = true;
                self.diag.at(
                    span,
                    format!(
                        "code nested more than {DEPTH} levels deep: `<-` is not rewritten here; move it to a function"
                    ),
                );
            }
            out.extend(c.rest());
            while c.next().is_some() {}
            return None;
        }
        self.depth += 1;
        let result = f(self, c, out);
        self.depth -= 1;
        Some(result)
    }

    /// Says why an arrow cannot wait here, if so.
    fn may_wait(&mut self, arrow: Span) -> bool {
        let text = match self.wait {
            Wait::Here => return true,
            Wait::Closure => "`<-` waits, and a closure that is not async cannot wait\n\
                 help: make it an async closure, `async |…| …`, or receive or send outside of it"
                .to_owned(),
            Wait::Function => "`<-` waits, and this function is not async\nhelp: make it an `async fn`".to_owned(),
            Wait::Constant => "`<-` waits, and a constant cannot wait".to_owned(),
            Wait::Arm(part) => format!(
                "`<-` in {part} would wait before the select does\n\
                 help: bind it first: `let value = <-…;` above the `select!`, and use `value` here"
            ),
            Wait::Call => self.call_text("<-"),
        };
        self.diag.at(arrow, text);
        false
    }

    /// What `go!` says of `word` in a call.
    fn call_text(&self, word: &str) -> String {
        format!(
            "`go!` takes this as a call, whose parts are evaluated here: `{word}` would wait before the task starts\n\
             help: bind it first (`let value = …;`) and use `value` in the call, or wait in the task, in a block: `go!({{ {} }})`",
            self.call
        )
    }
}
