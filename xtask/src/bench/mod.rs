//! `cargo xtask bench`: Vela and its peers, side by side in one process.

mod compile;
mod generated;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::args::Args;
use crate::process::{self, Ended};
use crate::workspace::Workspace;
use crate::{Command, Outcome};

pub(crate) const COMMAND: Command = Command {
    name: "bench",
    options: "[actors | pools | sim | compile] [--quick | --page] [args…]",
    about: "Vela and its peers side by side (the crate benches/, in release)",
    details: "\
Runs `cargo run --release -p vela-benches -- args…`: the arguments are passed on as they are. What
they mean is told by `cargo xtask bench -- --help`, and what the cells are by benches/README.md.
Compare ratios within one run only: absolute times on a shared machine mean nothing.

  --quick  a quick look at everything, under two minutes
  --page   the full run, which writes benches/results/: the page, its pictures, all the figures.
           Measures the compile time as well
  --smoke  each cell once, tiny: does it run at all?

  actors   actors beside ractor, kameo, actix, xtra and a bare task; its own options are told by
           `cargo xtask bench actors -- --help`
  compile  the time that `cargo check` takes for 1,000 two-arm `select!`, beside `tokio::select!`;
           `--rounds N`, 5 if not given
  sim      the deterministic simulator beside shuttle: schedules per second of the same small
           program, on one core; its own options are told by `cargo xtask bench sim -- --help`
  pools    a CPU pool beside raw Rayon and Tokio's `spawn_blocking`: what it costs to hand a job
           over and get its result; its own options are told by `cargo xtask bench pools -- --help`",
    counts: false,
    run,
};

/// All binaries that measure.
pub(crate) const BINS: [&str; 4] = [BIN, ACTORS, POOLS, SIM];

/// The binary of the crate `vela-benches` that measures.
const BIN: &str = "vela-benches";

/// The binary that measures the actors, the word that asks for it, and the feature with its peers, which take a while to build.
const ACTORS: &str = "actors";

/// The binary that measures the simulator, and the word that asks for it.
const SIM: &str = "sim";

/// The binary that measures pools, and the word that asks for it.
const POOLS: &str = "pools";

/// The word that asks for the compile time.
const COMPILE: &str = "compile";

fn run(args: Args) -> Outcome {
    let workspace = Workspace::load()?;
    let (what, mut words) = chosen(args);
    if what == COMPILE {
        let mut args = Args::new(words);
        let rounds = args.number("--rounds")?.unwrap_or(compile::ROUNDS);
        args.finish()?;
        compile::run(&workspace, rounds)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !workspace.has_bin("vela-benches", what) {
        bail!("the crate vela-benches has no binary `{what}` to run");
    }
    if let Some(at) = words.iter().position(|word| word == "--page") {
        let figures = compile::run(&workspace, compile::ROUNDS)?;
        let page = workspace.root.join("benches").join("results");
        let page = ["--page", &page.to_string_lossy(), "--compile", &figures.to_string_lossy()].map(str::to_owned);
        words.splice(at..=at, page);
    }
    let features: &[&str] = if what == ACTORS { &["--features", ACTORS] } else { &[] };
    Ok(match run_bin(&workspace, what, features, &words, None)? {
        Ended::Well => ExitCode::SUCCESS,
        Ended::Badly | Ended::Late => ExitCode::FAILURE,
    })
}

/// What is asked for, and what is passed on to it.
fn chosen(args: Args) -> (&'static str, Vec<String>) {
    let mut words = args.rest();
    let Some(what) =
        [ACTORS, POOLS, SIM, COMPILE].into_iter().find(|name| words.first().is_some_and(|word| word == name))
    else {
        return (BIN, words);
    };
    words.remove(0);
    (what, Args::new(words).rest())
}

/// Runs a binary of the benches, built with `features`, with `words`.
///
/// # Errors
///
/// When cargo cannot be started.
pub(crate) fn run_bin(
    workspace: &Workspace,
    bin: &str,
    features: &[&str],
    words: &[String],
    until: Option<Instant>,
) -> Result<Ended> {
    let mut cargo = process::cargo(&workspace.root);
    cargo.args(["run", "--release", "--package", "vela-benches", "--bin", bin]).args(features).arg("--").args(words);
    if words.iter().any(|word| word == "--smoke") {
        // Whether it runs at all: the build is what takes the time.
        cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1").env("CARGO_PROFILE_RELEASE_DEBUG", "0");
    }
    process::run(cargo, until)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> (&'static str, Vec<String>) {
        chosen(Args::new(line.split_whitespace().map(str::to_owned).collect()))
    }

    #[test]
    fn the_first_word_may_ask_for_something_else() {
        assert_eq!(of("--quick sim"), (BIN, vec!["--quick".to_owned(), "sim".to_owned()]));
        assert_eq!(of("sim -- --help"), (SIM, vec!["--help".to_owned()]));
        assert_eq!(of("sim --smoke pct"), (SIM, vec!["--smoke".to_owned(), "pct".to_owned()]));
        assert_eq!(of("actors --smoke"), (ACTORS, vec!["--smoke".to_owned()]));
        assert_eq!(of("compile --rounds 3"), (COMPILE, vec!["--rounds".to_owned(), "3".to_owned()]));
        assert_eq!(of(""), (BIN, vec![]));
    }
}
