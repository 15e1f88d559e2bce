//! The results page: Markdown, two pictures, and the figures as JSON.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::{Report, svg, table};

/// What is worth naming of the lock file.
const LIBRARIES: [&str; 9] =
    ["tokio", "async-channel", "flume", "loole", "kanal", "crossfire", "tachyonix", "crossbeam-channel", "parking_lot"];

/// Writes the page and what belongs to it into a directory.
///
/// # Errors
///
/// When a file cannot be written.
pub(crate) fn write(report: &Report, dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let files = [
        ("README.md", markdown(report)),
        ("results.json", report.json()),
        ("ratios.svg", svg::ratios(report)),
        ("curves.svg", svg::curves(report)),
    ];
    for (name, text) in files {
        std::fs::write(dir.join(name), text).with_context(|| name.to_owned())?;
    }
    Ok(())
}

fn markdown(report: &Report) -> String {
    let mut text = format!(
        "# Vela beside its peers\n\n\
         Written by `cargo xtask bench --page`; do not edit. One run, {rounds} rounds (curves: fewer) after one that warms \
         up; contenders in turn, A B C A B C …; workers pinned to two cores. Ratios mean something, times on their own do \
         not. A ratio above 1: Vela is ahead. How to read it: [benches/README.md](../README.md).\n\n\
         {versions}; {go}.\n\n\
         ## Goals\n\n{goals}\n\
         ## Ratios\n\n![Vela to the best peer, cell by cell](ratios.svg)\n\n\
         ## The machine\n{floors}\n\
         ## Cells\n{cells}\n",
        rounds = report.scale.rounds(),
        versions = versions(),
        go = report.go,
        goals = report.goals(),
        floors = report.floors(),
        cells = table::cells(report),
    );
    if !report.curves().is_empty() {
        let _ = write!(
            text,
            "## Scaling\n\nNanoseconds per message.\n\n![Cost over parked tasks, channels, producers and arms](curves.svg)\n{}\n",
            table::curves(report)
        );
    }
    if let Some(compile) = &report.compile {
        let _ = write!(text, "## Compile time\n\n{}", compile.markdown);
    }
    text
}

/// The versions that the lock file names.
fn versions() -> String {
    let lock = include_str!("../../../Cargo.lock");
    let version = |name: &str| {
        let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        rest.split('"').next()
    };
    let named = LIBRARIES.iter().filter_map(|name| Some(format!("{name} {}", version(name)?)));
    named.collect::<Vec<_>>().join(", ")
}
