//! Arrows as arguments, elements, fields and operands of other arrows.

use vela::prelude::*;

struct Pair {
    first: Option<u32>,
    second: Option<u32>,
}

fn sum(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    Some(a? + b?)
}

#[vela::test]
async fn stand_where_values_stand() {
    let (tx, rx) = vela::channel::<u32>(8);
    let (out, results) = vela::channel::<Option<u32>>(1);
    vela! {
        for n in 0..8 {
            tx <- n else { unreachable!() };
        }
        assert_eq!(sum(<-rx, <-rx), Some(1));
        assert_eq!([<-rx, <-rx], [Some(2), Some(3)]);
        let Pair { first, second } = Pair { first: <-rx, second: <-rx };
        assert_eq!((first, second), (Some(4), Some(5)));
        out <- <-rx else { unreachable!() };
        assert_eq!(<-results, Some(Some(6)));
        assert!(<-rx == Some(7));
    }
}
