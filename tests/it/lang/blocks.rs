//! `vela!`: lets, items, an expression.
// Forms are written out here that clippy would shorten.
#![allow(clippy::manual_unwrap_or, clippy::manual_unwrap_or_default)]

use vela::prelude::*;

use crate::select::probe::{now, on_each_runtime};

#[test]
fn lets_stay_visible() {
    let (tx, rx) = unbounded();
    for n in 1..=6 {
        tx.try_send(n).unwrap();
    }
    let got = now(async {
        vela! {
            let a = <-rx;
            let Some(b) = <-rx else { return None };
            let (c, mut d) = (<-rx, <-rx);
        }
        d = d.map(|d| d * 100);
        vela!(let e: Option<i32> = <-rx;);
        Some(a? + b + c? + d? + e?)
    });
    assert_eq!(got, Some(1 + 2 + 3 + 400 + 5));
}

#[test]
fn a_shadowing_let_shadows() {
    let (tx, rx) = unbounded();
    tx.try_send(5).unwrap();
    let value = now(async {
        let value = 1;
        vela! { let value = (<-rx).unwrap() + value; }
        value
    });
    assert_eq!(value, 6);
}

vela! {
    /// Doubles what it gets.
    async fn double(rx: &Receiver<u32>, tx: &Sender<u32>) -> u32 {
        let mut count = 0;
        for n in <-rx {
            tx <- n * 2 else { break };
            count += 1;
        }
        count
    }

    struct Relay<T> {
        from: Receiver<T>,
        to: Sender<T>,
    }

    impl<T: Send + 'static> Relay<T> {
        async fn once(&self) -> Option<()> {
            (self.to <- (<-self.from)?).ok()
        }

        fn plain(&self) -> usize {
            self.from.len() + self.to.len()
        }
    }

    trait Pump {
        async fn pump(&self) -> usize;
    }

    impl<T: Send + 'static> Pump for Relay<T> {
        async fn pump(&self) -> usize {
            let mut n = 0;
            while let Some(()) = self.once().await { n += 1; }
            n
        }
    }

    mod inner {
        use vela::prelude::*;

        pub(super) async fn first(rx: &Receiver<u32>) -> Option<u32> {
            <-rx
        }
    }
}

#[test]
fn items_stay_items() {
    let (ta, ra) = unbounded();
    let (tb, rb) = unbounded();
    for n in 1..=4 {
        ta.try_send(n).unwrap();
    }
    assert_eq!(now(inner::first(&ra)), Some(1));
    ta.close();
    assert_eq!(now(double(&ra, &tb)), 3);
    assert_eq!(rb.drain().collect::<Vec<_>>(), [4, 6, 8]);

    let (ta, from) = unbounded();
    let (to, rb) = unbounded();
    let relay = Relay { from, to };
    ta.try_send('x').unwrap();
    assert_eq!(relay.plain(), 1);
    assert_eq!(now(relay.once()), Some(()));
    assert_eq!(rb.try_recv(), Ok('x'));
    ta.try_send('y').unwrap();
    ta.try_send('z').unwrap();
    drop(ta);
    assert_eq!(now(relay.pump()), 2);
}

#[test]
fn an_expression_is_a_value() {
    let (tx, rx) = unbounded();
    for n in 1..=4 {
        tx.try_send(n).unwrap();
    }
    let got = now(async {
        let a = vela!(<-rx);
        let b = vela! { let n = <-rx; n.map(|n| n * 10) };
        let c = vela!({ let n = <-rx; n }).map(|n| n * 100);
        let d = vela!(if let Some(n) = <-rx { n * 1_000 } else { 0 });
        a.unwrap() + b.unwrap() + c.unwrap() + d
    });
    assert_eq!(got, 1 + 20 + 300 + 4_000);
}

#[test]
fn a_block_of_statements_ends_with_its_value_or_with_none() {
    let (tx, rx) = unbounded();
    tx.try_send(1).unwrap();
    let unit: () = now(async {
        vela! { _ = <-rx; }
    });
    assert_eq!(unit, ());
    assert_eq!(vela! { 1 + 1 }, 2);
    let empty: () = {
        vela! {}
    };
    assert_eq!(empty, ());
}

#[test]
fn a_vela_block_outside_async_may_hold_async_blocks() {
    let (tx, rx) = unbounded();
    tx.try_send(1).unwrap();
    let future = vela! { async move { <-rx } };
    assert_eq!(now(future), Some(1));
    let closure = vela! { async |rx: &Receiver<i32>| <-rx };
    let (tx, rx) = unbounded();
    tx.try_send(2).unwrap();
    assert_eq!(now(closure(&rx)), Some(2));
}

#[test]
fn vela_go_and_select_hold_each_other() {
    on_each_runtime(|| async {
        let (tx, rx) = channel(0);
        let (done, finished) = channel::<()>(0);
        let sum = vela! {
            let task = go!(clone(tx) {
                for n in 0..10 {
                    select! {
                        r = tx <- n => r.unwrap(),
                        _ = <-finished => return,
                    }
                }
            });
            let mut sum = 0;
            loop {
                sum += select! {
                    Some(n) = <-rx => vela! { n + if let Some(n) = <-rx { n } else { 0 } },
                    r = <-task => { r.unwrap(); break sum }
                    closed => unreachable!(),
                };
            }
        };
        drop(done);
        assert_eq!(sum, 45);
    });
}

/// Macros of the user's own may expand into ours, with pieces of any kind.
#[test]
fn macros_of_the_users_may_hold_arrows() {
    macro_rules! receive {
        ($rx:expr) => {
            vela!(<-$rx)
        };
    }
    macro_rules! send {
        ($tx:ident, $value:expr) => {
            vela!($tx <- $value)
        };
    }
    macro_rules! each {
        ($pattern:pat, $rx:ident, $body:block) => {
            vela! { for $pattern in <-$rx $body }
        };
    }
    macro_rules! either {
        ($($rx:ident),* ; $value:ident => $body:expr) => {
            select! { $($value = <-$rx => $body,)* }
        };
    }
    macro_rules! start {
        ($body:block) => {
            go!($body)
        };
    }
    let (tx, rx) = unbounded();
    let (_idle, other) = unbounded::<u32>();
    let mut all = Vec::new();
    now(async {
        send!(tx, 1 + 1).unwrap();
        assert_eq!(receive!(rx), Some(2));
        send!(tx, 3).unwrap();
        assert_eq!(receive!(&rx.clone()), Some(3));
        send!(tx, 5).unwrap();
        assert_eq!(either!(rx, other; v => v.map(|v| v * 2)), Some(10));
        send!(tx, 6).unwrap();
        send!(tx, 7).unwrap();
        tx.close();
        each!(n, rx, {
            all.push(n);
        });
    });
    assert_eq!(all, [6, 7]);
    assert_eq!(start!({ 4 }).join_blocking().unwrap(), 4);
}
