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
    options: "[--quick] [args…]",
    about: "Vela and its peers side by side (the crate benches/, in release)",
    details: "\
Runs `cargo run --release -p vela-benches -- args…`: every argument is passed on as it is. What they
mean is told by `cargo xtask bench -- --help`. Compare ratios within one run only: absolute times on
a shared machine mean nothing.",
    counts: false,
    run,
};

/// The binary of the crate `vela-benches` that measures.
pub(crate) const BIN: &str = "vela-benches";

fn run(args: Args) -> Outcome {
    let workspace = Workspace::load()?;
    if !workspace.has_bin("vela-benches", BIN) {
        bail!("the crate vela-benches has no binary `{BIN}` to run");
    }
    Ok(match run_bin(&workspace, &args.rest(), None)? {
        Ended::Well => ExitCode::SUCCESS,
        Ended::Badly | Ended::Late => ExitCode::FAILURE,
    })
}

/// Runs the benches with `words`.
///
/// # Errors
///
/// When cargo cannot be started.
pub(crate) fn run_bin(workspace: &Workspace, words: &[String], until: Option<Instant>) -> Result<Ended> {
    let mut cargo = process::cargo(&workspace.root);
    cargo.args(["run", "--release", "--package", "vela-benches", "--bin", BIN, "--"]).args(words);
    process::run(cargo, until)
}
