//! Vela beside its peers: channels, selects and tasks, cell by cell, interleaved in one run. Only ratios matter.

mod cells;
mod compile;
mod floor;
mod go;
mod peer;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use vela_benches::words::Words;
use vela_benches::{counting, harness};

use crate::compile::Compile;
use crate::go::Go;
use crate::harness::Cell;
use crate::report::Report;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

const USAGE: &str = "\
vela-benches [--smoke | --quick] [--json FILE] [--page DIR] [FILTER…]

  --smoke         each cell once, tiny: does it run at all?
  --quick         under two minutes
  --json FILE     writes all the figures
  --page DIR      writes the results page: README.md, two pictures, results.json
  --compile FILE  takes the figures of `cargo xtask bench compile` in
  --no-floor      does not measure the machine itself (under a profiler)
  --list          names the cells
  FILTER          only the cells, or contenders (`cell@contender`), whose names contain one of these";

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
    words: Words,
    json: Option<PathBuf>,
    page: Option<PathBuf>,
    compile: Option<PathBuf>,
    floor: bool,
}

fn options() -> Result<Option<Options>> {
    let (mut json, mut page, mut compile, mut floor) = (None, None, None, true);
    let words = Words::read_with(USAGE, |word, rest| {
        let path = match word {
            "--json" => &mut json,
            "--page" => &mut page,
            "--compile" => &mut compile,
            "--no-floor" => {
                floor = false;
                return Ok(true);
            }
            _ => return Ok(false),
        };
        *path = Some(rest.next().map(PathBuf::from).with_context(|| format!("`{word}` wants a path after it"))?);
        Ok(true)
    })?;
    Ok(words.map(|words| Options { words, json, page, compile, floor }))
}

fn run() -> Result<()> {
    let Some(options) = options()? else { return Ok(()) };
    let go = Go::find();
    let cells = options.words.choose(cells::all(&go));
    if options.words.list {
        cells.iter().for_each(|cell| println!("{}", cell.name));
        return Ok(());
    }
    let report = measure(&cells, &options, go.describe())?;
    println!("\n{}", report.goals());
    if let Some(file) = &options.json {
        std::fs::write(file, report.json()).with_context(|| file.display().to_string())?;
    }
    if let Some(dir) = &options.page {
        report::write_page(&report, dir)?;
    }
    if report.results.iter().any(report::Result::vela_failed) {
        bail!("a cell of Vela's own failed");
    }
    Ok(())
}

/// Runs the cells and shows each one's figures when it is done.
fn measure(cells: &[Cell], options: &Options, go: String) -> Result<Report> {
    let scale = options.words.scale;
    let compile = options.compile.as_deref().map(Compile::read).transpose()?;
    let floors = if options.floor { floor::all() } else { Vec::new() };
    let mut report = Report { scale, go, floors, trip_at_end: None, results: Vec::new(), compile };
    println!("Go: {}\n{}", report.go, report.floors());
    println!("{} rounds, interleaved, workers pinned.\n\n{}", scale.rounds(), report::HEAD);
    for cell in cells {
        let result = report::Result::new(cell, harness::run(cell, scale));
        println!("{}", report::row(&result));
        report.results.push(result);
    }
    if options.floor {
        report.trip_at_end = floor::round_trip().ok();
        println!("\n{}: {:.0} ns at the end.", floor::ROUND_TRIP, report.trip_at_end.unwrap_or(f64::NAN));
    }
    Ok(report)
}
