//! Nested blocks, labels, unsafe-free everything: arrows wherever statements are.

use vela::prelude::*;

#[vela::test]
async fn arrows_in_blocks() {
    let (tx, rx) = vela::channel::<u32>(16);
    let all = vela! {
        for n in 0..10 {
            tx <- n else { unreachable!() };
        }
        let first = { <-rx };
        let second = 'found: {
            if let Some(n) = <-rx {
                break 'found n;
            }
            0
        };
        let third = loop {
            if let Some(n) = <-rx { break n }
        };
        let fourth = if first == Some(0) { <-rx } else { None };
        let fifth = match fourth {
            Some(3) => <-rx,
            _ => None,
        };
        (first, second, third, fourth, fifth)
    };
    assert_eq!(all, (Some(0), 1, 2, Some(3), Some(4)));
}
