//! `cargo xtask bench`: Vela and its peers, side by side in one process.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::args::Args;
use crate::process::{self, Ended};
use crate::workspace::Workspace;
use crate::{Command, Outcome};

pub(crate) const COMMAND: Command = Command {
    name: "bench",
    options: "[sim] [--quick] [args…]",
    about: "Vela and its peers side by side (the crate benches/, in release)",
    details: "\
Runs `cargo run --release -p vela-benches -- args…`: every argument is passed on as it is. What they
mean is told by `cargo xtask bench -- --help`. Compare ratios within one run only: absolute times on
a shared machine mean nothing.

  sim   the deterministic simulator beside shuttle: schedules per second of the same small program,
        on one core; its own options are told by `cargo xtask bench sim -- --help`",
    counts: false,
    run,
};

/// All binaries that measure.
pub(crate) const BINS: [&str; 2] = [BIN, SIM];

/// The binary of the crate `vela-benches` that measures.
const BIN: &str = "vela-benches";

/// The binary that measures the simulator, and the word that asks for it.
const SIM: &str = "sim";

fn run(args: Args) -> Outcome {
    let workspace = Workspace::load()?;
    let (bin, words) = chosen(args);
    if !workspace.has_bin("vela-benches", bin) {
        bail!("the crate vela-benches has no binary `{bin}` to run");
    }
    Ok(match run_bin(&workspace, bin, &words, None)? {
        Ended::Well => ExitCode::SUCCESS,
        Ended::Badly | Ended::Late => ExitCode::FAILURE,
    })
}

/// The binary, and what is passed on to it.
fn chosen(args: Args) -> (&'static str, Vec<String>) {
    let mut words = args.rest();
    if words.first().is_none_or(|word| word != SIM) {
        return (BIN, words);
    }
    words.remove(0);
    (SIM, Args::new(words).rest())
}

/// Runs a binary of the benches with `words`.
///
/// # Errors
///
/// When cargo cannot be started.
pub(crate) fn run_bin(workspace: &Workspace, bin: &str, words: &[String], until: Option<Instant>) -> Result<Ended> {
    let mut cargo = process::cargo(&workspace.root);
    cargo.args(["run", "--release", "--package", "vela-benches", "--bin", bin, "--"]).args(words);
    process::run(cargo, until)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> (&'static str, Vec<String>) {
        chosen(Args::new(line.split_whitespace().map(str::to_owned).collect()))
    }

    #[test]
    fn the_first_word_may_ask_for_the_simulator() {
        assert_eq!(of("--quick sim"), (BIN, vec!["--quick".to_owned(), "sim".to_owned()]));
        assert_eq!(of("sim -- --help"), (SIM, vec!["--help".to_owned()]));
        assert_eq!(of("sim --smoke pct"), (SIM, vec!["--smoke".to_owned(), "pct".to_owned()]));
        assert_eq!(of(""), (BIN, vec![]));
    }
}
