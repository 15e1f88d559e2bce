//! A small channel with a switch for bugs: what an engine can get wrong, and that the simulator sees it.
//!
//! Values are handed to the first waiter, or wait in a queue. Each poll is atomic; what takes two looks takes two polls.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use vela::prelude::*;
use vela::sim::{Failure, Faults, Simulation, Strategy, Verdict};
use vela::task::{TaskError, yield_now};

use super::finding::{found, found_by_search, says};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    None,
    /// The queue is looked at, and only later the waiter is registered: a value that comes between wakes nobody.
    ChecksThenRegisters,
    /// Any poll is taken for a wake: it leaves the list, and does not come back to it.
    TakesAPollForAWake,
    /// What was handed to a waiter that is dropped is dropped with it.
    DropsWhatWasHanded,
    /// A waiter that is dropped stays in the list, and is handed the next value.
    StaysInTheList,
    /// What comes back from a dropped waiter goes into the queue, and to the next waiter as well.
    GivesBackTwice,
    /// `else` after one look at each channel, one after the other.
    LooksTwiceForElse,
}

#[derive(Default)]
struct Slot {
    value: Option<u32>,
    waker: Option<Waker>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<u32>,
    waiters: VecDeque<Arc<Mutex<Slot>>>,
}

#[derive(Clone)]
struct Toy {
    bug: Bug,
    state: Arc<Mutex<State>>,
}

impl Toy {
    fn new(bug: Bug) -> Self {
        Self { bug, state: Arc::default() }
    }

    fn send(&self, value: u32) {
        let woken = {
            let mut state = self.state.lock().unwrap();
            match state.waiters.pop_front() {
                Some(waiter) => {
                    let mut slot = waiter.lock().unwrap();
                    slot.value = Some(value);
                    slot.waker.take()
                }
                None => {
                    state.queue.push_back(value);
                    None
                }
            }
        };
        if let Some(waker) = woken {
            waker.wake();
        }
    }

    fn try_recv(&self) -> Option<u32> {
        self.state.lock().unwrap().queue.pop_front()
    }

    fn recv(&self) -> Recv {
        Recv { toy: self.clone(), slot: None, looked: false }
    }
}

struct Recv {
    toy: Toy,
    /// Once it is registered.
    slot: Option<Arc<Mutex<Slot>>>,
    looked: bool,
}

impl Future for Recv {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        let this = &mut *self;
        if let Some(waiter) = &this.slot {
            let mut slot = waiter.lock().unwrap();
            if let Some(value) = slot.value.take() {
                drop(slot);
                this.slot = None;
                return Poll::Ready(value);
            }
            slot.waker = Some(cx.waker().clone());
            drop(slot);
            if this.toy.bug == Bug::TakesAPollForAWake {
                this.toy.state.lock().unwrap().waiters.retain(|other| !Arc::ptr_eq(other, waiter));
            }
            return Poll::Pending;
        }
        let late = std::mem::replace(&mut this.looked, true);
        let mut state = this.toy.state.lock().unwrap();
        if this.toy.bug == Bug::ChecksThenRegisters && !late && state.queue.is_empty() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if (this.toy.bug != Bug::ChecksThenRegisters || !late)
            && let Some(value) = state.queue.pop_front()
        {
            return Poll::Ready(value);
        }
        let slot = Arc::new(Mutex::new(Slot { value: None, waker: Some(cx.waker().clone()) }));
        state.waiters.push_back(Arc::clone(&slot));
        this.slot = Some(slot);
        Poll::Pending
    }
}

impl Drop for Recv {
    fn drop(&mut self) {
        let Some(waiter) = self.slot.take() else { return };
        let handed = waiter.lock().unwrap().value.take();
        match (handed, self.toy.bug) {
            (None, Bug::StaysInTheList) | (Some(_), Bug::DropsWhatWasHanded) => {}
            (None, _) => self.toy.state.lock().unwrap().waiters.retain(|other| !Arc::ptr_eq(other, &waiter)),
            (Some(value), bug) => {
                if bug == Bug::GivesBackTwice {
                    self.toy.state.lock().unwrap().queue.push_front(value);
                }
                self.toy.send(value);
            }
        }
    }
}

/// Two receive one value each, somebody sends two; whatever happens to them, each value is there once.
async fn two_receivers(bug: Bug) {
    let toy = Toy::new(bug);
    let receivers: Vec<_> = (0..2).map(|_| go!(clone(toy) { toy.recv().await })).collect();
    let sender = go!(clone(toy) {
        for n in 0..2 {
            toy.send(n);
            yield_now().await;
        }
    });
    let mut got = Vec::new();
    let mut cut_short = false;
    // The sender first: if it is cancelled, the body sends what is missing.
    if sender.await.is_err() {
        cut_short = true;
        (0..2).for_each(|n| toy.send(10 + n));
    }
    for receiver in receivers {
        match receiver.await {
            Ok(value) => got.push(value),
            Err(TaskError::Cancelled) => {}
            Err(error) => panic!("{error}"),
        }
    }
    while let Some(value) = toy.try_recv() {
        got.push(value);
    }
    got.sort_unstable();
    if !cut_short {
        assert_eq!(got, [0, 1], "lost, or there twice");
    } else {
        assert!(got.ends_with(&[10, 11]), "lost: {got:?}");
    }
}

/// A value is always in one of two channels; a look at both with an `else` finds it.
async fn an_else(bug: Bug) {
    let (a, b) = (Toy::new(bug), Toy::new(bug));
    b.send(7);
    let mover = go!(clone(a, b) {
        yield_now().await;
        if let Some(value) = b.try_recv() { a.send(value); }
    });
    let mut found = a.try_recv();
    if found.is_none() {
        if bug == Bug::LooksTwiceForElse {
            yield_now().await;
        }
        found = b.try_recv();
    }
    mover.await.ok();
    assert_eq!(found, Some(7), "it is in one of them");
}

async fn program(bug: Bug) {
    two_receivers(bug).await;
    an_else(bug).await;
}

#[test]
fn without_a_bug_every_schedule_passes() {
    let strategy = Strategy::Exhaustive { preemptions: Some(1) };
    for faults in [Faults::none(), Faults::none().spurious(), Faults::none().cancel(1)] {
        let search = Simulation::new().strategy(strategy).faults(faults);
        assert!(search.clone().check(|| two_receivers(Bug::None)).unwrap().complete);
        assert!(search.check(|| an_else(Bug::None)).unwrap().complete);
    }
    let faults = Faults::none().spurious().cancel(2).delay();
    Simulation::new().schedules(2_000).faults(faults).check(|| program(Bug::None)).unwrap();
}

fn each_way(bug: Bug, faults: Faults) -> [Failure; 2] {
    [found(faults, || program(bug)), found_by_search(faults, || program(bug))]
}

#[test]
fn a_lost_wake_up_is_found() {
    for failure in each_way(Bug::ChecksThenRegisters, Faults::none()) {
        assert_eq!(*failure.verdict(), Verdict::Deadlock);
        says(&failure, &["go! at tests/sim/planted/toy.rs:", "something that is not Vela's"]);
    }
}

#[test]
fn a_poll_taken_for_a_wake_is_found_by_spurious_polls_only() {
    let bug = Bug::TakesAPollForAWake;
    let strategy = Strategy::Exhaustive { preemptions: Some(1) };
    assert!(Simulation::new().strategy(strategy).check(|| program(bug)).unwrap().complete);
    Simulation::new().schedules(2_000).faults(Faults::none().cancel(1)).check(|| program(bug)).unwrap();
    for failure in each_way(bug, Faults::none().spurious()) {
        assert_eq!(*failure.verdict(), Verdict::Deadlock);
        says(&failure, &["polled without a wake"]);
    }
}

#[test]
fn a_value_lost_on_cancellation_is_found() {
    for failure in each_way(Bug::DropsWhatWasHanded, Faults::none().cancel(1)) {
        says(&failure, &["PANIC", "lost", "CANCELLED"]);
    }
}

#[test]
fn a_waiter_leak_is_found() {
    for failure in each_way(Bug::StaysInTheList, Faults::none().cancel(1)) {
        says(&failure, &["CANCELLED"]);
    }
}

#[test]
fn a_duplicate_delivery_is_found() {
    for failure in each_way(Bug::GivesBackTwice, Faults::none().cancel(1)) {
        says(&failure, &["PANIC", "there twice", "CANCELLED"]);
    }
}

#[test]
fn a_wrong_else_is_found() {
    for failure in each_way(Bug::LooksTwiceForElse, Faults::none()) {
        says(&failure, &["PANIC", "it is in one of them"]);
    }
}
