//! `if let`, `while let`, `match`, let chains.

use vela::prelude::*;

#[vela::test]
async fn arrows_in_conditions() {
    let (tx, rx) = vela::channel::<u32>(8);
    let mut seen = Vec::new();
    vela! {
        for n in 0..6 {
            tx <- n else { unreachable!() };
        }
        if let Some(n) = <-rx && n < 5 && let Some(m) = <-rx {
            seen.push(n + m);
        }
        match <-rx {
            Some(n) if n > 7 => unreachable!(),
            Some(n) => seen.push(n),
            None => unreachable!(),
        }
        drop(tx);
        while let Some(n) = <-rx {
            seen.push(n);
        }
        if (<-rx).is_none() {
            seen.push(100);
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 100]);
}
