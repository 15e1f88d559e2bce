//! `#[vela::main]` and `#[vela::test]`: an async function that brings its runtime along.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Lit, Safety, Signature, Token, Visibility};

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
                "`flavor = \"current_thread\"`, `worker_threads = 4`, `on_panic = \"abort\"` and `crate = \"path\"`"
            }
            Kind::Test => "`flavor = \"multi_thread\"`, `worker_threads = 4` and `crate = \"path\"`",
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

#[derive(Default)]
struct Options {
    flavor: Option<&'static str>,
    workers: Option<syn::LitInt>,
    abort: bool,
    krate: Option<Krate>,
}

impl Options {
    fn read(kind: Kind, tokens: TokenStream, diag: &mut Diag) -> Self {
        let mut options = Options::default();
        let mut seen: Vec<String> = Vec::new();
        let parsed = Punctuated::<Setting, Token![,]>::parse_terminated.parse2(tokens.clone());
        let settings = parsed.unwrap_or_else(|_| {
            diag.on(
                &tokens,
                format!("options are written `name = value`\nhelp: {} takes {}", kind.attribute(), kind.known()),
            );
            Punctuated::new()
        });
        for Setting { name, value } in settings {
            let text = name.to_string();
            if seen.contains(&text) {
                diag.at(name.span(), format!("`{text}` is given twice"));
            }
            options.set(kind, &name, &value, diag);
            seen.push(text);
        }
        if let (Some("current_thread"), Some(workers)) = (options.flavor, &options.workers) {
            diag.on(
                workers,
                "`worker_threads` needs `flavor = \"multi_thread\"`: a current-thread runtime has no workers",
            );
        }
        options
    }

    fn set(&mut self, kind: Kind, name: &Ident, value: &Expr, diag: &mut Diag) {
        let text = string(value);
        match (name.to_string().as_str(), text.as_deref()) {
            ("flavor", Some("current_thread")) => self.flavor = Some("current_thread"),
            ("flavor", Some("multi_thread")) => self.flavor = Some("multi_thread"),
            ("flavor", _) => diag.on(value, "`flavor` is \"current_thread\" or \"multi_thread\""),
            ("worker_threads", _) => match value {
                Expr::Lit(lit) if matches!(&lit.lit, Lit::Int(n) if n.base10_parse::<usize>().is_ok_and(|n| n > 0)) => {
                    if let Lit::Int(n) = &lit.lit {
                        self.workers = Some(n.clone());
                    }
                }
                _ => diag.on(value, "`worker_threads` is a number, at least 1"),
            },
            ("on_panic", Some("abort")) if kind == Kind::Main => self.abort = true,
            ("on_panic", _) if kind == Kind::Main => {
                diag.on(value, "`on_panic` is \"abort\": a panic in a detached task ends the program, as in Go");
            }
            ("crate", Some(path)) => match syn::parse_str::<syn::Path>(path) {
                Ok(mut path) => {
                    respan(&mut path, value);
                    self.krate = Some(Krate::from_path(&path));
                }
                Err(_) => diag.on(value, "`crate` is a path to the crate: `crate = \"v\"`"),
            },
            ("crate", None) => diag.on(value, "`crate` is a path to the crate, as a string: `crate = \"v\"`"),
            _ => diag.at(
                name.span(),
                format!("`{name}` is no option of {}\nhelp: it takes {}", kind.attribute(), kind.known()),
            ),
        }
    }
}

/// `name = value`, where the name may be the keyword `crate`.
struct Setting {
    name: Ident,
    value: Expr,
}

impl Parse for Setting {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        use syn::ext::IdentExt;
        let name = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        Ok(Setting { name, value: input.parse()? })
    }
}

fn string(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// A path out of a string literal gets the literal's place.
fn respan(path: &mut syn::Path, value: &Expr) {
    let span = syn::spanned::Spanned::span(value);
    for segment in &mut path.segments {
        segment.ident.set_span(segment.ident.span().located_at(span));
    }
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
