//! Macros.
#![allow(missing_docs)]
mod arrow;
mod body;
mod cursor;
mod diag;
mod entry;
mod fallback;
mod go;
mod krate;
mod operand;
mod select;
mod vela;
use proc_macro::TokenStream;
#[proc_macro]
pub fn go(input: TokenStream) -> TokenStream { go::go(input.into()).into() }
#[proc_macro]
pub fn vela(input: TokenStream) -> TokenStream { vela::vela(input.into()).into() }
#[proc_macro]
pub fn select(input: TokenStream) -> TokenStream { select::select(input.into()).into() }
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream { entry::main(options.into(), item.into()).into() }
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream { entry::test(options.into(), item.into()).into() }
