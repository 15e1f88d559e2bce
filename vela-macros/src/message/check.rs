//! Finds what `#[derive(Message)]` cannot be put on.

use super::ast::Message;
use crate::diag::Diag;

/// What is refused is left out, so that rustc has nothing to add.
pub(super) fn message(message: &mut Message, diag: &mut Diag) {
    if message.variants.is_empty() {
        diag.on(&message.name, "a message without variants can never be sent\nhelp: add a variant");
    }
    for at in 0..message.variants.len() {
        let (before, rest) = message.variants.split_at_mut(at);
        let variant = &mut rest[0];
        let Some(payload) = &variant.payload else { continue };
        let Some(other) = before.iter().find(|other| other.payload.as_ref() == Some(payload)) else { continue };
        diag.on(
            payload,
            format!(
                "`{}` and `{}` hold the same type: which of them is a value of it to become?\n\
                 help: put `#[message(skip)]` on the one that is to be made by name only",
                other.name, variant.name
            ),
        );
        variant.payload = None;
    }
}
