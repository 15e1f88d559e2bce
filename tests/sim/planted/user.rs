//! Bugs that users write.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use vela::prelude::*;
use vela::sim::{Faults, Simulation, Verdict};
use vela::sync::Semaphore;

use super::finding::{WITHIN, below, found, found_by_search, says};

fn rendezvous(name: &str) -> (Sender<u32>, Receiver<u32>) {
    Channel::bounded(0).name(name).build().unwrap()
}

/// Each first sends to the other, if it saw that the other does not send yet.
#[test]
fn two_that_send_to_each_other_over_rendezvous_channels() {
    let body = || async {
        let (a, from_a) = rendezvous("a to b");
        let (b, from_b) = rendezvous("b to a");
        let (log, entries) = vela::unbounded();
        let peer = async |to: Sender<u32>, from: Receiver<u32>, log: Sender<&str>| {
            if from.try_recv().is_ok() {
                return;
            }
            // Between the look and the send there is time for the other to look.
            log.send("nothing yet").await.ok();
            to.send(1).await.ok();
        };
        let one = go!(name("one") clone(log) { peer(a, from_b, log).await });
        let other = go!(name("other") { peer(b, from_a, log).await });
        vela! {
            (<-one).unwrap();
            (<-other).unwrap();
        }
        drop(entries);
    };
    let failure = found(Faults::none(), body);
    assert_eq!(*failure.verdict(), Verdict::Deadlock);
    says(
        &failure,
        &["DEADLOCK", "\"one\"", "\"other\"", "\"a to b\"", "\"b to a\"", "send", "tests/sim/planted/user.rs"],
    );
    // Each takes two steps, its look with the log, and its send; the body one to start them.
    assert!(failure.steps() <= 2 * 5, "{failure}");
    found_by_search(Faults::none(), body);
}

#[test]
fn a_circle_of_sends_is_named_as_one() {
    let body = || async {
        let (a, from_a) = rendezvous("a to b");
        let (b, from_b) = rendezvous("b to a");
        let other = go!(name("other") {
            for n in 0..3 {
                b.send(n).await.unwrap();
                from_a.recv().await.unwrap();
            }
            b.send(9).await.unwrap();
        });
        for n in 0..3 {
            from_b.recv().await.unwrap();
            a.send(n).await.unwrap();
        }
        a.send(9).await.unwrap();
        other.await.unwrap();
    };
    let failure = found(Faults::none(), body);
    assert_eq!((failure.verdict(), failure.schedule()), (&Verdict::Deadlock, 0));
    says(&failure, &["\"other\"", "=> cycle 0 → 1 → 0", "receivers alive: 1, last used by task 1 \"other\""]);
}

#[test]
fn a_forgotten_drop_of_the_sender() {
    let recv = below(8);
    let failure = found(Faults::none(), || async {
        let (tx, rx) = Channel::bounded(4).name("results").build().unwrap();
        for n in 0..2 {
            go!(clone(tx) { tx.send(n).await.ok(); });
        }
        let mut sum = 0;
        // `drop(tx)` is missing.
        while let Some(n) = rx.recv().await {
            sum += n;
        }
        assert_eq!(sum, 1);
        drop(tx);
    });
    assert_eq!((failure.verdict(), failure.schedule()), (&Verdict::Deadlock, 0));
    says(
        &failure,
        &[
            "task 0 (the test)",
            &format!("recv #0 \"results\" (cap 4, empty) at :{}", recv),
            "senders alive: 1",
            ", which has ended",
        ],
    );
}

/// The worker holds a receiver of the channel that it sends on; who asked has gone when the answer comes.
#[test]
fn a_worker_whose_asker_has_timed_out() {
    let body = || async {
        let (tx, rx) = rendezvous("answer");
        go!(name("worker") clone(rx) {
            sleep(ms(5)).await;
            tx.send(42).await.ok();
            drop(rx);
        });
        timeout(ms(6), rx.recv()).await.ok();
    };
    Simulation::new().schedules(1_000).check(body).unwrap();
    let failure = found(Faults::none().delay(), body);
    assert_eq!(*failure.verdict(), Verdict::Leak);
    says(&failure, &["LEAK (certain), 1 task", "task 1 \"worker\"", "send #0 \"answer\" (cap 0)", "delayed"]);
    found_by_search(Faults::none().delay(), body);
}

#[test]
fn a_task_that_waits_for_ever() {
    let go = below(3);
    let failure = found(Faults::none(), || async {
        let (tx, rx) = rendezvous("nobody");
        go!(name("forgotten") {
            rx.recv().await;
            drop(tx);
        });
    });
    assert_eq!((failure.verdict(), failure.schedule()), (&Verdict::Leak, 0));
    says(
        &failure,
        &[&format!("\"forgotten\" go! at tests/sim/planted/user.rs:{go}"), "recv #0 \"nobody\" (cap 0)", "never used"],
    );
    // The body, which ends, and the task, which waits.
    assert_eq!(failure.steps(), 2);
}

/// The first arm is always ready, so the second is never served.
#[test]
fn a_biased_select_that_starves_an_arm() {
    let body = || async {
        let (work, jobs) = channel(1);
        let (stop, stopped) = channel(1);
        go!({ while work.send(()).await.is_ok() {} });
        stop.send(()).await.unwrap();
        let mut done = 0;
        loop {
            select! {
                biased;
                <-jobs => done += 1,
                <-stopped => break,
            }
        }
        drop(jobs);
        assert!(done < 100_000);
    };
    // Where the worker is slow the loop ends; so not in each schedule.
    let failure = Simulation::new().schedules(WITHIN).max_steps(1_000).check(body).unwrap_err();
    assert_eq!(*failure.verdict(), Verdict::Endless { steps: 1_000 });
    says(&failure, &["NO END", "no end after 1000 steps"]);
    // The same with an assertion on how long the stop waits.
    let body = || async {
        let (work, jobs) = channel(1);
        let (stop, stopped) = channel(1);
        go!({ while work.send(()).await.is_ok() {} });
        stop.send(()).await.unwrap();
        let mut done = 0;
        loop {
            select! {
                biased;
                <-jobs => { done += 1; assert!(done < 20, "starved") }
                <-stopped => break,
            }
        }
        drop(jobs);
    };
    let failure = found(Faults::none(), body);
    says(&failure, &["PANIC", "starved", "task 0 (the test)"]);
    // Without the bias it ends soon enough in every schedule.
    let body = || async {
        let (work, jobs) = channel(1);
        let (stop, stopped) = channel(1);
        go!({ while work.send(()).await.is_ok() {} });
        stop.send(()).await.unwrap();
        let mut done = 0;
        loop {
            select! {
                <-jobs => { done += 1; assert!(done < 64, "starved") }
                <-stopped => break,
            }
        }
        drop(jobs);
    };
    Simulation::new().schedules(300).check(body).unwrap();
}

/// The worker looks at the flag only before it waits.
#[test]
fn a_missed_shutdown() {
    let body = || async {
        let (tx, rx) = Channel::bounded(1).name("jobs").build().unwrap();
        let (log, entries) = vela::unbounded();
        let stop = Arc::new(AtomicBool::new(false));
        let worker = go!(name("worker") clone(stop) {
            while !stop.load(Ordering::Relaxed) {
                rx.recv().await;
            }
        });
        tx.send(1).await.unwrap();
        // The last job wakes the worker, so it seems to work.
        log.send("stopping").await.unwrap();
        stop.store(true, Ordering::Relaxed);
        worker.await.unwrap();
        drop((tx, entries));
    };
    let failure = found(Faults::none(), body);
    assert_eq!(*failure.verdict(), Verdict::Deadlock);
    says(
        &failure,
        &["2 tasks", "join of task 1 \"worker\"", "recv #0 \"jobs\" (cap 1, empty)", "last used by task 0 (the test)"],
    );
    found_by_search(Faults::none(), body);
}

/// Between the receive and the store there is an await, and at an await a task may end.
#[test]
fn a_value_lost_on_cancellation() {
    let body = || async {
        let (tx, rx) = channel(2);
        let stored = Arc::new(Mutex::new(Vec::new()));
        let worker = go!(clone(rx, stored) {
            while let Some(n) = rx.recv().await {
                vela::task::yield_now().await;
                stored.lock().unwrap().push(n);
            }
        });
        for n in 0..2 {
            tx.send(n).await.unwrap();
        }
        drop(tx);
        worker.await.ok();
        let mut all = stored.lock().unwrap().clone();
        all.extend(rx.drain());
        assert_eq!(all, [0, 1]);
    };
    assert!(Simulation::new().schedules(1_000).check(body).is_ok());
    let failure = found(Faults::none().cancel(1), body);
    assert!(matches!(failure.verdict(), Verdict::Panicked(_)));
    says(&failure, &["task 0 (the test) panicked at tests/sim/planted/user.rs:", "CANCELLED"]);
    found_by_search(Faults::none().cancel(1), body);
}

/// The request had come through; only the answer was late.
#[test]
fn a_retry_that_delivers_twice() {
    let body = || async {
        let (tx, rx) = channel(1);
        let (ack, acks) = channel(1);
        let done = Arc::new(AtomicU32::new(0));
        let server = go!(name("server") clone(done) {
            for n in <-rx {
                done.fetch_add(1, Ordering::Relaxed);
                ack <- n else { break };
            }
        });
        for _ in 0..2 {
            tx.send(7).await.unwrap();
            if acks.recv_timeout(ms(100)).await.is_ok() {
                break;
            }
        }
        drop((tx, acks));
        server.await.unwrap();
        assert_eq!(done.load(Ordering::Relaxed), 1, "charged twice");
    };
    Simulation::new().schedules(1_000).check(body).unwrap();
    let failure = found(Faults::none().delay(), body);
    says(&failure, &["PANIC", "charged twice", "delayed"]);
    found_by_search(Faults::none().delay(), body);
}

/// Two looks one after the other are not one instant.
#[test]
fn an_else_of_two_looks() {
    let body = |one_instant: bool| async move {
        let (atx, a) = channel(1);
        let (btx, b) = channel(1);
        let (log, _entries) = vela::unbounded();
        btx.send(7).await.unwrap();
        let mover = go!(clone(b, log) {
            log.send("moving").await.ok();
            // In one step, so that the value is always in one of the two.
            if let Ok(v) = b.try_recv() { atx.try_send(v).unwrap(); }
        });
        let got = if one_instant {
            select! { v = <-a => v, v = <-b => v, else => None }
        } else {
            match a.try_recv() {
                Ok(v) => Some(v),
                Err(_) => {
                    log.send("not in a").await.ok();
                    b.try_recv().ok()
                }
            }
        };
        mover.await.unwrap();
        assert_eq!(got, Some(7), "it is in one of them");
    };
    let failure = found(Faults::none(), || body(false));
    says(&failure, &["PANIC", "it is in one of them", "task 0 (the test)"]);
    found_by_search(Faults::none(), || body(false));
    Simulation::new().schedules(1_000).check(|| body(true)).unwrap();
}

#[test]
fn two_locks_in_different_orders() {
    let body = || async {
        let (a, b) = (Semaphore::new(1), Semaphore::new(1));
        let other = go!(name("other") clone(a, b) {
            let _b = b.acquire(1).await;
            let _a = a.acquire(1).await;
        });
        let _a = a.acquire(1).await;
        let _b = b.acquire(1).await;
        drop((_a, _b));
        other.await.unwrap();
    };
    let failure = found(Faults::none(), body);
    assert_eq!(*failure.verdict(), Verdict::Deadlock);
    says(&failure, &["DEADLOCK (certain), 2 tasks", "\"other\"", "acquire"]);
    // Each takes one and then waits for the other one: two steps each.
    assert!(failure.steps() <= 2 * 4, "{failure}");
    found_by_search(Faults::none(), body);
}

#[test]
fn two_that_join_each_other() {
    let failure = found(Faults::none(), || async {
        let (give, take) = vela::oneshot::channel::<Task<()>>();
        let one = go!(name("one") {
            let other = take.recv().await.unwrap();
            other.await.ok();
        });
        let other = go!(name("other") { one.await.ok(); });
        give.send(other).ok().unwrap();
    });
    assert_eq!(*failure.verdict(), Verdict::Leak);
    says(&failure, &["join of task 2 \"other\"", "join of task 1 \"one\"", "=> cycle 1 → 2 → 1"]);
    // One step each: of the body, and of the two.
    assert!(failure.steps() <= 2 * 3, "{failure}");
}
