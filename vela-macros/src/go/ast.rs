//! What `go!` was given.

use proc_macro2::{Ident, TokenStream};
use syn::punctuated::Punctuated;
use syn::{Expr, Token, Type};

pub(crate) struct Go {
    pub(crate) name: Option<Expr>,
    pub(crate) group: Option<Expr>,
    pub(crate) clones: Vec<Clone>,
    pub(crate) output: Option<Type>,
    pub(crate) body: Body,
}

/// `tx`, `mut buf`, `x = self.x`
pub(crate) struct Clone {
    pub(crate) mutability: Option<Token![mut]>,
    pub(crate) local: Ident,
    pub(crate) source: Expr,
}

pub(crate) enum Body {
    /// Statements, arrows rewritten; the group keeps the user's braces if there are any.
    Block(TokenStream),
    /// Go's go statement.
    Call(Box<Call>),
}

pub(crate) struct Call {
    pub(crate) callee: Callee,
    pub(crate) args: Punctuated<Expr, Token![,]>,
}

pub(crate) enum Callee {
    /// A function named by its path, called as it is.
    Path(Expr),
    /// Any other expression: evaluated here, then called in the task.
    Value(Expr),
    /// The receiver is evaluated here and moved into the task.
    Method { receiver: Expr, method: Ident, turbofish: Option<syn::AngleBracketedGenericArguments> },
}
