//! What `go!` becomes.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::Expr;

use super::ast::{Body, Call, Callee, Go};
use crate::arrow::first_span;
use crate::body;
use crate::krate::{Krate, own, own_at};

pub(crate) fn go(go: &Go, krate: &Krate) -> TokenStream {
    let p = krate.private();
    let (prepare, future) = match &go.body {
        Body::Block(block) => (TokenStream::new(), block_future(go, block, &p)),
        Body::Call(call) => call_future(call, &p),
    };
    let clones = go.clones.iter().map(|clone| {
        let (mutability, local, source) = (&clone.mutability, &clone.local, &clone.source);
        // A method call, so that a local which is a reference gives a clone of what it refers to.
        quote_spanned! {own_at(local.span())=>
            let #mutability #local = {
                #[allow(unused_imports)]
                use ::core::clone::Clone as _;
                (#source).clone()
            };
        }
    });
    let spawn = spawn(go, &p, &future);
    if go.clones.is_empty() && prepare.is_empty() && go.group.is_none() && go.name.is_none() {
        return spawn;
    }
    // before the clones shadow what they name
    let name = go.name.as_ref().map(|name| quote_spanned!(own()=> let __vela_name = #name;));
    let group = go.group.as_ref().map(|group| quote_spanned!(own()=> let __vela_host = &(#group);));
    quote_spanned!(own()=> { #name #group #(#clones)* #prepare #spawn })
}

fn spawn(go: &Go, p: &TokenStream, future: &TokenStream) -> TokenStream {
    let builder = go.name.as_ref().map(|_| quote_spanned!(own()=> .name(__vela_name)));
    match (&go.group, builder) {
        (None, None) => quote_spanned!(own()=> #p::spawn(#future)),
        (None, builder) => quote_spanned!(own()=> #p::TaskBuilder::new() #builder.spawn(#future)),
        (Some(_), builder) => quote_spanned! {own()=>
            let __vela_future = #future;
            let __vela_outcome = {
                #[allow(unused_imports)]
                use #p::{ViaAny as _, ViaResult as _};
                (&#p::Outcome::of(&__vela_future)).__vela_outcome()
            };
            #p::TaskBuilder::new() #builder.spawn_in(__vela_host, __vela_future, __vela_outcome)
        },
    }
}

/// `-> T` is a `return` that never runs: it settles the type before the first `?` asks for it.
fn block_future(go: &Go, block: &TokenStream, p: &TokenStream) -> TokenStream {
    // rustc names the block by the place of its `async`, in errors about what may cross threads
    let at = own_at(block_start(block));
    match &go.output {
        None => quote_spanned!(at=> async move #block),
        Some(ty) => {
            let typed = quote_spanned!(own()=> if false { return #p::never::<#ty>(); });
            let body = body::with(typed, block.clone());
            quote_spanned!(at=> async move #body)
        }
    }
}

/// The braces as a whole, or the first token between braces that are ours.
fn block_start(block: &TokenStream) -> Span {
    match block.clone().into_iter().next() {
        Some(TokenTree::Group(group)) if group.span().source_text().is_none_or(|text| !text.starts_with('{')) => {
            first_span(&group.stream())
        }
        _ => first_span(block),
    }
}

/// The callee and the arguments are evaluated before the spawn; the call itself runs in the task.
fn call_future(call: &Call, p: &TokenStream) -> (TokenStream, TokenStream) {
    let (mut lets, mut locals) = (TokenStream::new(), Vec::new());
    for (i, arg) in call.args.iter().enumerate() {
        // a closure has nothing to evaluate, and learns its types from the call
        if let Expr::Closure(_) = arg {
            locals.push(arg.to_token_stream());
            continue;
        }
        let local = format_ident!("__vela_arg{}", i, span = own());
        lets.extend(quote_spanned!(own()=> let #local = #arg;));
        locals.push(local.to_token_stream());
    }
    let (before, called) = match &call.callee {
        Callee::Path(path) => (TokenStream::new(), quote_spanned!(own()=> #path(#(#locals),*))),
        Callee::Value(callee) => (
            quote_spanned!(own()=> #[allow(unused_mut)] let mut __vela_callee = #callee;),
            quote_spanned!(own()=> __vela_callee(#(#locals),*)),
        ),
        Callee::Method { receiver, method, turbofish } => (
            quote_spanned!(own()=> #[allow(unused_mut)] let mut __vela_callee = #receiver;),
            quote_spanned!(own()=> __vela_callee.#method #turbofish(#(#locals),*)),
        ),
    };
    let body = quote_spanned! {own()=>
        {
            #[allow(unused_imports)]
            use #p::{ViaFuture as _, ViaValue as _};
            #p::call_result(#called).__vela_resolve().await
        }
    };
    // What is not `Send` in the task is said of the call.
    let at = match &call.callee {
        Callee::Path(callee) => first_span(&callee.to_token_stream()),
        Callee::Value(callee) => first_span(&callee.to_token_stream()),
        Callee::Method { method, .. } => method.span(),
    };
    let future = quote_spanned!(own_at(at)=> async move #body);
    (quote_spanned!(own()=> #before #lets).into_token_stream(), future)
}
