//! A CPU pool beside raw Rayon and Tokio's threads for blocking work: what it costs to hand a job over and get its result.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use rayon_core::{ThreadPool, ThreadPoolBuilder};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use vela::pool::CpuPool;
use vela_benches::harness::Scale;
use vela_benches::words::Words;

const USAGE: &str = "\
pools [--smoke | --quick] [FILTER…]

  --smoke  each cell a few times: does it run at all?
  --quick  under ten seconds
  --list   names the cells
  FILTER   only the cells whose names contain one of these

A task submits jobs and joins them. The contenders take turns, round after round; the figures are medians, in
nanoseconds for a job, and ratios to `rayon::spawn` with a `tokio::sync::oneshot` for the result.";

/// Threads of each pool, and of the runtime.
const THREADS: usize = 2;

/// Jobs that are submitted before the first is joined, in the cells that do so.
const BATCH: usize = 500;

/// The goal: at most so much of the price of raw Rayon.
const GOAL: f64 = 1.10;

/// What a job does.
#[derive(Clone, Copy)]
enum Load {
    Nothing,
    /// Some microseconds.
    Little,
}

impl Load {
    fn run(self) -> u64 {
        match self {
            Self::Nothing => black_box(7),
            Self::Little => (0..black_box(10_000_u64)).fold(7, |sum, n| sum.wrapping_mul(31).wrapping_add(n)),
        }
    }
}

/// What is measured.
struct Cell {
    name: &'static str,
    /// Submitted at a time.
    batch: usize,
    load: Load,
}

const CELLS: [Cell; 4] = [
    Cell { name: "one by one", batch: 1, load: Load::Nothing },
    Cell { name: "one by one, jobs of some µs", batch: 1, load: Load::Little },
    Cell { name: "500 at a time", batch: BATCH, load: Load::Nothing },
    Cell { name: "500 at a time, jobs of some µs", batch: BATCH, load: Load::Little },
];

/// The contenders' pools.
struct Pools {
    rayon: Arc<ThreadPool>,
    vela: CpuPool,
}

type Contender = (&'static str, fn(&Runtime, &Pools, &Cell, usize) -> u64);

/// The first is what the ratios are to.
const CONTENDERS: [Contender; 3] = [("rayon + oneshot", rayon), ("vela CpuPool", vela), ("spawn_blocking", blocking)];

fn rayon(runtime: &Runtime, pools: &Pools, cell: &Cell, batches: usize) -> u64 {
    let (batch, load) = (cell.batch, cell.load);
    runtime.block_on(async {
        let (mut sum, mut all) = (0_u64, Vec::with_capacity(batch));
        for _ in 0..batches {
            for _ in 0..batch {
                let (tx, rx) = oneshot::channel::<u64>();
                pools.rayon.spawn(move || {
                    tx.send(load.run()).ok();
                });
                all.push(rx);
            }
            for rx in all.drain(..) {
                sum = sum.wrapping_add(rx.await.unwrap_or_default());
            }
        }
        sum
    })
}

fn vela(runtime: &Runtime, pools: &Pools, cell: &Cell, batches: usize) -> u64 {
    let (batch, load) = (cell.batch, cell.load);
    runtime.block_on(async {
        let (mut sum, mut all) = (0_u64, Vec::with_capacity(batch));
        for _ in 0..batches {
            for _ in 0..batch {
                all.extend(pools.vela.spawn(move || load.run()).await.ok());
            }
            for task in all.drain(..) {
                sum = sum.wrapping_add(task.await.unwrap_or_default());
            }
        }
        sum
    })
}

fn blocking(runtime: &Runtime, _: &Pools, cell: &Cell, batches: usize) -> u64 {
    let (batch, load) = (cell.batch, cell.load);
    runtime.block_on(async {
        let (mut sum, mut all) = (0_u64, Vec::with_capacity(batch));
        for _ in 0..batches {
            for _ in 0..batch {
                all.push(tokio::task::spawn_blocking(move || load.run()));
            }
            for task in all.drain(..) {
                sum = sum.wrapping_add(task.await.unwrap_or_default());
            }
        }
        sum
    })
}

fn main() -> Result<()> {
    let Some(words) = Words::read(USAGE)? else { return Ok(()) };
    let cells: Vec<_> = CELLS.iter().filter(|cell| words.want(cell.name)).collect();
    if words.list {
        cells.iter().for_each(|cell| println!("{}", cell.name));
        return Ok(());
    }
    ensure!(!cells.is_empty(), "no cell has such a name");
    let (rounds, jobs) = match words.scale {
        Scale::Smoke => (1, BATCH),
        Scale::Quick => (15, 4_000),
        Scale::Full => (101, 8_000),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(THREADS)
        .enable_all()
        .build()?;
    let pools = Pools {
        rayon: Arc::new(ThreadPoolBuilder::new().num_threads(THREADS).build()?),
        vela: CpuPool::builder().threads(THREADS).build()?,
    };
    println!("{rounds} rounds, interleaved, {THREADS} threads each; ns a job, and the ratio to {}.\n", CONTENDERS[0].0);
    println!("| cell | {} |\n|---|---|---|---|", CONTENDERS.map(|(name, _)| name).join(" | "));
    let mut ratios = Vec::new();
    for cell in cells {
        let figures = measure(&runtime, &pools, cell, rounds, jobs);
        let shown = figures.map(|Figure { ns, ratio }| format!("{ns:.0} ({ratio:.2})"));
        println!("| {} | {} |", cell.name, shown.join(" | "));
        ratios.push(figures[1].ratio);
    }
    let worst = ratios.iter().copied().fold(0.0, f64::max);
    let word = if worst <= GOAL { "reached" } else { "missed" };
    println!("\nGoal of at most {GOAL:.2} of raw Rayon in each cell: {word} (the worst is {worst:.2}).");
    Ok(())
}

/// Medians.
#[derive(Clone, Copy)]
struct Figure {
    /// Nanoseconds a job.
    ns: f64,
    /// To the first contender, in the same round: who else is on the machine slows both.
    ratio: f64,
}

fn measure(runtime: &Runtime, pools: &Pools, cell: &Cell, rounds: usize, jobs: usize) -> [Figure; CONTENDERS.len()] {
    let batches = (jobs / cell.batch / if matches!(cell.load, Load::Little) { 4 } else { 1 }).max(1);
    let mut all = CONTENDERS.map(|_| Vec::new());
    for round in 0..=rounds {
        let mut first = f64::NAN;
        for (at, ((_, run), figures)) in CONTENDERS.iter().zip(&mut all).enumerate() {
            let start = Instant::now();
            black_box(run(runtime, pools, cell, batches));
            let ns = start.elapsed().as_secs_f64() * 1e9 / (batches * cell.batch) as f64;
            if at == 0 {
                first = ns;
            }
            // The first warms up.
            if round > 0 {
                figures.push((ns, ns / first));
            }
        }
    }
    all.map(|figures| {
        let median = |mut of: Vec<f64>| {
            of.sort_by(f64::total_cmp);
            of[of.len() / 2]
        };
        let (ns, ratios) = figures.into_iter().unzip();
        Figure { ns: median(ns), ratio: median(ratios) }
    })
}
