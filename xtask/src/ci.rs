//! `cargo xtask ci`: all that a change must pass.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::args::Args;
use crate::process::{self, Ended};
use crate::tally::Tally;
use crate::workspace::Workspace;
use crate::{Command, Outcome, bench, features, layers, lints, test};

pub(crate) const COMMAND: Command = Command {
    name: "ci",
    options: "[--minutes N] [step…]",
    about: "all that a change must pass; what .ci/run runs",
    details: "\
The steps, all of them run even if one fails; name some to run only those:

  fmt        cargo fmt --all --check
  layers     who may know whom, unsafe files, module names (cargo xtask layers)
  clippy     the whole workspace, all targets, all features, warnings are errors
  lints      the rules for users find what they should in a sample (cargo xtask lints)
  features   each published crate alone: no features, each one, the default, all
  doc        rustdoc with and without private items, warnings are errors
  test       every test (cargo xtask test)
  examples   all examples build (tests/examples runs them and checks their output)
  benches    every cell of the benches once, in release

Then a table of the steps with their times, what was skipped and why, what failed, and alone on the
last line `N passed, N failed, N skipped`: tests, where a step that failed counts as one more
failure and a step that was skipped as one more skip. The exit status is non-zero on any failure.

  --minutes N   the time for all of it; what runs then is killed and has failed [default: 30]",
    counts: true,
    run,
};

/// How a step went, with a word for the table.
enum Verdict {
    Passed(String),
    Failed(String),
    Skipped(String),
    /// The tests' own counts.
    Tested(Tally),
}

type Step = fn(&Workspace, Instant) -> Result<Verdict>;

/// The cheap ones first: who waits learns soonest.
const STEPS: &[(&str, Step)] = &[
    ("fmt", fmt),
    ("layers", layering),
    ("clippy", clippy),
    ("lints", user_lints),
    ("features", feature_combinations),
    ("doc", doc),
    ("test", test),
    ("examples", examples),
    ("benches", benches),
];

struct Row {
    name: &'static str,
    result: &'static str,
    note: String,
    time: Duration,
}

fn run(mut args: Args) -> Outcome {
    let minutes = args.number("--minutes")?.unwrap_or(30);
    let mut chosen = Vec::new();
    while let Some(name) = args.word() {
        if !STEPS.iter().any(|(step, _)| *step == name) {
            bail!("there is no step `{name}`; see --help");
        }
        chosen.push(name);
    }
    args.finish()?;

    let workspace = Workspace::load()?;
    let until = Instant::now() + Duration::from_secs(minutes * 60);
    let mut tally = Tally::default();
    let mut rows = Vec::new();
    for (name, step) in STEPS {
        if !chosen.is_empty() && !chosen.iter().any(|chosen| chosen == name) {
            continue;
        }
        println!("\n==> {name}");
        let start = Instant::now();
        let verdict = step(&workspace, until).unwrap_or_else(|error| Verdict::Failed(format!("{error:#}")));
        let (result, note) = book(name, verdict, &mut tally);
        rows.push(Row { name, result, note, time: start.elapsed() });
    }
    print!("\n{}", table(&rows));
    Ok(test::conclude(&tally))
}

/// Adds a step's verdict to the counts; returns what the table says of it.
fn book(name: &str, verdict: Verdict, tally: &mut Tally) -> (&'static str, String) {
    match verdict {
        Verdict::Passed(note) => ("ok", note),
        Verdict::Failed(note) => {
            tally.add(Tally::one_failure(format!("step {name}: {note}")));
            ("FAILED", note)
        }
        Verdict::Skipped(note) => {
            tally.add(Tally::one_skip(format!("step {name}: {note}")));
            ("skipped", note)
        }
        Verdict::Tested(counts) => {
            let note = counts.to_string();
            let result = if counts.failed == 0 { "ok" } else { "FAILED" };
            tally.add(counts);
            (result, note)
        }
    }
}

fn table(rows: &[Row]) -> String {
    let mut text = format!("{:<10}{:<9}{:>8}\n", "step", "result", "time");
    let mut line = |name: &str, result: &str, time: Duration, note: &str| {
        let line = format!("{name:<10}{result:<9}{:>6.1} s  {note}", time.as_secs_f64());
        text += line.trim_end();
        text.push('\n');
    };
    for row in rows {
        line(row.name, row.result, row.time, &row.note);
    }
    line("all", "", rows.iter().map(|row| row.time).sum(), "");
    text
}

/// Runs one cargo command as a step.
fn step(cargo: std::process::Command, until: Instant, failure: &str) -> Result<Verdict> {
    Ok(match process::run(cargo, Some(until))? {
        Ended::Well => Verdict::Passed(String::new()),
        Ended::Badly => Verdict::Failed(failure.to_owned()),
        Ended::Late => Verdict::Failed("the time was up".to_owned()),
    })
}

fn fmt(workspace: &Workspace, until: Instant) -> Result<Verdict> {
    let mut cargo = process::cargo(&workspace.root);
    cargo.args(["fmt", "--all", "--check"]);
    step(cargo, until, "`cargo fmt --all` mends it")
}

fn layering(workspace: &Workspace, _: Instant) -> Result<Verdict> {
    let report = layers::check(workspace)?;
    report.print();
    Ok(match report.violations.len() {
        0 => Verdict::Passed(report.summary()),
        n => Verdict::Failed(format!("{n} violation{}", if n == 1 { "" } else { "s" })),
    })
}

fn clippy(workspace: &Workspace, until: Instant) -> Result<Verdict> {
    let mut cargo = process::cargo(&workspace.root);
    cargo.args(["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]);
    step(cargo, until, "clippy has something to say")
}

fn user_lints(workspace: &Workspace, until: Instant) -> Result<Verdict> {
    let report = lints::check(workspace, Some(until))?;
    report.print();
    Ok(if report.is_good() { Verdict::Passed(report.summary()) } else { Verdict::Failed(report.summary()) })
}

fn feature_combinations(workspace: &Workspace, until: Instant) -> Result<Verdict> {
    let (count, failed) = features::check(workspace, until)?;
    if failed.is_empty() {
        return Ok(Verdict::Passed(format!("{count} combinations")));
    }
    Ok(Verdict::Failed(failed.join("; ")))
}

fn doc(workspace: &Workspace, until: Instant) -> Result<Verdict> {
    // Private items first: both write to target/doc, and the public pages are to stay there.
    for private in [true, false] {
        let mut cargo = process::cargo(&workspace.root);
        cargo.env_remove("CARGO_ENCODED_RUSTDOCFLAGS").env("RUSTDOCFLAGS", "-D warnings");
        cargo.args(["doc", "--workspace", "--all-features", "--no-deps"]);
        if private {
            cargo.arg("--document-private-items");
        }
        let which = if private { "with private items" } else { "without private items" };
        match step(cargo, until, &format!("rustdoc has something to say {which}"))? {
            Verdict::Passed(_) => {}
            bad => return Ok(bad),
        }
    }
    Ok(Verdict::Passed(String::new()))
}

fn test(workspace: &Workspace, until: Instant) -> Result<Verdict> {
    Ok(Verdict::Tested(test::run_all(workspace, until)?))
}

fn examples(workspace: &Workspace, until: Instant) -> Result<Verdict> {
    let mut cargo = process::cargo(&workspace.root);
    cargo.args(["build", "--workspace", "--examples", "--all-features"]);
    step(cargo, until, "an example does not build")
}

fn benches(workspace: &Workspace, until: Instant) -> Result<Verdict> {
    for bin in bench::BINS {
        if !workspace.has_bin("vela-benches", bin) {
            return Ok(Verdict::Skipped(format!("the crate vela-benches has no binary `{bin}`")));
        }
        // The same features for each: what they stand on is built once.
        match bench::run_bin(workspace, bin, &["--all-features"], &["--smoke".to_owned()], Some(until))? {
            Ended::Well => {}
            Ended::Badly => return Ok(Verdict::Failed(format!("a cell of `{bin}` fails"))),
            Ended::Late => return Ok(Verdict::Failed("the time was up".to_owned())),
        }
    }
    Ok(Verdict::Passed("smoke".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_step_in_order() {
        let mut rest = COMMAND.details;
        for (name, _) in STEPS {
            let at = rest.find(&format!("\n  {name:<9}")).unwrap_or_else(|| panic!("{name} is not in the help"));
            rest = &rest[at + 1..];
        }
    }

    #[test]
    fn failed_steps_show_in_the_last_line() {
        let mut tally = Tally::default();
        book("test", Verdict::Tested(Tally { passed: 7, skipped: 1, ..Tally::default() }), &mut tally);
        book("clippy", Verdict::Failed("dirty".to_owned()), &mut tally);
        book("benches", Verdict::Skipped("not there".to_owned()), &mut tally);
        book("fmt", Verdict::Passed(String::new()), &mut tally);
        assert_eq!(tally.to_string(), "7 passed, 1 failed, 2 skipped");
        assert_eq!(tally.failures, ["step clippy: dirty"]);
    }

    #[test]
    fn table_has_a_line_per_step_and_a_sum() {
        let row = |name, result, tenths: u64| Row {
            name,
            result,
            note: String::new(),
            time: Duration::from_millis(tenths * 100),
        };
        let text = table(&[row("fmt", "ok", 5), row("clippy", "FAILED", 120)]);
        assert_eq!(
            text,
            "step      result       time\n\
             fmt       ok          0.5 s\n\
             clippy    FAILED     12.0 s\n\
             all                  12.5 s\n"
        );
    }
}
