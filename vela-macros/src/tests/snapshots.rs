//! Expansions, compared with files: `VELA_BLESS=1 cargo test -p vela-macros` writes them anew.

use std::fs;
use std::path::PathBuf;

use super::corpus::{ALL, BROKEN};
use super::{Macro, error_texts, parsed};

fn rendered(macro_: Macro, input: &str) -> String {
    let expansion = macro_.expand(input);
    let code = match parsed(macro_, &expansion) {
        Ok(file) => prettyplease::unparse(&file),
        Err(_) => format!("(not valid Rust)\n{expansion}\n"),
    };
    let input = input.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n    ");
    format!("{macro_:?}\n    {input}\n\n{code}")
}

/// True: as it was, or written.
fn same(name: &str, text: &str) -> bool {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "snapshots", &format!("{name}.txt")].iter().collect();
    if std::env::var_os("VELA_BLESS").is_some() {
        fs::write(&path, text).expect("the snapshot can be written");
        return true;
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    if known != text {
        println!("--- {name}: was\n{known}\n--- {name}: is\n{text}");
    }
    known == text
}

#[test]
fn expansions_are_as_they_were() {
    let valid = ALL.iter().flat_map(|(macro_, cases)| cases.iter().map(|(name, input)| (*macro_, *name, *input)));
    let mut changed = Vec::new();
    for (macro_, name, input) in valid.chain(BROKEN.iter().copied()) {
        let name = format!("{}_{name}", format!("{macro_:?}").to_lowercase());
        if !same(&name, &rendered(macro_, input)) {
            changed.push(name);
        }
    }
    assert!(changed.is_empty(), "changed (VELA_BLESS=1 to accept): {changed:?}");
}

#[test]
fn valid_inputs_expand_to_valid_code_without_errors() {
    for (macro_, cases) in ALL {
        for (name, input) in *cases {
            let expansion = macro_.expand(input);
            let errors = error_texts(expansion.clone());
            assert!(errors.is_empty(), "{macro_:?} {name}: {errors:?}");
            let parsed = parsed(*macro_, &expansion);
            assert!(parsed.is_ok(), "{macro_:?} {name}: {:?}\n{expansion}", parsed.err());
        }
    }
}

#[test]
fn bodies_survive_errors() {
    for (macro_, input, kept) in [
        (Macro::Select, "Some(1) = <-a => { first(x.y) } v = <-b.await => second(v)", ["first (x . y)", "second (v)"]),
        (Macro::Go, "bad(1) clone(self.x) { first(x.y); second(v) }", ["first (x . y)", "second (v)"]),
        (Macro::Vela, "first(x.y); <-rx?; second(v)", ["first (x . y)", "second (v)"]),
    ] {
        let expansion = macro_.expand(input);
        assert!(!error_texts(expansion.clone()).is_empty(), "{input}");
        for part in kept {
            assert!(expansion.to_string().contains(part), "{input}: {part} is gone from {expansion}");
        }
    }
}
