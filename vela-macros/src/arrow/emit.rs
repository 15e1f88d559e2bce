//! What an arrow becomes.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::parse::Parser as _;

use super::{Out, Rewriter};
use crate::body;
use crate::diag::show;
use crate::krate::{own, own_at};
use crate::operand::Operand;

impl Rewriter<'_> {
    /// `<-operand`: a block, whose braces carry the user's span, so that warnings on its value are the user's.
    pub(super) fn emit_receive(&mut self, arrow: Span, operand: Out) -> TokenTree {
        self.rewritten += 1;
        let operand: TokenStream = operand.into_iter().collect();
        if std::mem::take(&mut self.ambiguous) || !self.may_wait(arrow) {
            return self.dead(&operand);
        }
        let p = self.krate.private();
        let (at, call) = (own_at(arrow), receive_call(&operand));
        let one = quote_spanned!(at=> __vela_one);
        let tokens = quote_spanned! {at=>
            #[allow(unused_imports)]
            use #p::{ReceiveExt as _, one as #one};
            #one(#call).await
        };
        braced(arrow, &tokens)
    }

    /// `left <- value`
    pub(super) fn emit_send(&mut self, arrow: Span, left: Out, value: Out) -> TokenTree {
        self.rewritten += 1;
        let left: TokenStream = left.into_iter().collect();
        let value: TokenStream = value.into_iter().collect();
        if std::mem::take(&mut self.ambiguous) || !self.may_wait(arrow) {
            return self.dead(&quote!((#left, #value)));
        }
        let p = self.krate.private();
        // A method of its own: outside a select a send follows the channel's overflow policy.
        let call = send_call(&left, "__vela_send", &value);
        let tokens = quote_spanned! {own_at(arrow)=>
            #[allow(unused_imports)]
            use #p::TransmitExt as _;
            #call.await
        };
        braced(arrow, &tokens)
    }

    /// Stands where an arrow was that cannot be: any type, no second error, the operand still there for the editor.
    pub(super) fn dead(&self, operand: &TokenStream) -> TokenTree {
        let dead = self.diag.dead();
        braced(own(), &quote_spanned!(own()=> match (#operand) { _ => #dead }))
    }

    /// `for pattern in <-operand body`: a loop whose `let` has rustc check that the pattern is irrefutable.
    pub(super) fn emit_for(
        &mut self,
        arrow: Span,
        label: Out,
        pattern: Out,
        operand: Out,
        body: TokenTree,
    ) -> TokenTree {
        self.rewritten += 1;
        let (label, pattern) =
            (label.into_iter().collect::<TokenStream>(), pattern.into_iter().collect::<TokenStream>());
        // a `_` of the user's would be told by clippy to be `()`
        let pattern = if pattern.to_string() == "_" { quote_spanned!(own()=> _) } else { pattern };
        // `let` wants an or-pattern in parentheses
        let is_or = |tree: TokenTree| matches!(tree, TokenTree::Punct(p) if p.as_char() == '|');
        let pattern = if pattern.clone().into_iter().any(is_or) { quote_spanned!(own()=> (#pattern)) } else { pattern };
        let operand: TokenStream = operand.into_iter().collect();
        if !self.always_fits(&pattern) || std::mem::take(&mut self.ambiguous) || !self.may_wait(arrow) {
            let dead = self.dead(&operand);
            let body = body::with(quote_spanned!(own()=> if false { break; } let #pattern = #dead;), body.into());
            return braced(own(), &quote_spanned!(own()=> #label loop #body));
        }
        let p = self.krate.private();
        let source = quote_spanned!(own()=> __vela_source);
        let Operand { value, place } = Operand::split(operand, &source);
        let keep = value.map(|value| quote_spanned!(own()=> let mut #source = #value;));
        let call = receive_call(&place);
        let at = own_at(arrow);
        let next = quote_spanned! {at=>
            match __vela_next(__vela_one(#call).await) {
                ::core::option::Option::Some(__vela_item) => __vela_item,
                ::core::option::Option::None => break,
            }
        };
        let body = body::with(bind(&pattern, &next), body.into());
        let tokens = quote_spanned! {own()=>
            #[allow(unused_imports)]
            use #p::{ReceiveExt as _, next_item as __vela_next, one as __vela_one};
            #keep
            #label loop #body
        };
        braced(own(), &tokens)
    }

    /// What the syntax of a `for` pattern shows; the rest is found by the `let`.
    fn always_fits(&mut self, pattern: &TokenStream) -> bool {
        let parsed = syn::Pat::parse_multi_with_leading_vert.parse2(pattern.clone());
        if !parsed.is_ok_and(|pat| crate::select::refutable(&pat)) {
            return true;
        }
        let text = show(&pattern.clone().into_iter().collect::<Vec<_>>());
        let help = if text.starts_with("Some") {
            format!(
                "`for` takes the `Some(…)` off already: `for value in <-…`; or write `while let {text} = <-… {{ … }}`"
            )
        } else {
            format!("bind the value and look at it in the body: `for value in <-… {{ if let {text} = value {{ … }} }}`")
        };
        self.diag.on(
            pattern,
            format!("the pattern of a `for` must fit every value: one that does not fit would be lost\nhelp: {help}"),
        );
        self.ambiguous = false;
        false
    }

    /// `left <- value else { … }`: let-else, so that rustc checks that the block leaves.
    pub(super) fn emit_or_leave(send: TokenTree, els: &TokenTree, body: &TokenTree) -> TokenStream {
        let send = parenthesised(send);
        quote_spanned!(own()=> let ::core::result::Result::Ok(()) = #send #els #body)
    }
}

/// `let pattern = value;`, the `let` reaching from the pattern's begin to its end: rustc's error on a pattern that does not
/// always fit is about all of it.
pub(crate) fn bind(pattern: &TokenStream, value: &TokenStream) -> TokenStream {
    let last = pattern.clone().into_iter().last().map_or_else(own, |tree| own_at(tree.span()));
    let mut tokens = quote_spanned!(own_at(first_span(pattern))=> let #pattern = #value);
    tokens.extend(quote_spanned!(last=> ;));
    tokens
}

/// `(operand).__vela_receive()`. Name and parentheses carry the operand's own span: an error on the call is the operand's,
/// and the line that reports give for the operation is the user's (a macro's span would give that of the whole macro).
pub(crate) fn receive_call(operand: &TokenStream) -> TokenStream {
    method_call(operand, "__vela_receive", TokenStream::new())
}

/// `(operand).__vela_transmit(value)`, an arm's send: it waits for room, whatever the channel's overflow policy.
pub(crate) fn transmit_call(operand: &TokenStream, value: &TokenStream) -> TokenStream {
    send_call(operand, "__vela_transmit", value)
}

/// `(operand).method(value)`: the value stays a coercion site.
fn send_call(operand: &TokenStream, method: &str, value: &TokenStream) -> TokenStream {
    method_call(operand, method, without_needless(value))
}

fn method_call(operand: &TokenStream, method: &str, arguments: TokenStream) -> TokenStream {
    let at = first_span(operand);
    let method = Ident::new(method, at);
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(at);
    let operand = parenthesised_stream(operand);
    quote_spanned!(own_at(at)=> #operand.#method #arguments)
}

pub(super) fn braced(span: Span, inner: &TokenStream) -> TokenTree {
    let mut group = Group::new(Delimiter::Brace, inner.clone());
    group.set_span(span);
    TokenTree::Group(group)
}

/// A block that begins or ends where rustc wants an expression in parentheses.
pub(super) fn parenthesised(tree: TokenTree) -> TokenTree {
    let mut group = Group::new(Delimiter::Parenthesis, tree.into());
    group.set_span(own());
    TokenTree::Group(group)
}

/// Parentheses around a value are the user's way to say where it ends; as an argument it does not need them.
fn without_needless(value: &TokenStream) -> TokenStream {
    let mut trees = value.clone().into_iter();
    let (Some(TokenTree::Group(mut group)), None) = (trees.next(), trees.next()) else { return value.clone() };
    let is_comma = |tree: TokenTree| matches!(tree, TokenTree::Punct(p) if p.as_char() == ',');
    let tuple = group.stream().is_empty() || group.stream().into_iter().any(is_comma);
    if group.delimiter() != Delimiter::Parenthesis || tuple {
        return value.clone();
    }
    group.set_span(own_at(group.span()));
    TokenTree::Group(group).into()
}

fn parenthesised_stream(inner: &TokenStream) -> TokenTree {
    let mut group = Group::new(Delimiter::Parenthesis, inner.clone());
    group.set_span(own_at(first_span(inner)));
    TokenTree::Group(group)
}

pub(crate) fn first_span(stream: &TokenStream) -> Span {
    stream.clone().into_iter().next().map_or_else(own, |tree| tree.span())
}
