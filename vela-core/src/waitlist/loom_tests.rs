//! loom on the claim word, the waiter lists and whole operations: `cargo xtask loom`.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use loom::future::{AtomicWaker, block_on};
use loom::thread;

use super::{Bid, Claim, Phase};
use crate::__private::{Mode, Selector, sent, values};
use crate::ops::{Receive, Transmit};
use crate::{Receiver, Sender, channel};

fn model(check: impl Fn() + Sync + Send + 'static) {
    loom::model(check);
}

#[test]
fn loom_exactly_one_counterpart_wins_the_claim() {
    model(|| {
        let claim = loom::sync::Arc::new(Claim::new());
        // SAFETY: BUSY, and ours.
        unsafe { claim.set_waker(Waker::noop()) };
        assert!(claim.park());
        let bids: Vec<_> = (0..2)
            .map(|key| {
                let claim = claim.clone();
                thread::spawn(move || {
                    let won = claim.try_claim(key) == Bid::Won;
                    // SAFETY: won.
                    won && unsafe { claim.complete(key) }.is_some()
                })
            })
            .collect();
        let won: Vec<bool> = bids.into_iter().map(|bid| bid.join().unwrap()).collect();
        assert_eq!(won.iter().filter(|&&won| won).count(), 1);
        assert_eq!(claim.phase(), Phase::Done(u32::from(won[1])));
    });
}

#[test]
fn loom_a_mark_is_never_lost() {
    // The owner is busy while a counterpart comes by: either the owner's `park` fails, or the counterpart has claimed.
    model(|| {
        let claim = loom::sync::Arc::new(Claim::new());
        let other = claim.clone();
        let counterpart = thread::spawn(move || match other.try_claim(7) {
            Bid::Won => {
                // SAFETY: won.
                drop(unsafe { other.complete(7) });
                Bid::Won
            }
            bid => bid,
        });
        // SAFETY: BUSY, and ours.
        unsafe { claim.set_waker(Waker::noop()) };
        let parked = claim.park();
        let bid = counterpart.join().unwrap();
        match bid {
            Bid::Won => assert_eq!(claim.phase(), Phase::Done(7)),
            Bid::Busy => assert!(!parked && claim.rearm()),
            Bid::Lost => panic!("nobody else was there"),
        }
    });
}

#[test]
fn loom_holding_and_claiming_exclude_each_other() {
    model(|| {
        let claim = loom::sync::Arc::new(Claim::new());
        // SAFETY: BUSY, and ours.
        unsafe { claim.set_waker(Waker::noop()) };
        assert!(claim.park());
        let other = claim.clone();
        let counterpart = thread::spawn(move || {
            let bid = other.try_claim(1);
            if bid == Bid::Won {
                // SAFETY: won.
                drop(unsafe { other.complete(1) });
            }
            bid
        });
        let held = claim.hold();
        if held {
            // SAFETY: BUSY. loom's cell reports it if the counterpart touches the waker now.
            unsafe { claim.set_waker(Waker::noop()) };
            let parked = claim.park();
            let bid = counterpart.join().unwrap();
            assert!(parked || bid == Bid::Busy);
        } else {
            assert_eq!(counterpart.join().unwrap(), Bid::Won);
        }
    });
}

#[test]
fn loom_a_marked_lasting_claim_keeps_the_mark_over_its_completion() {
    model(|| {
        let claim = loom::sync::Arc::new(Claim::lasting());
        assert!(claim.park());
        let (first, second) = (claim.clone(), claim.clone());
        let claimer = thread::spawn(move || {
            let won = first.try_claim(1) == Bid::Won;
            if won {
                // SAFETY: won.
                drop(unsafe { first.complete(1) });
            }
            won
        });
        let other = thread::spawn(move || {
            let bid = second.try_claim(2);
            if bid == Bid::Won {
                // SAFETY: won.
                drop(unsafe { second.complete(2) });
            }
            bid
        });
        let first_won = claimer.join().unwrap();
        let bid = other.join().unwrap();
        assert_ne!(bid, Bid::Lost);
        assert!(first_won || bid == Bid::Won);
        let marked = claim.rearm();
        assert!(marked, "whoever came second has marked it");
    });
}

#[test]
fn loom_rendezvous_hands_over_exactly_once() {
    model(|| {
        let (tx, rx) = channel::<u8>(0);
        let sender = thread::spawn(move || block_on(async { tx.send(7).await.is_ok() }));
        assert_eq!(block_on(rx.recv()), Some(7));
        assert!(sender.join().unwrap());
        assert_eq!(block_on(rx.recv()), None);
    });
}

#[test]
fn loom_two_sends_through_capacity_one() {
    model(|| {
        let (tx, rx) = channel::<u8>(1);
        let sender = thread::spawn(move || {
            block_on(async {
                tx.send(1).await.unwrap();
                tx.send(2).await.unwrap();
            });
        });
        assert_eq!(block_on(rx.recv()), Some(1));
        assert_eq!(block_on(rx.recv()), Some(2));
        sender.join().unwrap();
    });
}

#[test]
fn loom_a_cancelled_receive_loses_nothing() {
    model(|| {
        let (tx, rx) = channel::<u8>(1);
        let sender = thread::spawn(move || tx.try_send(5).is_ok());
        {
            let mut recv = pin!(rx.recv());
            let mut cx = Context::from_waker(Waker::noop());
            if let Poll::Ready(value) = recv.as_mut().poll(&mut cx) {
                assert_eq!(value, Some(5));
                sender.join().unwrap();
                return;
            }
            // Dropped while the sender hands it a value, or before, or after.
        }
        assert!(sender.join().unwrap());
        assert_eq!(rx.try_recv(), Ok(5));
    });
}

#[test]
fn loom_close_wakes_a_receiver() {
    model(|| {
        let (tx, rx) = channel::<u8>(0);
        let closer = thread::spawn(move || drop(tx));
        assert_eq!(block_on(rx.recv()), None);
        closer.join().unwrap();
    });
}

/// `select! { biased; Some(x) = <-a => x, Some(x) = <-b => x }`
async fn either(a: &Receiver<u8>, b: &Receiver<u8>) -> u8 {
    let mut selector = pin!(Selector::new(Mode::biased()));
    let mut first = pin!(values(Some(a.receive())));
    let mut second = pin!(values(Some(b.receive())));
    let won = poll_fn(|cx| selector.as_mut().poll(cx, &mut [first.as_mut().arm(), second.as_mut().arm()])).await;
    if won == 0 { first.as_mut().take() } else { second.as_mut().take() }
}

#[test]
fn loom_a_select_takes_one_value_and_leaves_the_other() {
    model(|| {
        let (tx, a) = channel::<u8>(1);
        let (ty, b) = channel::<u8>(1);
        let sender = thread::spawn(move || {
            tx.try_send(1).unwrap();
            ty.try_send(2).unwrap();
            (tx, ty)
        });
        let got = block_on(either(&a, &b));
        let _open = sender.join().unwrap();
        let left = if got == 1 { b.try_recv() } else { a.try_recv() };
        assert_eq!(left, Ok(3 - got));
        assert!(a.is_empty() && b.is_empty());
    });
}

#[test]
fn loom_two_selects_face_each_other() {
    // With three it does not end in half an hour.
    let mut few = loom::model::Builder::new();
    few.preemption_bound = few.preemption_bound.map(|bound| bound.min(2));
    few.check(|| {
        let (tx, rx) = channel::<u8>(0);
        let (ty, ry) = channel::<u8>(0);
        let meet = |send: Sender<u8>, receive: Receiver<u8>, value: u8| async move {
            let mut selector = pin!(Selector::new(Mode::biased()));
            let mut out = pin!(sent(Some((&send).transmit(value))));
            let mut back = pin!(values(Some((&receive).receive())));
            let won = poll_fn(|cx| selector.as_mut().poll(cx, &mut [out.as_mut().arm(), back.as_mut().arm()])).await;
            if won == 0 { None } else { Some(back.as_mut().take()) }
        };
        let other = meet(ty, rx, 2);
        let thread = thread::spawn(move || block_on(other));
        let mine = block_on(meet(tx, ry, 1));
        let theirs = thread.join().unwrap();
        assert!(matches!((mine, theirs), (None, Some(1)) | (Some(2), None)), "{mine:?} {theirs:?}");
    });
}

/// Pending until the flag is up; counts its polls.
struct Flag(Arc<AtomicUsize>, Arc<AtomicWaker>);

impl Future for Flag {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.1.register_by_ref(cx.waker());
        if self.0.load(Ordering::SeqCst) == 1 { Poll::Ready(()) } else { Poll::Pending }
    }
}

#[test]
fn loom_a_foreign_future_and_a_channel_do_not_both_win() {
    model(|| {
        let (tx, rx) = channel::<u8>(1);
        let flag = Arc::new(AtomicUsize::new(0));
        let waker = Arc::new(AtomicWaker::new());
        let (flag2, waker2) = (flag.clone(), waker.clone());
        let thread = thread::spawn(move || {
            flag2.store(1, Ordering::SeqCst);
            waker2.wake();
            tx.try_send(9).unwrap();
            tx
        });
        let by_channel = block_on(async {
            let mut selector = pin!(Selector::new(Mode::biased()));
            let mut channel = pin!(values(Some((&rx).receive())));
            let mut foreign = pin!(crate::__private::every(Some(crate::select::Polled::new(Flag(flag, waker)))));
            let won =
                poll_fn(|cx| selector.as_mut().poll(cx, &mut [channel.as_mut().arm(), foreign.as_mut().arm()])).await;
            won == 0 && channel.as_mut().take() == 9
        });
        let _tx = thread.join().unwrap();
        assert_eq!(rx.len(), usize::from(!by_channel), "the value was received by the winner, or is still there");
    });
}

#[test]
fn loom_a_set_is_not_left_asleep_by_a_mark() {
    model(|| {
        let (tx, rx) = channel::<u8>(1);
        let mut set = crate::SelectSet::new();
        set.insert(rx);
        {
            // A round that waits, and is dropped: the member stays linked, the word is BUSY.
            let mut round = pin!(set.recv());
            assert!(round.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        let sender = thread::spawn(move || {
            tx.try_send(5).unwrap();
            tx
        });
        assert_eq!(block_on(set.recv()), (0, Some(5)));
        drop(sender.join().unwrap());
    });
}

#[test]
fn loom_else_does_not_miss_a_value_on_the_move() {
    // A token walks from a to b, into b before it leaves a: at every instant a or b is ready.
    model(|| {
        let (tx, a) = channel::<u8>(1);
        let (ty, b) = channel::<u8>(1);
        tx.try_send(1).unwrap();
        let a2 = a.clone();
        let walker = thread::spawn(move || {
            ty.try_send(2).unwrap();
            let _ = a2.try_recv();
            (tx, ty)
        });
        let mut selector = pin!(Selector::new(Mode::biased().or_else()));
        let mut second = pin!(values(Some(b.receive())));
        let mut first = pin!(values(Some(a.receive())));
        let got = selector
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()), &mut [second.as_mut().arm(), first.as_mut().arm()]);
        match got {
            Poll::Ready(0 | 1) => {}
            other => panic!("{other:?}"),
        }
        drop(walker.join().unwrap());
    });
}
