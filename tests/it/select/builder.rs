//! The builder `vela::Select`: arms put together at run time.

use std::sync::Arc;

use vela::Select;
use vela::prelude::*;

use super::probe::{CAPACITIES, Hand, alive, counted, now, of_capacity, on_each_runtime, with_paused_clock};

#[test]
fn an_arm_that_is_ready_gives_its_result() {
    for capacity in [1, 7, usize::MAX] {
        let (tx, rx) = of_capacity(capacity);
        tx.try_send(20).unwrap();
        let (_t, idle) = channel::<u32>(0);
        let got = now(Select::new().recv(&idle, |v| v).recv(&rx, |v| v + 1).wait());
        assert_eq!(got, Some(21));
    }
}

#[test]
fn each_kind_of_arm_wakes_it() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let (ts, rs) = channel(0);
        let (tc, rc) = channel::<u8>(0);
        let closed = rc.closed();
        let make = || {
            Select::new()
                .recv(&rx, |v: u32| format!("received {v}"))
                .send(&ts, 7, || "sent".to_owned())
                .on(&closed, |()| "closed".to_owned())
        };
        let mut hand = Hand::waiting(make().wait());
        tx.try_send(3).unwrap();
        assert_eq!(hand.woken().as_deref(), Some("received 3"));
        let mut hand = Hand::waiting(make().wait());
        assert_eq!(rs.try_recv(), Ok(7));
        assert_eq!(hand.woken().as_deref(), Some("sent"));
        let mut hand = Hand::waiting(make().wait());
        tc.close();
        assert_eq!(hand.woken().as_deref(), Some("closed"));
    }
}

#[test]
fn biased_prefers_the_arms_that_were_added_first() {
    let (ta, a) = channel(1);
    let (tb, b) = channel(1);
    for _ in 0..200 {
        ta.try_send('a').unwrap();
        tb.try_send('b').unwrap();
        assert_eq!(now(Select::biased().recv(&b, |v| v).recv(&a, |v| v).wait()), Some('b'));
        assert_eq!(a.try_recv(), Ok('a'));
    }
}

#[test]
fn none_says_that_every_arm_is_disabled() {
    for capacity in CAPACITIES {
        let (ta, a) = of_capacity::<u8>(capacity);
        let (tb, b) = channel::<u8>(0);
        let mut hand = Hand::waiting(Select::new().recv(&a, |_| 1).send(&tb, 1, || 2).wait());
        ta.close();
        assert_eq!(hand.run(), None);
        b.close();
        assert_eq!(hand.woken(), None);
    }
    assert_eq!(now(Select::<u8>::new().wait()), None, "without an arm, too");
}

#[test]
fn or_else_runs_when_nothing_is_ready_and_closed_goes_before_it() {
    let (tx, rx) = channel::<u8>(1);
    let look = || now(Select::new().recv(&rx, u32::from).or_else(|| 99).wait());
    assert_eq!(look(), Some(99));
    tx.try_send(4).unwrap();
    assert_eq!(look(), Some(4));
    tx.close();
    assert_eq!(look(), None);
}

#[test]
fn only_the_winner_runs_its_body_and_its_effect() {
    let counter = Arc::default();
    let (ta, a) = channel(1);
    let (tb, b) = channel(1);
    for _ in 0..100 {
        let ran = std::sync::atomic::AtomicU32::new(0);
        let ran = &ran;
        let note = move || ran.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let sent = now(Select::new().send(&ta, counted(&counter), note).send(&tb, counted(&counter), note).wait());
        assert_eq!(sent, Some(0));
        assert_eq!((a.len() + b.len(), alive(&counter)), (1, 1));
        drop((a.try_recv(), b.try_recv()));
    }
}

/// Seen by a permit at capacity 0, which asks how many receivers wait: not even a dead one is in the list any more.
#[test]
fn losers_have_left_before_the_body_runs() {
    let (ta, a) = channel::<u8>(0);
    let (tb, b) = channel::<u8>(0);
    let in_the_body = || (tb.try_send(9).is_err(), tb.try_reserve().is_err());
    let mut hand = Hand::waiting(Select::new().recv(&a, |_| in_the_body()).recv(&b, |_| (false, false)).wait());
    ta.try_send(1).unwrap();
    assert_eq!(hand.woken(), Some((true, true)));
}

#[test]
fn dropped_while_it_waits_it_leaves_every_list() {
    let (ta, a) = channel(0);
    let (tb, b) = channel(0);
    let hand = Hand::waiting(Select::new().recv(&a, |v: u8| v).send(&tb, 1, || 0).wait());
    drop(hand);
    assert!(ta.try_send(1).is_err() && b.try_recv().is_err());
    let hand = Hand::waiting(Select::new().recv(&a, |v: u8| v).wait());
    ta.try_send(1).unwrap();
    drop(hand);
    assert_eq!(a.try_recv(), Ok(1), "what was handed over comes back");
}

#[test]
fn it_meets_a_select() {
    let (tx, rx) = channel(0);
    let mut hand = Hand::waiting(Select::new().recv(&rx, |v| v).wait());
    assert!(now(async {
        select! { tx <- 8 => true, else => false }
    }));
    assert_eq!(hand.woken(), Some(8));
}

#[test]
fn any_number_of_arms_can_be_added_in_a_loop() {
    let ends: Vec<(Sender<usize>, Receiver<usize>)> = (0..100).map(|_| channel(0)).collect();
    for n in [0, 50, 99] {
        let select =
            ends.iter().enumerate().fold(Select::new(), |select, (i, (_, rx))| select.recv(rx, move |v| (i, v)));
        let mut hand = Hand::waiting(select.wait());
        ends[n].0.try_send(n).unwrap();
        assert_eq!(hand.woken(), Some((n, n)));
    }
}

#[test]
fn a_task_and_a_timer_are_arms() {
    with_paused_clock(async {
        let task = go! { sleep(ms(10)).await; 5 };
        let timer = after(ms(20));
        let arms = || Select::new().on(&task, |r: Result<i32, TaskError>| r.ok()).on(&timer, |()| None);
        assert_eq!(arms().wait().await, Some(Some(5)));
        assert_eq!(Select::new().on(&timer, |()| 1).wait().await, Some(1));
    });
}

#[test]
fn it_can_be_built_in_one_task_and_awaited_in_another() {
    on_each_runtime(|| async {
        let (tx, rx) = channel(0);
        let rx: &'static Receiver<u32> = Box::leak(Box::new(rx));
        let select = Select::new().recv(rx, |v| v * 2).wait();
        let task = tokio::spawn(select);
        tx.send(21).await.unwrap();
        assert_eq!(task.await.unwrap(), Some(42));
    });
}
