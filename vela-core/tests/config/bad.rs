//! Bad configurations, each with all that is said about it: `VELA_BLESS=1 cargo test -p vela-core --features config` writes
//! the files anew.
//!
//! A case is a directory. Beside the files of a configuration it may have `variables` (`NAME=value`, one a line; without it
//! the environment is `production` if that has a file) and `set` (`key=value`).

use std::fs;
use std::path::Path;

use vela_core::config::Config;

use super::shown;

/// Lines `name=value` of a file that need not be there.
fn pairs(path: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    text.lines().map(|line| pair(line).expect("`=` in the line")).collect()
}

fn said(case: &Path) -> String {
    let mut variables = pairs(&case.join("variables"));
    if variables.is_empty() && case.join("production.toml").exists() {
        variables.push(("VELA_ENV".to_owned(), "production".to_owned()));
    }
    let mut builder = Config::builder().directory(case).variables(variables);
    for (key, value) in pairs(&case.join("set")) {
        builder = builder.set(key, value);
    }
    shown(case, builder) + "\n"
}

#[test]
fn each_mistake_is_explained_as_before() {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/bad");
    let mut cases: Vec<_> = fs::read_dir(&all).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    let mut changed = Vec::new();
    for case in &cases {
        let (name, text, known) = (case.file_name().unwrap(), said(case), case.join("expected.txt"));
        if std::env::var_os("VELA_BLESS").is_some() {
            fs::write(&known, &text).unwrap();
        }
        let known = fs::read_to_string(&known).unwrap_or_default();
        if known != text || text.starts_with("no mistake") {
            println!("--- {name:?}: was\n{known}\n--- {name:?}: is\n{text}");
            changed.push(name.to_owned());
        }
    }
    assert!(changed.is_empty(), "changed (VELA_BLESS=1 to accept): {changed:?}");
    assert!(cases.len() >= 55, "{} cases", cases.len());
}
