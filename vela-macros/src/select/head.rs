//! Reads the head of an arm: binding, operation, guard.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::parse::Parser as _;
use syn::{Expr, Pat};

use super::ast::{Arm, Binding, Op, Select};
use super::{parse, pattern};
use crate::arrow::{Rewriter, Wait};
use crate::cursor::Cursor;
use crate::diag::show;

const FORMS: &str = "help: an arm is `pattern = <-rx => body`, `tx <- value => body` or `pattern = future => body`";

pub(super) fn arm(c: &mut Cursor, select: &mut Select, rewriter: &mut Rewriter<'_>) {
    go_words(c, rewriter);
    let start = c.pos;
    let (mut guard_at, mut comma_at) = (None, None);
    while !c.at_end() && !c.is_op("=>") {
        if c.is_punct(',') && c.is_ident_at(1, "if") {
            guard_at.get_or_insert(c.pos);
        } else if c.is_punct(',') && guard_at.is_none() {
            comma_at.get_or_insert(c.pos);
        }
        c.pos += if c.is_op("::") && c.is_punct_at(2, '<') { skip_generics(c) } else { 1 };
    }
    if c.at_end() {
        let head: TokenStream = c.between(start, c.pos).into_iter().collect();
        rewriter.diag.on(&head, format!("this arm has no `=>`\n{FORMS}"));
        // its operand stays for the editor, without further errors
        let errors = rewriter.diag.len();
        let (_, op) = operation(&head.into_iter().collect::<Vec<_>>(), c.span(), rewriter);
        let op = op.broken();
        rewriter.diag.truncate(errors);
        let body = rewriter.diag.dead();
        select.arms.push(Arm { head: Vec::new(), binding: Binding::Unbound, op, guard: None, body });
        return;
    }
    let end = c.pos;
    if let Some(comma) = comma_at.filter(|comma| guard_at.is_none_or(|guard| *comma < guard)) {
        let span = c.between(comma, end)[0].span();
        rewriter.diag.at(span, format!("`, if condition` or `=>` was expected here\n{FORMS}"));
    }
    let op_end = comma_at.into_iter().chain(guard_at).min().unwrap_or(end);
    let head = c.between(start, op_end);
    let guard = guard_at.and_then(|at| guard(c.between(at + 2, end), c.between(at + 1, at + 2)[0].span(), rewriter));
    let fat = c.span();
    c.pos += 2;
    let (binding, op) = operation(&head, fat, rewriter);
    let body = parse::body(c, rewriter);
    select.arms.push(Arm { head, binding, op, guard, body });
}

/// What people bring along from Go and from `match`.
fn go_words(c: &mut Cursor, rewriter: &mut Rewriter<'_>) {
    while c.is_punct('#') && c.group_at(1, Delimiter::Bracket).is_some() {
        rewriter
            .diag
            .at(c.span(), "an arm takes no attributes\nhelp: put them on a block in its body, or on the whole select");
        c.pos += 2;
    }
    if (c.is_ident("case") || c.is_ident("let")) && !c.is_punct_at(1, '=') && !c.is_op_at(1, "<-") {
        let word = c.span();
        rewriter.diag.at(word, format!("an arm has no keyword in front\n{FORMS}"));
        c.pos += 1;
    }
}

/// The trees of `::<…>`.
fn skip_generics(c: &Cursor) -> usize {
    let (mut depth, mut ahead) = (0usize, 2);
    while c.peek_at(ahead).is_some() {
        if c.is_op_at(ahead, "->") || c.is_op_at(ahead, "=>") {
            ahead += 2;
            continue;
        }
        depth += usize::from(c.is_punct_at(ahead, '<'));
        if c.is_punct_at(ahead, '>') {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return ahead + 1;
            }
        }
        ahead += 1;
    }
    1
}

fn guard(trees: Vec<TokenTree>, at: Span, rewriter: &mut Rewriter<'_>) -> Option<Expr> {
    if trees.is_empty() {
        rewriter.diag.at(at, "a guard needs a condition\nhelp: `, if condition =>`");
        return None;
    }
    match pure(trees, "a guard", rewriter) {
        Ok(Expr::Let(expr)) => {
            rewriter
                .diag
                .on(expr, "a guard is a `bool`, it cannot bind\nhelp: use `matches!(…)`, or match above the select");
            None
        }
        guard => guard.ok(),
    }
}

/// Where the first `=` and the first `<-` of a head are, generics aside.
fn split(head: &[TokenTree]) -> (Option<usize>, Option<usize>) {
    let mut c = Cursor::new(head.iter().cloned().collect());
    let (mut eq, mut arrow) = (None, None);
    while !c.at_end() {
        if c.is_op("::") && c.is_punct_at(2, '<') {
            c.pos += skip_generics(&c);
        } else if let Some(op) = ["..=", "==", "<=", ">=", "!=", "<<"].iter().find(|op| c.is_op(op)) {
            c.pos += op.len();
        } else {
            if c.is_punct('=') {
                eq.get_or_insert(c.pos);
            } else if c.is_arrow() {
                arrow.get_or_insert(c.pos);
            }
            c.pos += 1;
        }
    }
    (eq.filter(|eq| arrow.is_none_or(|arrow| *eq < arrow)), arrow)
}

fn operation(head: &[TokenTree], fat: Span, rewriter: &mut Rewriter<'_>) -> (Binding, Op) {
    let (eq, arrow) = split(head);
    if eq.is_none() && arrow.is_none() && in_parentheses(head).is_some() {
        return (wildcard(), op(head, fat, rewriter));
    }
    if head.is_empty() {
        rewriter.diag.at(fat, format!("there is nothing to wait for in front of `=>`\n{FORMS}"));
        return (Binding::Unbound, Op::Broken(None));
    }
    let Some(eq) = eq else {
        return match arrow {
            None => (wildcard(), lone(head, rewriter)),
            Some(0) => (wildcard(), op(head, fat, rewriter)),
            Some(_) => (Binding::Unbound, op(head, fat, rewriter)),
        };
    };
    let (pat, rest) = (&head[..eq], &head[eq + 1..]);
    let (binding, readable) = read_pattern(pat, head[eq].span(), rewriter);
    let op = op(rest, head[eq].span(), rewriter);
    (binding, if readable { op } else { op.broken() })
}

fn wildcard() -> Binding {
    Binding::Every(syn::parse_quote!(_))
}

/// False: it cannot be read, and stands for what its names may be.
fn read_pattern(trees: &[TokenTree], eq: Span, rewriter: &mut Rewriter<'_>) -> (Binding, bool) {
    let mut trees = trees.to_vec();
    if matches!(trees.last(), Some(TokenTree::Punct(p)) if p.as_char() == ':') {
        trees.pop();
        rewriter.diag.at(eq, "`:=` is Go's\nhelp: `value = <-rx => …`");
    }
    if trees.is_empty() {
        rewriter.diag.at(eq, "a pattern was expected in front of `=`\nhelp: `_ = <-rx => …` ignores what comes");
        return (wildcard(), true);
    }
    let tokens: TokenStream = trees.iter().cloned().collect();
    match Pat::parse_multi_with_leading_vert.parse2(tokens.clone()) {
        Ok(pat) => (pattern::binding(pat), true),
        Err(_) => {
            rewriter.diag.on(tokens, format!("this is not a pattern\n{FORMS}"));
            // what look like its names are bound, so that the body finds them
            let mut names = Vec::new();
            names_in(&trees, &mut names);
            let pat = Pat::parse_single.parse2(quote::quote!((#(#names,)*)));
            (pat.map_or_else(|_| wildcard(), Binding::Every), false)
        }
    }
}

fn names_in(trees: &[TokenTree], names: &mut Vec<Ident>) {
    for tree in trees {
        match tree {
            TokenTree::Ident(word) => {
                let is_name = syn::parse2::<Ident>(word.to_token_stream()).is_ok()
                    && word.to_string().starts_with(|first: char| first.is_lowercase());
                if is_name && !names.contains(word) {
                    names.push(word.clone());
                }
            }
            TokenTree::Group(group) => names_in(&group.stream().into_iter().collect::<Vec<_>>(), names),
            _ => {}
        }
    }
}

/// A head with neither `=` nor `<-`.
fn lone(head: &[TokenTree], rewriter: &mut Rewriter<'_>) -> Op {
    let tokens: TokenStream = head.iter().cloned().collect();
    let word = match head {
        [TokenTree::Ident(word)] => word.to_string(),
        [TokenTree::Punct(p)] => p.to_string(),
        _ => String::new(),
    };
    let text = match word.as_str() {
        "default" | "_" => "Go's `default` is written `else`: it runs when nothing is ready now\nhelp: `else => …`; for \"every arm is disabled\" write `closed => …`".to_owned(),
        "complete" => "`complete` is written `closed` here: it runs when every arm is disabled\nhelp: `closed => …`".to_owned(),
        _ => {
            rewriter.diag.on(&tokens, "only a send or a receive can stand without a pattern\nhelp: for a future write `_ = future => …`");
            return pure(head.to_vec(), "an operand", rewriter).map_or_else(Op::Broken, Op::Future);
        }
    };
    rewriter.diag.on(&tokens, text);
    Op::Broken(None)
}

/// What stands behind the pattern.
fn op(trees: &[TokenTree], before: Span, rewriter: &mut Rewriter<'_>) -> Op {
    if trees.is_empty() {
        rewriter.diag.at(before, format!("an operation was expected here\n{FORMS}"));
        return Op::Broken(None);
    }
    match split_arrow(trees) {
        Some(0) => receive(trees, rewriter),
        Some(at) => send(trees, at, rewriter),
        None => {
            if let [TokenTree::Literal(literal)] = trees {
                rewriter.diag.at(literal.span(), format!("there is nothing to wait for in `{literal}`\n{FORMS}"));
                return Op::Broken(None);
            }
            if let Some(inside) = in_parentheses(trees) {
                let text = format!(
                    "an operation in parentheses is a value, for which the arm would wait before the select does\n\
                     help: write it without the parentheses: `{}`",
                    show(&inside)
                );
                rewriter.diag.on(&trees[0], text);
                // kept for the editor, without further errors
                let errors = rewriter.diag.len();
                let op = op(&inside, before, rewriter).broken();
                rewriter.diag.truncate(errors);
                return op;
            }
            pure(trees.to_vec(), "an operand", rewriter).map_or_else(Op::Broken, Op::Future)
        }
    }
}

/// What stands in parentheses that are all there is, if that is a send or a receive.
fn in_parentheses(trees: &[TokenTree]) -> Option<Vec<TokenTree>> {
    let [TokenTree::Group(group)] = trees else { return None };
    let inside: Vec<_> = group.stream().into_iter().collect();
    let is_one = group.delimiter() == Delimiter::Parenthesis && matches!(split(&inside), (None, Some(_)));
    is_one.then_some(inside)
}

fn split_arrow(trees: &[TokenTree]) -> Option<usize> {
    let (_, arrow) = split(trees);
    arrow
}

fn receive(trees: &[TokenTree], rewriter: &mut Rewriter<'_>) -> Op {
    let mut c = Cursor::new(trees.iter().cloned().collect());
    let arrow = c.arrow();
    if c.is_arrow() {
        let operand = pure(c.rest().into_iter().collect(), "an operand", rewriter);
        return operand.map_or_else(Op::Broken, Op::Receive);
    }
    let errors = rewriter.diag.len();
    let operand = rewriter.waiting(Wait::Arm("an operand"), |rewriter| rewriter.receive_operand_of(&mut c));
    if operand.is_empty() {
        rewriter.diag.at(arrow, "`<-` needs something to receive from on its right\nhelp: `<-rx`");
        return Op::Broken(None);
    }
    if !c.at_end() && rewriter.diag.len() == errors {
        let text = if c.is_ident("if") {
            "a guard is set off by a comma\nhelp: `pattern = <-rx, if condition => …`"
        } else if c.is_arrow() {
            "this can be read two ways\nhelp: `(<-a) <- c` sends to what was received: receive that above the select; `_ = <-(a) => …` only receives"
        } else {
            "an arm receives from its operand and nothing more\nhelp: go on with the value in the body"
        };
        rewriter.diag.at(c.span(), text);
    }
    match parse_expr(operand, rewriter) {
        Some(operand) if rewriter.diag.len() == errors => Op::Receive(operand),
        operand => Op::Broken(operand.map(Box::new)),
    }
}

fn send(trees: &[TokenTree], at: usize, rewriter: &mut Rewriter<'_>) -> Op {
    let (left, value) = (&trees[..at], &trees[(at + 2).min(trees.len())..]);
    let target = pure(left.to_vec(), "an operand", rewriter);
    if let Ok(target) = &target
        && !is_postfix(target)
    {
        let text = "this can be read two ways\nhelp: put what is sent to in parentheses: `(…) <- value`";
        rewriter.diag.on(target, text);
    }
    if value.is_empty() {
        rewriter.diag.at(trees[at].span(), "`<-` needs a value to send on its right\nhelp: `tx <- value`");
        return Op::Broken(None);
    }
    if let [TokenTree::Ident(word), lent @ ..] = value
        && word == "mut"
    {
        return lend(target, lent, word.span(), rewriter);
    }
    let value = pure(value.to_vec(), "a sent value", rewriter);
    match (target, value) {
        (Ok(target), Ok(value)) => Op::Send { target, value },
        (Err(kept), _) | (_, Err(kept)) => Op::Broken(kept),
    }
}

fn lend(target: Result<Expr, Kept>, lent: &[TokenTree], word: Span, rewriter: &mut Rewriter<'_>) -> Op {
    let target = match (lent, target) {
        ([TokenTree::Ident(local)], Ok(target)) if local != "self" => return Op::Lend { target, local: local.clone() },
        ([TokenTree::Ident(local)], Err(kept)) if local != "self" => return Op::Broken(kept),
        (_, target) => target.ok().map(Box::new),
    };
    let text = "only a local that is declared `mut` can be lent to an arm\n\
                help: for a field keep an `Option<T>` and wait on `_ = tx.send_from(&mut self.field) => …`, or move the field to a local first";
    if lent.is_empty() {
        rewriter.diag.at(word, text);
    } else {
        rewriter.diag.on(lent.iter().cloned().collect::<TokenStream>(), text);
    }
    Op::Broken(target)
}

fn is_postfix(expr: &Expr) -> bool {
    match expr {
        Expr::Unary(unary) => matches!(unary.op, syn::UnOp::Deref(_)),
        Expr::Path(_) | Expr::Call(_) | Expr::MethodCall(_) | Expr::Field(_) | Expr::Index(_) | Expr::Paren(_) => true,
        Expr::Macro(_)
        | Expr::Group(_)
        | Expr::Try(_)
        | Expr::Reference(_)
        | Expr::Await(_)
        | Expr::Block(_)
        | Expr::Match(_) => true,
        _ => false,
    }
}

/// What could be read of an expression in which an error was found.
type Kept = Option<Box<Expr>>;

/// An expression that must not wait. After an error, what could be read of it.
fn pure(trees: Vec<TokenTree>, part: &'static str, rewriter: &mut Rewriter<'_>) -> Result<Expr, Kept> {
    let is_if = |tree: &&TokenTree| matches!(tree, TokenTree::Ident(word) if word == "if");
    let guarded = trees.iter().skip(1).find(is_if).map(TokenTree::span);
    let errors = rewriter.diag.len();
    let tokens: TokenStream = trees.into_iter().collect();
    let tokens = rewriter.waiting(Wait::Arm(part), |rewriter| rewriter.expressions(tokens));
    match (syn::parse2::<Expr>(tokens), guarded) {
        (Ok(expr), _) if rewriter.diag.len() == errors => Ok(expr),
        (Ok(expr), _) => Err(Some(Box::new(expr))),
        (Err(_), Some(span)) => {
            rewriter.diag.at(span, "a guard is set off by a comma\nhelp: `pattern = <-rx, if condition => …`");
            Err(None)
        }
        (Err(error), None) => {
            if rewriter.diag.len() == errors {
                rewriter.diag.push(error);
            }
            Err(None)
        }
    }
}

fn parse_expr(tokens: TokenStream, rewriter: &mut Rewriter<'_>) -> Option<Expr> {
    syn::parse2::<Expr>(tokens).map_err(|error| rewriter.diag.push(error)).ok()
}
