//! `cargo xtask bench compile`: what 1,000 selects cost at compile time, beside Tokio's.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::generated::{self, CRATES, Generated};
use crate::process;
use crate::workspace::Workspace;

/// How often each crate is checked, if nobody says.
pub(super) const ROUNDS: u64 = 5;

/// What one `cargo check` took.
#[derive(Debug, Clone, Copy)]
struct Took {
    wall: f64,
    /// Seconds of the processor, user and system; `None` where the system does not tell.
    processor: Option<f64>,
}

/// Checks both crates in turn, shows a table, and writes the figures to a file, whose name is the result.
pub(super) fn run(workspace: &Workspace, rounds: u64) -> Result<PathBuf> {
    let dir = workspace.target.join("bench-compile");
    fs::create_dir_all(&dir)?;
    generated::workspace(&workspace.root, &dir)?;
    // Builds what they stand on, and warms the disk's cache.
    for one in &CRATES {
        check(&dir, one)?;
    }
    let mut all: Vec<Vec<Took>> = vec![Vec::new(); CRATES.len()];
    for _ in 0..rounds.max(1) {
        for (one, series) in CRATES.iter().zip(&mut all) {
            series.push(check(&dir, one)?);
        }
    }
    let (ratio, markdown) = table(&all);
    print!("{markdown}");
    let series =
        |of: fn(&Took) -> Option<f64>, index: usize| -> Vec<Option<f64>> { all[index].iter().map(of).collect() };
    let figures = json!({
        "ratio": ratio,
        "markdown": markdown,
        "crates": CRATES.iter().enumerate().map(|(index, one)| json!({
            "name": one.name,
            "wall_s": series(|took| Some(took.wall), index),
            "processor_s": series(|took| took.processor, index),
        })).collect::<Vec<_>>(),
    });
    let file = dir.join("figures.json");
    fs::write(&file, format!("{figures:#}\n"))?;
    Ok(file)
}

fn check(dir: &Path, one: &Generated) -> Result<Took> {
    one.write(dir)?;
    let mut cargo = process::cargo(dir);
    cargo.args(["check", "--quiet", "--package", one.name]);
    // What was compiled before must not help.
    cargo.env("CARGO_INCREMENTAL", "0").env("CARGO_TARGET_DIR", dir.join("target"));
    let (before, start) = (children(), Instant::now());
    process::output(cargo)?;
    let wall = start.elapsed().as_secs_f64();
    let processor = before.zip(children()).map(|(before, after)| (after - before).as_secs_f64());
    Ok(Took { wall, processor })
}

/// The processor's time of all programs that this one has started and that have ended.
fn children() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // After the name, which may hold anything: state is field 3; cutime and cstime are fields 16 and 17, in 1/100 s.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Duration::from_millis(10 * (ticks(16)? + ticks(17)?)))
}

/// Vela's processor time to Tokio's (wall time where there is none), and everything as Markdown.
fn table(all: &[Vec<Took>]) -> (f64, String) {
    let mut text = String::from(
        "`cargo check` of a crate with 1,000 selects of two arms, nothing else new, in turn.\n\n\
         | crate | processor: median (min..max) | wall: median (min..max) |\n|---|---:|---:|\n",
    );
    let mut processors = Vec::new();
    let mut walls = Vec::new();
    for (one, series) in CRATES.iter().zip(all) {
        let processor = sorted(series.iter().filter_map(|took| took.processor));
        let wall = sorted(series.iter().map(|took| took.wall));
        text += &format!("| {} | {} | {} |\n", one.name, figures(&processor), figures(&wall));
        processors.push(median(&processor));
        walls.push(median(&wall));
    }
    let ratio = |medians: &[Option<f64>]| Some(medians.first().copied()?? / medians.get(1).copied()??);
    let (processor, wall) = (ratio(&processors), ratio(&walls));
    let shown = |ratio: Option<f64>| ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"));
    text += &format!("| **ratio**, below 1: Vela is quicker | {} | {} |\n", shown(processor), shown(wall));
    (processor.or(wall).unwrap_or(f64::NAN), text)
}

fn sorted(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures
}

fn median(sorted: &[f64]) -> Option<f64> {
    sorted.get(sorted.len() / 2).copied()
}

fn figures(sorted: &[f64]) -> String {
    match (median(sorted), sorted.first(), sorted.last()) {
        (Some(median), Some(min), Some(max)) => format!("{median:.2} s ({min:.2}..{max:.2})"),
        _ => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn took(wall: f64, processor: impl Into<Option<f64>>) -> Took {
        Took { wall, processor: processor.into() }
    }

    #[test]
    fn the_ratio_is_by_processor_time_where_there_is_one() {
        let all = [vec![took(9.0, 1.0), took(9.0, 3.0), took(9.0, 2.0)], vec![took(1.0, 4.0); 3]];
        let (ratio, text) = table(&all);
        assert!((ratio - 0.5).abs() < 1e-9, "{ratio}");
        assert!(text.contains("| vela-selects | 2.00 s (1.00..3.00) | 9.00 s (9.00..9.00) |"), "{text}");
        let (ratio, _) = table(&[vec![took(1.0, None)], vec![took(2.0, None)]]);
        assert!((ratio - 0.5).abs() < 1e-9, "{ratio}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_time_of_children_is_told() {
        assert!(children().is_some());
    }
}
