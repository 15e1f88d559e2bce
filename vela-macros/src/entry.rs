//! `#[vela::main]` and `#[vela::test]`: an async function that brings its runtime along, or its simulation.

mod options;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Safety, Signature, Visibility};

use self::options::Options;
use crate::diag::Diag;
use crate::fallback::{self, Position};
use crate::krate::{Krate, own};

/// Which of the two attributes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Main,
    Test,
}

impl Kind {
    fn attribute(self) -> &'static str {
        match self {
            Kind::Main => "#[vela::main]",
            Kind::Test => "#[vela::test]",
        }
    }

    fn known(self) -> &'static str {
        match self {
            Kind::Main => {
                "`flavor = \"current_thread\"`, `worker_threads = 4`, `on_panic = \"abort\"`, \
                 `run_queue = \"tokio\"` and `crate = \"path\"`"
            }
            Kind::Test => {
                "`schedules = 10_000`, `strategy = \"pct\"` (`depth = 3`), `strategy = \"exhaustive\"` (`preemptions = 2`), \
                 `seed = 7`, `faults = \"spurious, cancel\"`, `time_limit = \"30s\"`, `max_steps = 1_000`, \
                 `leaks = \"allow\"` and `crate = \"path\"`; or `tokio`, `flavor = \"multi_thread\"`, `worker_threads = 4`"
            }
        }
    }
}

pub(crate) fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    entry(Kind::Main, options, item)
}

pub(crate) fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    entry(Kind::Test, options, item)
}

fn entry(kind: Kind, options: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    let options = Options::read(kind, options, &mut diag);
    let expansion = match syn::parse2::<Function>(item.clone()) {
        Ok(function) if check(kind, &function, &mut diag) => expand(kind, &options, &function),
        Ok(function) => refused(&function, &diag),
        Err(_) => {
            diag.on(&item, format!("{} goes on an `async fn`", kind.attribute()));
            item
        }
    };
    fallback::attach(expansion, Position::Items, &diag)
}

/// A function whose body is kept as it is.
struct Function {
    attrs: Vec<Attribute>,
    vis: Visibility,
    sig: Signature,
    body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (attrs, vis, sig) = (input.call(Attribute::parse_outer)?, input.parse()?, input.parse()?);
        let body: TokenTree = input.parse()?;
        match body {
            TokenTree::Group(body) if input.is_empty() => Ok(Function { attrs, vis, sig, body }),
            _ => Err(input.error("expected a body")),
        }
    }
}

fn check(kind: Kind, function: &Function, diag: &mut Diag) -> bool {
    let sig = &function.sig;
    let name = kind.attribute();
    let before = diag.len();
    if sig.asyncness.is_none() {
        diag.on(sig.fn_token, format!("{name} goes on an `async fn`\nhelp: `async fn {}`", sig.ident));
    }
    if sig.constness.is_some() || sig.abi.is_some() || !matches!(sig.safety, Safety::Default) {
        diag.on(&sig.ident, format!("a function under {name} is a plain `async fn`: not const, unsafe or extern"));
    }
    if !sig.inputs.is_empty() {
        diag.on(&sig.inputs, format!("a function under {name} takes no arguments"));
    }
    if !sig.generics.params.is_empty() || sig.generics.where_clause.is_some() {
        diag.on(&sig.generics, format!("a function under {name} has no generics"));
    }
    diag.len() == before
}

/// What is refused keeps its name and its body, in a shape in which rustc has nothing to add.
fn refused(function: &Function, diag: &Diag) -> TokenStream {
    let Function { attrs, vis, sig, body } = function;
    let (name, generics, inputs, output) = (&sig.ident, &sig.generics, &sig.inputs, &sig.output);
    let (bounds, dead) = (&generics.where_clause, diag.dead());
    quote_spanned! {own()=>
        #(#attrs)*
        #vis fn #name() #output {
            #[allow(unused)]
            async fn __vela_body #generics(#inputs) #output #bounds #body
            #dead
        }
    }
}

/// The body becomes a function of its own, so that its type, its `?` and its `return` are what they look like.
fn expand(kind: Kind, options: &Options, function: &Function) -> TokenStream {
    let Function { attrs, vis, sig, body } = function;
    let p = options.krate.clone().unwrap_or_else(Krate::vela).private();
    let (name, output) = (&sig.ident, &sig.output);
    let mut settings = TokenStream::new();
    if let Some(flavor) = options.flavor {
        let flavor = Ident::new(flavor, own());
        settings.extend(quote_spanned!(own()=> .#flavor()));
    }
    if let Some(workers) = &options.workers {
        settings.extend(quote_spanned!(own()=> .worker_threads(#workers)));
    }
    if options.abort {
        settings.extend(quote_spanned!(own()=> .abort_on_panic()));
    }
    if let Some(queue) = options.run_queue {
        let queue = Ident::new(queue, own());
        settings.extend(quote_spanned!(own()=> .run_queue(#p::RunQueue::#queue)));
    }
    if kind == Kind::Test && options.is_deterministic() {
        let fields = options.fields();
        return quote_spanned! {own()=>
            #(#attrs)*
            #[::core::prelude::v1::test]
            #vis fn #name() {
                async fn __vela_body() #output #body
                #p::simulate(
                    #p::seam::TestOptions {
                        name: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                        #fields
                        ..#p::seam::TestOptions::NONE
                    },
                    __vela_body,
                );
            }
        };
    }
    let (test, run) = match kind {
        Kind::Main => (TokenStream::new(), "block_on_main"),
        Kind::Test => (quote_spanned!(own()=> #[::core::prelude::v1::test]), "block_on_test"),
    };
    let run = Ident::new(run, own());
    quote_spanned! {own()=>
        #(#attrs)*
        #test
        #vis fn #name() #output {
            async fn __vela_body() #output #body
            #p::#run(#p::RuntimeOptions::new() #settings, __vela_body())
        }
    }
}
