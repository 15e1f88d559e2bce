//! Reads the clauses of `go!`, and its block or call.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Expr, Token};

use super::ast::{Body, Call, Callee, Clone, Go};
use crate::arrow::Rewriter;
use crate::cursor::Cursor;
use crate::diag::Diag;
use crate::krate::{Krate, own, own_at};

const CLAUSES: &str = "the clauses of `go!` are `name(\"…\")`, `clone(a, b = expr)`, `in(scope)` and `-> Type`";

pub(crate) fn go(input: TokenStream, krate: &Krate, diag: &mut Diag) -> Go {
    let mut parser = Parser {
        krate,
        diag,
        go: Go { name: None, group: None, clones: Vec::new(), output: None, body: Body::Block(TokenStream::new()) },
    };
    let mut cursor = Cursor::new(input);
    while parser.clause(&mut cursor) {}
    parser.output(&mut cursor);
    parser.body(&mut cursor);
    parser.go
}

struct Parser<'a> {
    krate: &'a Krate,
    diag: &'a mut Diag,
    go: Go,
}

impl Parser<'_> {
    fn rewriter(&mut self) -> Rewriter<'_> {
        Rewriter::new(self.krate, self.diag)
    }

    fn has_clauses(&self) -> bool {
        self.go.name.is_some() || self.go.group.is_some() || !self.go.clones.is_empty()
    }

    /// One clause. `name("a")` with nothing after it is a call, and so is `name("a").b()`.
    fn clause(&mut self, c: &mut Cursor) -> bool {
        let Some(word) = c.ident_at(0).cloned() else { return false };
        let Some(group) = c.group_at(1, Delimiter::Parenthesis).cloned() else { return false };
        if syn::parse2::<Ident>(word.to_token_stream()).is_err() && word != "in" {
            return false;
        }
        let known = word == "name" || word == "clone" || word == "in";
        let follows = match c.peek_at(2) {
            None => word == "in" || (known && self.has_clauses()),
            Some(TokenTree::Ident(_)) => !c.is_ident_at(2, "as"),
            Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
            Some(_) => c.is_op_at(2, "->") || (known && (c.is_op_at(2, "::") || c.is_punct_at(2, '|'))) || word == "in",
        };
        if !follows {
            return false;
        }
        c.pos += 2;
        match word.to_string().as_str() {
            "name" => self.single(word.span(), &group, "name", "name(\"fetch\")"),
            "in" => self.single(word.span(), &group, "in", "in(scope)"),
            "clone" => self.clones(&group),
            _ => self.diag.at(word.span(), format!("`{word}` is no clause of `go!`\nhelp: {CLAUSES}")),
        }
        true
    }

    fn single(&mut self, span: Span, group: &Group, clause: &str, example: &str) {
        let tokens = self.rewriter().expressions(group.stream());
        let twice = if clause == "name" { self.go.name.is_some() } else { self.go.group.is_some() };
        if twice {
            self.diag.at(span, format!("`{clause}` is given twice\nhelp: keep one `{example}`"));
        }
        if tokens.is_empty() {
            self.diag.at(span, format!("`{clause}` needs an expression\nhelp: `{example}`"));
            return;
        }
        match syn::parse2::<Expr>(tokens) {
            Ok(expr) if clause == "name" => self.go.name = Some(expr),
            Ok(expr) => self.go.group = Some(expr),
            Err(_) => {
                self.diag.on(group.stream(), format!("`{clause}` takes one expression\nhelp: `{example}`"));
            }
        }
    }

    fn clones(&mut self, group: &Group) {
        let tokens = self.rewriter().expressions(group.stream());
        for part in split_commas(tokens) {
            let text = part.clone();
            match syn::parse2::<Clone>(part) {
                Ok(clone) => self.go.clones.push(clone),
                Err(_) => self.diag.on(
                    text,
                    "`clone` takes names of locals\nhelp: `clone(tx, seen)`; for anything else give it a name: `clone(x = self.x)`",
                ),
            }
        }
    }

    /// `-> T { … }`
    fn output(&mut self, c: &mut Cursor) {
        if !c.is_op("->") {
            return;
        }
        let arrow = c.span();
        c.pos += 2;
        let from = c.pos;
        while !(c.at_end() || c.is_brace() && c.peek_at(1).is_none()) {
            c.pos += 1;
        }
        let ty: TokenStream = c.between(from, c.pos).into_iter().collect();
        if c.at_end() {
            self.diag.at(arrow, "`-> Type` goes before a block\nhelp: `go!(-> Type { … })`");
            c.pos = from;
            // what follows may still be a call
            _ = syn::parse::Parser::parse2(
                |input: ParseStream| {
                    let _ = input.parse::<syn::Type>();
                    input.parse::<TokenStream>()
                },
                c.rest(),
            )
            .map(|rest| *c = Cursor::new(rest));
            return;
        }
        match syn::parse2(ty) {
            Ok(ty) => self.go.output = Some(ty),
            Err(error) => self.diag.push(error),
        }
    }

    fn body(&mut self, c: &mut Cursor) {
        unwrap_fragment(c);
        if c.at_end() {
            self.diag
                .at(c.span(), "`go!` needs something to run\nhelp: `go! { … }` for a block, `go!(f(x))` for a call");
            self.go.body = block_of(self.diag.dead());
            return;
        }
        if c.is_brace()
            && c.peek_at(1).is_none()
            && let Some(TokenTree::Group(group)) = c.next()
        {
            let (stream, _) = self.rewriter().statements(group.stream());
            let mut block = Group::new(Delimiter::Brace, stream);
            block.set_span(group.span());
            self.go.body = Body::Block(TokenTree::Group(block).into());
            return;
        }
        let raw = c.rest();
        let errors = self.diag.len();
        let (stream, _) = self.rewriter().statements(raw.clone());
        self.go.body = match syn::parse2::<Expr>(stream.clone()) {
            Ok(Expr::Call(_) | Expr::MethodCall(_)) => {
                self.diag.truncate(errors);
                let stream = self.rewriter().call(raw);
                match syn::parse2::<Expr>(stream.clone()) {
                    Ok(expr) => self.expression(expr, stream),
                    Err(_) => block_of(stream),
                }
            }
            Ok(expr) => self.expression(expr, stream),
            Err(_) => {
                if self.has_clauses() {
                    self.diag.on(&raw, "after its clauses `go!` takes a block in braces or one call\nhelp: `go!(name(\"fetch\") { … })`");
                }
                block_of(stream)
            }
        };
    }

    /// What is one expression: a call, or something that a newcomer may mean otherwise.
    fn expression(&mut self, expr: Expr, stream: TokenStream) -> Body {
        match expr {
            Expr::Call(call) => {
                let callee = match *call.func {
                    path @ Expr::Path(_) => Callee::Path(path),
                    // in a `let` the parentheses of `(self.f)(x)` would look needless
                    Expr::Paren(paren) => Callee::Value(*paren.expr),
                    other => Callee::Value(other),
                };
                Body::Call(Box::new(Call { callee, args: call.args }))
            }
            Expr::MethodCall(call) => Body::Call(Box::new(Call {
                callee: Callee::Method { receiver: *call.receiver, method: call.method, turbofish: call.turbofish },
                args: call.args,
            })),
            Expr::Async(block) => {
                self.diag.on(
                    block
                        .async_token
                        .to_token_stream()
                        .into_iter()
                        .chain(block.capture.to_token_stream())
                        .collect::<TokenStream>(),
                    "`go!` is an `async move` block already\nhelp: leave `async move` out: `go! { … }`",
                );
                Body::Block(block.block.to_token_stream())
            }
            Expr::Closure(closure) => {
                let head: TokenStream = closure.inputs_begin.to_token_stream();
                self.diag.on(
                    head,
                    "`go!` takes a block or a call, not a closure\nhelp: `go! { … }`, or call it: `go!((|| …)())`",
                );
                match *closure.body {
                    Expr::Block(block) if block.label.is_none() => Body::Block(block.block.to_token_stream()),
                    body => block_of(body.to_token_stream()),
                }
            }
            expr @ (Expr::Path(_) | Expr::Field(_) | Expr::Reference(_) | Expr::Index(_)) => {
                self.diag.on(
                    &expr,
                    "`go!` takes a block or a call\nhelp: to run a future, wait for it: `go! { future.await }`; to call a function, write `go!(f(x))`",
                );
                block_of(stream)
            }
            _ => block_of(stream),
        }
    }
}

/// Statements without braces. What ends too early is reported at the closing one.
fn block_of(stream: TokenStream) -> Body {
    let last = stream.clone().into_iter().last().map_or_else(own, |tree| own_at(tree.span()));
    let mut group = Group::new(Delimiter::Brace, stream);
    group.set_span(last);
    Body::Block(TokenTree::Group(group).into())
}

/// `$body:block` of a user's macro arrives in an invisible group.
fn unwrap_fragment(c: &mut Cursor) {
    if let Some(group) = c.group_at(0, Delimiter::None).cloned()
        && c.peek_at(1).is_none()
    {
        *c = Cursor::new(group.stream());
    }
}

fn split_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    for tree in tokens {
        match &tree {
            TokenTree::Punct(p) if p.as_char() == ',' => parts.push(TokenStream::new()),
            _ => parts.last_mut().into_iter().for_each(|part| part.extend([tree.clone()])),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

impl Parse for Clone {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mutability = input.parse::<Option<Token![mut]>>()?;
        let local: proc_macro2::Ident =
            if input.peek(Token![self]) { return Err(input.error("")) } else { input.parse()? };
        let source = if input.parse::<Option<Token![=]>>()?.is_some() {
            input.parse()?
        } else {
            Expr::Path(syn::ExprPath { attrs: Vec::new(), qself: None, path: local.clone().into() })
        };
        if !input.is_empty() {
            return Err(input.error(""));
        }
        Ok(Clone { mutability, local, source })
    }
}
