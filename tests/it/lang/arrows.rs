//! The two arrows on their own: `<-rx`, `tx <- v`, and the send that leaves.

use vela::prelude::*;
use vela::{SendError, SendErrorKind};

use crate::select::probe::{BUFFERED, CAPACITIES, Hand, now, of_capacity, on_each_runtime, with_paused_clock};

#[test]
fn a_receive_gives_values_in_order_and_then_none() {
    for capacity in CAPACITIES {
        on_each_runtime(|| async move {
            let (tx, rx) = of_capacity(capacity);
            let sender = go! { for n in 0..50 { tx <- n else { panic!("closed") }; } };
            for n in 0..50 {
                assert_eq!(vela!(<-rx), Some(n));
            }
            assert_eq!(vela!(<-rx), None);
            assert_eq!(vela!(<-rx), None);
            vela!((<-sender).unwrap());
        });
    }
}

#[test]
fn a_receive_waits_and_is_woken() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let mut hand = Hand::waiting(async { vela!(<-rx) });
        tx.try_send(1).unwrap();
        assert_eq!(hand.woken(), Some(1));
    }
}

#[test]
fn a_send_gives_a_result_that_hands_the_value_back() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let receive = (capacity == 0).then(|| Hand::waiting(rx.recv()));
        let sent: Result<(), SendError<String>> = now(async { vela!(tx <- "a".to_owned()) });
        assert!(sent.is_ok());
        drop(receive);
        rx.close();
        let failed: Result<(), SendError<String>> = now(async { vela!(tx <- "b".to_owned()) });
        let error = failed.unwrap_err();
        assert_eq!((error.kind(), error.into_inner().as_str()), (SendErrorKind::Closed, "b"));
    }
}

#[test]
fn a_send_waits_for_room() {
    for capacity in [0, 1, 7] {
        let (tx, rx) = of_capacity(capacity);
        for n in 0..capacity {
            now(async { vela!(tx <- n) }).unwrap();
        }
        let mut hand = Hand::waiting(async { vela!(tx <- 99) });
        for _ in 0..capacity.max(1) {
            rx.try_recv().unwrap();
        }
        assert_eq!(hand.woken(), Ok(()));
    }
}

#[test]
fn dropping_an_arrow_that_waits_loses_nothing() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let hand = Hand::waiting(async { vela!(<-rx) });
        tx.try_send(1).unwrap();
        drop(hand);
        assert_eq!(now(async { vela!(<-rx) }), Some(1));
    }
}

#[test]
fn the_else_of_a_send_runs_once_nobody_can_receive() {
    async fn count(tx: Sender<u32>) -> u32 {
        let mut sent = 0;
        vela! {
            loop {
                tx <- sent else { return sent };
                sent += 1;
            }
        }
    }
    for capacity in BUFFERED {
        let (tx, rx) = of_capacity(capacity);
        let n = u32::try_from(capacity.min(5)).unwrap();
        let mut hand = Hand::new(count(tx));
        if capacity == usize::MAX {
            rx.close();
            assert_eq!(hand.run(), Some(0));
        } else {
            assert_eq!(hand.run(), None);
            for _ in 0..n {
                assert!(rx.try_recv().is_ok());
            }
            assert_eq!(hand.run(), None);
            rx.close();
            assert_eq!(hand.run(), Some(n + u32::try_from(capacity).unwrap()));
        }
    }
}

#[test]
fn the_else_of_a_send_may_break_continue_and_panic() {
    let (tx, rx) = channel::<u32>(3);
    let (dead, _) = channel::<u32>(3);
    let rounds = now(async {
        let mut rounds = 0;
        vela! {
            'outer: for n in 0..10 {
                loop {
                    rounds += 1;
                    if n < 3 { tx <- n else { break 'outer }; break; }
                    if n < 6 { dead <- n else { continue 'outer }; }
                    dead <- n else { break 'outer };
                    unreachable!();
                }
            }
        }
        rounds
    });
    assert_eq!(rounds, 7);
    assert_eq!(rx.drain().collect::<Vec<_>>(), [0, 1, 2]);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        now(async {
            vela! { dead <- 1 else { panic!("nobody is there") }; }
        });
    }));
    assert!(panicked.is_err());
}

#[test]
fn the_else_of_a_send_runs_on_each_kind_of_failure() {
    with_paused_clock(async {
        for (overflow, kind) in [
            (Overflow::Reject, SendErrorKind::Full),
            (Overflow::Timeout(ms(10)), SendErrorKind::TimedOut),
            (Overflow::Retry { attempts: 2, backoff: ms(1) }, SendErrorKind::Full),
        ] {
            let (tx, _rx) = Channel::bounded(1).overflow(overflow).build().unwrap();
            let failed = vela! {
                tx <- 1 else { panic!("there is room") };
                (tx <- 2).unwrap_err().kind()
            };
            assert_eq!(failed, kind);
            let mut left = false;
            for _ in 0..1 {
                vela! { tx <- 3 else { left = true; break }; }
                unreachable!();
            }
            assert!(left);
        }
    });
}

#[test]
fn the_else_of_a_let_belongs_to_the_let() {
    let (tx, rx) = channel(1);
    let outcome = now(async {
        vela! {
            let Ok(()) = tx <- 1 else { return "not sent" };
            rx.close();
            let Err(error) = tx <- 2 else { return "sent" };
            assert_eq!(error.into_inner(), 2);
            let Ok(()) = tx <- 3 else { return "closed" };
            "sent again"
        }
    });
    assert_eq!(outcome, "closed");
}

#[test]
fn everything_to_the_right_of_a_send_is_the_value() {
    #[derive(Debug, PartialEq)]
    struct Point {
        x: i32,
        y: i32,
    }
    let (tx, rx) = unbounded();
    let (tp, rp) = unbounded();
    let (tf, rf) = unbounded::<Box<dyn Fn(i32) -> i32 + Send>>();
    let (a, b, c) = (3, 4, true);
    now(async {
        vela! {
            (tx <- a + b * 2).unwrap();
            (tx <- if c { 1 } else { 2 }).unwrap();
            (tx <- match b { 4 => 40, _ => 0 }).unwrap();
            (tx <- -a).unwrap();
            (tx <- a as i32 - 1).unwrap();
            (tx <- { let d = a; d * d }).unwrap();
            tx <- a.max(b).pow(2) else { unreachable!() };
            tx <- [1, 2, 3].iter().sum::<i32>() else { unreachable!() };
            tx <- !a & 0xff else { unreachable!() };
            tx <- i32::from(a < b && c) else { unreachable!() };
            tp <- (Point { x: 1, y: a }) else { unreachable!() };
            (tp <- Point { x: 2, ..Point { x: 0, y: 9 } }).unwrap();
            tf <- Box::new(move |n| n + a) else { unreachable!() };
        }
    });
    assert_eq!(rx.drain().collect::<Vec<_>>(), [11, 1, 40, -3, 2, 9, 16, 6, 0xfc, 1]);
    assert_eq!(rp.drain().collect::<Vec<_>>(), [Point { x: 1, y: 3 }, Point { x: 2, y: 9 }]);
    assert_eq!(rf.try_recv().unwrap()(1), 4);
}

#[test]
fn the_value_of_a_send_is_a_coercion_site() {
    let (tx, rx) = unbounded::<Box<dyn std::fmt::Debug + Send>>();
    let (ts, rs) = unbounded::<&'static [u8]>();
    now(async {
        vela! {
            tx <- Box::new(5) else { unreachable!() };
            tx <- Box::new("text") else { unreachable!() };
            ts <- &[1, 2, 3] else { unreachable!() };
        }
        select! {
            r = tx <- Box::new('c') => r.unwrap(),
        }
    });
    assert_eq!(rx.drain().map(|v| format!("{v:?}")).collect::<Vec<_>>(), ["5", "\"text\"", "'c'"]);
    assert_eq!(rs.try_recv(), Ok(&[1, 2, 3][..]));
}

struct Worker {
    ends: Ends,
    many: Vec<Sender<u32>>,
}

struct Ends {
    tx: Sender<u32>,
    rx: Receiver<u32>,
}

impl Worker {
    fn new() -> Self {
        let (tx, rx) = unbounded();
        let many = vec![tx.clone(), tx.clone()];
        Self { ends: Ends { tx, rx }, many }
    }

    fn tx(&self) -> &Sender<u32> {
        &self.ends.tx
    }

    vela! {
        async fn work(&self, n: u32) -> Option<u32> {
            (self.ends.tx <- n).ok()?;
            self.many[n as usize % 2] <- n + 1 else { return None };
            self.tx() <- n + 2 else { return None };
            self.tx().clone() <- n + 3 else { return None };
            (*self.tx()) <- n + 4 else { return None };
            let sum = (<-self.ends.rx)? + (<-self.ends.rx.clone())? + (<-(self.ends.rx))? + (<-&self.ends.rx)?;
            Some(sum + (<-std::convert::identity(&self.ends.rx))?)
        }
    }
}

#[test]
fn operands_are_paths_fields_indices_calls_and_references() {
    let worker = Worker::new();
    assert_eq!(now(worker.work(10)), Some(60));
    assert!(worker.ends.rx.is_empty());
}

#[test]
fn both_ends_in_one_hand_send_and_receive() {
    let both = Channel::new(1);
    let by_ref = &both;
    let got = now(async {
        vela! {
            both <- 1 else { return None };
            let first = <-both;
            by_ref <- first? + 1 else { return None };
            <-by_ref
        }
    });
    assert_eq!(got, Some(2));
}

#[test]
fn sends_and_receives_nest() {
    let (ta, ra) = channel(1);
    let (tb, rb) = channel(1);
    let (tc, rc) = unbounded::<Receiver<u32>>();
    let got = now(async {
        vela! {
            ta <- 5 else { return None };
            (tb <- <-ra).unwrap();
            let relayed = (<-rb).flatten();
            ta <- relayed? + 1 else { return None };
            tc <- ra.clone() else { return None };
            <-((<-rc)?)
        }
    });
    assert_eq!(got, Some(6));
}
