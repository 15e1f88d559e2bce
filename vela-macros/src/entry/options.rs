//! The options of `#[vela::main]` and `#[vela::test]`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Expr, Lit, Token};

use super::Kind;
use crate::diag::Diag;
use crate::krate::{Krate, own};

/// What the parentheses of the attribute say.
#[derive(Default)]
pub(super) struct Options {
    pub(super) flavor: Option<&'static str>,
    pub(super) workers: Option<syn::LitInt>,
    pub(super) abort: bool,
    /// A variant of `RunQueue`.
    pub(super) run_queue: Option<&'static str>,
    pub(super) krate: Option<Krate>,
    /// The test is for a Tokio runtime.
    tokio: bool,
    /// Of a deterministic test: fields of `TestOptions`.
    fields: Vec<(Ident, TokenStream)>,
    strategy: Option<String>,
}

/// Of a runtime, and of a deterministic test.
const RUNTIME: [&str; 2] = ["flavor", "worker_threads"];
const DETERMINISTIC: [&str; 9] =
    ["schedules", "strategy", "depth", "preemptions", "seed", "faults", "time_limit", "max_steps", "leaks"];

const STRATEGIES: [&str; 4] = ["mixed", "random", "pct", "exhaustive"];
const FAULTS: [&str; 4] = ["spurious", "cancel", "panic", "delay"];

impl Options {
    pub(super) fn read(kind: Kind, tokens: TokenStream, diag: &mut Diag) -> Self {
        let mut options = Options::default();
        let parsed = Punctuated::<Setting, Token![,]>::parse_terminated.parse2(tokens.clone());
        let settings = parsed.unwrap_or_else(|_| {
            diag.on(
                &tokens,
                format!("options are written `name = value`\nhelp: {} takes {}", kind.attribute(), kind.known()),
            );
            Punctuated::new()
        });
        let mut seen: Vec<(String, Span)> = Vec::new();
        for Setting { name, value } in settings {
            let text = name.to_string();
            if seen.iter().any(|(other, _)| *other == text) {
                diag.at(name.span(), format!("`{text}` is given twice"));
            }
            match value {
                Some(value) => options.set(kind, &name, &value, diag),
                None if text == "tokio" && kind == Kind::Test => options.tokio = true,
                None => diag.at(
                    name.span(),
                    format!("options are written `name = value`\nhelp: {} takes {}", kind.attribute(), kind.known()),
                ),
            }
            seen.push((text, name.span()));
        }
        options.agree(kind, &seen, diag);
        options
    }

    /// Whether the test runs in a simulation.
    pub(super) fn is_deterministic(&self) -> bool {
        !self.tokio
    }

    /// The fields of `TestOptions` that are given.
    pub(super) fn fields(&self) -> TokenStream {
        self.fields.iter().map(|(name, value)| quote_spanned!(own()=> #name: #value,)).collect()
    }

    /// Options that do not go together.
    fn agree(&mut self, kind: Kind, seen: &[(String, Span)], diag: &mut Diag) {
        if let (Some("current_thread"), Some(workers)) = (self.flavor, &self.workers) {
            diag.on(
                workers,
                "`worker_threads` needs `flavor = \"multi_thread\"`: a current-thread runtime has no workers",
            );
        }
        if kind == Kind::Main {
            return;
        }
        // A runtime's options are for a runtime.
        self.tokio |= seen.iter().any(|(name, _)| RUNTIME.contains(&name.as_str()));
        let strategy = self.strategy.as_deref().unwrap_or("mixed");
        if !STRATEGIES.contains(&strategy) {
            // It was refused; what would go with it is anybody's guess.
            return;
        }
        for (name, span) in seen {
            if self.tokio && DETERMINISTIC.contains(&name.as_str()) {
                let words = "is for a deterministic test, and this one runs on a Tokio runtime";
                diag.at(*span, format!("`{name}` {words}\nhelp: leave out one of the two"));
            } else if name == "depth" && strategy != "pct" {
                diag.at(*span, "`depth` is for `strategy = \"pct\"`\nhelp: say that, or leave `depth` out");
            } else if name == "preemptions" && strategy != "exhaustive" {
                diag.at(
                    *span,
                    "`preemptions` is for `strategy = \"exhaustive\"`\nhelp: say that, or leave `preemptions` out",
                );
            } else if name == "seed" && strategy == "exhaustive" {
                diag.at(*span, "an exhaustive search draws nothing, so it takes no `seed`");
            }
        }
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
            ("run_queue", Some("vela")) if kind == Kind::Main => self.run_queue = Some("Vela"),
            ("run_queue", Some("tokio")) if kind == Kind::Main => self.run_queue = Some("Tokio"),
            ("run_queue", _) if kind == Kind::Main => diag.on(value, "`run_queue` is \"vela\" or \"tokio\""),
            ("crate", Some(path)) => match syn::parse_str::<syn::Path>(path) {
                Ok(mut path) => {
                    respan(&mut path, value);
                    self.krate = Some(Krate::from_path(&path));
                }
                Err(_) => diag.on(value, "`crate` is a path to the crate: `crate = \"v\"`"),
            },
            ("crate", None) => diag.on(value, "`crate` is a path to the crate, as a string: `crate = \"v\"`"),
            ("tokio", _) if kind == Kind::Test => diag.on(value, "`tokio` stands alone: `#[vela::test(tokio)]`"),
            (option, text) if kind == Kind::Test && DETERMINISTIC.contains(&option) => {
                match field(option, value, text) {
                    Ok((field, tokens)) => self.fields.push((Ident::new(field, own()), tokens)),
                    Err(message) => diag.on(value, message),
                }
                if option == "strategy" {
                    self.strategy = text.map(str::to_owned);
                }
            }
            _ => diag.at(
                name.span(),
                format!("`{name}` is no option of {}\nhelp: it takes {}", kind.attribute(), kind.known()),
            ),
        }
    }
}

/// A field of `TestOptions`, with its value.
fn field(option: &str, value: &Expr, text: Option<&str>) -> Result<(&'static str, TokenStream), String> {
    let some = |tokens: TokenStream| quote_spanned!(own()=> ::core::option::Option::Some(#tokens));
    let number = |least: u64, most: u64| match whole(value) {
        Some(n) if (least..=most).contains(&n) => Ok(some(quote_spanned!(own()=> #value))),
        None if is_suffixed(value) => Err(format!("`{option}` is a number without a suffix")),
        _ if most == u64::MAX && least == 0 => Err(format!("`{option}` is a whole number below 2^64")),
        _ if most == u64::MAX => Err(format!("`{option}` is a number, at least {least}")),
        _ => Err(format!("`{option}` is a number, {least} to {most}")),
    };
    Ok(match option {
        "schedules" => ("schedules", number(1, u64::MAX)?),
        "depth" => ("depth", number(1, 15)?),
        "preemptions" => ("preemptions", number(0, u64::from(u32::MAX))?),
        "seed" => ("seed", number(0, u64::MAX)?),
        "max_steps" => ("max_steps", number(1, u64::MAX)?),
        "strategy" => match text {
            Some(text) if STRATEGIES.contains(&text) => ("strategy", some(quote_spanned!(own()=> #text))),
            _ => return Err(format!("`strategy` is one of {}", listed(&STRATEGIES))),
        },
        "faults" => {
            let words: Vec<&str> = text.unwrap_or("").split(',').map(str::trim).collect();
            if let Some(unknown) = words.iter().find(|word| !FAULTS.contains(word)) {
                let wrong = if unknown.is_empty() { String::new() } else { format!("`{unknown}` is no fault: ") };
                let some = listed(&FAULTS);
                return Err(format!("{wrong}`faults` lists some of {some}: `faults = \"spurious, cancel\"`"));
            }
            ("faults", quote_spanned!(own()=> &[#(#words),*]))
        }
        "time_limit" => match text.and_then(millis) {
            Some(millis) => ("time_limit", some(quote_spanned!(own()=> ::core::time::Duration::from_millis(#millis)))),
            None => return Err("`time_limit` is a time with its unit: \"500ms\", \"30s\", \"2m\"".to_owned()),
        },
        "leaks" if text == Some("allow") => ("allow_leaks", quote_spanned!(own()=> true)),
        _ => {
            return Err("`leaks` is \"allow\": tasks may wait for ever when the test has ended; without it that fails"
                .to_owned());
        }
    })
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

fn whole(value: &Expr) -> Option<u64> {
    match value {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(n) if n.suffix().is_empty() => n.base10_parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

fn is_suffixed(value: &Expr) -> bool {
    matches!(value, Expr::Lit(lit) if matches!(&lit.lit, Lit::Int(n) if !n.suffix().is_empty()))
}

/// A time, in milliseconds; not none at all.
fn millis(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let n: u64 = digits.trim().parse().ok()?;
    let unit = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        _ => return None,
    };
    n.checked_mul(unit).filter(|&millis| millis > 0)
}

/// `name = value`, where the name may be the keyword `crate`; or a name alone.
struct Setting {
    name: Ident,
    value: Option<Expr>,
}

impl Parse for Setting {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        use syn::ext::IdentExt;
        let name = input.call(Ident::parse_any)?;
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        Ok(Setting { name, value })
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
