//! What looks like an arrow and is none.

use vela::prelude::*;

use crate::select::probe::now;

#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct W<const N: i32>;

impl<const N: i32> W<N> {
    const VALUE: i32 = N;

    fn value(self) -> i32 {
        N
    }

    fn make<const M: i32>() -> i32 {
        N * 10 + M
    }
}

fn negative<const N: i32>() -> i32 {
    N
}

vela! {
    const ITEM: W<-5> = W::<-5>;

    fn takes(w: W<-1>) -> Option<W<-2>> {
        (w.value() == -1).then_some(W)
    }

    trait Named {
        type Of;
    }

    impl Named for W<-3> {
        type Of = W<-4>;
    }
}

#[test]
fn negative_const_arguments_stay_generics() {
    let (tx, rx) = channel(1);
    let got = now(async {
        vela! {
            let typed: W<-1> = W;
            let turbofish = negative::<-7>();
            let path = W::<-8>::VALUE;
            let method = W::<-1>::make::<-2>();
            let cast = W::<-9>.value() as i64;
            let nested: Option<Vec<W<-2>>> = Some(Vec::new());
            tx <- W::<-6> else { unreachable!() };
            let received: Option<W<-6>> = <-rx;
            (typed.value(), turbofish, path, method, cast, nested.is_some(), received.map(W::value))
        }
    });
    assert_eq!(got, (-1, -7, -8, -12, -9, true, Some(-6)));
    assert_eq!(takes(W), Some(W));
    assert_eq!((ITEM.value(), <W<-3> as Named>::Of::VALUE), (-5, -4));
}

#[test]
fn a_comparison_with_a_negative_number_stays_a_comparison() {
    let (a, b) = (-5, 3);
    let got = vela! {
        let first = a < -b;
        let second = a < - b;
        let third = (a) < -3;
        let fourth = if a < -1 { 1 } else { 2 };
        let fifth = [a < -b, b < -a];
        (first, second, third, fourth, fifth)
    };
    assert_eq!(got, (true, true, true, 1, [true, true]));
}

#[test]
fn arrows_and_generics_and_comparisons_mix() {
    let (tx, rx) = unbounded();
    let b = 3;
    let got = now(async {
        vela! {
            tx <- W::<-1>::make::<-1>() else { unreachable!() };
            tx <- i32::from(-5 < -b) else { unreachable!() };
            (tx <- "7".parse::<i32>().unwrap()).unwrap();
            let none: Option<Receiver<W<-1>>> = None;
            let all = [<-rx, <-rx, <-rx];
            (all, none.is_none() && -5 < -b)
        }
    });
    assert_eq!(got, ([Some(-11), Some(1), Some(7)], true));
}

#[test]
fn selects_and_tasks_hold_generics_and_comparisons() {
    let (tx, rx) = channel::<W<-1>>(1);
    let b = 3;
    let got = now(async {
        select! {
            biased;
            v = <-rx, if -5 > -b => v.map(W::value),
            r = tx <- W::<-1>, if -5 < -b => r.ok().map(|()| negative::<-4>()),
            closed => None,
        }
    });
    assert_eq!(got, Some(-4));
    let task = go! { let w: W<-2> = W; w.value() < -1 };
    assert!(task.join_blocking().unwrap());
}

#[test]
fn ranges_shifts_and_references_stay_what_they_are() {
    let (a, b) = (8, 1);
    let got = vela! {
        let shift = a << 2 >> 1;
        let range = (-3..-1).contains(&-2);
        let minus = a - -b;
        let deref = *&a;
        let closure = |x: i32| -> i32 { -x };
        (shift, range, minus, deref, closure(4))
    };
    assert_eq!(got, (16, true, 9, 8, -4));
}
