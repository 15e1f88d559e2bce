//! The trace hash of a seed is the same in every process and in every build.

use vela::prelude::*;
use vela::sim::{Faults, Simulation, Strategy};

use crate::child::Child;

/// Tasks, channels, a select that draws, timers.
async fn program() {
    let (tx, rx) = vela::channel::<u32>(1);
    let (urgent, alarms) = vela::channel::<u32>(0);
    let worker = go! {
        let mut sum = 0;
        loop {
            select! {
                Some(n) = <-rx     => sum += n,
                Some(n) = <-alarms => sum += n,
                closed             => return sum,
            }
        }
    };
    let feeder = go! { for n in 0..3 { tx <- n else { return }; } };
    let alarmist = go! {
        sleep(ms(5)).await;
        urgent <- 100 else { return };
    };
    _ = feeder.await;
    _ = alarmist.await;
    _ = worker.await;
}

/// Two tasks that take two permits in different orders: fails in some schedules.
async fn deadlock() {
    let (a, b) = (vela::sync::Semaphore::new(1), vela::sync::Semaphore::new(1));
    let other = go!(clone(a, b) {
        let _b = b.acquire(1).await;
        let _a = a.acquire(1).await;
    });
    {
        let _a = a.acquire(1).await;
        let _b = b.acquire(1).await;
    }
    _ = other.await;
}

fn of(strategy: Strategy, faults: Faults) -> u64 {
    let simulation = Simulation::new().name("hashes").seed(7).strategy(strategy).faults(faults);
    match simulation.schedules(200).check(program) {
        Ok(passed) => passed.hash,
        Err(failure) => panic!("{failure}"),
    }
}

fn of_failure(strategy: Strategy) -> u64 {
    match Simulation::new().name("hashes").seed(7).strategy(strategy).schedules(200).check(deadlock) {
        Ok(passed) => panic!("{passed:?}"),
        Err(failure) => failure.hash(),
    }
}

fn table() -> String {
    let none = Faults::none();
    let rows = [
        ("random", of(Strategy::Random, none)),
        ("pct", of(Strategy::Pct { depth: 3 }, none)),
        ("mixed", of(Strategy::Mixed, none)),
        ("exhaustive", of(Strategy::Exhaustive { preemptions: Some(1) }, none)),
        ("spurious", of(Strategy::Mixed, none.spurious())),
        ("cancel", of(Strategy::Mixed, none.cancel(1))),
        ("panic", of(Strategy::Mixed, none.panic(1))),
        ("delay", of(Strategy::Mixed, none.delay())),
        ("failure, random", of_failure(Strategy::Random)),
        ("failure, pct", of_failure(Strategy::Pct { depth: 2 })),
        ("failure, exhaustive", of_failure(Strategy::Exhaustive { preemptions: None })),
    ];
    rows.iter().map(|(what, hash)| format!("{what}: {hash:#018x}\n")).collect()
}

/// Recorded once; a change to the strategies or to what is hashed changes it, a change of the build or the process does not.
/// `cargo test --release` compares the optimised build with it.
const RECORDED: &str = "\
random: 0xacbcce76c8127c3c
pct: 0xee37839e98caa6b7
mixed: 0x24e3f143a1b7de70
exhaustive: 0x627f97a27f330581
spurious: 0xfd618a8098c4696e
cancel: 0x4a7ab0b558dda8e3
panic: 0x5f60d989d68f83ef
delay: 0x664046c7959ab608
failure, random: 0xbea37d0454adec5b
failure, pct: 0x4487ccc6b0d5641c
failure, exhaustive: 0x4487ccc6b0d5641c
";

#[test]
fn are_those_that_were_recorded() {
    let table = table();
    println!("\n{table}"); // the harness has begun a line
    assert_eq!(table, RECORDED);
}

#[test]
fn are_the_same_in_two_processes() {
    let said = || {
        let end = Child::of("hashes::are_those_that_were_recorded").run();
        assert_eq!(end.code, Some(0), "{}", end.text);
        end.text.lines().filter(|line| line.contains(": 0x")).map(|line| format!("{line}\n")).collect::<String>()
    };
    assert_eq!(said(), said());
    assert_eq!(said(), table());
}
