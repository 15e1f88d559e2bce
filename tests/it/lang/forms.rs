//! `<-` wherever an expression can stand.

use vela::prelude::*;

use crate::select::probe::{Hand, now, on_each_runtime};

/// A channel with these values in it, closed behind them.
fn of<T>(values: impl IntoIterator<Item = T>) -> Receiver<T> {
    let (tx, rx) = unbounded();
    for value in values {
        assert!(tx.try_send(value).is_ok());
    }
    rx
}

#[test]
fn while_let_and_let_else_and_if_let_receive() {
    let rx = of(0..10);
    let got = now(async {
        vela! {
            let Some(first) = <-rx else { return 0 };
            let mut sum = first;
            if let Some(second) = <-rx { sum += second * 10; }
            if let Some(third) = <-rx && third == 2 { sum += third * 100; }
            while let Some(n) = <-rx { sum += n * 1_000; }
            let None = <-rx else { return 0 };
            let rest @ None = <-rx else { return 0 };
            if rest.is_none() { sum } else { 0 }
        }
    });
    assert_eq!(got, 10 + 200 + 1_000 * (3..10).sum::<i32>());
}

#[test]
fn arguments_of_calls_are_received_in_order() {
    let (a, b) = (of([1, 2, 3]), of([10, 20, 30]));
    let pair = |x: Option<i32>, y: Option<i32>| (x, y);
    let got = now(async {
        vela! {
            let first = pair(<-a, <-b);
            let second = (<-a, <-b);
            let third = [<-a, <-b];
            (first, second, third, Some(<-a))
        }
    });
    assert_eq!(got, ((Some(1), Some(10)), (Some(2), Some(20)), [Some(3), Some(30)], Some(None)));
}

#[test]
fn a_receive_is_a_scrutinee_a_condition_and_an_arm() {
    let rx = of(1..=8);
    let got = now(async {
        vela! {
            let mut log = Vec::new();
            match <-rx { Some(1) => log.push("one"), _ => log.push("other") }
            match (<-rx).unwrap() { n if n == 2 && <-rx == Some(3) => log.push("guard"), _ => log.push("other") }
            if <-rx == Some(4) { log.push("condition") }
            if (<-rx).is_some_and(|n| n == 5) { log.push("method") } else { log.push("other") }
            let n = match log.len() { 4 => <-rx, _ => None };
            if n == Some(6) { log.push("arm") }
            while (<-rx).is_some() { log.push("while") }
            log
        }
    });
    assert_eq!(got, ["one", "guard", "condition", "method", "arm", "while", "while"]);
}

#[test]
fn a_receive_is_returned_broken_with_and_asked() {
    async fn returned(rx: &Receiver<u32>) -> Option<u32> {
        vela! { return <-rx; }
    }
    async fn asked(rx: &Receiver<u32>) -> Option<u32> {
        vela!(Some((<-rx)? + (<-rx)?))
    }
    let rx = of(1..=4);
    assert_eq!(now(returned(&rx)), Some(1));
    assert_eq!(now(asked(&rx)), Some(5));
    let broken = now(async {
        vela! { 'a: loop { loop { break 'a (<-rx); } } }
    });
    assert_eq!(broken, Some(4));
    assert_eq!(now(asked(&rx)), None);
}

#[test]
fn operators_around_a_receive_keep_their_meaning() {
    let flags = of([true, false, true, false]);
    let numbers = of([1, 2, 3, 4, 5]);
    let got = now(async {
        vela! {
            let not = !(<-flags).unwrap();
            let or = (<-flags).unwrap() || (<-flags).unwrap();
            let and = (<-flags) == Some(false) && 1 < 2;
            let sum = 10 * (<-numbers).unwrap() + (<-numbers).unwrap();
            let negative = -(<-numbers).unwrap();
            let by_ref = &<-numbers;
            let range = 0..(<-numbers).unwrap();
            (not, or, and, sum, negative, *by_ref, range)
        }
    });
    assert_eq!(got, (false, true, true, 12, -3, Some(4), 0..5));
}

#[test]
fn struct_literals_and_indices_receive() {
    #[derive(Debug, PartialEq)]
    struct Pair {
        a: Option<usize>,
        b: Option<usize>,
    }
    let rx = of(0..5);
    let names = ["a", "b", "c", "d", "e"];
    let got = now(async {
        vela! {
            let pair = Pair { a: <-rx, b: <-rx };
            let name = names[(<-rx).unwrap()];
            let many = vec![<-rx; 2];
            let mut slot = None;
            slot.replace(<-rx);
            (pair, name, many, slot)
        }
    });
    assert_eq!(got, (Pair { a: Some(0), b: Some(1) }, "c", vec![Some(3), Some(3)], Some(Some(4))));
}

#[test]
fn macros_of_std_receive_in_their_arguments() {
    use std::fmt::Write as _;
    let rx = of(1..=12);
    let text = now(async {
        vela! {
            println!("{:?}", <-rx);
            let mut text = format!("{:?} {n}", <-rx, n = (<-rx).unwrap());
            write!(text, " {:?}", <-rx).unwrap();
            assert_eq!(<-rx, Some(5));
            assert!((<-rx).is_some(), "six, not {:?}", rx.len());
            assert!(matches!(<-rx, Some(7)));
            debug_assert_ne!(<-rx, None);
            let list = vec![<-rx, <-rx];
            assert_eq!(list, [Some(9), Some(10)]);
            let _ = format_args!("{:?}", <-rx).to_string();
            text
        }
    });
    assert_eq!((text.as_str(), rx.len()), ("Some(2) 3 Some(4)", 1));
}

/// Any other macro's tokens stay as they are: to it, `<-` is what it always was.
#[test]
fn other_macros_keep_their_tokens() {
    macro_rules! arrow {
        ($a:ident <- $b:expr) => {
            concat!(stringify!($a), " gets ", stringify!($b))
        };
    }
    let text = now(async {
        vela! {
            let text = arrow!(tx <- 1 + 2);
            text
        }
    });
    assert_eq!(text, "tx gets 1 + 2");
    assert_eq!(vela!(stringify!(a <- b)), "a <- b");
}

#[test]
fn async_blocks_and_async_closures_receive() {
    on_each_runtime(|| async {
        let rx = of(1..=5);
        vela! {
            let block = async { <-rx };
            let owned = { let rx = rx.clone(); async move { (<-rx).unwrap() * 10 } };
            let closure = async |n: i32| (<-rx).unwrap() + n;
            let block_closure = async |n: i32| -> i32 { let v = <-rx; v.unwrap() * n };
            let moving = { let rx = rx.clone(); async move || <-rx };
        }
        assert_eq!(block.await, Some(1));
        assert_eq!(owned.await, 20);
        assert_eq!(closure(100).await, 103);
        assert_eq!(block_closure(100).await, 400);
        assert_eq!(moving().await, Some(5));
    });
}

#[test]
fn blocks_of_every_kind_receive() {
    let rx = of(1..=6);
    let got = now(async {
        vela! {
            let a = { <-rx };
            let b = 'label: { if a.is_some() { break 'label (<-rx); } None };
            let c = if true { <-rx } else { <-rx };
            let d = loop { break <-rx };
            let e = { let v = { <-rx }; v };
            let f = (|| 6)() == (<-rx).unwrap();
            (a, b, c, d, e, f)
        }
    });
    assert_eq!(got, (Some(1), Some(2), Some(3), Some(4), Some(5), true));
}

#[test]
fn statements_without_a_use_of_the_value_receive() {
    let rx = of(1..=4);
    now(async {
        vela! {
            <-rx;
            _ = <-rx;
            let _ = <-rx;
        }
    });
    assert_eq!(rx.try_recv(), Ok(4));
}

#[test]
fn a_receive_at_the_start_of_a_statement_goes_on_as_an_expression() {
    let rx = of([Some(1), Some(2), None]);
    let got = now(async {
        vela! {
            let mut sum = 0;
            (<-rx).flatten().into_iter().for_each(|n| sum += n);
            sum += (<-rx).flatten().unwrap_or(100);
            sum += (<-rx).flatten().unwrap_or(100);
            sum
        }
    });
    assert_eq!(got, 103);
}

#[test]
fn comments_attributes_and_items_stand_beside_arrows() {
    let rx = of(1..=2);
    let got = now(async {
        vela! {
            // a comment with <- in it
            /* and another: tx <- 1 */
            const TEN: i32 = 10;
            #[allow(unused_variables)]
            let unused = "a string with <-rx in it";
            fn twice(n: i32) -> i32 { n * 2 }
            #[cfg(any())]
            { undefined(<-nowhere); }
            let c = '<';
            let n = <-rx;
            twice(n.unwrap()) + TEN + i32::from(c == '<')
        }
    });
    assert_eq!(got, 13);
}

#[test]
fn an_arrow_waits_and_its_neighbours_are_evaluated_before() {
    let (tx, rx) = channel(0);
    let before = std::cell::Cell::new(0);
    let mut hand = Hand::waiting(async {
        let note = |n: i32| {
            before.set(n);
            n
        };
        vela!((note(1), <-rx, note(2)))
    });
    assert_eq!(before.get(), 1);
    tx.try_send(9).unwrap();
    assert_eq!(hand.woken(), (1, Some(9), 2));
}
