//! `cargo xtask loom`: every interleaving of the claim word, the waiter list and the words of the run queue.

use std::path::Path;

use crate::args::Args;
use crate::workspace::Workspace;
use crate::{Command, Outcome, process, test};

pub(crate) const COMMAND: Command = Command {
    name: "loom",
    options: "[--preemptions N]",
    about: "model-checks the claim word, the waiter list and the run queue with loom",
    details: "\
Runs `RUSTFLAGS='--cfg vela_loom' cargo test -p vela-core --release --lib loom` in a target
directory of its own (target/loom), with debug assertions. The cfg is `vela_loom` and not `loom`,
because Tokio reacts to that one.

  --preemptions N   how often loom may take the processor from a thread within one run
                    [default: $LOOM_MAX_PREEMPTIONS, or 3]; the cost grows steeply with N,
                    and the largest model stays at 2

Ends with `N passed, N failed, N skipped`.",
    counts: true,
    run,
};

fn run(mut args: Args) -> Outcome {
    let asked = args.number("--preemptions")?.map(|n| n.to_string());
    args.finish()?;
    let preemptions = asked.or_else(|| std::env::var("LOOM_MAX_PREEMPTIONS").ok()).unwrap_or_else(|| "3".to_owned());
    let workspace = Workspace::load()?;
    let cargo = command(&workspace.root, &workspace.target, &preemptions);
    Ok(test::conclude(&test::counted_some(cargo, None, "loom")?))
}

fn command(root: &Path, target: &Path, preemptions: &str) -> std::process::Command {
    let mut cargo = process::cargo(root);
    cargo
        .env_remove("CARGO_ENCODED_RUSTFLAGS") // it would win over RUSTFLAGS
        .env("RUSTFLAGS", "--cfg vela_loom")
        .env("LOOM_MAX_PREEMPTIONS", preemptions)
        .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")
        .env("CARGO_TARGET_DIR", target.join("loom"))
        .args(["test", "--package", "vela-core", "--release", "--lib", "--no-fail-fast", "loom"]);
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loom_builds_apart_and_under_its_own_cfg() {
        let shown = process::describe(&command(Path::new("."), Path::new("target"), "2"));
        assert!(shown.contains("CARGO_TARGET_DIR=target/loom"), "{shown}");
        assert!(shown.contains("RUSTFLAGS='--cfg vela_loom'") && shown.contains("LOOM_MAX_PREEMPTIONS=2"), "{shown}");
        assert!(shown.ends_with("cargo test --package vela-core --release --lib --no-fail-fast loom"), "{shown}");
    }
}
