//! Which module of a crate knows which, and whether the table allows it.
//!
//! A level may also name a module inside another, `select::dynamic`: what that file imports is then judged by its own
//! level. Who imports it from outside is judged by the level of `select`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};

use super::Violation;
use super::lexer::tokens;
use super::paths::{self, Declared};

/// The top-level modules of a crate and what they import from each other.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Where the sources are, with a `/` at the end.
    dir: String,
    /// Modules with files of their own, and where lib.rs declares them. Their sources were read.
    modules: BTreeMap<String, u32>,
    /// Modules written inside lib.rs. Like the rest of lib.rs they may import what they like.
    inline: BTreeSet<String>,
    /// What else lib.rs names, and the module that it is from.
    reexports: BTreeMap<String, String>,
    imports: Vec<Import>,
    problems: Vec<Violation>,
}

#[derive(Debug)]
struct Import {
    /// The module that holds the import, from the root.
    path: String,
    name: String,
    file: String,
    line: u32,
}

impl Graph {
    /// Reads the crate whose sources are in `dir` below `root`, along its `mod` declarations.
    ///
    /// # Errors
    ///
    /// When there is no lib.rs.
    pub(super) fn read(root: &Path, dir: &str, krate: &str) -> Result<Self> {
        let load = |file: &str| std::fs::read_to_string(root.join(dir).join(file)).ok();
        Self::build(&format!("{dir}/"), krate, &load).with_context(|| format!("{dir}/lib.rs cannot be read"))
    }

    fn build(dir: &str, krate: &str, load: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let root = tokens(&load("lib.rs")?);
        let mut graph = Self { dir: dir.to_owned(), ..Self::default() };
        graph.reexports.extend(paths::reexports(&root, krate));
        for declared in paths::scan(&root, &[], krate).modules {
            if !declared.parent.is_empty() {
                continue;
            }
            if declared.inline {
                graph.inline.insert(declared.name);
            } else {
                graph.modules.insert(declared.name.clone(), declared.line);
                graph.read_module(&declared, "lib.rs", krate, load);
            }
        }
        Some(graph)
    }

    /// Reads the file of a module, and those of the modules inside it.
    fn read_module(&mut self, declared: &Declared, by: &str, krate: &str, load: &dyn Fn(&str) -> Option<String>) {
        let mut path = declared.parent.clone();
        path.push(declared.name.clone());
        let stem = path.join("/");
        let found = [format!("{stem}.rs"), format!("{stem}/mod.rs")].into_iter().find_map(|f| Some((load(&f)?, f)));
        let Some((text, file)) = found else {
            let what = format!("cannot find the file of `mod {}`", declared.name);
            self.problems.push(Violation { file: format!("{}{by}", self.dir), line: declared.line, what });
            return;
        };
        let scanned = paths::scan(&tokens(&text), &path, krate);
        self.imports.extend(scanned.names.into_iter().map(|named| Import {
            path: path.join("::"),
            name: named.name,
            file: format!("{}{file}", self.dir),
            line: named.line,
        }));
        for inner in scanned.modules.iter().filter(|inner| !inner.inline) {
            self.read_module(inner, &file, krate, load);
        }
    }

    /// How many imports from one top-level module to another there are.
    pub(super) fn imports(&self) -> usize {
        self.imports.iter().filter(|import| self.module_of(import).is_some_and(|to| to != top(&import.path))).count()
    }

    /// The module that an import leads to.
    fn module_of<'a>(&'a self, import: &'a Import) -> Option<&'a str> {
        let is_module = |name: &str| self.modules.contains_key(name) || self.inline.contains(name);
        let name = if is_module(&import.name) { &import.name } else { self.reexports.get(&import.name)? };
        is_module(name).then_some(name)
    }

    /// Holds the graph against the levels, low to high.
    pub(super) fn check(&self, levels: &[&[&str]]) -> Vec<Violation> {
        let level_of = |module: &str| levels.iter().position(|level| level.contains(&module));
        let mut violations = self.problems.clone();
        for (module, &line) in &self.modules {
            if level_of(module).is_none() {
                let what = format!("the module `{module}` has no level in MODULES of xtask/src/layers/table.rs");
                violations.push(Violation { file: format!("{}lib.rs", self.dir), line, what });
            }
        }
        let mut edges: BTreeMap<(&str, &str), &Import> = BTreeMap::new();
        for import in &self.imports {
            let mut blame = |what| violations.push(Violation { file: import.file.clone(), line: import.line, what });
            let Some(to) = self.module_of(import) else {
                blame(format!("`crate::{}` does not say which module it is from: name that", import.name));
                continue;
            };
            let from = unit(&import.path, levels);
            if top(from) == to {
                continue;
            }
            match (level_of(from), level_of(to)) {
                (Some(low), Some(high)) if low < high => {
                    blame(format!("`{from}` may not know `{to}`, which is above it"));
                }
                (Some(a), Some(b)) if a == b => _ = edges.entry((from, to)).or_insert(import),
                (Some(_), None) if self.inline.contains(to) => {
                    blame(format!("`{to}` is part of lib.rs, which is above all"));
                }
                _ => {}
            }
        }
        for (&(from, to), import) in &edges {
            if let Some(back) = way(to, from, edges.keys().copied().collect::<Vec<_>>().as_slice()) {
                let what = format!("a cycle: {from} → {}", back.join(" → "));
                violations.push(Violation { file: import.file.clone(), line: import.line, what });
            }
        }
        violations
    }
}

/// The top-level module of a path.
fn top(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

/// The longest beginning of a path that the table names, or else its top-level module.
fn unit<'a>(mut path: &'a str, levels: &[&[&str]]) -> &'a str {
    while !levels.iter().any(|level| level.contains(&path)) {
        match path.rsplit_once("::") {
            Some((around, _)) => path = around,
            None => break,
        }
    }
    path
}

/// A shortest way along the edges, both ends included.
fn way<'a>(from: &'a str, to: &str, edges: &[(&'a str, &'a str)]) -> Option<Vec<&'a str>> {
    let mut ways = vec![vec![from]];
    let mut seen = BTreeSet::from([from]);
    let mut at = 0;
    while let Some(way) = ways.get(at).cloned() {
        at += 1;
        let end = way[way.len() - 1];
        if end == to {
            return Some(way);
        }
        for &(_, next) in edges.iter().filter(|(start, _)| *start == end) {
            if seen.insert(next) {
                ways.push([way.as_slice(), &[next]].concat());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVELS: &[&[&str]] = &[&["rt"], &["waitlist"], &["select"], &["chan", "sync", "time"], &["task"]];

    fn complaints(files: &[(&str, &str)]) -> Vec<String> {
        complaints_at(LEVELS, files)
    }

    fn complaints_at(levels: &[&[&str]], files: &[(&str, &str)]) -> Vec<String> {
        let load = |file: &str| files.iter().find(|(name, _)| *name == file).map(|(_, text)| (*text).to_owned());
        let graph = Graph::build("core/src/", "vela_core", &load).unwrap();
        graph.check(levels).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn downward_imports_are_fine() {
        let files = [
            (
                "lib.rs",
                "mod rt; mod select; mod chan; pub use chan::Sender; pub mod hidden { pub use crate::select::x; }",
            ),
            ("rt.rs", ""),
            ("select/mod.rs", "mod engine; use crate::rt::now;"),
            ("select/engine.rs", "use super::X; use crate::select::Y; #[cfg(test)] mod tests { use crate::chan::Z; }"),
            ("chan.rs", "use crate::{select::Case, rt};"),
        ];
        assert_eq!(complaints(&files), [""; 0]);
    }

    #[test]
    fn upward_imports_are_found_however_they_are_written() {
        let files = [
            ("lib.rs", "mod select; mod chan; pub use chan::{Sender as Tx};"),
            ("select/mod.rs", "mod engine;\nuse crate::chan::State;\nfn f(x: crate::Tx) {}"),
            ("select/engine.rs", "use super::super::chan;\nmod deep { use super::super::super::chan::X; }"),
            ("chan.rs", ""),
        ];
        let what = "`select` may not know `chan`, which is above it";
        assert_eq!(
            complaints(&files),
            [
                format!("core/src/select/mod.rs:2: {what}"),
                format!("core/src/select/mod.rs:3: {what}"),
                format!("core/src/select/engine.rs:1: {what}"),
                format!("core/src/select/engine.rs:2: {what}"),
            ]
        );
    }

    #[test]
    fn cycles_within_a_level_are_found_and_one_direction_is_fine() {
        let one_way = [
            ("lib.rs", "mod chan; mod time; mod sync;"),
            ("chan.rs", "use crate::time::Sleep;"),
            ("time.rs", ""),
            ("sync.rs", "use crate::chan;"),
        ];
        assert_eq!(complaints(&one_way), [""; 0]);
        let mut round = one_way;
        round[2].1 = "fn f() { crate::sync::g() }";
        assert_eq!(
            complaints(&round),
            [
                "core/src/chan.rs:1: a cycle: chan → time → sync → chan",
                "core/src/sync.rs:1: a cycle: sync → chan → time → sync",
                "core/src/time.rs:1: a cycle: time → sync → chan → time",
            ]
        );
    }

    #[test]
    fn inner_module_with_a_level_of_its_own_is_judged_by_that() {
        let levels: &[&[&str]] = &[&["select"], &["ops"], &["select::dynamic"], &["chan"]];
        let files = [
            ("lib.rs", "mod select; mod ops; mod chan;"),
            ("select/mod.rs", "mod dynamic; mod case;"),
            ("select/dynamic.rs", "mod deep; use crate::ops::Receive;\nuse crate::chan::X;"),
            ("select/dynamic/deep.rs", "use crate::ops::Receive;"),
            ("select/case.rs", "use crate::ops::Receive;"),
            ("ops.rs", "use crate::select::Case;"),
            ("chan.rs", ""),
        ];
        assert_eq!(
            complaints_at(levels, &files),
            [
                "core/src/select/dynamic.rs:2: `select::dynamic` may not know `chan`, which is above it",
                "core/src/select/case.rs:1: `select` may not know `ops`, which is above it",
            ]
        );
    }

    #[test]
    fn unknown_modules_files_and_names_are_found() {
        let files = [
            ("lib.rs", "mod rt;\nmod extra;\nmod gone; mod hidden {}"),
            ("rt.rs", "use crate::Thing; use crate::*;\nuse crate::hidden::X;"),
            ("extra.rs", ""),
        ];
        assert_eq!(
            complaints(&files),
            [
                "core/src/lib.rs:3: cannot find the file of `mod gone`",
                "core/src/lib.rs:2: the module `extra` has no level in MODULES of xtask/src/layers/table.rs",
                "core/src/lib.rs:3: the module `gone` has no level in MODULES of xtask/src/layers/table.rs",
                "core/src/rt.rs:1: `crate::Thing` does not say which module it is from: name that",
                "core/src/rt.rs:1: `crate::*` does not say which module it is from: name that",
                "core/src/rt.rs:2: `hidden` is part of lib.rs, which is above all",
            ]
        );
    }
}
