//! What `#[derive(Message)]` was given.

use syn::{Generics, Ident, Type};

pub(crate) struct Message {
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) variants: Vec<Variant>,
}

pub(crate) struct Variant {
    pub(crate) name: Ident,
    /// What the enum is made from: the type of its only field, which has no name. `None`: of another shape, or left out.
    pub(crate) payload: Option<Type>,
}
