//! What the sample's comments say that clippy will find.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// One lint on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    /// From the sample's root, `/` between the parts.
    pub(super) file: String,
    pub(super) line: u64,
    /// Without `clippy::`.
    pub(super) lint: String,
    /// A part of the message, its notes or its suggestions.
    pub(super) words: String,
    /// Only with the optional rules.
    pub(super) optional: bool,
}

/// Reads the sources of the sample, which lie flat in `src`.
///
/// # Errors
///
/// When one cannot be read, or a comment says no lint, or none says anything.
pub(super) fn read(sample: &Path) -> Result<Vec<Expected>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(sample.join("src")).context("cannot read the sample")? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let file = format!("src/{}", path.file_name().unwrap_or_default().to_string_lossy());
        all.extend(parse(&file, &std::fs::read_to_string(&path)?)?);
    }
    if all.is_empty() {
        bail!("no line of the sample expects anything");
    }
    Ok(all)
}

/// The expectations of one file.
fn parse(file: &str, text: &str) -> Result<Vec<Expected>> {
    let mut all = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        // Prose about the comments is no such comment.
        if text.trim_start().starts_with("//!") {
            continue;
        }
        let mut rest = text;
        while let Some(at) = rest.find("//~").into_iter().chain(rest.find("//?")).min() {
            let (optional, from) = (rest[at..].starts_with("//?"), &rest[at + 3..]);
            let end = from.find("//~").into_iter().chain(from.find("//?")).min().unwrap_or(from.len());
            let Some((lint, words)) = from[..end].split_once(':') else {
                bail!("{file}:{line}: wants `//~ lint: words of its message`");
            };
            let (lint, words) = (lint.trim().to_owned(), words.trim().to_owned());
            if lint.is_empty() || words.is_empty() || lint.contains(|c: char| !(c.is_alphanumeric() || c == '_')) {
                bail!("{file}:{line}: wants `//~ lint: words of its message`, not `{}`", from[..end].trim());
            }
            all.push(Expected { file: file.to_owned(), line, lint, words, optional });
            rest = &from[end..];
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_say_what_is_expected_where() {
        let text = "//! Say `//~ so`.\nf(); //~ a_b: it's `c`: d\n\ng(); //~ e: f //? g: h\n";
        let all = parse("src/x.rs", text).unwrap();
        let short: Vec<_> = all.iter().map(|e| (e.line, e.lint.as_str(), e.words.as_str(), e.optional)).collect();
        assert_eq!(short, [(2, "a_b", "it's `c`: d", false), (4, "e", "f", false), (4, "g", "h", true)]);
    }

    #[test]
    fn a_comment_without_a_lint_or_words_is_an_error() {
        for text in ["f(); //~ nothing", "f(); //~ a:", "f(); //~ : b", "f(); //~ two words: b"] {
            let error = parse("src/x.rs", text).unwrap_err().to_string();
            assert!(error.starts_with("src/x.rs:1: wants"), "{error}");
        }
    }
}
