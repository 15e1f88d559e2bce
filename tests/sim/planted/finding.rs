//! Looks for a planted bug, and asserts what is said about it.

use std::future::Future;

use vela::sim::{Failure, Faults, Output, Simulation, Strategy, Verdict};

/// How many schedules a bug may take to be found.
pub(crate) const WITHIN: u64 = 10_000;

/// Found by random and PCT schedules, and again by its seed and by the decisions of the shrunk schedule.
#[track_caller]
pub(crate) fn found<F: Future<Output: Output>>(faults: Faults, body: impl Fn() -> F) -> Failure {
    let failure = Simulation::new().schedules(WITHIN).faults(faults).check(&body).unwrap_err();
    assert!(failure.schedule() < WITHIN);
    assert!(failure.steps() <= failure.steps_before());
    let seed = failure.seed().unwrap();
    let again = Simulation::new().faults(faults).replay_seed(seed).check(&body).unwrap_err();
    assert_eq!(again.hash(), failure.hash(), "the same seed makes the same schedule");
    assert!(alike(again.verdict(), failure.verdict()), "{again}\n{failure}");
    let again = Simulation::new().faults(faults).replay(&failure.decisions()).unwrap().check(&body).unwrap_err();
    assert!(alike(again.verdict(), failure.verdict()), "{again}\n{failure}");
    failure
}

/// Found by an exhaustive search, in the schedule of this number.
#[track_caller]
pub(crate) fn found_by_search<F: Future<Output: Output>>(faults: Faults, body: impl Fn() -> F) -> Failure {
    let strategy = Strategy::Exhaustive { preemptions: Some(2) };
    let failure = Simulation::new().schedules(WITHIN).strategy(strategy).faults(faults).check(&body).unwrap_err();
    assert!(failure.schedule() < WITHIN && failure.seed().is_none());
    failure
}

fn alike(one: &Verdict, other: &Verdict) -> bool {
    match (one, other) {
        (Verdict::Panicked(one), Verdict::Panicked(other)) => one.at() == other.at(),
        _ => one == other,
    }
}

/// The report has all of these words, and fits on a screen.
#[track_caller]
pub(crate) fn says(failure: &Failure, words: &[&str]) {
    let report = failure.to_string();
    for word in words {
        assert!(report.contains(word), "`{word}` is not in\n{report}");
    }
    assert!(report.lines().count() <= 40, "{report}");
}

/// The number of the line so many below the call of this.
#[track_caller]
pub(crate) fn below(lines: u32) -> u32 {
    std::panic::Location::caller().line() + lines
}
