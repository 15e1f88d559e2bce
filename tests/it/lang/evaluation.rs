//! Go's evaluation order: guards, operands and sent values, once each, top to bottom, on entry.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;

use vela::prelude::*;

use crate::select::probe::{Hand, Log, Noted, now};

#[test]
fn guards_operands_and_values_are_evaluated_once_from_top_to_bottom() {
    let log = Log::default();
    let (ta, a) = channel::<u32>(0);
    let (tb, b) = channel::<u32>(0);
    let mut hand = Hand::waiting(async {
        select! {
            v = <-log.note("rx 1", a.clone()) => v,
            r = log.note("tx 2", tb.clone()) <- log.note("value 2", 2), if log.note("guard 2", true) => r.ok().map(|()| 0),
            _ = log.note("future 3", std::future::pending::<()>()) => None,
            v = <-log.note("rx 4", b.clone()), if log.note("guard 4", true) => v,
            log.note("tx 5", ta.clone()) <- log.note("value 5", 5) => None,
            _ = log.note("future 6", std::future::pending::<()>()), if log.note("guard 6", true) => None,
        }
    });
    let expected =
        ["rx 1", "guard 2", "tx 2", "value 2", "future 3", "guard 4", "rx 4", "tx 5", "value 5", "guard 6", "future 6"];
    assert_eq!(log.take(), expected);
    for _ in 0..10 {
        assert!(hand.poll().is_pending());
    }
    ta.try_send(7).unwrap();
    assert_eq!(hand.woken(), Some(7));
    assert!(log.take().is_empty(), "nothing is evaluated again");
}

#[test]
fn everything_is_evaluated_even_if_the_first_arm_is_ready() {
    let log = Log::default();
    let (ta, a) = channel(1);
    let (tb, _b) = channel(1);
    ta.try_send(1).unwrap();
    let got = now(async {
        select! {
            biased;
            v = <-log.note("rx 1", &a) => log.note("body", v),
            log.note("tx 2", &tb) <- log.note("value 2", 2) => None,
            else => None,
        }
    });
    assert_eq!(got, Some(1));
    assert_eq!(log.take(), ["rx 1", "tx 2", "value 2", "body"]);
}

#[test]
fn nothing_of_an_arm_whose_guard_is_false_is_evaluated() {
    let log = Log::default();
    let (tx, rx) = channel(1);
    let mut inputs = [rx.clone()];
    tx.try_send(1).unwrap();
    for _ in 0..100 {
        let got = now(async {
            select! {
                v = <-log.note("rx 1", rx.clone()), if log.note("guard 1", false) => v,
                log.note("tx 2", tx.clone()) <- log.note("value 2", 2), if log.note("guard 2", false) => None,
                _ = log.note("future 3", async {}), if log.note("guard 3", false) => None,
                (_, v) = <-any(log.note("set 4", &mut inputs)), if log.note("guard 4", false) => v,
                else => Some(99),
            }
        });
        assert_eq!(got, Some(99));
        assert_eq!(log.take(), ["guard 1", "guard 2", "guard 3", "guard 4"]);
    }
}

#[test]
fn a_guard_is_looked_at_on_entry_only() {
    let (tx, rx) = channel(0);
    let open = Cell::new(true);
    let mut hand = Hand::waiting(async {
        select! { v = <-rx, if open.get() => v, closed => None }
    });
    open.set(false);
    assert!(hand.poll().is_pending());
    tx.try_send(3).unwrap();
    assert_eq!(hand.woken(), Some(3));
}

/// What an operand does may matter to the guards and operands below it.
#[test]
fn a_later_guard_sees_what_an_earlier_operand_did() {
    let count = Cell::new(0);
    let next = || {
        count.set(count.get() + 1);
        count.get()
    };
    let (tx, rx) = channel(2);
    let got = now(async {
        select! {
            biased;
            _ = poll_fn(|_| Poll::<()>::Pending), if next() == 1 => 0,
            r = tx <- next(), if next() == 2 => { r.unwrap(); 1 }
            else => 2,
        }
    });
    assert_eq!((got, rx.try_recv(), count.get()), (1, Ok(3), 3));
}

/// A receiver that says when it is dropped.
struct Tracked(Receiver<u32>, #[allow(dead_code)] Noted);

impl<'a> Receive for &'a Tracked {
    type Output = Option<u32>;
    type Case = <&'a Receiver<u32> as Receive>::Case;

    fn receive(self) -> Self::Case {
        (&self.0).receive()
    }
}

#[test]
fn value_operands_are_dropped_before_the_body() {
    let log = Log::default();
    let (tx, rx) = channel(1);
    let tracked = |effect| Tracked(rx.clone(), log.guard(effect));
    tx.try_send(1).unwrap();
    let got = now(async {
        select! {
            v = <-tracked("first dropped") => log.note("body", v),
            v = <-tracked("second dropped"), if true => log.note("body", v),
        }
    });
    assert_eq!(got, Some(1));
    let mut effects = log.take();
    assert_eq!(effects.pop(), Some("body"));
    effects.sort_unstable();
    assert_eq!(effects, ["first dropped", "second dropped"]);
}

#[test]
fn value_operands_are_dropped_before_closed_and_else() {
    let log = Log::default();
    let (tx, rx) = channel::<u32>(1);
    let look = || {
        now(async {
            select! {
                Some(_) = <-Tracked(rx.clone(), log.guard("dropped")) => {}
                closed => log.note("closed", ()),
                else => log.note("else", ()),
            }
        });
    };
    look();
    assert_eq!(log.take(), ["dropped", "else"]);
    tx.close();
    look();
    assert_eq!(log.take(), ["dropped", "closed"]);
}

#[test]
fn value_operands_are_dropped_with_a_select_that_is_dropped() {
    let log = Log::default();
    let (tx, rx) = channel::<u32>(0);
    let hand = Hand::waiting(async {
        select! { v = <-Tracked(rx.clone(), log.guard("dropped")) => v }
    });
    assert!(log.take().is_empty());
    drop(hand);
    assert_eq!(log.take(), ["dropped"]);
    assert!(tx.try_send(1).is_err());
}

#[test]
fn place_operands_are_borrowed_and_there_afterwards() {
    struct Ends {
        input: Tracked,
        outputs: Vec<Sender<u32>>,
    }
    let log = Log::default();
    let (tx, rx) = channel(1);
    let (out, results) = channel(1);
    let ends = Ends { input: Tracked(rx, log.guard("dropped")), outputs: vec![out] };
    for n in 0..3 {
        tx.try_send(n).unwrap();
        let got = now(async {
            select! {
                biased;
                v = <-ends.input => v.map(|v| v + ends.input.0.len() as u32),
                ends.outputs[0] <- 1 => None,
            }
        });
        assert_eq!(got, Some(n));
    }
    now(async {
        select! { r = ends.outputs[0] <- 5 => r.unwrap() }
    });
    assert_eq!(results.try_recv(), Ok(5));
    assert!(log.take().is_empty());
    drop(ends);
    assert_eq!(log.take(), ["dropped"]);
}

#[test]
fn indices_of_place_operands_are_evaluated_once_in_order() {
    let log = Log::default();
    let (senders, receivers): (Vec<Sender<u32>>, Vec<Receiver<u32>>) = (0..3).map(|_| channel(1)).unzip();
    receivers[0].len();
    senders[1].try_send(8).unwrap();
    let mut hand = Hand::new(async {
        select! {
            biased;
            v = <-receivers[log.note("index 1", 0)] => v,
            v = <-receivers[log.note("index 2", 1)], if log.note("guard 2", true) => v,
            senders[log.note("index 3", 2)] <- log.note("value 3", 1) => None,
        }
    });
    assert_eq!(hand.run(), Some(Some(8)));
    assert_eq!(log.take(), ["index 1", "guard 2", "index 2", "index 3", "value 3"]);
}

/// The operand of a lending arm stands where it stands; only the move of the value is late.
#[test]
fn indices_of_lending_arms_are_evaluated_in_textual_order() {
    let log = Log::default();
    let (senders, _receivers): (Vec<Sender<u32>>, Vec<Receiver<u32>>) = (0..2).map(|_| channel(1)).unzip();
    let (_tx, rx) = channel::<u32>(1);
    #[allow(unused_mut)]
    let mut value = 5;
    now(async {
        select! {
            biased;
            senders[log.note("index 1", 0)] <- mut value, if log.note("guard 1", true) => {}
            _ = <-log.note("rx 2", &rx) => {}
        }
    });
    assert_eq!(log.take(), ["guard 1", "index 1", "rx 2"]);
}

#[test]
fn an_operand_may_leave_the_select() {
    fn pick(rx: &Receiver<u32>, there: bool) -> Option<&Receiver<u32>> {
        there.then_some(rx)
    }
    async fn run(rx: &Receiver<u32>, there: bool) -> Option<u32> {
        select! {
            v = <-(pick(rx, there)?) => v,
            else => Some(99),
        }
    }
    let (tx, rx) = channel(1);
    assert_eq!(now(run(&rx, false)), None);
    assert_eq!(now(run(&rx, true)), Some(99));
    tx.try_send(4).unwrap();
    assert_eq!(now(run(&rx, true)), Some(4));
}

#[test]
fn an_arrow_evaluates_its_sink_before_its_value_and_each_once() {
    let log = Log::default();
    let (tx, rx) = channel(1);
    tx.try_send(0).unwrap();
    let mut hand = Hand::waiting(async { vela!(log.note("tx", tx.clone()) <- log.note("value", 1)) });
    assert_eq!(log.take(), ["tx", "value"]);
    for _ in 0..5 {
        assert!(hand.poll().is_pending());
    }
    assert_eq!(rx.try_recv(), Ok(0));
    assert_eq!(hand.woken(), Ok(()));
    let mut hand = Hand::new(async { vela!(<-log.note("rx", rx.clone())) });
    assert_eq!(hand.run(), Some(Some(1)));
    assert_eq!(log.take(), ["rx"]);
}
