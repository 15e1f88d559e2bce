//! What mutants of the select engine have got wrong, and no other test had seen.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use vela::__private::{Mode, Selector, lend, values};
use vela::ops::{Receive, Transmit};
use vela::prelude::*;
use vela::{Select, SelectSet};

use super::probe::{BUFFERED, Hand, now, of_capacity, once};

/// Pending for ever; its first poll does something, as a neighbour on another thread could at that moment.
async fn meanwhile(act: impl FnOnce()) {
    let mut act = Some(act);
    poll_fn(|_| {
        if let Some(act) = act.take() {
            act();
        }
        Poll::<()>::Pending
    })
    .await;
}

#[test]
fn a_value_that_comes_during_the_look_is_found_before_else_runs() {
    for capacity in BUFFERED {
        let (ta, a) = of_capacity(capacity);
        let (_tb, b) = of_capacity::<u8>(capacity);
        let got = now(async {
            select! {
                biased;
                v = <-a => v,
                v = <-b => v,
                () = meanwhile(|| ta.try_send(1).unwrap()) => None,
                else => Some(0),
            }
        });
        assert_eq!(got, Some(1));
    }
}

#[test]
fn two_values_that_come_during_the_look_are_found_before_else_runs() {
    for capacity in BUFFERED {
        let (ta, a) = of_capacity(capacity);
        let (tb, b) = of_capacity(capacity);
        let got = now(async {
            select! {
                biased;
                v = <-a => v,
                v = <-b => v,
                () = meanwhile(|| { ta.try_send(1).unwrap(); tb.try_send(2).unwrap(); }) => None,
                else => Some(0),
            }
        });
        assert_eq!((got, a.len(), b.len()), (Some(1), 0, 1));
    }
}

#[test]
fn values_that_come_to_a_set_during_the_look_are_found_before_else_runs() {
    for members in 2..7 {
        for hits in 1..=members {
            let ends: Vec<_> = (0..members).map(|_| channel(1)).collect();
            let mut set: Vec<_> = ends.iter().map(|(_, rx)| rx.clone()).collect();
            let got = now(async {
                select! {
                    biased;
                    (_, v) = <-any(&mut set) => v,
                    () = meanwhile(|| ends[..hits].iter().for_each(|(tx, _)| tx.try_send(1).unwrap())) => None,
                    else => Some(0),
                }
            });
            let left: usize = ends.iter().map(|(_, rx)| rx.len()).sum();
            assert_eq!((got, left), (Some(1), hits - 1));
        }
    }
}

#[test]
fn a_channel_that_closes_during_the_look_only_disables_its_arm() {
    for capacity in BUFFERED {
        let (ta, a) = of_capacity::<u8>(capacity);
        let (_tb, b) = of_capacity::<u8>(capacity);
        let got = now(async {
            select! {
                biased;
                Some(v) = <-a => v,
                Some(v) = <-b => v,
                () = meanwhile(|| { ta.close(); }) => 8,
                else => 9,
                closed => 10,
            }
        });
        assert_eq!(got, 9);
    }
}

#[test]
fn a_channel_that_closes_while_the_select_enrols_only_disables_its_arm() {
    for capacity in BUFFERED {
        let (ta, a) = of_capacity::<u8>(capacity);
        let (tb, b) = of_capacity::<u8>(capacity);
        let mut polls = 0;
        let mut hand = Hand::waiting(async {
            select! {
                biased;
                Some(v) = <-a => v,
                Some(v) = <-b => v,
                () = poll_fn(|_| {
                    polls += 1;
                    if polls == 2 { ta.close(); }
                    Poll::Pending
                }) => 8,
                closed => 10,
            }
        });
        assert!(hand.poll().is_pending(), "the other arm is left");
        tb.try_send(5).unwrap();
        assert_eq!(hand.woken(), 5);
    }
}

/// It was handed its value first: what is ready by the time it looks does not change that.
#[test]
fn a_set_that_was_claimed_gives_what_it_was_claimed_for() {
    for at in 0..6 {
        let (tx, rx) = channel(1);
        let ends: Vec<_> = (0..6).map(|_| channel(1)).collect();
        let mut set: Vec<_> = ends.iter().map(|(_, rx)| rx.clone()).collect();
        let mut hand = Hand::waiting(async {
            select! { biased; v = <-rx => (9, v), (i, v) = <-any(&mut set) => (i, v) }
        });
        ends[at].0.try_send('a').unwrap();
        tx.try_send('b').unwrap();
        assert_eq!(hand.woken(), (at, Some('a')));
        assert_eq!(rx.len(), 1);
    }
}

/// A receive that another channel has completed waits no more: a permit at capacity 0 is not granted on its account.
#[test]
fn a_place_is_not_granted_for_a_select_that_has_fired() {
    let (ta, a) = channel::<u8>(0);
    let (tb, b) = channel::<u8>(0);
    let mut hand = Hand::waiting(async {
        select! { v = <-a => v, v = <-b => v }
    });
    drop(ta.try_reserve().expect("a receiver waits"));
    tb.try_send(1).unwrap();
    assert!(ta.try_reserve().is_err(), "it waits no more");
    assert_eq!(hand.woken(), Some(1));
}

/// Members that are not in a round stand in line and cannot be claimed: each channel looks as if a send might succeed, so
/// that the select has to take all the locks.
#[test]
fn a_look_at_any_number_of_channels_leaves_them_usable() {
    for n in [1, 7, 8, 9, 10, 30] {
        let mut set = SelectSet::new();
        let senders: Vec<_> = (0..n)
            .map(|_| {
                let (tx, rx) = channel::<u8>(0);
                set.insert(rx);
                tx
            })
            .collect();
        drop(Hand::waiting(set.recv()));
        for _ in 0..3 {
            let select = senders.iter().fold(Select::new(), |select, tx| select.send(tx, 1, || "sent"));
            assert_eq!(now(select.or_else(|| "else").wait()), Some("else"));
        }
        let mut round = Hand::waiting(set.recv());
        senders[n - 1].try_send(4).unwrap();
        assert_eq!(round.run(), Some((n - 1, Some(4))));
    }
}

#[test]
#[should_panic(expected = "a select is polled with the same arms each time")]
fn an_arm_that_is_left_out_panics() {
    let (tx, rx) = channel::<u8>(0);
    let (_ty, ry) = channel::<u8>(0);
    let mut quiet = Context::from_waker(Waker::noop());
    let mut selector = pin!(Selector::new(Mode::biased()));
    let mut a = pin!(values(Some((&rx).receive())));
    let mut b = pin!(values(Some((&ry).receive())));
    assert!(selector.as_mut().poll(&mut quiet, &mut [a.as_mut().arm(), b.as_mut().arm()]).is_pending());
    tx.try_send(1).unwrap();
    let _ = selector.as_mut().poll(&mut quiet, &mut [a.as_mut().arm()]);
}

#[test]
fn a_select_shows_how_many_arms_it_has() {
    let (_tx, rx) = channel::<u8>(0);
    let shown = format!("{:?}", Select::new().recv(&rx, |_| ()).recv(&rx, |_| ()));
    assert!(shown.starts_with("Select") && shown.contains("arms: 2"), "{shown}");
}

#[test]
fn the_parts_of_a_select_show_their_state() {
    let (tx, rx) = channel(1);
    let shown = format!("{:?}", Selector::new(Mode::biased()));
    assert!(shown.contains("Claim { phase: Waiting }"), "{shown}");
    let case = (&rx).receive();
    assert!(format!("{case:?}").starts_with("ChanCase"), "{case:?}");
    assert_eq!(format!("{:?}", values(Some(case))), "Slot { enabled: true, .. }");
    assert_eq!(format!("{:?}", lend(Ok((&tx).transmit(1)))), "Slot { enabled: true, .. }");
}

const CHILD: &str = "VELA_TEST_CHILD";

/// Wrong use of what the macros use. Its arm is still in a channel's list when the select goes.
#[test]
#[ignore = "run by a_select_that_goes_before_its_arms_ends_the_process"]
fn child_select_goes_before_its_arms() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let (_tx, rx) = channel::<u8>(0);
    let mut arm = pin!(values(Some((&rx).receive())));
    let mut selector = Box::pin(Selector::new(Mode::biased()));
    let mut quiet = Context::from_waker(Waker::noop());
    assert!(selector.as_mut().poll(&mut quiet, &mut [arm.as_mut().arm()]).is_pending());
    drop(selector);
    println!("it went on");
}

#[test]
fn a_select_that_goes_before_its_arms_ends_the_process() {
    let child = "select::mutants::child_select_goes_before_its_arms";
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    let output = command.args(["--exact", child, "--ignored", "--nocapture"]).env(CHILD, "1").output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("running 1 test") && !printed.contains("it went on"), "{printed}");
    assert!(!output.status.success());
}

#[test]
fn threads_choose_differently() {
    let choices = || {
        std::thread::spawn(|| {
            let ready: Vec<_> = (0..16).map(|_| channel(64)).collect();
            ready.iter().for_each(|(tx, _)| (0..64).for_each(|_| tx.try_send(()).unwrap()));
            let mut set: Vec<_> = ready.iter().map(|(_, rx)| rx.clone()).collect();
            (0..40)
                .map(|_| {
                    now(async {
                        select! { (i, _) = <-any(&mut set) => i }
                    })
                })
                .collect::<Vec<_>>()
        })
    };
    let (a, b) = (choices(), choices());
    assert_ne!(a.join().unwrap(), b.join().unwrap());
}

/// Sends a value when it is woken, once.
struct Sends(Sender<u8>, AtomicBool);

impl Wake for Sends {
    fn wake(self: Arc<Self>) {
        if !self.1.swap(true, Ordering::SeqCst) {
            assert!(self.0.try_send(1).is_err(), "the select is busy");
        }
    }
}

/// Its first claim is spent on the close of an arm. It enrols anew, and grants a place thereby to a task that sends to
/// another of its arms at once: it is found busy, not gone.
#[test]
fn a_select_that_enrols_anew_is_not_taken_for_dead() {
    let (ta, a) = channel::<u8>(0);
    let (tb, b) = channel::<u8>(0);
    let (tc, c) = channel::<u8>(0);
    let mut hand = Hand::waiting(async {
        select! { biased; Some(v) = <-b => v, Some(v) = <-c => v, Some(v) = <-a => v, closed => 0 }
    });
    ta.close();
    let waker = Arc::new(Sends(tb.clone(), AtomicBool::new(false)));
    let mut place = Hand::new(tc.reserve());
    assert!(place.poll_with(&Waker::from(Arc::clone(&waker))).is_pending(), "nobody waits any more");
    assert!(hand.poll().is_pending());
    assert!(waker.1.load(Ordering::SeqCst));
    drop(place);
    tb.try_send(7).expect("it waits still");
    assert_eq!(hand.woken(), 7);
}

/// Receives when it is woken.
struct Takes(Receiver<u8>, AtomicBool);

impl Wake for Takes {
    fn wake(self: Arc<Self>) {
        self.1.fetch_or(self.0.try_recv().is_ok(), Ordering::SeqCst);
    }
}

/// It finds a sender that has parked while it was busy, and wakes it. Whoever runs then cannot take what another of its
/// arms offers: one of them has happened.
#[test]
fn a_select_that_has_found_something_is_not_completed_elsewhere() {
    let (ta, a) = channel(0);
    let (tb, b) = channel(0);
    let waker = Arc::new(Takes(b, AtomicBool::new(false)));
    let parked = RefCell::new(None);
    let mut polls = 0;
    let mut hand = Hand::waiting(async {
        select! {
            biased;
            v = <-a => v,
            sent = tb <- 1 => { sent.unwrap(); None }
            () = poll_fn(|_| {
                polls += 1;
                if polls == 2 {
                    let mut sender = Hand::new(ta.send(5));
                    assert!(sender.poll_with(&Waker::from(Arc::clone(&waker))).is_pending());
                    parked.replace(Some(sender));
                }
                Poll::Pending
            }) => None,
        }
    });
    assert_eq!(hand.poll(), Poll::Ready(Some(5)));
    assert!(!waker.1.load(Ordering::SeqCst), "both arms have happened");
    assert_eq!(parked.take().unwrap().run(), Some(Ok(())));
}

/// Tells the threads to stop, also where the test fails.
struct StopsThem<'a>(&'a AtomicBool);

impl Drop for StopsThem<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The threads pass over its members again and again while it looks, so that in the end it looks under all the locks.
#[test]
fn a_set_that_is_passed_over_all_the_time_gives_what_was_sent() {
    const MEMBERS: usize = 8;
    let ends: Vec<_> = (0..MEMBERS).map(|_| channel(0)).collect();
    let mut set = SelectSet::new();
    ends.iter().for_each(|(_, rx)| _ = set.insert(rx.clone()));
    let stop = AtomicBool::new(false);
    let send = || {
        let senders = ends.iter().map(|(tx, _)| tx).cycle().take_while(|_| !stop.load(Ordering::Relaxed));
        senders.filter(|tx| tx.try_send(7).is_ok()).count()
    };
    let sent: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(send)).collect();
        let stops = StopsThem(&stop);
        let mut got = 0;
        for _ in 0..100_000 {
            if let Poll::Ready((member, value)) = once(set.recv()) {
                assert!(member < MEMBERS);
                assert_eq!(value, Some(7));
                got += 1;
            }
        }
        drop(stops);
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>() - got
    });
    assert_eq!(sent, ends.iter().map(|(_, rx)| rx.drain().count()).sum::<usize>(), "what was not received is there");
}
