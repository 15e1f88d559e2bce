//! Compile-fail cases: each mistake, with what rustc and the macros say about it.
//!
//! The `.stderr` files hold the words of one rustc, named in `rustc-version.txt`. Under another one the comparison would
//! fail for reasons that are not ours, so it is ignored, which test runners count as skipped, and said aloud. To take
//! over another version, write it into that file and run
//! `TRYBUILD=overwrite cargo test -p vela-ui-tests --test fail`, then read what changed.

use std::io::Write as _;
use std::path::Path;

/// Names of the files in `dir` with this extension, without it.
fn names(dir: &str, extension: &str) -> Vec<String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    let files = std::fs::read_dir(dir).expect("the cases are there").map(|file| file.expect("readable").path());
    let mut names: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
#[cfg_attr(
    not(known_rustc),
    ignore = "SKIPPED: the compile-fail cases were recorded with another rustc than the running one, see ui-tests/rustc-version.txt"
)]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}

#[test]
fn another_rustc_is_announced() {
    if cfg!(known_rustc) {
        return;
    }
    // not `eprintln!`, which the test runner would keep to itself
    _ = writeln!(
        std::io::stderr(),
        "\nSKIPPED: {} compile-fail cases of ui-tests/fail. They hold the words of rustc {}, and this is rustc {}.\n",
        names("fail", "rs").len(),
        env!("UI_RUSTC_KNOWN"),
        env!("UI_RUSTC_RUNNING"),
    );
}

#[test]
fn every_case_is_small_and_has_its_words() {
    let cases = names("fail", "rs");
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let words = names("fail", "stderr");
    let lonely: Vec<_> = cases.iter().filter(|case| !words.contains(case)).collect();
    assert!(
        lonely.is_empty() && cases.len() == words.len(),
        "without .stderr: {lonely:?}, or a .stderr without a case"
    );
    for case in cases {
        let read = |extension: &str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fail").join(&case).with_extension(extension);
            std::fs::read_to_string(path).expect("a case can be read")
        };
        assert!(read("rs").lines().count() <= 25, "{case} has more than 25 lines");
        // the words of the standard library's sources, and our own line numbers, change under our feet
        let words = read("stderr");
        assert!(!words.contains("$RUST/"), "{case}.stderr quotes the standard library");
        assert!(!words.contains("src/lib.rs:"), "{case}.stderr holds a line number of ours");
    }
}

#[test]
fn every_pass_case_is_run() {
    let main = include_str!("../pass/main.rs");
    let mut cases = names("pass", "rs");
    cases.retain(|case| case != "main");
    assert!(cases.len() >= 40, "{} cases", cases.len());
    for case in cases {
        assert!(main.contains(&format!("\nmod {case};\n")), "pass/{case}.rs is not in pass/main.rs");
    }
}
