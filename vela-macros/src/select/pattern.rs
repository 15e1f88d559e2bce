//! Patterns of arms: a value must not be taken from a channel and then not fit.

use syn::{Pat, Path};

use super::ast::Binding;

/// `Some(irrefutable)` fires on values, an irrefutable pattern on every outcome.
pub(crate) fn binding(pat: Pat) -> Binding {
    if let Pat::TupleStruct(some) = &pat
        && is(&some.path, "Some")
        && some.elems.len() == 1
        && some.attrs.is_empty()
    {
        let inner = &some.elems[0];
        return if refutable(inner) || matches!(inner, Pat::Rest(_)) {
            Binding::Refused(pat)
        } else {
            Binding::Values(inner.clone())
        };
    }
    if refutable(&pat) { Binding::Refused(pat) } else { Binding::Every(pat) }
}

/// What the syntax alone shows; the rest is found by the `let` in the expansion.
pub(crate) fn refutable(pat: &Pat) -> bool {
    match pat {
        Pat::Lit(_) | Pat::Range(_) | Pat::Const(_) => true,
        Pat::Ident(ident) => ident.ident == "None" || ident.subpat.as_ref().is_some_and(|(_, sub)| refutable(sub)),
        Pat::Path(path) => is(&path.path, "None"),
        Pat::TupleStruct(tuple) => {
            ["Some", "Ok", "Err"].iter().any(|name| is(&tuple.path, name)) || tuple.elems.iter().any(refutable)
        }
        // `Ok(x) | Err(x)` fits everything: only what cannot be completed is refused here
        Pat::Or(or) => or.cases.iter().any(never_complete),
        Pat::Paren(paren) => refutable(&paren.pat),
        Pat::Reference(reference) => refutable(&reference.pat),
        Pat::Struct(fields) => fields.fields.iter().any(|field| refutable(&field.pat)),
        Pat::Tuple(tuple) => tuple.elems.iter().any(refutable),
        Pat::Slice(slice) => slice.elems.iter().any(refutable),
        Pat::Type(typed) => refutable(&typed.pat),
        _ => false,
    }
}

fn never_complete(pat: &Pat) -> bool {
    match pat {
        Pat::TupleStruct(tuple) => is(&tuple.path, "Some") || tuple.elems.iter().any(refutable),
        other => refutable(other),
    }
}

fn is(path: &Path, name: &str) -> bool {
    let prefix = ["Option", "Result", "option", "result", "core", "std", "self"];
    path.segments.last().is_some_and(|last| last.ident == name)
        && path.segments.iter().rev().skip(1).all(|s| prefix.iter().any(|known| s.ident == known))
}
