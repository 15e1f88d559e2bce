//! Vela's actors beside their peers, cell by cell, interleaved in one run. Only ratios matter.

mod cells;
mod peer;
mod table;

use std::process::ExitCode;

use anyhow::{Result, bail};
use vela_benches::counting;
use vela_benches::harness;
use vela_benches::words::Words;

use crate::table::Measured;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

const USAGE: &str = "\
actors [--smoke | --quick] [FILTER…]

  --smoke  each cell once, tiny: does it run at all?
  --quick  about a minute
  --list   names the cells
  FILTER   only the cells, or contenders (`cell@contender`), whose names contain one of these

Messages are 8 bytes, the runtime has two pinned workers; the contenders take turns, round after round,
and the figures are medians. `bare task` is a task with Tokio's channels: the price without actors.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("actors: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let Some(words) = Words::read(USAGE)? else { return Ok(()) };
    let cells = words.choose(cells::all());
    if words.list {
        cells.iter().for_each(|cell| println!("{}", cell.name));
        return Ok(());
    }
    println!("{} rounds, interleaved, workers pinned.\n\n{}", words.scale.rounds(), table::HEAD);
    let mut all = Vec::new();
    for cell in &cells {
        let measured = Measured::new(cell, harness::run(cell, words.scale));
        println!("{}", table::row(&measured));
        all.push(measured);
    }
    println!("\n{}", table::goals(&all));
    if all.iter().any(Measured::vela_failed) {
        bail!("a cell of Vela's own failed");
    }
    Ok(())
}
