//! Arguments of std's macros are rewritten.

use vela::prelude::*;

#[vela::test]
async fn arrows_in_std_macros() {
    let (tx, rx) = vela::channel::<u32>(16);
    vela! {
        for n in 0..9 {
            tx <- n else { panic!("nobody receives {n}") };
        }
        assert_eq!(format!("{:?} {second:?}", <-rx, second = <-rx), "Some(0) Some(1)");
        assert!(matches!(<-rx, Some(2 | 20)));
        assert_eq!(vec![<-rx; 2], [Some(3), Some(3)]);
        assert_ne!(<-rx, None, "{:?}", <-rx);
        debug_assert!((<-rx).is_some() || (<-rx).is_some());
    }
}
