//! `cargo xtask test`: every test of the workspace, counted.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::args::Args;
use crate::process;
use crate::tally::{Counter, Tally};
use crate::workspace::Workspace;
use crate::{Command, Outcome};

pub(crate) const COMMAND: Command = Command {
    name: "test",
    options: "[--minutes N]",
    about: "all tests: unit, integration, docs, README, ui, examples; needs only Rust",
    details: "\
Builds and runs every test of the workspace with all features: unit and integration tests,
doctests (the README's code is one of them, through the crate `vela`), the ui cases
(vela-ui-tests), and the examples, which tests/examples runs and checks.

Ends with what was skipped and why, what failed, and alone on the last line
`N passed, N failed, N skipped`. Ignored tests count as skipped. The exit status is non-zero if
anything failed, or if a test program that should have run did not.

  --minutes N   kill what is still running after N minutes, and count it as failed [default: 30]",
    counts: true,
    run,
};

fn run(mut args: Args) -> Outcome {
    let minutes = args.number("--minutes")?.unwrap_or(30);
    args.finish()?;
    let tally = run_all(&Workspace::load()?, Instant::now() + Duration::from_secs(minutes * 60))?;
    Ok(conclude(&tally))
}

/// Runs all tests of the workspace and counts them.
///
/// # Errors
///
/// When cargo cannot be started.
pub(crate) fn run_all(workspace: &Workspace, until: Instant) -> Result<Tally> {
    let mut cargo = process::cargo(&workspace.root);
    // No `--tests`, `--lib` or the like: only the plain form builds the examples as programs, which tests/examples runs,
    // and runs the doctests as well.
    cargo.args(["test", "--workspace", "--all-features", "--no-fail-fast"]);
    let mut tally = counted(cargo, Some(until))?;
    let expected = workspace.test_programs();
    if tally.failed == 0 && tally.programs.len() < expected {
        let ran = tally.programs.join(", ");
        let what = format!("only {} of {expected} test programs ran: {ran}", tally.programs.len());
        tally.add(Tally::one_failure(what));
    }
    if tally.failed == 0 && tally.passed == 0 {
        tally.add(Tally::one_failure("not a single test ran"));
    }
    let facade = std::fs::read_to_string(workspace.root.join("src/lib.rs")).unwrap_or_default();
    let readme = std::fs::read_to_string(workspace.root.join("README.md")).unwrap_or_default();
    if let Some(missing) = readme_untested(&readme, &facade) {
        tally.add(Tally::one_failure(missing));
    }
    Ok(tally)
}

/// Runs a `cargo test …` and counts.
///
/// # Errors
///
/// When cargo cannot be started.
pub(crate) fn counted(cargo: std::process::Command, until: Option<Instant>) -> Result<Tally> {
    let mut counter = Counter::default();
    let ended = process::stream(cargo, until, |line| counter.line(line))?;
    Ok(counter.finish(ended))
}

/// Like [`counted`], for a filter on tests' names: it is a failure if no test matched.
///
/// # Errors
///
/// When cargo cannot be started.
pub(crate) fn counted_some(cargo: std::process::Command, until: Option<Instant>, what: &str) -> Result<Tally> {
    let mut tally = counted(cargo, until)?;
    if tally.passed == 0 && tally.failed == 0 {
        tally.add(Tally::one_failure(format!("{what}: not a single test ran")));
    }
    Ok(tally)
}

/// The exit status that belongs to `tally`, which it prints.
pub(crate) fn conclude(tally: &Tally) -> ExitCode {
    tally.report();
    ExitCode::from(u8::from(tally.failed > 0))
}

/// Says so if the README has Rust code that no doctest of the facade covers.
fn readme_untested(readme: &str, facade: &str) -> Option<String> {
    let has_code = readme.contains("```rust") || readme.contains("```no_run");
    let included = facade.lines().any(|line| !line.trim_start().starts_with("//") && line.contains("README.md"));
    (has_code && !included).then(|| {
        "the README's code is not tested: src/lib.rs needs `#[doc = include_str!(\"../README.md\")]`".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readme_code_must_reach_the_doctests() {
        let readme = "# Vela\n```rust\nfn main() {}\n```\n";
        assert!(readme_untested(readme, "//! See README.md.\n").is_some());
        assert!(readme_untested(readme, "#![doc = include_str!(\"../README.md\")]\n").is_none());
        assert!(readme_untested("# Vela\n", "").is_none());
    }
}
