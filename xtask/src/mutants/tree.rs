//! The copy of the workspace in which all mutants are built into one program.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::SWITCH;
use super::list::{Mutant, body_at};
use super::stage::Stage;
use crate::process;

/// A copy of the workspace in which the mutants are built.
pub(super) struct Tree {
    pub(super) path: PathBuf,
    pub(super) build: PathBuf,
    pub(super) sources: BTreeMap<String, String>,
}

impl Tree {
    pub(super) fn copy(root: &Path, dir: &Path) -> Result<Self> {
        let path = dir.join("tree");
        let mut git = std::process::Command::new("git");
        git.current_dir(root).args(["ls-files", "--cached", "--others", "--exclude-standard"]);
        let mut sources = BTreeMap::new();
        for name in process::output(git)?.lines() {
            // What git knows may be deleted here.
            let Ok(bytes) = fs::read(root.join(name)) else { continue };
            let copy = path.join(name);
            if fs::read(&copy).ok().as_ref() != Some(&bytes) {
                fs::create_dir_all(copy.parent().unwrap_or(&path))?;
                fs::write(&copy, &bytes)?;
            }
            if let Ok(text) = String::from_utf8(bytes) {
                sources.insert(name.to_owned(), text);
            }
        }
        Ok(Self { path, build: dir.join("build"), sources })
    }

    pub(super) fn text(&self, mutant: &Mutant) -> Result<&str> {
        self.sources.get(&mutant.file).map(String::as_str).with_context(|| format!("no source: {}", mutant.file))
    }

    /// Whether the mutant lies in a function that can look at the switch, and whose bodies are of one type.
    pub(super) fn can_switch(&self, mutant: &Mutant) -> bool {
        let Ok(source) = self.text(mutant) else { return false };
        mutant.function(source).is_some_and(|(start, _)| {
            let signature = &source[start..body_at(source, start)];
            !signature.contains("const fn ") && !signature.contains("-> impl ")
        })
    }

    /// Writes the sources with these mutants switchable.
    pub(super) fn restore(&self, mutants: &[Mutant], on: &[usize]) -> Result<()> {
        let files: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.file.as_str()).collect();
        for file in files {
            let source = &self.sources[file];
            let mut functions: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
            for &index in on.iter().filter(|&&index| mutants[index].file == file) {
                functions.entry(mutants[index].function(source).context("no function")?).or_default().push(index);
            }
            let functions: Vec<_> = functions.into_iter().collect();
            let text = switched(source, mutants, 0..source.len(), &functions)?;
            fs::write(self.path.join(file), text)?;
        }
        let lib = "vela-core/src/lib.rs";
        let text = self.sources.get(lib).context("no vela-core")?;
        fs::write(self.path.join(lib), format!("{text}{}", SWITCH_SOURCE.replace("{SWITCH}", SWITCH)))?;
        Ok(())
    }

    pub(super) fn cargo(&self, words: &[&str]) -> std::process::Command {
        let mut cargo = process::cargo(&self.path);
        cargo.env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", "--cap-lints=allow");
        cargo.env("CARGO_TARGET_DIR", &self.build).env("CARGO_PROFILE_DEV_DEBUG", "false");
        cargo.args(words).arg("--message-format=json").stderr(Stdio::null());
        cargo
    }

    /// The mutants in whose text the compiler finds errors; `None` is an error elsewhere.
    pub(super) fn errors(&self, mutants: &[Mutant], on: &[usize]) -> Result<BTreeSet<Option<usize>>> {
        self.restore(mutants, on)?;
        let output = self.cargo(&["check", "--package", "vela-core"]).output()?;
        let mut found = BTreeSet::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let Ok(json) = serde_json::from_str::<Value>(line) else { continue };
            let message = &json["message"];
            if message["level"] != "error" {
                continue;
            }
            for span in message["spans"].as_array().into_iter().flatten().filter(|span| span["is_primary"] == true) {
                let (file, line) = (span["file_name"].as_str(), span["line_start"].as_u64());
                if let (Some(file), Some(line)) = (file, line) {
                    let text = fs::read_to_string(self.path.join(file)).unwrap_or_default();
                    found.insert(owner(&text, usize::try_from(line)?));
                }
            }
        }
        if found.is_empty() && !output.status.success() {
            found.insert(None);
        }
        Ok(found)
    }

    /// Leaves out what does not compile, until the rest does.
    pub(super) fn viable(&self, mutants: &[Mutant], apart: &BTreeSet<usize>) -> Result<Vec<usize>> {
        let mut on: Vec<usize> = (0..mutants.len()).filter(|index| !apart.contains(index)).collect();
        loop {
            let mut errors = self.errors(mutants, &on)?;
            if errors.is_empty() {
                return Ok(on);
            }
            if errors.iter().all(Option::is_none) {
                // The compiler does not say whose fault it is: halve.
                let mut suspects = on.clone();
                while suspects.len() > 1 {
                    let half = suspects.split_off(suspects.len() / 2);
                    if self.errors(mutants, &suspects)?.is_empty() {
                        suspects = half;
                    }
                }
                ensure!(!suspects.is_empty(), "vela-core does not compile");
                errors.extend(suspects.into_iter().map(Some));
            }
            on.retain(|&index| !errors.contains(&Some(index)));
        }
    }

    /// Builds the test programs; gives them in the order in which a mutant meets them, the quick ones first.
    pub(super) fn stages(&self) -> Result<Vec<Stage>> {
        let mut stages = Vec::new();
        for words in [
            &["--package", "vela-core", "--lib", "--tests"][..],
            &["--package", "vela", "--test", "it", "--test", "alloc"],
        ] {
            let mut cargo = self.cargo(&["test", "--no-run"]);
            let text = process::output({
                cargo.args(words);
                cargo
            })?;
            for line in text.lines() {
                let Ok(json) = serde_json::from_str::<Value>(line) else { continue };
                let (Some(program), Some(name)) = (json["executable"].as_str(), json["target"]["name"].as_str()) else {
                    continue;
                };
                let dir = Path::new(json["manifest_path"].as_str().unwrap_or_default()).parent().unwrap_or(&self.path);
                let stage = |args: Vec<&'static str>| Stage { program: program.into(), dir: dir.to_owned(), args };
                if name == "it" {
                    stages.push(stage(
                        ["channel::", "select::"].into_iter().chain(SLOW.iter().flat_map(|s| ["--skip", s])).collect(),
                    ));
                    stages.push(stage(SLOW.to_vec()));
                } else {
                    stages.push(stage(Vec::new()));
                }
            }
        }
        ensure!(stages.len() > 3, "the test programs are missing");
        stages.sort_by_key(|stage| stage.args == SLOW);
        Ok(stages)
    }
}

/// Tests that take seconds.
pub(super) const SLOW: &[&str] = &[
    "channel::model",
    "channel::stress",
    "channel::workloads",
    "select::foreign",
    "select::instant",
    "select::meeting",
    "select::memory",
];

/// Given to vela-core.
pub(super) const SWITCH_SOURCE: &str = r#"
#[doc(hidden)]
#[allow(missing_docs)]
pub mod mutant {
    use std::sync::atomic::{AtomicU32, Ordering};

    static ON: AtomicU32 = AtomicU32::new(u32::MAX);

    #[inline]
    pub fn on() -> u32 {
        match ON.load(Ordering::Relaxed) {
            u32::MAX => first(),
            on => on,
        }
    }

    #[cold]
    pub(super) fn first() -> u32 {
        let on = std::env::var("{SWITCH}").ok().and_then(|on| on.parse().ok()).unwrap_or(0);
        ON.store(on, Ordering::Relaxed);
        on
    }
}
"#;

/// One function after the other, with a body for each of its mutants. A function inside another is mutated in the
/// other's own body only.
pub(super) fn switched(
    source: &str,
    mutants: &[Mutant],
    part: std::ops::Range<usize>,
    functions: &[((usize, usize), Vec<usize>)],
) -> Result<String> {
    let (mut text, mut at, mut rest) = (String::new(), part.start, functions);
    while let Some((((start, end), own), behind)) = rest.split_first() {
        let inside = behind.iter().take_while(|((_, other), _)| other <= end).count();
        let body = body_at(source, *start);
        text += &source[at..body];
        text += "{ match crate::mutant::on() {";
        for &index in own {
            let mutated = mutants[index].applied(source)?;
            let body = &mutated[body..mutated.len() - (source.len() - end)];
            text += &format!("\n{BEGIN}{}\n{} => {body}\n{END}", index, index + 1);
        }
        text += "\n_ => ";
        text += &switched(source, mutants, body..*end, &behind[..inside])?;
        text += " } }";
        at = *end;
        rest = &behind[inside..];
    }
    text += &source[at..part.end];
    Ok(text)
}

pub(super) const BEGIN: &str = "//mutant ";
pub(super) const END: &str = "//end of mutant";

/// The mutant to whose body a line belongs.
pub(super) fn owner(text: &str, line: usize) -> Option<usize> {
    let above = text.lines().take(line).filter(|line| line.starts_with(BEGIN) || line.starts_with(END));
    above.last().and_then(|mark| mark.strip_prefix(BEGIN)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "/// {\nfn f(a: [u8; 2]) -> bool {\n    a[0] < 1\n}\n";

    fn mutant() -> Mutant {
        Mutant {
            name: "f".to_owned(),
            file: "f.rs".to_owned(),
            diff: "--- f.rs\n+++ f\n@@ -1,4 +1,4 @@\n /// {\n fn f(a: [u8; 2]) -> bool {\n-    a[0] < 1\n+    a[0] > 1\n }\n"
                .to_owned(),
            function: Some([(1, 1), (4, 2)]),
        }
    }

    #[test]
    fn diffs_are_applied() {
        assert_eq!(mutant().applied(SOURCE).unwrap(), SOURCE.replace('<', ">"));
        assert!(mutant().applied("fn g() {}\n").is_err());
    }

    #[test]
    fn bodies_begin_behind_the_signature() {
        let at = body_at(SOURCE, 0);
        assert!(SOURCE[at..].starts_with("{\n    a[0]"));
    }

    #[test]
    fn each_mutant_has_a_body_of_its_own_and_its_lines_are_known() {
        let mutants = [mutant()];
        let function = mutants[0].function(SOURCE).unwrap();
        let text = switched(SOURCE, &mutants, 0..SOURCE.len(), &[(function, vec![0])]).unwrap();
        assert_eq!(text.matches("a[0] > 1").count(), 1, "{text}");
        assert_eq!(text.matches("a[0] < 1").count(), 1, "{text}");
        let line = |part: &str| text.lines().position(|line| line.contains(part)).unwrap() + 1;
        assert_eq!(owner(&text, line("a[0] > 1")), Some(0));
        assert_eq!(owner(&text, line("a[0] < 1")), None);
    }
}
