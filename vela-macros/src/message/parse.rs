//! Reads the item under `#[derive(Message)]`.

use proc_macro2::TokenStream;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Fields, Item, Meta, Token};

use super::ast::{Message, Variant};
use crate::diag::Diag;

/// `None`: there is no enum to go on with.
pub(super) fn message(item: TokenStream, diag: &mut Diag) -> Option<Message> {
    match syn::parse2(item.clone()) {
        Ok(Item::Enum(item)) => {
            misplaced(&item.attrs, diag);
            let variants = item.variants.into_iter().map(|it| variant(it, diag)).collect();
            return Some(Message { name: item.ident, generics: item.generics, variants });
        }
        Ok(Item::Struct(item)) => diag.on(
            &item.ident,
            "a struct is a message as it is: there is nothing to derive\nhelp: take `Message` out of the `#[derive(…)]`",
        ),
        Ok(Item::Union(item)) => {
            diag.on(
                &item.ident,
                "a union cannot be derived as a message: nobody can tell what is in it\nhelp: make it an enum",
            );
        }
        _ => diag.on(&item, "`#[derive(Message)]` goes on an enum"),
    }
    None
}

fn variant(variant: syn::Variant, diag: &mut Diag) -> Variant {
    let skip = skips(&variant.attrs, diag);
    let payload = match variant.fields {
        Fields::Unnamed(mut fields) => {
            fields.unnamed.iter().for_each(|field| misplaced(&field.attrs, diag));
            let only = fields.unnamed.len() == 1 && !skip;
            fields.unnamed.pop().filter(|_| only).map(|field| field.ty)
        }
        Fields::Named(fields) => {
            fields.named.iter().for_each(|field| misplaced(&field.attrs, diag));
            None
        }
        Fields::Unit => None,
    };
    Variant { name: variant.ident, payload }
}

/// `#[message(…)]` where there are no options.
fn misplaced(attrs: &[Attribute], diag: &mut Diag) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("message")) {
        diag.on(attr, "`#[message(skip)]` goes on a variant of the enum");
    }
}

/// Whether the variant is to be left out.
fn skips(attrs: &[Attribute], diag: &mut Diag) -> bool {
    let mut skip = false;
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("message")) {
        let options = match &attr.meta {
            Meta::List(list) => list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok(),
            _ => None,
        };
        let Some(options) = options.filter(|options| !options.is_empty()) else {
            diag.on(attr, "options of a variant are written `#[message(skip)]`");
            continue;
        };
        for option in options {
            match &option {
                Meta::Path(path) if path.is_ident("skip") && skip => diag.at(option.span(), "`skip` is given twice"),
                Meta::Path(path) if path.is_ident("skip") => skip = true,
                _ => diag.on(&option, "a variant of a message has one option, `skip`\nhelp: `#[message(skip)]`"),
            }
        }
    }
    skip
}
