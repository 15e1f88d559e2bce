//! `cargo xtask stress`: the random mesh of tasks, channels, selects, cancellations and closings; and histories, checked.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::args::Args;
use crate::process::{self, Ended};
use crate::workspace::Workspace;
use crate::{Command, Outcome};

pub(crate) const COMMAND: Command = Command {
    name: "stress",
    options: "[mesh | history] [--ops N] [--seed S] [--seconds T]",
    about: "random mesh of tasks and channels; nothing may be lost, doubled or reordered",
    details: "\
Builds benches/src/bin/stress.rs in release and runs it. The seed is always given and printed, so
that a run that failed can be repeated with the same decisions (the schedule of the threads is the
machine's own). Half of the operations are those of a random mesh, which keeps books on each value;
half go into histories, of which it is checked that a queue could have made them.

  mesh, history the one or the other alone
  --ops N       operations [default: 100_000_000]
  --seed S      [default: a fresh one]
  --seconds T   stop after T seconds, however far it has come",
    counts: false,
    run,
};

const DEFAULT_OPS: u64 = 100_000_000;

fn run(mut args: Args) -> Outcome {
    let words = words(&mut args)?;
    args.finish()?;
    let workspace = Workspace::load()?;
    if !workspace.has_bin("vela-benches", "stress") {
        bail!("there is no benches/src/bin/stress.rs to run");
    }
    let mut cargo = process::cargo(&workspace.root);
    cargo.args(["run", "--release", "--package", "vela-benches", "--bin", "stress", "--"]).args(words);
    Ok(match process::run(cargo, None)? {
        Ended::Well => ExitCode::SUCCESS,
        Ended::Badly | Ended::Late => ExitCode::FAILURE,
    })
}

fn words(args: &mut Args) -> Result<Vec<String>> {
    let ops = args.number("--ops")?.unwrap_or(DEFAULT_OPS);
    let seed = args.number("--seed")?.unwrap_or_else(|| fastrand::u64(..));
    let mut words = vec!["--ops".to_owned(), ops.to_string(), "--seed".to_owned(), seed.to_string()];
    if let Some(seconds) = args.number("--seconds")? {
        words.extend(["--seconds".to_owned(), seconds.to_string()]);
    }
    match args.word() {
        Some(kind) if kind == "mesh" || kind == "history" => words.extend(["--kind".to_owned(), kind]),
        Some(kind) => bail!("`{kind}` is no kind of rounds; there are `mesh` and `history`"),
        None => {}
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Vec<String> {
        words(&mut Args::new(line.split_whitespace().map(str::to_owned).collect())).unwrap()
    }

    #[test]
    fn a_seed_is_always_given() {
        let words = of("");
        assert_eq!(words[..3], ["--ops", "100000000", "--seed"]);
        assert!(words[3].parse::<u64>().is_ok());
    }

    #[test]
    fn the_kind_of_rounds_may_be_chosen() {
        assert_eq!(of("history --ops 5 --seed 7"), ["--ops", "5", "--seed", "7", "--kind", "history"]);
        assert!(words(&mut Args::new(vec!["mash".to_owned()])).is_err());
    }

    #[test]
    fn arguments_are_passed_on() {
        assert_eq!(of("--seconds 5 --ops 1_000 --seed 7"), ["--ops", "1000", "--seed", "7", "--seconds", "5"]);
    }
}
