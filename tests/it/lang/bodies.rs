//! Bodies are plain inline code, and the select is an expression.

use vela::prelude::*;

use crate::select::probe::{Hand, now, on_each_runtime};

fn of<T>(values: impl IntoIterator<Item = T>) -> Receiver<T> {
    let (tx, rx) = unbounded();
    for value in values {
        assert!(tx.try_send(value).is_ok());
    }
    rx
}

#[test]
fn break_and_continue_reach_loops_outside() {
    let rx = of(0..100);
    let got = now(async {
        let mut log = Vec::new();
        let found = 'outer: loop {
            for round in 0.. {
                select! {
                    Some(n) = <-rx => {
                        if n < 3 { continue; }
                        if n < 6 { continue 'outer; }
                        if n == 6 { log.push(round); break; }
                        if n == 9 { break 'outer n; }
                        log.push(100 + n);
                    }
                    closed => break 'outer 0,
                }
            }
        };
        (found, log)
    });
    assert_eq!(got, (9, vec![0, 107, 108]));
}

#[test]
fn return_leaves_the_function() {
    async fn find(rx: Receiver<u32>, wanted: u32) -> Result<u32, &'static str> {
        let mut seen = 0;
        loop {
            select! {
                Some(n) = <-rx => {
                    seen += 1;
                    if n == wanted { return Ok(seen) }
                }
                closed => return Err("not there"),
            }
        }
    }
    assert_eq!(now(find(of([3, 5, 7]), 5)), Ok(2));
    assert_eq!(now(find(of([3, 5, 7]), 6)), Err("not there"));
}

#[test]
fn the_question_mark_leaves_the_function() {
    async fn sum(rx: Receiver<&'static str>) -> Result<u32, std::num::ParseIntError> {
        let mut sum = 0;
        loop {
            sum += select! {
                Some(text) = <-rx => text.parse::<u32>()?,
                closed => break Ok(sum),
            };
        }
    }
    assert_eq!(now(sum(of(["1", "2"]))), Ok(3));
    assert!(now(sum(of(["1", "x"]))).is_err());
}

#[test]
fn bodies_wait_and_use_arrows() {
    on_each_runtime(|| async {
        let (ta, a) = channel(0);
        let (tb, b) = channel(0);
        let peer = go! {
            ta <- 1 else { return 0 };
            ta <- 2 else { return 0 };
            (<-b).unwrap_or(0)
        };
        let got = select! {
            Some(first) = <-a => {
                let second = <-a;
                tokio::task::yield_now().await;
                tb <- first + second.unwrap() else { return };
                for _ in <-a { unreachable!() }
                first
            }
            closed => 0,
        };
        assert_eq!((got, peer.await.unwrap()), (1, 3));
    });
}

#[test]
fn a_select_is_an_expression() {
    let rx = of(1..=20);
    let got = now(async {
        let a = select! { v = <-rx => v }.unwrap();
        let b = 10 * select! { v = <-rx => v.unwrap() } + 1;
        let c = if select! { v = <-rx => v == Some(3) } { "yes" } else { "no" };
        let d = match select! { v = <-rx => v } {
            Some(4) => "four",
            _ => "other",
        };
        let e = [select! { v = <-rx => v }, select! { v = <-rx => v }];
        let f = std::cmp::max(select! { v = <-rx => v }, select! { v = <-rx => v });
        let g = (select! { v = <-rx => v }, 0).0;
        let h = async {
            select! { v = <-rx => v }
        }
        .await;
        let i = loop {
            break select! { v = <-rx => v };
        };
        let j = {
            select! { v = <-rx => v }
        };
        let k = &select! { v = <-rx => v };
        let l: u64 = select! { v = <-rx => v.unwrap() }.into();
        while select! { v = <-rx => v.unwrap() < 18 } {}
        (a, b, c, d, e, f, g, h, i, j, *k, l)
    });
    let expected =
        (1_u32, 21, "yes", "four", [Some(5), Some(6)], Some(8), Some(9), Some(10), Some(11), Some(12), Some(13), 14);
    assert_eq!(got, expected);
    assert_eq!(rx.len(), 2);
}

#[test]
fn a_select_is_a_statement_with_and_without_a_semicolon() {
    let rx = of(0..10);
    now(async {
        select! { _ = <-rx => {} }
        select! { _ = <-rx => {} };
        select! { _ = <-rx => () }
        select![_ = <-rx => ()];
        select!(_ = <-rx => ());
        let () = select! { _ = <-rx => {} };
    });
    assert_eq!(rx.len(), 4);
}

#[test]
fn arms_that_leave_have_any_type() {
    async fn run(rx: Receiver<u32>) -> u32 {
        let value: u32 = select! {
            Some(v) = <-rx => v,
            closed => return 99,
        };
        let text: &str = loop {
            select! {
                _ = <-rx => break "next",
                _ = std::future::pending::<()>() => panic!("never"),
            }
        };
        value + text.len() as u32
    }
    assert_eq!(now(run(of([]))), 99);
    assert_eq!(now(run(of([1]))), 5);
}

/// Bodies are code of one function: each may use the same locals mutably, and move them.
#[test]
fn bodies_share_the_locals_around_them() {
    let (a, b) = (of(1..=3), of(10..=12));
    let got = now(async {
        let (mut log, text) = (Vec::new(), String::from("moved"));
        loop {
            select! {
                biased;
                Some(n) = <-a => log.push(n),
                Some(n) = <-b => { log.push(n); log.reverse(); }
                closed => break (log, text),
            }
        }
    });
    assert_eq!(got.0, [12, 10, 3, 2, 1, 11]);
    assert_eq!(got.1, "moved");
}

/// The cases are gone by the time the body runs: their channel, and what a future borrowed, is free again.
#[test]
fn bodies_may_use_what_the_arms_have_borrowed() {
    let got = now(async {
        let (tx, mut rx) = channel(1);
        let mut buffer = vec![0];
        let mut pinned = std::pin::pin!(std::future::pending::<u32>());
        tx.try_send(1).unwrap();
        select! {
            _ = fill(&mut buffer) => { buffer.push(2); }
            _ = pinned.as_mut() => {}
        }
        select! {
            v = <-rx => {
                rx = channel(1).1;
                buffer.push(v.unwrap());
            }
            _ = pinned.as_mut() => {}
        }
        (buffer, rx.capacity())
    });
    assert_eq!(got, (vec![0, 7, 2, 1], Some(1)));
}

async fn fill(buffer: &mut Vec<u32>) {
    buffer.push(7);
}

#[test]
fn selects_nest_in_bodies() {
    let (a, b, c) = (of([1]), of([2]), of([3]));
    let got = now(async {
        select! {
            Some(x) = <-a => select! {
                Some(y) = <-b => {
                    let z = select! { Some(z) = <-c => z, closed => 0, else => 9 };
                    x * 100 + y * 10 + z
                }
                closed => 0,
            },
            closed => 0,
        }
    });
    assert_eq!(got, 123);
}

#[test]
fn a_select_runs_in_recursive_async_functions() {
    fn descend(rx: Receiver<u32>, depth: u32) -> std::pin::Pin<Box<dyn Future<Output = u32> + Send>> {
        Box::pin(async move {
            select! {
                Some(n) = <-rx => n + descend(rx, depth + 1).await,
                closed => depth,
            }
        })
    }
    assert_eq!(now(descend(of([10, 20, 30]), 0)), 63);
}

#[test]
fn the_future_of_a_select_can_be_sent_to_another_thread() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    on_each_runtime(|| async {
        let (tx, rx) = channel::<std::cell::Cell<u32>>(0);
        let (ty, ry) = channel::<String>(0);
        let task = tokio::spawn(is_send(async move {
            let mut pending = String::from("lent");
            select! {
                Some(v) = <-rx => v.get(),
                ty <- mut pending => 0,
                _ = <-after(ms(100_000)) => { drop(pending); 1 }
                closed => 2,
            }
        }));
        tx.send(std::cell::Cell::new(5)).await.unwrap();
        drop(ry);
        assert_eq!(task.await.unwrap(), 5);
    });
}

#[test]
fn a_body_that_waits_holds_no_arm() {
    let (ta, a) = channel(0);
    let (tb, b) = channel(0);
    let (tc, c) = channel(0);
    let mut hand = Hand::waiting(async {
        select! {
            v = <-a => { let w = vela!(<-c); (v, w) }
            v = <-b => (v, None),
        }
    });
    ta.try_send(1).unwrap();
    assert!(hand.poll().is_pending());
    assert!(ta.try_send(2).is_err() && tb.try_send(2).is_err());
    tc.try_send(3).unwrap();
    assert_eq!(hand.woken(), (Some(1), Some(3)));
}
