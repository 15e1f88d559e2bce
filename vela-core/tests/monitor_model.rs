//! The counters of a monitored channel against a count by hand, after operations of all kinds at random: begun, completed and
//! given up, while the capacity changes. The configuration is the process's, so this is one test.
#![cfg(feature = "config")]

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use fastrand::Rng;
use futures_util::{Sink, Stream};
use vela_core::config::Config;
use vela_core::{Channel, Receiver, SelectSet, Sender};

const POLICIES: [&str; 4] = ["block", "reject", "drop-oldest", "drop-newest"];

fn install(capacity: usize, policy: &str) {
    let text = format!("[channels.model]\ncapacity = {capacity}\noverflow = \"{policy}\"\n");
    Config::from_toml(&text).unwrap().install();
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// What was counted by hand.
#[derive(Default)]
struct Count {
    /// Sends that were accepted: the value got in, or was dropped.
    accepted: u64,
    taken: u64,
    highest: usize,
}

type Ends<'a> = (&'a Sender<u32>, &'a Receiver<u32>);

/// A few operations that are under way together; all are over at the end.
#[allow(clippy::collapsible_match, clippy::too_many_lines, reason = "an arm for each operation")]
fn round(rng: &mut Rng, ends: Ends<'_>, policy: &str, count: &mut Count, trace: &mut Vec<String>) {
    let (tx, rx) = ends;
    let mut slots: Vec<Option<u32>> = (0..4).map(Some).collect();
    let mut batch: VecDeque<u32> = (0..rng.u32(0..6)).collect();
    let batched = batch.len();
    let mut into = Vec::new();
    let had = slots.len();
    {
        let mut sends: Vec<_> = slots.iter_mut().map(|slot| Some(Box::pin(tx.send_from(slot)))).collect();
        let mut all = Some(Box::pin(tx.send_all(&mut batch)));
        let mut many = Some(Box::pin(rx.recv_many(&mut into, 3)));
        let mut recvs: Vec<_> = (0..3).map(|_| Some(Box::pin(rx.recv()))).collect();
        let mut reserves: Vec<_> = (0..2).map(|_| Some(Box::pin(tx.reserve()))).collect();
        let mut permits = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        let (mut sink, mut stream, mut set) = (tx.sink(), rx.stream(), SelectSet::new());
        set.insert(rx.clone());
        for _ in 0..rng.usize(1..30) {
            let step = rng.usize(0..19);
            let which = rng.usize(0..4);
            trace.push(format!("{step}.{which}"));
            match step {
                0 => match tx.try_send(9) {
                    Ok(()) => count.accepted += 1,
                    Err(error) => assert!(!error.is_closed()),
                },
                1 => count.taken += u64::from(rx.try_recv().is_ok()),
                2 | 3 => {
                    if sends[which].as_mut().is_some_and(|send| poll(send.as_mut()).is_ready()) {
                        sends[which] = None;
                    }
                }
                4 => sends[which] = None,
                5 | 6 if which < 3 => match recvs[which].as_mut().map(|recv| poll(recv.as_mut())) {
                    Some(Poll::Ready(value)) => {
                        count.taken += u64::from(value.is_some());
                        recvs[which] = None;
                    }
                    Some(Poll::Pending) | None => {}
                },
                7 if which < 3 => recvs[which] = None,
                8 => {
                    if all.as_mut().is_some_and(|all| poll(all.as_mut()).is_ready()) {
                        all = None;
                    }
                }
                9 if which == 0 => all = None,
                10 => {
                    if many.as_mut().is_some_and(|many| poll(many.as_mut()).is_ready()) {
                        many = None;
                    }
                }
                11 if which == 0 => many = None,
                12 if which < 2 => {
                    if let Some(Poll::Ready(permit)) = reserves[which].as_mut().map(|reserve| poll(reserve.as_mut())) {
                        permits.push(permit.unwrap());
                        reserves[which] = None;
                    }
                }
                13 => {
                    if let Some(permit) = permits.pop()
                        && which > 0
                    {
                        permit.send(7).unwrap();
                        count.accepted += 1;
                    }
                }
                14 => permits.extend(tx.try_reserve()),
                15 => {
                    if Pin::new(&mut sink).poll_ready(&mut cx).is_ready() && which > 0 {
                        Pin::new(&mut sink).start_send(5).unwrap();
                        count.accepted += 1;
                    }
                }
                16 => count.taken += u64::from(Pin::new(&mut stream).poll_next(&mut cx).is_ready()),
                17 if tx.capacity() != Some(0) && which == 0 => {
                    let capacity = rng.usize(1..6);
                    trace.push(format!("capacity {capacity}"));
                    install(capacity, policy);
                }
                18 => count.taken += u64::from(poll(pin!(set.recv())).is_ready()),
                _ => {}
            }
            let monitor = tx.monitor().unwrap();
            let seen = monitor.snapshot();
            count.highest = count.highest.max(rx.len());
            assert_eq!((monitor.depth(), monitor.capacity()), (rx.len(), tx.capacity()));
            assert_eq!(seen.dropped, tx.dropped());
            let gone = if policy == "drop-oldest" { seen.dropped } else { 0 };
            assert_eq!(seen.sent, seen.received + gone + seen.depth as u64, "{seen:?}");
            assert!(seen.high_water >= count.highest, "{seen:?}");
        }
    }
    count.accepted += (had - slots.iter().flatten().count()) as u64 + (batched - batch.len()) as u64;
    count.taken += into.len() as u64;
    let seen = tx.monitor().unwrap().snapshot();
    let newest = if policy == "drop-newest" { seen.dropped } else { 0 };
    assert_eq!(seen.depth, rx.len());
    assert_eq!(seen.sent, count.accepted - newest, "sent: {seen:?}");
    assert_eq!(seen.received, count.taken, "received: {seen:?}");
    // Nobody waits, and no place is taken: is there as much room as it says?
    if policy == "block" && tx.capacity() != Some(0) {
        assert_eq!(tx.is_full(), tx.try_reserve().is_err());
    }
}

#[test]
fn counters_are_right_after_anything() {
    for seed in 0..400 {
        let mut rng = Rng::with_seed(seed);
        let policy = POLICIES[rng.usize(0..4)];
        let capacity = rng.usize(usize::from(policy.starts_with("drop"))..5);
        install(capacity, policy);
        let (tx, rx) = Channel::<u32>::named("model").build().unwrap();
        let (mut count, mut trace) = (Count::default(), vec![format!("seed {seed}, {policy}, capacity {capacity}")]);
        for _ in 0..rng.usize(1..12) {
            trace.push("|".to_owned());
            let run = std::panic::AssertUnwindSafe(|| round(&mut rng, (&tx, &rx), policy, &mut count, &mut trace));
            if let Err(panic) = std::panic::catch_unwind(run) {
                eprintln!("{}", trace.join(" "));
                std::panic::resume_unwind(panic);
            }
        }
        drop(rx);
        let seen = tx.monitor().unwrap().snapshot();
        assert_eq!((seen.received, seen.depth), (count.taken, 0));
    }
}
