//! `cargo xtask trees`: random trees of actors, in many more schedules than the tests take.

use std::path::Path;

use crate::args::Args;
use crate::workspace::Workspace;
use crate::{Command, Outcome, process, test};

pub(crate) const COMMAND: Command = Command {
    name: "trees",
    options: "[--schedules N] [--same]",
    about: "random trees of actors under random faults; nobody may be lost or doubled",
    details: "\
Runs tests/actor/trees, in release, with debug assertions: each schedule of the simulator has a tree
and troubles of its own, and each of the tests has faults of its own. The schedules are others each
time; one that fails is shrunk, and its report says how to see it again. `cargo xtask test` runs the
same tests with some hundred schedules.

  --schedules N   of each test [default: 100_000]
  --same          those that `cargo xtask test` begins with, and so the same ones each time

Ends with `N passed, N failed, N skipped`.",
    counts: true,
    run,
};

const DEFAULT_SCHEDULES: u64 = 100_000;

fn run(mut args: Args) -> Outcome {
    let schedules = args.number("--schedules")?.unwrap_or(DEFAULT_SCHEDULES);
    let same = args.flag("--same");
    args.finish()?;
    let cargo = command(&Workspace::load()?.root, schedules, same);
    Ok(test::conclude(&test::counted_some(cargo, None, "trees")?))
}

fn command(root: &Path, schedules: u64, same: bool) -> std::process::Command {
    let mut cargo = process::cargo(root);
    cargo.env("VELA_SCHEDULES", schedules.to_string()).env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true");
    if !same {
        cargo.env("VELA_SEED", "random");
    }
    cargo.args(["test", "--package", "vela", "--features", "actor", "--release", "--test", "actor", "trees::"]);
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_others_each_time_unless_the_same_are_asked_for() {
        let shown = process::describe(&command(Path::new("."), 5, false));
        assert!(shown.contains("VELA_SCHEDULES=5") && shown.contains("VELA_SEED=random"), "{shown}");
        assert!(shown.ends_with("--release --test actor trees::"), "{shown}");
        assert!(!process::describe(&command(Path::new("."), 5, true)).contains("VELA_SEED"));
    }
}
