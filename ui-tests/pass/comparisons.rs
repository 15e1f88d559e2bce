//! `a < -b` is a comparison, whatever stands around it.

use vela::prelude::*;

fn cold() -> i32 {
    -7
}

#[vela::test]
async fn a_space_makes_a_comparison() {
    let (a, b) = (-5_i32, 3_i32);
    vela! {
        assert!(a < -b);
        assert!(cold() < -5 && a < (-b));
        let less = a < - b;
        assert!(less && 1 << 2 == 4 && a <= -5);
    }
    let (tx, rx) = vela::channel::<i32>(1);
    select! {
        tx <- if a < -b { 1 } else { 2 } => {}
        closed => unreachable!(),
    }
    assert_eq!(rx.recv().await, Some(1));
}
