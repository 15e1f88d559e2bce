//! `cargo xtask mutants`: are the tests sharp enough to notice a changed line?

use std::process::ExitCode;

use anyhow::bail;

use crate::args::Args;
use crate::process::{self, Ended};
use crate::{Command, Outcome};

pub(crate) const COMMAND: Command = Command {
    name: "mutants",
    options: "[args…]",
    about: "changes lines of vela-core and sees whether a test notices (cargo-mutants)",
    details: "\
Runs cargo-mutants, and installs it with `cargo install cargo-mutants --locked` if it is missing.
The arguments are passed on; without any it mutates all of vela-core, which takes hours:
`cargo xtask mutants --file vela-core/src/select/claim.rs` is a better start. Its report goes to
mutants.out under target/. Not part of ci.",
    counts: false,
    run,
};

fn run(args: Args) -> Outcome {
    let root = process::root()?;
    let mut version = process::cargo(&root);
    version.args(["mutants", "--version"]);
    if !process::works(version) {
        let mut install = process::cargo(&root);
        install.args(["install", "cargo-mutants", "--locked"]);
        if process::run(install, None)? != Ended::Well {
            bail!("cargo-mutants is missing and cannot be installed");
        }
    }
    let mut words = args.rest();
    if words.is_empty() {
        words = vec!["--package".to_owned(), "vela-core".to_owned()];
    }
    let target = crate::workspace::Workspace::load()?.target;
    let mut cargo = process::cargo(&root);
    cargo.args(["mutants", "--output"]).arg(target).args(words);
    Ok(match process::run(cargo, None)? {
        Ended::Well => ExitCode::SUCCESS,
        Ended::Badly | Ended::Late => ExitCode::FAILURE,
    })
}
