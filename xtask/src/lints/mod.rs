//! `cargo xtask lints`: the rules for programs on Vela, at work on a sample that breaks each of them, and on Vela itself.

mod compare;
mod expected;
mod found;
mod rules;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::args::Args;
use crate::process::{self, Ended};
use crate::workspace::Workspace;
use crate::{Command, Outcome};
use compare::Row;

pub(crate) const COMMAND: Command = Command {
    name: "lints",
    options: "",
    about: "the clippy rules for programs on Vela find what they should in a sample",
    details: "\
Runs clippy on lints/sample, a crate of its own that breaks the rules of lints/clippy.toml and
lints/lints.toml, and compares what it finds with the comments in the sample:

  //~ lint: words of its message   clippy finds this, and nothing else, on this line
  //? lint: words of its message   the same, once the optional rules are switched on

So it runs twice; a third time on Vela's own libraries and examples, which keep the essential rules
outside of the places where Vela meets Tokio, threads and the clock. What is missing, what is
there besides, and a rule for a path that tokio, std or vela does not have, is a failure: a table
says which. The crates are those of the workspace's Cargo.lock; nothing is downloaded. The exit
status is non-zero on any failure.",
    counts: false,
    run,
};

/// Where Vela itself does what its users must not, and why.
const EXEMPT: &[(&str, &str)] = &[
    ("vela-core/src/rt/", "the seam to Tokio, to threads and to the clock"),
    ("vela-core/src/lock.rs", "gives way to the holder of a lock under which nothing waits"),
    ("vela-sim/src/", "measures how long a simulation takes, from outside"),
    ("benches/", "compares with what is forbidden"),
];

/// From the root.
const DIR: &str = "lints";

fn run(args: Args) -> Outcome {
    args.finish()?;
    let report = check(&Workspace::load()?, None)?;
    report.print();
    Ok(ExitCode::from(u8::from(!report.is_good())))
}

/// How both runs went.
#[derive(Debug)]
pub(crate) struct Report {
    essential: Vec<Row>,
    optional: Vec<Row>,
    /// What is found in Vela itself; none is right.
    own: Vec<Row>,
}

impl Report {
    pub(crate) fn print(&self) {
        println!("\nessential rules\n{}", compare::table(&self.essential));
        println!("with the optional ones\n{}", compare::table(&self.optional));
        println!("Vela itself\n{}", compare::table(&self.own));
        println!("lints: {}", self.summary());
    }

    pub(crate) fn is_good(&self) -> bool {
        self.rows().all(Row::is_good)
    }

    pub(crate) fn summary(&self) -> String {
        let bad = self.rows().filter(|row| !row.is_good()).count();
        let right = format!("{} and {} as expected", good(&self.essential), good(&self.optional));
        if bad == 0 { right } else { format!("{right}, {bad} not") }
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.essential.iter().chain(&self.optional).chain(&self.own)
    }
}

fn good(rows: &[Row]) -> usize {
    rows.iter().filter(|row| row.is_good()).count()
}

/// Runs clippy with the essential rules, and with all.
///
/// # Errors
///
/// When the sample cannot be read, or has another table of lints than users are told to have, or clippy does not run.
pub(crate) fn check(workspace: &Workspace, until: Option<Instant>) -> Result<Report> {
    let dir = workspace.root.join(DIR);
    let text = |path: &str| fs::read_to_string(dir.join(path)).with_context(|| format!("cannot read {DIR}/{path}"));
    ensure!(
        text("sample/Cargo.toml")?.ends_with(&text("lints.toml")?),
        "{DIR}/sample/Cargo.toml does not end with {DIR}/lints.toml, word for word"
    );
    let rules = text("clippy.toml")?;
    let expected = expected::read(&dir.join("sample"))?;
    // The crates that the workspace is built with; cargo leaves those out that are not needed.
    fs::copy(workspace.root.join("Cargo.lock"), dir.join("sample/Cargo.lock"))?;
    let of = |optional: bool| -> Result<Vec<Row>> {
        let rules = if optional { rules::with_optional(&rules) } else { rules.clone() };
        let conf = workspace.target.join(DIR).join(if optional { "optional" } else { "essential" });
        fs::create_dir_all(&conf)?;
        fs::write(conf.join("clippy.toml"), rules::checked(&rules, &["std", "tokio", "vela"]))?;
        let found = clippy(workspace, &dir.join("sample"), &conf, &["--all-targets"], until)?;
        let expected = expected.iter().filter(|expected| optional || !expected.optional);
        Ok(compare::compare(expected, found))
    };
    let (essential, optional) = (of(false)?, of(true)?);
    Ok(Report { essential, optional, own: compare::compare([], own(workspace, &dir, until)?) })
}

/// What is found in Vela where nothing should be. Only what the file of rules forbids: the tables of lints are the users'.
fn own(workspace: &Workspace, conf: &Path, until: Option<Instant>) -> Result<Vec<found::Found>> {
    let more = ["--workspace", "--lib", "--examples", "--all-features"];
    let found = clippy(workspace, &workspace.root, conf, &more, until)?;
    let is_of =
        |found: &found::Found| found.lint.starts_with("disallowed_") || found.lint.starts_with("await_holding_");
    for (place, _) in EXEMPT {
        ensure!(found.iter().any(|found| found.file.starts_with(place)), "{place} needs no exemption any more");
    }
    let exempt = |found: &found::Found| EXEMPT.iter().any(|(place, _)| found.file.starts_with(place));
    Ok(found.into_iter().filter(|found| is_of(found) && !exempt(found)).collect())
}

fn clippy(
    workspace: &Workspace,
    dir: &Path,
    conf: &Path,
    targets: &[&str],
    until: Option<Instant>,
) -> Result<Vec<found::Found>> {
    let mut cargo = process::cargo(dir);
    cargo.env("CLIPPY_CONF_DIR", conf).env_remove("CARGO_TERM_COLOR");
    cargo
        .args(["clippy", "--offline", "--message-format", "json", "--target-dir"])
        .arg(&workspace.target)
        .args(targets);
    let (mut found, mut rest) = (Vec::new(), String::new());
    let mut read = Ok(());
    let ended = process::read(cargo, until, |line| {
        if !line.starts_with('{') {
            rest += &format!("{line}\n");
        } else if read.is_ok() {
            read = found::read(line).map(|more| found.extend(more));
        }
    })?;
    read?;
    match ended {
        Ended::Late => bail!("the time was up"),
        // The sample is wrong on purpose; but then something was found.
        Ended::Badly if found.is_empty() => bail!("clippy did not run:\n{rest}"),
        Ended::Badly | Ended::Well => {}
    }
    // The program and its tests are looked at each.
    found.sort();
    found.dedup();
    Ok(found)
}
