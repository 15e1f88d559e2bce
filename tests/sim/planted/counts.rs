//! How many schedules small programs have, counted by hand: an exhaustive search visits each exactly once.

use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Mutex};

use vela::prelude::*;
use vela::sim::{Faults, Simulation, Strategy};
use vela::task::yield_now;

fn count<F: Future<Output = ()>>(preemptions: Option<u32>, faults: Faults, body: impl Fn() -> F) -> u64 {
    let passed = Simulation::new().strategy(Strategy::Exhaustive { preemptions }).faults(faults).check(body).unwrap();
    assert!(passed.complete);
    passed.schedules
}

/// So many tasks of `polls` steps each. The body is over before they begin, so it is not among those that take turns.
async fn tasks(tasks: usize, polls: usize) {
    for _ in 0..tasks {
        go!({
            for _ in 1..polls {
                yield_now().await;
            }
        });
    }
}

/// The interleavings of tasks that do not wait are counted by multinomial coefficients: which of all steps are whose.
#[test]
fn tasks_that_yield() {
    // 4! / (2! 2!)
    assert_eq!(count(None, Faults::none(), || tasks(2, 2)), 6);
    // 6! / (3! 3!)
    assert_eq!(count(None, Faults::none(), || tasks(2, 3)), 20);
    // 6! / (2! 2! 2!)
    assert_eq!(count(None, Faults::none(), || tasks(3, 2)), 90);
    // 8! / (4! 4!)
    assert_eq!(count(None, Faults::none(), || tasks(2, 4)), 70);
}

/// Who has taken which step; kept among all that were seen when it is complete.
struct Story(Mutex<String>, Arc<Mutex<HashSet<String>>>);

impl Drop for Story {
    fn drop(&mut self) {
        assert!(self.1.lock().unwrap().insert(std::mem::take(self.0.get_mut().unwrap())));
    }
}

/// No two of the schedules are the same, and none is left out.
#[test]
fn each_interleaving_is_visited_once() {
    let seen = Arc::new(Mutex::new(HashSet::new()));
    let schedules = count(None, Faults::none(), || {
        let seen = Arc::clone(&seen);
        async move {
            // Dropped by the task that ends last.
            let story = Arc::new(Story(Mutex::default(), seen));
            for name in ['a', 'b'] {
                go!(clone(story) {
                    for n in 0..3 {
                        if n > 0 { yield_now().await; }
                        story.0.lock().unwrap().push(name);
                    }
                });
            }
        }
    });
    assert_eq!(schedules, 20);
}

/// Two tasks that send three times each into a channel of their own take a step per send. To leave one that could go on is
/// a preemption. Without any, either goes first: 2. With one, the first is left after its 1st or 2nd step, and the other runs
/// to its end: 2 × 2 more.
#[test]
fn a_bound_on_preemptions() {
    let body = || async {
        for _ in 0..2 {
            go!({
                let (tx, _rx) = vela::unbounded();
                for n in 0..3 {
                    tx.send(n).await.unwrap();
                }
            });
        }
    };
    assert_eq!(count(Some(0), Faults::none(), body), 2);
    assert_eq!(count(Some(1), Faults::none(), body), 6);
    assert_eq!(count(None, Faults::none(), body), 20);
}

/// The body receives twice, and a task sends twice. The body waits first, as nobody else has started; then the task sends
/// (S1), which wakes the body. From here the task has one step left (S2), the body two receives (R1, R2):
///
/// - S2 R1 R2: nothing to choose after S2;
/// - R1 S2 R2;
/// - R1 R2, which waits, S2, and the body again.
#[test]
fn a_task_that_sends_to_the_body() {
    let body = || async {
        let (tx, rx) = vela::unbounded();
        go!({
            for n in 0..2 {
                tx.send(n).await.unwrap();
            }
        });
        assert_eq!(rx.recv().await, Some(0));
        assert_eq!(rx.recv().await, Some(1));
    };
    assert_eq!(count(None, Faults::none(), body), 3);
}

/// Who comes first to a rendezvous waits; the other one completes, and ends; then the first one does. The body is over. So
/// there is one choice, of two.
#[test]
fn a_rendezvous() {
    let body = || async {
        let (tx, rx) = channel(0);
        go!({
            tx.send(1).await.unwrap();
        });
        go!({
            rx.recv().await.unwrap();
        });
    };
    assert_eq!(count(None, Faults::none(), body), 2);
}

/// A select over two channels that are both ready: one draw, of two. Its arms, where one is ready: no draw.
#[test]
fn a_draw() {
    let body = |second: bool| async move {
        let (a, from_a) = channel(1);
        let (b, from_b) = channel(1);
        a.try_send(1).unwrap();
        if second {
            b.try_send(1).unwrap();
        }
        select! { _ = <-from_a => {}, _ = <-from_b => {} }
    };
    assert_eq!(count(None, Faults::none(), || body(true)), 2);
    assert_eq!(count(None, Faults::none(), || body(false)), 1);
}

/// A task of two steps, cancelled before the first, before the second, or not at all.
#[test]
fn a_cancellation_at_each_await() {
    assert_eq!(count(None, Faults::none().cancel(1), || tasks(1, 2)), 3);
    assert_eq!(count(None, Faults::none().cancel(1), || tasks(1, 3)), 4);
}
