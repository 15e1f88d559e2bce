//! The deterministic simulator beside shuttle: the same small program, schedule after schedule, on one core.

mod measure;
mod shuttle_channel;
mod shuttle_programs;
mod table;
mod vela_programs;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::measure::{Contender, Scale, Series};

const USAGE: &str = "\
sim [--smoke | --quick] [FILTER…]

  --smoke  each program a few times: does it run at all?
  --quick  under ten seconds
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
    let mut scale = Scale::Full;
    let mut filters = Vec::new();
    for word in std::env::args().skip(1) {
        match word.as_str() {
            "--help" => {
                println!("{USAGE}");
                return Ok(());
            }
            "--smoke" => scale = Scale::Smoke,
            "--quick" => scale = Scale::Quick,
            word if word.starts_with('-') => bail!("`{word}` is not an option\n{USAGE}"),
            _ => filters.push(word),
        }
    }
    let mut contenders: Vec<Contender> = vela_programs::all();
    contenders.extend(shuttle_programs::all());
    contenders.retain(|contender| {
        filters.is_empty() || filters.iter().any(|filter| contender.name.contains(filter.as_str()))
    });
    measure::pin();
    println!("{} rounds, interleaved, on one core, by {}.\n", scale.rounds(), measure::clock());
    let all: Vec<Series> = measure::run(&contenders, scale)?;
    println!("{}", table::markdown(&all));
    Ok(())
}
