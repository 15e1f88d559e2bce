//! The stress run: nothing may be lost, duplicated or reordered in a random mesh of tasks and channels, and histories must be
//! those of queues.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use vela_benches::mesh::{self, Kind, Options};

const USAGE: &str = "stress [--ops N] [--seed S] [--seconds T] [--kind mesh|history|both]";

fn main() -> ExitCode {
    match options().and_then(mesh::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stress: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options> {
    let mut options = Options { kind: Kind::Both, ops: 100_000_000, seed: fastrand::u64(..), time: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--kind" {
            options.kind = match words.next().as_deref() {
                Some("both") => Kind::Both,
                Some("mesh") => Kind::Mesh,
                Some("history") => Kind::History,
                _ => bail!("`--kind` wants `mesh`, `history` or `both`"),
            };
            continue;
        }
        let mut number = || -> Result<u64> {
            let value = words.next().with_context(|| format!("`{word}` wants a number"))?;
            value.replace('_', "").parse().with_context(|| format!("`{value}` is not a number"))
        };
        match word.as_str() {
            "--ops" => options.ops = number()?,
            "--seed" => options.seed = number()?,
            "--seconds" => options.time = Some(Duration::from_secs(number()?)),
            _ => bail!("`{word}` is not an option; {USAGE}"),
        }
    }
    println!("stress: seed {}", options.seed);
    Ok(options)
}
