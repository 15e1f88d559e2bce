//! `cargo xtask fuzz`: random and mutated tokens for every macro, at full size.

use crate::args::Args;
use crate::workspace::Workspace;
use crate::{Command, Outcome, process, test};

pub(crate) const COMMAND: Command = Command {
    name: "fuzz",
    options: "[--cases N]",
    about: "random and mutated token streams for every macro, at full size",
    details: "\
Runs the tests of vela-macros with random inputs, in release: no input may make a macro panic, and
each must end in valid code or in an error with a span. `cargo xtask test` runs the same tests with
100,000 inputs.

  --cases N   inputs to each macro, given to the tests in VELA_FUZZ_CASES [default: 1_000_000]

Ends with `N passed, N failed, N skipped`.",
    counts: true,
    run,
};

fn run(mut args: Args) -> Outcome {
    let cases = args.number("--cases")?.unwrap_or(1_000_000);
    args.finish()?;
    let workspace = Workspace::load()?;
    let mut cargo = process::cargo(&workspace.root);
    cargo
        .env("VELA_FUZZ_CASES", cases.to_string())
        .args(["test", "--package", "vela-macros", "--release", "--lib", "--tests", "--no-fail-fast"])
        .args(["random", "--", "--nocapture"]);
    Ok(test::conclude(&test::counted_some(cargo, None, "random")?))
}
