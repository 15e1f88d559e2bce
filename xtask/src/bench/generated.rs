//! The two crates whose compile time is measured: 1,000 functions with a select of two arms each.

use std::fs;
use std::path::Path;

use anyhow::Result;

/// How many selects there are.
const SELECTS: usize = 1_000;

/// A crate with selects of one library.
pub(super) struct Generated {
    pub(super) name: &'static str,
    dependency: &'static str,
    head: &'static str,
    /// A function; `NUMBER` stands for its number.
    function: &'static str,
}

pub(super) const CRATES: [Generated; 2] = [
    Generated {
        name: "vela-selects",
        dependency: "vela = { path = \"ROOT\" }",
        head: "use vela::Receiver;\n",
        function: "\npub async fn function_NUMBER(a: &Receiver<u64>, b: &Receiver<u64>) -> Option<u64> {
    vela::select! {
        first = <-a => first.map(|value| value + NUMBER),
        second = <-b => second,
    }
}\n",
    },
    Generated {
        name: "tokio-selects",
        dependency: "tokio = { version = \"1\", features = [\"macros\", \"rt\", \"sync\"] }",
        head: "use tokio::sync::mpsc::Receiver;\n",
        function: "\npub async fn function_NUMBER(a: &mut Receiver<u64>, b: &mut Receiver<u64>) -> Option<u64> {
    tokio::select! {
        first = a.recv() => first.map(|value| value + NUMBER),
        second = b.recv() => second,
    }
}\n",
    },
];

impl Generated {
    /// Writes the crate's sources, so that cargo takes them for new.
    pub(super) fn write(&self, dir: &Path) -> Result<()> {
        let src = dir.join(self.name).join("src");
        fs::create_dir_all(&src)?;
        let functions = (0..SELECTS).map(|number| self.function.replace("NUMBER", &number.to_string()));
        fs::write(src.join("lib.rs"), functions.fold(self.head.to_owned(), |text, function| text + &function))?;
        Ok(())
    }
}

/// Writes a workspace with both crates; it takes the versions of the lock file at `root`.
pub(super) fn workspace(root: &Path, dir: &Path) -> Result<()> {
    for one in &CRATES {
        one.write(dir)?;
        let dependency = one.dependency.replace("ROOT", &root.to_string_lossy().replace('\\', "/"));
        let manifest = format!(
            "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
             [dependencies]\n{dependency}\n",
            one.name
        );
        fs::write(dir.join(one.name).join("Cargo.toml"), manifest)?;
    }
    let members: Vec<String> = CRATES.iter().map(|one| format!("\"{}\"", one.name)).collect();
    let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = [{}]\n", members.join(", "));
    fs::write(dir.join("Cargo.toml"), manifest)?;
    fs::copy(root.join("Cargo.lock"), dir.join("Cargo.lock"))?;
    Ok(())
}
