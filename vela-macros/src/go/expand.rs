//! What `go!` becomes.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};

use super::ast::{Body, Call, Callee, Go};
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
    if go.clones.is_empty() && prepare.is_empty() && go.group.is_none() {
        return spawn;
    }
    quote_spanned!(own()=> { #(#clones)* #prepare #spawn })
}

fn spawn(go: &Go, p: &TokenStream, future: &TokenStream) -> TokenStream {
    let builder = go.name.as_ref().map(|name| quote_spanned!(own()=> .name(#name)));
    match (&go.group, builder) {
        (None, None) => quote_spanned!(own()=> #p::spawn(#future)),
        (None, builder) => quote_spanned!(own()=> #p::TaskBuilder::new() #builder.spawn(#future)),
        (Some(group), builder) => quote_spanned! {own()=>
            let __vela_future = #future;
            let __vela_outcome = {
                #[allow(unused_imports)]
                use #p::{ViaAny as _, ViaResult as _};
                (&#p::Outcome::of(&__vela_future)).__vela_outcome()
            };
            #p::TaskBuilder::new() #builder.spawn_in(&(#group), __vela_future, __vela_outcome)
        },
    }
}

/// `-> T` is a `return` that never runs: it settles the type before the first `?` asks for it.
fn block_future(go: &Go, block: &TokenStream, p: &TokenStream) -> TokenStream {
    match &go.output {
        None => quote_spanned!(own()=> async move #block),
        Some(ty) => {
            let typed = quote_spanned!(own()=> if false { return #p::never::<#ty>(); });
            let body = body::with(typed, block.clone());
            quote_spanned!(own()=> async move #body)
        }
    }
}

/// The callee and the arguments are evaluated before the spawn; the call itself runs in the task.
fn call_future(call: &Call, p: &TokenStream) -> (TokenStream, TokenStream) {
    let locals: Vec<Ident> = (0..call.args.len()).map(|i| format_ident!("__vela_arg{}", i, span = own())).collect();
    let args = call.args.iter();
    let lets = quote_spanned!(own()=> #(let #locals = #args;)*);
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
    let future = quote_spanned! {own()=>
        async move {
            #[allow(unused_imports)]
            use #p::{ViaFuture as _, ViaValue as _};
            #p::call_result(#called).__vela_resolve().await
        }
    };
    (quote_spanned!(own()=> #before #lets).into_token_stream(), future)
}
