//! The deterministic simulator beside shuttle: the same small program, schedule after schedule, on one core.

mod measure;
mod shuttle_channel;
mod shuttle_programs;
mod table;
mod vela_programs;

use std::process::ExitCode;

use anyhow::Result;
use vela_benches::words::Words;

use crate::measure::{Contender, Series};

const USAGE: &str = "\
sim [--smoke | --quick] [FILTER…]

  --smoke  each program a few times: does it run at all?
  --quick  under ten seconds
  --list   names the programs
  FILTER   only the programs whose names contain one of these

Two producers send three values each into a channel of capacity 1, one consumer adds them up: about 20
steps, where a step is what runs between two choices of a scheduler. The contenders take turns, round
after round, all on one core; the figures are medians.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let Some(words) = Words::read(USAGE)? else { return Ok(()) };
    let mut contenders: Vec<Contender> = vela_programs::all();
    contenders.extend(shuttle_programs::all());
    contenders.retain(|contender| words.want(contender.name));
    if words.list {
        contenders.iter().for_each(|contender| println!("{}", contender.name));
        return Ok(());
    }
    measure::pin();
    println!("{} rounds, interleaved, on one core, by {}.\n", measure::rounds(words.scale), measure::clock());
    let all: Vec<Series> = measure::run(&contenders, words.scale)?;
    println!("{}", table::markdown(&all));
    Ok(())
}
