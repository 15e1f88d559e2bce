//! How a program is run: in every schedule, with every fault at every place, or in thousands.

use std::future::Future;

use vela::sim::{Faults, Passed, Simulation, Strategy};
use vela::task::{Task, TaskError};
use vela::{Receiver, Sender};

pub(crate) const ALL: Faults = Faults::none().spurious().cancel(2).panic(1).delay();

/// Every schedule with at most so many preemptions, and with these faults, each at every place.
#[track_caller]
pub(crate) fn every<F: Future<Output = ()>>(preemptions: u32, faults: Faults, body: impl Fn() -> F) -> Passed {
    let strategy = Strategy::Exhaustive { preemptions: Some(preemptions) };
    let passed = Simulation::new().strategy(strategy).faults(faults).check(body).unwrap();
    assert!(passed.complete);
    passed
}

/// Every schedule there is; then with a spurious poll and with a cancellation, each at every place; then with two
/// cancellations and a spurious poll, in fewer schedules.
#[track_caller]
pub(crate) fn every_way<F: Future<Output = ()>>(body: impl Fn() -> F) {
    let strategy = Strategy::Exhaustive { preemptions: None };
    assert!(Simulation::new().strategy(strategy).check(&body).unwrap().complete);
    every(2, Faults::none().spurious(), &body);
    every(2, Faults::none().cancel(1), &body);
    every(0, Faults::none().spurious().cancel(2), &body);
    some(200, ALL, &body);
}

/// As [`every_way`], but for delays: for those that look at the clock.
#[track_caller]
pub(crate) fn every_way_in_time<F: Future<Output = ()>>(body: impl Fn() -> F) {
    every(2, Faults::none(), &body);
    every(1, Faults::none().spurious(), &body);
    every(1, Faults::none().cancel(1), &body);
    some(200, Faults::none().spurious().cancel(2).panic(1), &body);
}

/// Random and PCT schedules.
#[track_caller]
pub(crate) fn some<F: Future<Output = ()>>(schedules: u64, faults: Faults, body: impl Fn() -> F) {
    let passed = Simulation::new().schedules(schedules).faults(faults).check(body).unwrap();
    assert_eq!(passed.schedules, schedules);
}

/// Joins a task that a fault may have cancelled or made panic: `None` then. Its own panics go on here.
pub(crate) async fn join<T: Send + 'static>(task: Task<T>) -> Option<T> {
    match task.await {
        Ok(output) => Some(output),
        Err(TaskError::Panicked(panic)) if !panic.message().contains("simulation has injected") => {
            panic!("{}", panic.message())
        }
        Err(_) => None,
    }
}

/// Rendezvous, bounded; `usize::MAX`: unbounded.
pub(crate) fn of_capacity<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    if capacity == usize::MAX { vela::unbounded() } else { vela::channel(capacity) }
}

pub(crate) const CAPACITIES: [usize; 4] = [0, 1, 2, usize::MAX];
