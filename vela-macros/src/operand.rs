//! Operands of arrows: what is a place, and is borrowed, and what is a value, and must be kept.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Expr;

/// `value` is to be evaluated once, into a local; `place` is what is received from or sent to, and may name that
/// local. For a place, `value` is empty.
pub(crate) struct Operand {
    pub(crate) value: Option<TokenStream>,
    pub(crate) place: TokenStream,
}

impl Operand {
    /// Splits tokens in which no raw arrow is left.
    pub(crate) fn split(tokens: TokenStream, local: &TokenStream) -> Self {
        match syn::parse2::<Expr>(tokens.clone()) {
            Ok(expr) => Operand::of(expr, local),
            Err(_) => Operand { value: Some(tokens), place: local.clone() },
        }
    }

    /// `self.make().rx` keeps `self.make()` and receives from `local.rx`: nothing is moved out of what was made.
    pub(crate) fn of(mut expr: Expr, local: &TokenStream) -> Self {
        let root = root(&mut expr);
        if matches!(root, Expr::Path(_)) {
            return Operand { value: None, place: expr.into_token_stream() };
        }
        let value = std::mem::replace(root, Expr::Verbatim(local.clone()));
        Operand { value: Some(value.into_token_stream()), place: expr.into_token_stream() }
    }
}

/// What the fields, indices and dereferences of a place start from.
fn root(expr: &mut Expr) -> &mut Expr {
    match expr {
        Expr::Field(field) => root(&mut field.base),
        Expr::Index(index) => root(&mut index.expr),
        Expr::Paren(paren) => root(&mut paren.expr),
        Expr::Group(group) => root(&mut group.expr),
        Expr::Unary(syn::ExprUnary { op: syn::UnOp::Deref(_), expr, .. }) => root(expr),
        other => other,
    }
}
