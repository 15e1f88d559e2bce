//! Tests of the macros as functions on token streams.

mod arrows;
mod corpus;
mod errors;
mod random;
mod snapshots;

use proc_macro2::TokenStream;

/// The three macros, as the thin `macro_rules!` call them, the two attributes, and the derive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Macro {
    Go,
    Select,
    Vela,
    Main,
    Test,
    Message,
}

impl Macro {
    fn expand(self, input: &str) -> TokenStream {
        self.expand_tokens(tokens(input))
    }

    /// For the attributes, the first parentheses are the options.
    fn expand_tokens(self, input: TokenStream) -> TokenStream {
        let prefixed = |input: TokenStream| quote::quote!([vela] #input);
        match self {
            Macro::Go => crate::go::go(prefixed(input)),
            Macro::Select => crate::select::select(prefixed(input)),
            Macro::Vela => crate::vela::vela(prefixed(input)),
            Macro::Message => crate::message::derive(input),
            Macro::Main | Macro::Test => {
                let mut trees = input.into_iter().peekable();
                let options = match trees.next_if(|tree| matches!(tree, proc_macro2::TokenTree::Group(_))) {
                    Some(proc_macro2::TokenTree::Group(group)) => group.stream(),
                    _ => TokenStream::new(),
                };
                let item = trees.collect();
                if self == Macro::Main { crate::entry::main(options, item) } else { crate::entry::test(options, item) }
            }
        }
    }
}

fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The expansion as a statement list or items, if it is valid Rust.
fn parsed(macro_: Macro, expansion: &TokenStream) -> syn::Result<syn::File> {
    match macro_ {
        Macro::Main | Macro::Test | Macro::Message => syn::parse2(expansion.clone()),
        _ => syn::parse2(quote::quote!(async fn expansion() { #expansion })),
    }
}

/// The texts of the `compile_error!`s in an expansion, in order.
fn error_texts(expansion: TokenStream) -> Vec<String> {
    let mut texts = Vec::new();
    let trees: Vec<_> = expansion.into_iter().collect();
    for (i, tree) in trees.iter().enumerate() {
        let proc_macro2::TokenTree::Group(group) = tree else { continue };
        let is_error = i >= 2 && trees[i - 2].to_string() == "compile_error" && trees[i - 1].to_string() == "!";
        // in parentheses one is repeated where a value was wanted: see `Diag::dead`
        let repeats = is_error && group.delimiter() == proc_macro2::Delimiter::Parenthesis;
        if repeats {
        } else if is_error {
            texts.extend(syn::parse2::<syn::LitStr>(group.stream()).map(|text| text.value()));
        } else {
            texts.extend(error_texts(group.stream()));
        }
    }
    texts
}
