//! All sources of the workspace: which hold unsafe code, and what modules are called.

use std::path::Path;

use anyhow::{Context, Result};

use super::Violation;
use super::lexer::{Token, tokens};

/// One file.
#[derive(Debug)]
pub(super) struct Source {
    /// From the root, `/` between the parts.
    path: String,
    tokens: Vec<Token>,
}

/// Reads every `.rs` file below `root` but what is built, hidden, or a case of the ui tests (these are inputs).
///
/// # Errors
///
/// When a file cannot be read.
pub(super) fn read(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    walk(root, "", &mut sources)?;
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

fn walk(dir: &Path, prefix: &str, sources: &mut Vec<Source>) -> Result<()> {
    for entry in std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            let is_case = prefix == "ui-tests/" && name != "src";
            if !name.starts_with('.') && name != "target" && !is_case {
                walk(&entry.path(), &format!("{path}/"), sources)?;
            }
        } else if name.ends_with(".rs") {
            let text = std::fs::read_to_string(entry.path()).with_context(|| format!("cannot read {path}"))?;
            sources.push(Source { path, tokens: tokens(&text) });
        }
    }
    Ok(())
}

/// Unsafe code in a file that is not on the list, and entries of the list that are out of date. Returns the number of
/// files with unsafe code too.
pub(super) fn check_unsafe(sources: &[Source], list: &[(&str, &str)]) -> (usize, Vec<Violation>) {
    let mut count = 0;
    let mut violations = Vec::new();
    for Source { path, tokens } in sources {
        let Some(line) = first_unsafe(tokens) else { continue };
        count += 1;
        if !list.iter().any(|(listed, _)| listed == path) {
            let what = "unsafe code in a file that is not in UNSAFE_FILES of xtask/src/layers/table.rs".to_owned();
            violations.push(Violation { file: path.clone(), line, what });
        }
    }
    for (listed, _) in list {
        let holds = sources.iter().any(|source| source.path == *listed && first_unsafe(&source.tokens).is_some());
        if !holds {
            let what = "holds no unsafe code: take it from UNSAFE_FILES of xtask/src/layers/table.rs".to_owned();
            violations.push(Violation { file: (*listed).to_owned(), line: 0, what });
        }
    }
    (count, violations)
}

/// The first `unsafe`. `Token![unsafe]` is a name for it, not unsafe code; tokens inside `quote!` become code.
fn first_unsafe(tokens: &[Token]) -> Option<u32> {
    let is_name = |at: usize| {
        at >= 3 && tokens[at - 1].is_sign('[') && tokens[at - 2].is_sign('!') && tokens[at - 3].is_word("Token")
    };
    let found = tokens.iter().enumerate().find(|(at, token)| token.is_word("unsafe") && !is_name(*at));
    found.map(|(_, token)| token.line)
}

/// Modules whose name says nothing: files, directories, inline modules.
pub(super) fn check_names(sources: &[Source], empty: &[&str]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for Source { path, tokens } in sources {
        let mut blame = |line, name: &str| {
            let what = format!("a module `{name}` can hold anything; call it after what is in it");
            violations.push(Violation { file: path.clone(), line, what });
        };
        for part in path.trim_end_matches(".rs").split('/') {
            if empty.contains(&part) {
                blame(0, part);
            }
        }
        for pair in tokens.windows(2) {
            if let Some(name) = pair[1].word().filter(|name| pair[0].is_word("mod") && empty.contains(name)) {
                blame(pair[1].line, name);
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[(&str, &str)]) -> Vec<Source> {
        files.iter().map(|(path, text)| Source { path: (*path).to_owned(), tokens: tokens(text) }).collect()
    }

    #[test]
    fn unsafe_outside_the_list_is_found() {
        let sources = sources(&[
            ("a.rs", "// unsafe\nfn f() { \"unsafe\"; }"),
            ("b.rs", "fn f() {\n    unsafe { g() }\n}"),
            ("c.rs", "unsafe impl Send for X {}"),
            ("d.rs", "type K = Token![unsafe];"),
        ]);
        let (count, violations) = check_unsafe(&sources, &[("c.rs", "a pointer in X")]);
        assert_eq!(count, 2);
        assert_eq!(violations.len(), 1);
        assert!(violations[0].to_string().starts_with("b.rs:2: unsafe code in a file"), "{}", violations[0]);
    }

    #[test]
    fn entries_that_are_out_of_date_are_found() {
        let sources = sources(&[("a.rs", "fn f() {}")]);
        let (_, violations) = check_unsafe(&sources, &[("a.rs", ""), ("gone.rs", "")]);
        assert_eq!(violations.iter().map(|v| v.file.as_str()).collect::<Vec<_>>(), ["a.rs", "gone.rs"]);
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        let sources = sources(&[
            ("x/utils.rs", ""),
            ("x/common/mod.rs", ""),
            ("x/lib.rs", "// mod misc\nmod a;\npub(crate) mod helpers {\n}\nfn common() {}"),
            ("x/chan.rs", "use other::utils;"),
        ]);
        let shown: Vec<_> = check_names(&sources, super::super::table::EMPTY_NAMES);
        let shown: Vec<_> = shown.iter().map(|v| format!("{}:{}", v.file, v.line)).collect();
        assert_eq!(shown, ["x/utils.rs:0", "x/common/mod.rs:0", "x/lib.rs:3"]);
    }
}
