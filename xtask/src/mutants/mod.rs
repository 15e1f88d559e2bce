//! `cargo xtask mutants`: are the tests sharp enough to notice a changed line?
//!
//! cargo-mutants builds and tests each mutant by itself. Here its list of mutants is built once, all of them in one
//! program, where a variable of the environment says which is on: minutes for what takes cargo-mutants hours. The few
//! that cannot be switched (in `const` functions, say) are built one by one.

mod list;
mod stage;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, bail, ensure};

use self::list::{Mutant, listed};
use self::stage::{baseline, fate};
use self::tree::Tree;
use crate::args::Args;
use crate::process::{self, Ended};
use crate::workspace::Workspace;
use crate::{Command, Outcome};

pub(crate) const COMMAND: Command = Command {
    name: "mutants",
    options: "[--missed] [--jobs N] | [args…]",
    about: "changes lines of the engine and sees whether a test notices (cargo-mutants)",
    details: "\
Changes one thing at a time in the engine (vela-core's chan, select and waitlist), by cargo-mutants'
list, and runs the tests of vela-core, then those of channels and selects, until one fails. All
mutants are built at once, and switched on one by one; takes about half an hour on two processors.
Fails if fewer than 90 % of the mutants that compile are caught. What was missed, and each fate, is
in missed.txt and fates.txt under target/mutants/; xtask/mutants.md explains what remains.

  --missed   only those that the last run missed
  --jobs N   how many are tested at a time [default: the number of processors]

Other arguments are passed on to cargo-mutants itself, whose report goes to mutants.out under
target/: `cargo xtask mutants --file vela-core/src/time/ticker.rs`. Installs cargo-mutants with
`cargo install cargo-mutants --locked` if it is missing. Not part of ci. Wants a quiet machine: a
test that fails for want of time counts as one that has caught the mutant.",
    counts: false,
    run,
};

/// What is mutated, and what not: as cargo-mutants wants it.
const ENGINE: &[&str] =
    &["--package=vela-core", "--file=vela-core/src/{chan,select,waitlist}/*.rs", "--exclude=**/loom_tests.rs"];
/// Percent of the viable mutants that must be caught.
const WANTED: f64 = 90.0;
/// The variable that says which mutant is on.
const SWITCH: &str = "VELA_MUTANT";

fn run(mut args: Args) -> Outcome {
    let workspace = Workspace::load()?;
    let root = &workspace.root;
    let mut version = process::cargo(root);
    version.args(["mutants", "--version"]);
    if !process::works(version) {
        let mut install = process::cargo(root);
        install.args(["install", "cargo-mutants", "--locked"]);
        if process::run(install, None)? != Ended::Well {
            bail!("cargo-mutants is missing and cannot be installed");
        }
    }
    let missed = args.flag("--missed");
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.number("--jobs")?.map_or(Ok(processors), usize::try_from)?.max(1);
    let words = args.rest();
    if words.is_empty() {
        return engine(&workspace, missed, jobs);
    }
    let mut cargo = process::cargo(root);
    cargo.args(["mutants", "--output"]).arg(&workspace.target).args(words);
    Ok(match process::run(cargo, None)? {
        Ended::Well => ExitCode::SUCCESS,
        Ended::Badly | Ended::Late => ExitCode::FAILURE,
    })
}

fn engine(workspace: &Workspace, only_missed: bool, jobs: usize) -> Outcome {
    let dir = workspace.target.join("mutants");
    let mut mutants = listed(&workspace.root)?;
    if only_missed {
        let text = fs::read_to_string(dir.join("missed.txt")).context("there is no list of an earlier run")?;
        let missed: BTreeSet<_> = text.lines().collect();
        mutants.retain(|mutant| missed.contains(mutant.name.as_str()));
    }
    ensure!(!mutants.is_empty(), "there is nothing to mutate");
    let tree = Tree::copy(&workspace.root, &dir)?;
    println!("{} mutants; building those that can be built together…", mutants.len());
    let apart: BTreeSet<usize> = (0..mutants.len()).filter(|&index| !tree.can_switch(&mutants[index])).collect();
    let together = tree.viable(&mutants, &apart)?;
    let stages = tree.stages()?;
    let limits = baseline(&stages)?;
    println!("{} of them compile, {} are built apart", together.len(), apart.len());

    let fates = Mutex::new(BTreeMap::new());
    let note = |index: usize, fate: Option<String>| {
        println!("{}: {}", fate.as_deref().unwrap_or("MISSED"), mutants[index].name);
        fates.lock().expect("no panic").insert(index, fate);
    };
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(&index) = together.get(next.fetch_add(1, Ordering::Relaxed)) {
                    note(index, fate(&stages, &limits, index + 1));
                }
            });
        }
    });
    tree.restore(&mutants, &[])?;
    for index in apart {
        fs::write(tree.path.join(&mutants[index].file), mutants[index].applied(tree.text(&mutants[index])?)?)?;
        if let Ok(stages) = tree.stages() {
            note(index, fate(&stages, &limits, 0));
        }
        fs::write(tree.path.join(&mutants[index].file), tree.text(&mutants[index])?)?;
    }
    conclude(&dir, &mutants, &fates.into_inner().expect("no panic"))
}

/// Writes the lists, and prints a line for each directory and one for all.
fn conclude(dir: &Path, mutants: &[Mutant], fates: &BTreeMap<usize, Option<String>>) -> Outcome {
    let (mut missed, mut all) = (String::new(), String::new());
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (&index, fate) in fates {
        let Mutant { name, file, .. } = &mutants[index];
        let (caught, viable) = counts.entry(file.rsplit_once('/').map_or("", |(dir, _)| dir)).or_default();
        *caught += usize::from(fate.is_some());
        *viable += 1;
        all += &format!("{name}\t{}\n", fate.as_deref().unwrap_or("MISSED"));
        if fate.is_none() {
            missed += &format!("{name}\n");
        }
    }
    fs::write(dir.join("missed.txt"), &missed)?;
    fs::write(dir.join("fates.txt"), all)?;
    println!("\nMISSED:\n{missed}");
    let percent = |(caught, viable): (usize, usize)| 100.0 * caught as f64 / viable.max(1) as f64;
    for (dir, &count) in &counts {
        println!("{dir}: {} of {} caught ({:.1} %)", count.0, count.1, percent(count));
    }
    let total = counts.values().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    println!("{} of {} viable mutants caught ({:.1} %)", total.0, total.1, percent(total));
    Ok(if percent(total) < WANTED { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
