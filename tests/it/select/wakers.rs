//! Which waker is woken: always that of the last poll, and only when there is something to do.

use std::future::poll_fn;
use std::task::Poll;

use vela::prelude::*;
use vela::{Select, SelectSet};

use super::probe::{Bell, CAPACITIES, Hand, of_capacity};

#[test]
fn spurious_polls_change_nothing() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let (_t, other) = channel::<u32>(0);
        let mut select = Hand::waiting(async {
            select! { v = <-rx => v, v = <-other => v }
        });
        let mut later = Hand::waiting(rx.recv());
        for _ in 0..100 {
            assert!(select.poll().is_pending());
            assert!(later.poll().is_pending());
        }
        assert_eq!(select.rings(), 0);
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        assert_eq!(select.woken(), Some(1), "it has kept its place");
        assert_eq!(later.woken(), Some(2));
    }
}

#[test]
fn spurious_polls_of_a_select_with_a_future_change_nothing() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let mut polls = 0;
        let mut select = Hand::waiting(async {
            select! {
                v = <-rx => v,
                () = poll_fn(|_| { polls += 1; Poll::Pending }) => None,
            }
        });
        let mut later = Hand::waiting(rx.recv());
        for _ in 0..100 {
            assert!(select.poll().is_pending());
        }
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        assert_eq!(select.woken(), Some(1));
        assert_eq!(later.woken(), Some(2));
        drop(select);
        assert_eq!(polls, 101, "once per poll, and not after a counterpart has come");
    }
}

#[test]
fn a_select_wakes_the_waker_of_its_last_poll() {
    for capacity in CAPACITIES {
        let (tx, rx) = of_capacity(capacity);
        let (_t, other) = channel::<u32>(0);
        let mut select = Hand::new(async {
            select! { v = <-rx => v, v = <-other => v }
        });
        let bells = [Bell::new(), Bell::new(), Bell::new()];
        for bell in &bells {
            assert!(select.poll_ringing(bell).is_pending());
        }
        tx.try_send(1).unwrap();
        assert_eq!(bells.each_ref().map(|bell| bell.rings()), [0, 0, 1]);
        assert_eq!(select.poll(), Poll::Ready(Some(1)));
    }
}

#[test]
fn a_sending_select_wakes_the_waker_of_its_last_poll() {
    let (tx, rx) = channel(0);
    let mut select = Hand::new(async {
        select! { r = tx <- 1 => r.is_ok() }
    });
    let bells = [Bell::new(), Bell::new()];
    for bell in &bells {
        assert!(select.poll_ringing(bell).is_pending());
    }
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(bells.each_ref().map(|bell| bell.rings()), [0, 1]);
    assert_eq!(select.poll(), Poll::Ready(true));
}

#[test]
fn a_foreign_future_gets_the_waker_of_each_poll() {
    let (tx, rx) = channel(0);
    let mut stored = None;
    let mut select = Hand::new(async {
        select! {
            () = poll_fn(|cx| { stored = Some(cx.waker().clone()); Poll::Pending }) => None,
            v = <-rx => v,
        }
    });
    let bells = [Bell::new(), Bell::new()];
    for bell in &bells {
        assert!(select.poll_ringing(bell).is_pending());
    }
    tx.try_send(1).unwrap();
    assert_eq!(bells.each_ref().map(|bell| bell.rings()), [0, 1]);
    assert_eq!(select.poll(), Poll::Ready(Some(1)));
    drop(select);
    stored.expect("it was polled").wake();
    assert_eq!(bells.each_ref().map(|bell| bell.rings()), [0, 2]);
}

#[test]
fn any_and_the_builder_wake_the_waker_of_the_last_poll() {
    for members in [1, 4, 5, 100] {
        let ends: Vec<(Sender<u32>, Receiver<u32>)> = (0..members).map(|_| channel(0)).collect();
        let mut inputs: Vec<_> = ends.iter().map(|(_, rx)| rx.clone()).collect();
        let mut hand = Hand::new(async { vela!(<-any(&mut inputs)) });
        let bells = [Bell::new(), Bell::new()];
        for bell in &bells {
            assert!(hand.poll_ringing(bell).is_pending());
        }
        ends[members - 1].0.try_send(1).unwrap();
        assert_eq!(bells.each_ref().map(|bell| bell.rings()), [0, 1]);
        assert_eq!(hand.poll(), Poll::Ready((members - 1, Some(1))));
    }
    let (tx, rx) = channel(0);
    let mut hand = Hand::new(Select::new().recv(&rx, |v| v).wait());
    let bells = [Bell::new(), Bell::new()];
    for bell in &bells {
        assert!(hand.poll_ringing(bell).is_pending());
    }
    tx.try_send(1).unwrap();
    assert_eq!(bells.each_ref().map(|bell| bell.rings()), [0, 1]);
    assert_eq!(hand.poll(), Poll::Ready(Some(1)));
}

#[test]
fn a_set_wakes_the_waker_of_the_last_poll() {
    let (tx, rx) = channel(0);
    let mut set = SelectSet::new();
    set.insert(rx);
    let mut hand = Hand::new(set.recv());
    let bells = [Bell::new(), Bell::new()];
    for bell in &bells {
        assert!(hand.poll_ringing(bell).is_pending());
    }
    tx.try_send(1).unwrap();
    assert_eq!(bells.each_ref().map(|bell| bell.rings()), [0, 1]);
    assert_eq!(hand.poll(), Poll::Ready((0, Some(1))));
}

#[test]
fn a_select_is_woken_once_however_many_arms_could_fire() {
    for capacity in CAPACITIES {
        let (ta, a) = of_capacity(capacity);
        let (tb, b) = of_capacity(capacity);
        let mut select = Hand::waiting(async {
            select! { v = <-a => v, v = <-b => v }
        });
        ta.try_send(1).unwrap();
        let _ = tb.try_send(2);
        let _ = ta.try_send(3);
        tb.close();
        assert_eq!(select.rings(), 1);
        assert_eq!(select.run(), Some(Some(1)));
    }
}

/// A waker is user code: it runs outside all locks, so it may use the channels itself.
#[test]
fn a_waker_may_use_the_channels_that_wake_it() {
    struct Nosy(Sender<u32>, Receiver<u32>);
    impl std::task::Wake for Nosy {
        fn wake(self: std::sync::Arc<Self>) {
            let _ = self.0.try_send(77);
            let _ = self.1.len();
        }
    }
    for capacity in CAPACITIES {
        let (ta, a) = of_capacity(capacity);
        let (tb, b) = of_capacity(capacity);
        let mut select = Hand::new(async {
            select! { v = <-a => v, v = <-b => v }
        });
        let waker = std::task::Waker::from(std::sync::Arc::new(Nosy(tb.clone(), a.clone())));
        assert!(select.poll_with(&waker).is_pending());
        ta.try_send(1).unwrap();
        assert_eq!(select.poll(), Poll::Ready(Some(1)));
        assert_eq!(b.try_recv().ok(), (capacity > 0).then_some(77));
    }
}

/// As are the values that are dropped: a destructor may use the channel that its value was in.
#[test]
fn a_value_dropped_by_a_select_may_use_the_channel() {
    struct Curious(Option<Receiver<Curious>>);
    impl Drop for Curious {
        fn drop(&mut self) {
            if let Some(rx) = &self.0 {
                let _ = (rx.len(), rx.try_recv().is_ok());
            }
        }
    }
    let (tx, rx) = channel(0);
    let waiting = Hand::waiting(async {
        select! { r = tx <- Curious(Some(rx.clone())) => drop(r) }
    });
    drop(waiting);
    let mut closed = Hand::waiting(async {
        select! { tx <- Curious(Some(rx.clone())) => false, closed => true }
    });
    rx.close();
    assert!(closed.woken());
}
