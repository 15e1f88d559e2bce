//! What a select must be, beyond its grammar.

use proc_macro2::{Span, TokenStream};

use super::ast::{Arm, Binding, Op, Select};
use crate::diag::Diag;

pub(crate) fn select(select: &Select, diag: &mut Diag) {
    for arm in &select.arms {
        pattern(arm, diag);
    }
    order(select, diag);
    lends(select, diag);
    last(select, diag);
    can_wait_for_ever(select, diag);
}

fn pattern(arm: &Arm, diag: &mut Diag) {
    match &arm.binding {
        Binding::Refused(pat) => diag.on(
            pat,
            "an arm's pattern is `Some(name)` or one that always fits: a value that does not fit would be lost\n\
             help: bind the value and `match` it in the body: `v = <-rx => match v { … }`",
        ),
        Binding::Values(pat) if arm.op.is_send() => diag.on(
            pat,
            "the outcome of a send is a `Result`, which `Some(…)` does not fit\n\
             help: `tx <- value => …` fires once the value is taken, `r = tx <- value => …` on every outcome",
        ),
        _ => {}
    }
}

fn order(select: &Select, diag: &mut Diag) {
    if let (Some(_), Some((then, _))) = (select.biased.first(), select.tiers.first()) {
        diag.at(*then, "`then;` and `biased;` exclude each other\nhelp: `biased;` puts every arm in order already; without it, `then;` makes groups");
        return;
    }
    let mut above = 0;
    for (span, arms) in &select.tiers {
        if *arms == above {
            diag.at(*span, "`then;` stands between two groups of arms, and there is no arm above it\nhelp: remove it, or move it down");
        }
        above = *arms;
    }
    if let Some((span, arms)) = select.tiers.last()
        && *arms == select.arms.len()
        && *arms > 0
    {
        diag.at(
            *span,
            "`then;` stands between two groups of arms, and there is no arm below it\nhelp: remove it, or move it up",
        );
    }
}

fn lends(select: &Select, diag: &mut Diag) {
    let mut seen: Vec<String> = Vec::new();
    for arm in &select.arms {
        if let Op::Lend { local, .. } = &arm.op {
            let name = local.to_string();
            if seen.contains(&name) {
                diag.at(
                    local.span(),
                    format!("`{name}` is lent to two arms\nhelp: give each arm a value of its own, or clone it"),
                );
            }
            seen.push(name);
        }
    }
}

fn last(select: &Select, diag: &mut Diag) {
    for (word, lasts, hint) in [
        ("closed", &select.closed, "it runs when every arm is disabled"),
        (
            "else",
            &select.els,
            "it runs when nothing is ready now; for tokio's `else` (every branch is disabled) write `closed => …`",
        ),
    ] {
        for extra in lasts.iter().skip(1) {
            diag.at(extra.span, format!("a select has one `{word}` at most: {hint}"));
        }
    }
    if select.arms.is_empty() {
        let span = select.closed.iter().chain(&select.els).map(|last| last.span).next();
        let span =
            span.or_else(|| select.biased.first().copied()).or_else(|| select.tiers.first().map(|(span, _)| *span));
        diag.at(
            span.unwrap_or_else(Span::call_site),
            "a select needs at least one arm to wait for\nhelp: `value = <-rx => …`",
        );
    }
}

fn can_wait_for_ever(select: &Select, diag: &mut Diag) {
    let open = !select.arms.is_empty() && select.closed.is_empty() && select.els.is_empty();
    let known = select.arms.iter().all(|arm| !matches!(arm.op, Op::Broken(_)) && !arm.head.is_empty());
    if open && known && select.arms.iter().all(Arm::can_be_disabled) {
        let head: TokenStream = select.arms[0].head.iter().cloned().collect();
        diag.on(
            head,
            "this select could wait for ever: every arm can become disabled (by a guard, by `Some(…)`, by a send without a pattern), \
             and nothing says what then\n\
             help: add `closed => …`, which runs when every arm is disabled (tokio's `else`), or `else => …` so as not to wait, \
             or bind an outcome: `value = <-rx => …`",
        );
    }
}
