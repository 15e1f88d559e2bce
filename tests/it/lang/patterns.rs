//! Patterns, guards, commas and words of `select!`.

use vela::prelude::*;

use crate::select::probe::{Hand, now, on_each_runtime};

fn of<T>(values: impl IntoIterator<Item = T>) -> Receiver<T> {
    let (tx, rx) = unbounded();
    for value in values {
        assert!(tx.try_send(value).is_ok());
    }
    rx
}

struct Job {
    id: u32,
    name: &'static str,
}

#[test]
fn patterns_destructure_what_comes() {
    let pairs = of([(1, "a")]);
    let jobs = of([Job { id: 2, name: "b" }]);
    let arrays = of([[3, 4]]);
    let results = of([Ok::<u32, u32>(5)]);
    let mut inputs = [of([6])];
    let got = now(async {
        let mut got = Vec::new();
        got.push(select! { Some((n, _)) = <-pairs => n, closed => 0 });
        got.push(select! { Some(Job { id, name: _ }) = <-jobs => id, closed => 0 });
        got.push(select! { Some([_, mut last]) = <-arrays => { last += 0; last } closed => 0 });
        got.push(select! { Some(Ok(n) | Err(n)) = <-results => n, closed => 0 });
        got.push(select! { (i, v) = <-any(&mut inputs) => v.unwrap() + i as u32 });
        got.push(select! { Some(ref n) = async { Some(7) } => *n, closed => 0 });
        got.push(select! { mut n = async { 7 } => { n += 1; n } });
        got.push(select! { (a, b) = async { (4, 5) } => a + b });
        got.push(select! { Some(n @ _) = async { Some(10) } => n, closed => 0 });
        got.push(select! { std::option::Option::Some(n) = async { Some(11) } => n, closed => 0 });
        got.push(select! { Some(_) = async { Some(()) } => 12, closed => 0 });
        got.push(select! { &n = async { &13 } => n });
        got
    });
    assert_eq!(got, [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    assert_eq!(Job { id: 0, name: "x" }.name, "x");
}

#[test]
fn some_fires_on_values_only_and_a_name_on_every_outcome() {
    let (tx, rx) = channel::<u8>(1);
    tx.close();
    assert!(now(async {
        select! { Some(_) = <-rx => false, closed => true }
    }));
    assert!(now(async {
        select! { v = <-rx => v.is_none(), closed => false }
    }));
    assert!(now(async {
        select! { _ = <-rx => true, closed => false }
    }));
}

/// A pattern that does not fit cannot lose a value: it is matched in the body.
#[test]
fn a_value_is_matched_in_the_body() {
    let rx = of([Some(1), None]);
    let look = || {
        now(async {
            select! { v = <-rx => match v { Some(Some(_)) => 1, Some(None) => 2, None => 3 } }
        })
    };
    assert_eq!((look(), look(), look()), (1, 2, 3));
}

#[test]
fn an_outcome_of_a_send_is_bound() {
    let (tx, rx) = channel(1);
    let got = now(async {
        let first = select! { r = tx <- 1 => r };
        rx.close();
        let second = select! { r = tx <- 2 => r };
        let third = select! { Ok(()) | Err(_) = tx <- 3 => true };
        (first.is_ok(), second.map_err(vela::SendError::into_inner), third)
    });
    assert_eq!(got, (true, Err(2), true));
}

#[test]
fn guards_are_any_bool() {
    let rx = of(0..100);
    let (limit, open) = (10, Some(3));
    let on = |x: bool| x;
    let got = now(async {
        let mut got = Vec::new();
        got.push(select! { v = <-rx, if limit > 3 && on(true) => v, closed => None });
        got.push(select! { v = <-rx, if matches!(open, Some(n) if n > 2) => v, closed => None });
        got.push(select! { v = <-rx, if { let x = limit; x == 10 } => v, closed => None });
        got.push(select! { v = <-rx, if !open.is_none() || false => v, closed => None });
        got.push(select! { v = <-rx, if if limit == 1 { true } else { false } => v, closed => None });
        got
    });
    assert_eq!(got, [Some(0), Some(1), Some(2), Some(3), None]);
}

#[test]
fn commas_are_as_in_match() {
    let rx = of(0..100);
    let (tx, _keep) = unbounded();
    let look = async || {
        select! {
            v = <-rx, if false => { v.unwrap() }
            v = <-rx, if false => { v.unwrap() },
            v = <-rx, if false => v.unwrap(),
            r = tx <- 1, if false => if r.is_ok() { 1 } else { 2 },
            Some(v) = <-rx => match v { 0 => 100, n => n },
            closed => { 7 }
            else => 8
        }
    };
    assert_eq!((now(look()), now(look())), (100, 1));
}

/// `closed =>`, `biased;` and `then;` are keywords in exactly that form only.
#[test]
fn the_words_of_select_are_names_elsewhere() {
    let (closed, biased) = (of([1, 2]), of([3, 4]));
    let (then, taken) = unbounded();
    let got = now(async {
        let a = select! { closed = <-closed => closed };
        let b = select! { biased = <-biased => biased };
        let c = select! { then <- 5 => 6, closed => 0 };
        let d = select! { then = <-biased => then };
        let e = select! { biased; v = <-closed => v };
        let f = select! { _ = then <- 7 => 8 };
        (a, b, c, d, e, f)
    });
    assert_eq!(got, (Some(1), Some(3), 6, Some(4), Some(2), 8));
    assert_eq!(taken.len(), 2);
}

#[test]
fn futures_of_any_form_are_operations() {
    async fn answer(n: u32) -> u32 {
        n
    }
    struct Lazy;
    impl IntoFuture for Lazy {
        type Output = u32;
        type IntoFuture = std::future::Ready<u32>;
        fn into_future(self) -> Self::IntoFuture {
            std::future::ready(4)
        }
    }
    let mut boxed: std::pin::Pin<Box<dyn Future<Output = u32> + Send>> = Box::pin(answer(3));
    let got = now(async {
        [
            select! { n = answer(1) => n },
            select! { n = async { 2 } => n },
            select! { n = &mut boxed => n },
            select! { n = Lazy => n },
            select! { n = async move { let x = 4; x + 1 } => n },
            select! { n = Box::pin(answer(6)) => n },
        ]
    });
    assert_eq!(got, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_lone_receive_without_a_pattern_fires_on_every_outcome() {
    let (tx, rx) = channel::<u8>(0);
    let mut hand = Hand::waiting(async {
        select! { <-rx => 1 }
    });
    tx.close();
    assert_eq!(hand.woken(), 1);
}

#[test]
fn values_of_every_kind_are_sent_in_arms() {
    on_each_runtime(|| async {
        let (tx, rx) = unbounded();
        let (a, c) = (3, true);
        for n in 0..6 {
            select! {
                r = tx <- a + 1, if n == 0 => r.unwrap(),
                r = tx <- if c { 1 } else { 2 }, if n == 1 => r.unwrap(),
                r = tx <- match a { 3 => 30, _ => 0 }, if n == 2 => r.unwrap(),
                r = tx <- { let b = a; b * b }, if n == 3 => r.unwrap(),
                tx <- -a, if n == 4 => {}
                r = tx <- [1, 2, 3][1..].iter().sum::<i32>(), if n == 5 => r.unwrap(),
                closed => unreachable!(),
            }
        }
        assert_eq!(rx.drain().collect::<Vec<_>>(), [4, 1, 30, 9, -3, 5]);
    });
}
