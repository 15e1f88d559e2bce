//! Operands that may be evaluated late: after the first look, which mostly ends the select without them.
//!
//! The order of evaluation is part of the contract, so an operand may come late only if nobody can tell: it is a variable,
//! and behind it nothing is evaluated but variables.

use syn::{Expr, Lit};

use super::ast::{Arm, Op};
use crate::operand::Operand;

/// Whether the first look of the arm can go to its operand.
pub(super) fn can_be(arm: &Arm) -> bool {
    let Op::Receive(target) = &arm.op else { return false };
    match plain(target) {
        Expr::Path(_) => is_variable(target),
        // It is kept in a variable of ours. (Behind a guard that would be an `Option`.)
        _ => arm.guard.is_none() && is_kept_whole(target),
    }
}

/// Whether somebody could tell when guard and operand of such an arm are evaluated.
pub(super) fn is_observable(arm: &Arm) -> bool {
    let Op::Receive(target) = &arm.op else { return true };
    let guard = arm.guard.as_ref();
    !is_variable(target) || guard.is_some_and(|guard| !is_variable(guard) && !is_bool(guard))
}

/// `rx` or `self`; a name in capitals may be a constant, which is another one at each mention.
fn is_variable(expr: &Expr) -> bool {
    let Expr::Path(path) = plain(expr) else { return false };
    let name = path.path.get_ident().filter(|_| path.qself.is_none()).map(ToString::to_string);
    name.is_some_and(|name| !name.contains(|c: char| c.is_uppercase()))
}

fn is_bool(expr: &Expr) -> bool {
    matches!(plain(expr), Expr::Lit(lit) if matches!(lit.lit, Lit::Bool(_)))
}

/// Whether the operand is all value, and no field of one.
fn is_kept_whole(target: &Expr) -> bool {
    let local = quote::quote!(local);
    let split = Operand::of(target.clone(), &local);
    split.value.is_some() && split.place.to_string() == "local"
}

/// Without what only groups.
fn plain(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => plain(&paren.expr),
        Expr::Group(group) => plain(&group.expr),
        other => other,
    }
}
