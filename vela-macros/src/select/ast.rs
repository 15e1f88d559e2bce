//! What `select!` was given.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::{Expr, Pat};

#[derive(Default)]
pub(crate) struct Select {
    /// `biased;`, and where.
    pub(crate) biased: Vec<Span>,
    /// `then;`: where, and how many arms stand above it.
    pub(crate) tiers: Vec<(Span, usize)>,
    pub(crate) arms: Vec<Arm>,
    /// `closed` and `else`: the first counts, the others are errors.
    pub(crate) closed: Vec<Last>,
    pub(crate) els: Vec<Last>,
}

/// `closed => body` or `else => body`
pub(crate) struct Last {
    pub(crate) span: Span,
    pub(crate) body: Body,
}

/// `binding = op, if guard => body`
pub(crate) struct Arm {
    /// The trees up to the operation's end, for errors on the arm as a whole.
    pub(crate) head: Vec<TokenTree>,
    pub(crate) binding: Binding,
    pub(crate) op: Op,
    pub(crate) guard: Option<Expr>,
    pub(crate) body: Body,
}

/// The body with its arrows rewritten, otherwise as the user wrote it.
pub(crate) type Body = TokenStream;

pub(crate) enum Binding {
    /// A send without a pattern: the arm fires once the value is taken.
    Unbound,
    /// The arm fires on every outcome.
    Every(Pat),
    /// `Some(inner)`: the arm fires on values.
    Values(Pat),
    /// A refutable pattern: an error, kept for the editor.
    Refused(Pat),
}

pub(crate) enum Op {
    Receive(Expr),
    Send {
        target: Expr,
        value: Expr,
    },
    Lend {
        target: Expr,
        local: Ident,
    },
    Future(Expr),
    /// An error was noted; what could be read of the operand stays for the editor.
    Broken(Option<Box<Expr>>),
}

impl Op {
    /// What stays of it after an error.
    pub(crate) fn broken(self) -> Self {
        match self {
            Op::Receive(kept) | Op::Future(kept) | Op::Send { target: kept, .. } | Op::Lend { target: kept, .. } => {
                Op::Broken(Some(Box::new(kept)))
            }
            Op::Broken(kept) => Op::Broken(kept),
        }
    }

    pub(crate) fn is_send(&self) -> bool {
        matches!(self, Op::Send { .. } | Op::Lend { .. })
    }
}

impl Arm {
    /// Can the arm be out of the game while the select waits?
    pub(crate) fn can_be_disabled(&self) -> bool {
        self.guard.is_some() || matches!(self.binding, Binding::Unbound | Binding::Values(_))
    }
}
