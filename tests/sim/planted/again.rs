//! A finding can be had again, and is shrunk.

use vela::prelude::*;
use vela::sim::{Faults, Simulation, Strategy, Verdict};
use vela::sync::Semaphore;
use vela::task::yield_now;

use super::finding::found;

async fn busy() {
    let (tx, rx) = channel(1);
    let tasks: Vec<_> = (0..3).map(|n| go!(clone(tx) { tx.send(n).await.unwrap(); sleep(ms(n)).await })).collect();
    drop(tx);
    let (mut n, mut rxs) = (0, [rx]);
    while let (_, Some(_)) = vela!(<-any(&mut rxs)) {
        n += 1;
    }
    assert_eq!(n, 3);
    for task in tasks {
        vela!((<-task).unwrap());
    }
}

#[test]
fn the_same_seed_makes_the_same_schedules() {
    for strategy in
        [Strategy::Random, Strategy::Pct { depth: 3 }, Strategy::Mixed, Strategy::Exhaustive { preemptions: Some(0) }]
    {
        let faults = Faults::none().spurious().delay();
        let run =
            |seed| Simulation::new().seed(seed).schedules(200).strategy(strategy).faults(faults).check(busy).unwrap();
        assert_eq!(run(5), run(5), "{strategy:?}");
        if !matches!(strategy, Strategy::Exhaustive { .. }) {
            assert_ne!(run(5).hash, run(6).hash, "{strategy:?}");
        }
    }
}

/// Two tasks that take two semaphores in different orders, among others that only make the schedule longer. The shortest way
/// into the deadlock: the body starts them (1) and waits; each of the two takes its first (2), and waits for its second (2): 5.
#[test]
fn a_schedule_is_shrunk_to_what_matters() {
    let body = || async {
        let (a, b) = (Semaphore::new(1), Semaphore::new(1));
        let mut tasks = Vec::new();
        for _ in 0..3 {
            tasks.push(go!({
                for _ in 0..4 {
                    yield_now().await;
                }
            }));
        }
        for (first, second) in [(&a, &b), (&b, &a)] {
            tasks.push(go!(clone(first, second) {
                yield_now().await;
                let _first = first.acquire(1).await;
                let _second = second.acquire(1).await;
            }));
        }
        let others = tasks.split_off(3);
        for task in others {
            task.await.unwrap();
        }
        for task in tasks {
            task.await.unwrap();
        }
    };
    let failure = found(Faults::none(), body);
    assert_eq!(*failure.verdict(), Verdict::Deadlock);
    assert!(failure.steps_before() >= failure.steps());
    // A deadlock is one only when the others are through: 3 × 5 steps of theirs, 1 of the body, 2 × 3 of the two.
    let shortest = 3 * 5 + 1 + 2 * 3;
    assert!(failure.steps() >= shortest && failure.steps() <= 2 * shortest, "{failure}");
    // It takes one preemption, and no more are left.
    let words: Vec<_> = failure.decisions().split_whitespace().map(str::to_owned).collect();
    let switches = words.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(switches <= 2 * (3 * 5 + 1), "{switches} switches: {words:?}");
}

/// A counter that is read, and written a step later: the shortest way to lose a step is body, a, b, a, b, and the body again,
/// which joins the one and the other.
#[test]
fn a_lost_update_is_shrunk() {
    let body = || async {
        let counter = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                go!(clone(counter) {
                    let seen = counter.load(std::sync::atomic::Ordering::Relaxed);
                    yield_now().await;
                    counter.store(seen + 1, std::sync::atomic::Ordering::Relaxed);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(counter.load(std::sync::atomic::Ordering::Relaxed), 4);
    };
    let failure = found(Faults::none(), body);
    // Two steps for each of the four, one of the body to start them, and one for each join.
    let shortest = 4 * 2 + 1 + 4;
    assert!(failure.steps() <= 2 * shortest, "{failure}");
    let by_search = super::finding::found_by_search(Faults::none(), body);
    assert!(failure.steps() <= 2 * by_search.steps(), "{failure}\n{by_search}");
}

/// Where faults are needed one is enough.
#[test]
fn faults_are_shrunk_too() {
    let failure = found(Faults::none().spurious().cancel(3).delay(), || async {
        let (tx, rx) = channel(0);
        let tasks: Vec<_> = (0..3).map(|n| go!(clone(tx) { tx.send(n).await.unwrap(); })).collect();
        drop(tx);
        let mut got = 0;
        while rx.recv().await.is_some() {
            got += 1;
        }
        drop(tasks);
        assert_eq!(got, 3);
    });
    let decisions = failure.decisions();
    assert_eq!(decisions.matches(':').count(), 1, "{decisions}");
    assert_eq!(decisions.matches("cancel:").count(), 1, "{decisions}");
}
