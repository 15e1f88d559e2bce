//! Every kind of source and sink, alone and as an arm.

use futures_util::StreamExt as _;
use vela::prelude::*;
use vela::{broadcast, oneshot, watch};

use crate::select::probe::{Hand, now, on_each_runtime, with_paused_clock};

#[test]
fn an_option_of_a_handle_receives_and_sends() {
    let (tx, rx) = channel(1);
    let (tx, rx) = (Some(tx), Some(rx));
    let got = now(async {
        vela! {
            (tx <- 1).unwrap();
            let first = <-rx;
            tx <- 2 else { return None };
            let by_ref = &rx;
            (first, <-by_ref).1
        }
    });
    assert_eq!(got, Some(2));
    let nil: Option<Receiver<u8>> = None;
    let mut hand = Hand::waiting(async { vela!(<-nil) });
    assert!(hand.poll().is_pending());
    let nil: Option<Sender<u8>> = None;
    let mut hand = Hand::waiting(async { vela!(nil <- 1).is_ok() });
    assert!(hand.poll().is_pending());
}

#[test]
fn options_of_other_handles_are_sources() {
    with_paused_clock(async {
        let timer = Some(after(ms(10)));
        let none: Option<vela::time::After> = None;
        let task = Some(go!({ 5 }));
        assert_eq!(vela!(<-task).unwrap(), 5);
        let got = select! { () = <-timer => 1, () = <-none => 2 };
        assert_eq!(got, 1);
    });
}

#[test]
fn a_oneshot_gives_its_value_once() {
    let (tx, rx) = oneshot::channel();
    assert!(now(async { vela!(tx <- 5) }).is_ok());
    assert_eq!(now(async { (vela!(<-rx), vela!(<-rx)) }), (Some(5), None));
    let (tx, rx) = oneshot::channel::<u8>();
    drop(rx);
    assert_eq!(now(async { vela!(tx <- 6) }).unwrap_err().into_inner(), 6);
}

#[test]
fn a_oneshot_is_an_arm_that_can_lose() {
    on_each_runtime(|| async {
        let (tx, reply) = oneshot::channel();
        let (tick, ticks) = channel(1);
        for n in 0..10 {
            tick.try_send(n).unwrap();
            select! { Some(v) = <-reply => panic!("{v}"), Some(v) = <-ticks => assert_eq!(v, n), closed => unreachable!() }
        }
        let task = go! { tx.send(7).unwrap(); };
        assert_eq!(select! { Some(v) = <-reply => v, _ = std::future::pending::<()>() => 0 }, 7);
        let ended = select! { Some(_) = <-reply => false, closed => true };
        assert!(ended, "it gives its value once");
        task.await.unwrap();
    });
}

/// Its sender is used up by a select, whether or not it wins.
#[test]
fn a_send_on_a_oneshot_is_an_arm() {
    let (tx, rx) = oneshot::channel();
    assert!(now(async {
        select! { r = tx <- 5 => r.is_ok() }
    }));
    assert_eq!(rx.try_recv(), Ok(5));
    let (tx, rx) = oneshot::channel::<u8>();
    let (ready, values) = channel(1);
    ready.try_send(1).unwrap();
    assert_eq!(
        now(async {
            select! { biased; v = <-values => v, _ = tx <- 5 => None }
        }),
        Some(1)
    );
    assert_eq!(rx.try_recv(), Err(oneshot::TryRecvError::Closed));
    let (tx, rx) = oneshot::channel();
    drop(rx);
    assert!(now(async {
        select! { tx <- 5 => false, closed => true }
    }));
}

#[test]
fn a_broadcast_gives_every_receiver_every_value_and_says_what_was_missed() {
    let (tx, a) = broadcast::channel(4);
    let b = tx.subscribe();
    now(async {
        vela! {
            for n in 0..3 { tx <- n else { unreachable!() }; }
            assert_eq!([<-a, <-a, <-a], [Some(Ok(0)), Some(Ok(1)), Some(Ok(2))]);
            for n in 3..10 { (tx <- n).unwrap(); }
            assert_eq!((<-b).unwrap().unwrap_err().missed(), 6);
            assert_eq!(<-b, Some(Ok(6)));
        }
        let got = select! { Some(v) = <-b => v, closed => unreachable!() };
        assert_eq!(got, Ok(7));
    });
    drop(tx);
    assert!(now(async {
        select! { v = <-b => v == Some(Ok(8)) }
    }));
}

#[test]
fn a_broadcast_wakes_a_select() {
    let (tx, rx) = broadcast::channel(4);
    let (_t, idle) = channel::<u8>(0);
    let mut hand = Hand::waiting(async {
        select! { Some(v) = <-rx => v.ok(), Some(_) = <-idle => None, closed => Some(99) }
    });
    tx.send(5).unwrap();
    assert_eq!(hand.woken(), Some(5));
    let mut hand = Hand::waiting(async {
        select! { Some(v) = <-rx => v.ok(), closed => Some(99) }
    });
    drop(tx);
    assert_eq!(hand.woken(), Some(99));
}

#[test]
fn a_watch_gives_the_newest_value() {
    let (tx, rx) = watch::channel(0);
    let mut hand = Hand::waiting(async {
        select! { Some(v) = <-rx => v, closed => 99 }
    });
    now(async {
        vela! { tx <- 1 else { unreachable!() }; }
    });
    tx.send(2).unwrap();
    assert_eq!(hand.woken(), 2);
    assert_eq!(
        now(async {
            select! { Some(v) = <-rx => v, else => 50 }
        }),
        50
    );
    let sent = now(async {
        select! { tx <- 3 => true, closed => false }
    });
    assert!(sent);
    drop(tx);
    assert_eq!(now(async { (vela!(<-rx), vela!(<-rx)) }), (Some(3), None));
}

#[test]
fn sends_to_a_broadcast_or_watch_that_lose_do_not_happen() {
    let (tb, rb) = broadcast::channel(8);
    let (tw, rw) = watch::channel(0);
    let (ready, values) = channel(1);
    for n in 1..=20 {
        ready.try_send(n).unwrap();
        let got = now(async {
            select! {
                biased;
                v = <-values => v,
                r = tb <- n => r.ok().map(|()| 0),
                r = tw <- n => r.ok().map(|()| 0),
            }
        });
        assert_eq!(got, Some(n));
    }
    assert!(rb.is_empty() && !rw.has_changed());
}

#[test]
fn a_stream_gives_its_items() {
    let mut stream = futures_util::stream::iter(1..=4);
    let got = now(async {
        let first = vela!(<-stream);
        let second = select! { v = <-stream => v };
        let by_ref = &mut stream;
        let third = vela!(<-by_ref);
        let fourth = select! { Some(v) = <-stream => Some(v), closed => None };
        let end = select! { Some(_) = <-stream => false, closed => true };
        (first, second, third, fourth, end)
    });
    assert_eq!(got, (Some(1), Some(2), Some(3), Some(4), true));
}

#[test]
fn boxed_and_mapped_streams_and_streams_of_channels_are_sources() {
    let (tx, rx) = channel(4);
    let mut boxed = rx.stream().map(|n: u32| n * 2).boxed();
    let mut own = rx.stream();
    let mut hand = Hand::waiting(async {
        select! { Some(v) = <-boxed => v, Some(v) = <-own => v, closed => 99 }
    });
    tx.try_send(5).unwrap();
    let got = hand.woken();
    assert!(got == 10 || got == 5);
    drop(hand);
    let mut dynamic: std::pin::Pin<Box<dyn futures_util::Stream<Item = u32> + Send>> = Box::pin(rx.stream());
    tx.try_send(6).unwrap();
    assert_eq!(now(async { vela!(<-dynamic) }), Some(6));
}

#[test]
fn an_item_of_a_stream_that_loses_is_not_lost() {
    on_each_runtime(|| async {
        let (tx, rx) = channel(1);
        let mut numbers = futures_util::stream::iter(0..1_000);
        let (mut next, mut others) = (0, 0);
        while next < 1_000 {
            tx.try_send(()).ok();
            select! {
                Some(n) = <-numbers => { assert_eq!(n, next); next += 1; }
                Some(()) = <-rx => others += 1,
                closed => unreachable!(),
            }
        }
        assert!(others > 300);
    });
}

#[test]
fn a_timer_fires_once_and_is_set_again() {
    with_paused_clock(async {
        let start = vela::time::Instant::now();
        let timer = after(ms(20));
        vela! { <-timer; <-after(ms(5)); }
        assert_eq!(start.elapsed(), ms(25));
        let got = select! { () = <-timer => 1, () = <-after(ms(100)) => 2 };
        assert_eq!(got, 2, "it has fired");
        timer.reset(ms(10));
        let got = select! { () = <-timer => 1, () = <-after(ms(100)) => 2 };
        assert_eq!((got, start.elapsed()), (1, ms(135)));
        assert!(timer.deadline().is_none());
        timer.reset(ms(10));
        assert!(timer.stop());
        assert!(select! { () = <-timer => false, else => true });
    });
}

#[test]
fn a_timer_that_is_due_is_ready() {
    with_paused_clock(async {
        assert!(select! { () = <-after(ms(0)) => true, else => false });
        let timer = after(ms(10));
        assert!(select! { () = <-timer => false, else => true });
        sleep(ms(10)).await;
        assert!(select! { () = <-timer => true, else => false });
    });
}

#[test]
fn a_timer_that_is_due_is_fair_with_a_channel() {
    with_paused_clock(async {
        let (tx, rx) = channel(1);
        let mut fired = 0;
        for _ in 0..1_000 {
            tx.try_send(()).ok();
            select! { () = <-after(ms(0)) => fired += 1, _ = <-rx => {} }
        }
        assert!((342..=658).contains(&fired), "{fired}");
    });
}

#[test]
fn a_ticker_ticks_on_its_grid() {
    with_paused_clock(async {
        let start = vela::time::Instant::now();
        let ticker = tick(ms(10));
        let stop = after(ms(45));
        let mut ticks = Vec::new();
        loop {
            select! {
                Some(at) = <-ticker => ticks.push(at.duration_since(start)),
                () = <-stop => break,
            }
        }
        assert_eq!(ticks, [ms(10), ms(20), ms(30), ms(40)]);
        ticker.stop();
        assert!(select! { Some(_) = <-ticker => false, closed => true });
    });
}

#[test]
fn the_end_of_a_context_is_a_source() {
    on_each_runtime(|| async {
        let ctx = Context::background().with_cancel();
        let child = ctx.with_value(5_u32);
        assert!(select! { () = <-child.done() => false, else => true });
        let worker = go!(clone(child) {
            let (_tx, rx) = channel::<u8>(0);
            select! { () = <-child.done() => "done", _ = <-rx => "value" }
        });
        tokio::task::yield_now().await;
        ctx.cancel();
        vela! { <-child.done(); <-ctx.done(); }
        assert_eq!(worker.await.unwrap(), "done");
    });
    with_paused_clock(async {
        let ctx = Context::background().with_timeout(ms(30));
        let start = vela::time::Instant::now();
        vela! { <-ctx.done(); }
        assert_eq!(start.elapsed(), ms(30));
    });
}

#[test]
fn the_close_of_a_channel_is_a_source() {
    let (tx, rx) = channel::<u8>(1);
    tx.try_send(1).unwrap();
    let mut hand = Hand::waiting(async {
        select! { () = <-tx.closed() => "closed", r = tx <- 2 => if r.is_ok() { "sent" } else { "failed" } }
    });
    rx.close();
    let got = hand.woken();
    assert!(got == "closed" || got == "failed");
    drop(hand);
    now(async {
        vela! { <-rx.closed(); }
    });
    assert!(now(async {
        select! { () = <-rx.closed() => true, else => false }
    }));
}

#[test]
fn a_wait_group_is_a_source() {
    on_each_runtime(|| async {
        let group = WaitGroup::new();
        let mut tasks = Vec::new();
        for _ in 0..5 {
            let work = group.add();
            tasks.push(go! { let _work = work; tokio::task::yield_now().await; });
        }
        vela! { <-group.wait(); }
        for task in tasks {
            task.await.unwrap();
        }
        assert!(select! { _ = <-group.wait() => true, else => false });
    });
}

/// All of them in one select: whichever fires is the one.
#[test]
fn all_kinds_are_arms_of_one_select() {
    with_paused_clock(async {
        let (tc, chan) = channel::<u8>(0);
        let (to, once) = oneshot::channel::<u8>();
        let (tb, all) = broadcast::channel::<u8>(1);
        let (tw, newest) = watch::channel(0_u8);
        let mut stream = futures_util::stream::pending::<u8>();
        let nil: Option<Receiver<u8>> = None;
        let ctx = Context::background().with_cancel();
        let task = go! { std::future::pending::<u8>().await };
        let ticker = tick(ms(1_000));
        let (full, keep) = channel(0);
        let mut to = Some(to);
        let mut won = Vec::new();
        for round in 0..8 {
            match round {
                0 => drop(go!(clone(tc) { tc <- 1 else { return }; })),
                1 => to.take().unwrap().send(2).unwrap(),
                2 => drop(tb.send(3).unwrap()),
                3 => tw.send(4).unwrap(),
                4 => task.cancel(),
                5 => drop(ctx.cancel()),
                6 => drop(go!(clone(keep) { <-keep; })),
                _ => {}
            }
            won.push(select! {
                biased;
                Some(v) = <-chan => v,
                Some(v) = <-once, if round < 2 => v,
                Some(v) = <-all => v.unwrap(),
                Some(v) = <-newest => v,
                Some(v) = <-stream => v,
                _ = <-nil => unreachable!(),
                r = <-task, if round < 5 => { assert!(r.unwrap_err().is_cancelled()); 5 }
                () = <-ctx.done(), if round < 6 => 6,
                full <- 7 => 7,
                Some(_) = <-ticker => 8,
            });
        }
        assert_eq!(won, [1, 2, 3, 4, 5, 6, 7, 8]);
    });
}
