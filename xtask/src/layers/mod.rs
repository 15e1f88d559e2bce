//! `cargo xtask layers`: holds “Who may know whom” against the sources.
//!
//! Crates by their manifests, vela-core's modules by the paths they name, unsafe code by the list of files that may
//! hold it, modules by their names. The rules are data in `table.rs`.

mod crates;
mod lexer;
mod modules;
mod paths;
mod sources;
mod table;

use std::fmt;
use std::process::ExitCode;

use anyhow::Result;

use crate::args::Args;
use crate::workspace::Workspace;
use crate::{Command, Outcome};

pub(crate) const COMMAND: Command = Command {
    name: "layers",
    options: "",
    about: "who may know whom: crates, vela-core's modules, unsafe files, module names",
    details: "\
Holds the sources to the table in ARCHITECTURE.md, which is data in xtask/src/layers/table.rs:

  crates    which of our crates depends on which; the exact pin on vela-macros
  modules   what vela-core's modules name by crate::, super:: and self::, inline paths, re-exports
            of lib.rs and macro bodies included: low never high, no cycle. Comments, docs and what
            is under #[cfg(test)] are exempt
  unsafe    only listed files hold it, and every listed file does
  names     no module is called utils, common, helpers, misc or the like

Prints each violation with its file and line; the exit status is non-zero if there is one.",
    counts: false,
    run,
};

fn run(args: Args) -> Outcome {
    args.finish()?;
    let report = check(&Workspace::load()?)?;
    report.print();
    Ok(ExitCode::from(u8::from(!report.violations.is_empty())))
}

/// Something that the table forbids, or does not know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    /// From the root; empty where no file is to blame.
    file: String,
    line: u32,
    what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.file.as_str(), self.line) {
            ("", _) => write!(f, "{}", self.what),
            (file, 0) => write!(f, "{file}: {}", self.what),
            (file, line) => write!(f, "{file}:{line}: {}", self.what),
        }
    }
}

/// What was looked at, and what is wrong.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) violations: Vec<Violation>,
    crates: usize,
    files: usize,
    imports: usize,
    unsafe_files: usize,
}

impl Report {
    /// One line of counts: a check that looked at nothing must show.
    pub(crate) fn summary(&self) -> String {
        let Self { crates, files, imports, unsafe_files, .. } = self;
        format!("{crates} crates, {files} files, {imports} imports within vela-core, {unsafe_files} files with unsafe")
    }

    pub(crate) fn print(&self) {
        self.violations.iter().for_each(|violation| println!("{violation}"));
        let verdict = if self.violations.is_empty() { "in order" } else { "NOT in order" };
        println!("layers: {verdict}: {}", self.summary());
    }
}

/// Checks it all.
///
/// # Errors
///
/// When a source cannot be read.
pub(crate) fn check(workspace: &Workspace) -> Result<Report> {
    let mut report = Report { crates: workspace.packages.len(), ..Report::default() };
    report.violations = crates::check(&workspace.packages);

    let core = modules::Graph::read(&workspace.root, "vela-core/src", "vela_core")?;
    report.imports = core.imports();
    report.violations.extend(core.check(table::MODULES));

    let sources = sources::read(&workspace.root)?;
    report.files = sources.len();
    let (unsafe_files, violations) = sources::check_unsafe(&sources, table::UNSAFE_FILES);
    report.unsafe_files = unsafe_files;
    report.violations.extend(violations);
    report.violations.extend(sources::check_names(&sources, table::EMPTY_NAMES));
    report.violations.sort();
    report.violations.dedup();
    Ok(report)
}
