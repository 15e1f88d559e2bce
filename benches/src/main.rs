//! Vela beside its peers: channels, selects and tasks, cell by cell, interleaved in one run. Only ratios matter.

mod cells;
mod counting;
mod floor;
mod go;
mod harness;
mod peer;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::go::Go;
use crate::harness::Scale;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

const USAGE: &str = "\
vela-benches [--smoke | --quick] [--json FILE] [FILTER…]

  --smoke      each cell once, tiny: does it run at all?
  --quick      under two minutes
  --json FILE  writes all the figures
  --no-floor   does not measure the machine itself (under a profiler)
  --list       names the cells
  FILTER       only the cells, or contenders (`cell@contender`), whose names contain one of these";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vela-benches: {error:#}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    scale: Scale,
    json: Option<PathBuf>,
    list: bool,
    floor: bool,
    filters: Vec<String>,
}

fn options() -> Result<Options> {
    let mut options = Options { scale: Scale::Full, json: None, list: false, floor: true, filters: Vec::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--smoke" => options.scale = Scale::Smoke,
            "--quick" => options.scale = Scale::Quick,
            "--no-floor" => options.floor = false,
            "--list" => options.list = true,
            "--json" => options.json = Some(words.next().context("`--json` wants a file")?.into()),
            word if word.starts_with('-') => bail!("`{word}` is not an option\n{USAGE}"),
            _ => options.filters.push(word),
        }
    }
    Ok(options)
}

fn run() -> Result<()> {
    if std::env::args().any(|word| word == "--help") {
        println!("{USAGE}");
        return Ok(());
    }
    let options = options()?;
    let go = Go::find();
    let mut cells = cells::all(&go);
    cells.retain_mut(|cell| {
        let wanted = |contender: &str| {
            let name = format!("{}@{contender}", cell.name);
            options.filters.is_empty() || options.filters.iter().any(|filter| name.contains(filter.as_str()))
        };
        cell.contenders.retain(|contender| wanted(contender.name));
        !cell.contenders.is_empty()
    });
    if options.list {
        cells.iter().for_each(|cell| println!("{}", cell.name));
        return Ok(());
    }
    println!("Go: {}", go.describe());
    let floor = || options.floor.then(floor::cache_line_round_trip).flatten();
    if let Some(trip) = floor() {
        println!("Cache-line round trip between the two cores: {trip:.0} ns");
    }
    println!("{} rounds, interleaved, workers pinned.\n\n{}", options.scale.rounds(), report::HEAD);
    let mut results = Vec::new();
    for cell in &cells {
        let result = report::Result::new(cell, harness::run(cell, options.scale));
        println!("{}", result.row());
        results.push(result);
    }
    println!("\n{}", report::summary(&results));
    if let Some(trip) = floor() {
        println!("Cache-line round trip at the end: {trip:.0} ns");
    }
    if let Some(file) = options.json {
        std::fs::write(&file, report::json(&results)).with_context(|| file.display().to_string())?;
    }
    if results.iter().any(report::Result::vela_failed) {
        bail!("a cell of Vela's own failed");
    }
    Ok(())
}
