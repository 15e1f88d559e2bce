//! What `#[derive(Message)]` becomes: a `From` for each variant with one field.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::spanned::Spanned as _;

use super::ast::Message;
use crate::krate::own_at;

pub(super) fn message(message: &Message) -> TokenStream {
    let name = &message.name;
    let (impl_generics, type_generics, bounds) = message.generics.split_for_impl();
    let with_payload = message.variants.iter().filter_map(|variant| Some((&variant.name, variant.payload.as_ref()?)));
    with_payload
        .map(|(variant, payload)| {
            // What rustc has to say of the implementation, that there is another one, say, it says at the payload.
            let at = own_at(payload.span());
            quote_spanned! {at=>
                #[automatically_derived]
                #[allow(deprecated)]
                impl #impl_generics ::core::convert::From<#payload> for #name #type_generics #bounds {
                    #[inline]
                    fn from(payload: #payload) -> Self {
                        Self::#variant(payload)
                    }
                }
            }
        })
        .collect()
}
