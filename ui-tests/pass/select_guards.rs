//! Guards: any `bool`, and nothing of a guarded-off arm is evaluated.

use vela::prelude::*;

fn never<T>() -> T {
    unreachable!("this arm is off")
}

#[vela::test]
async fn guarded_arms_are_not_evaluated() {
    let (tx, rx) = vela::channel::<u32>(1);
    let (on, limit, off) = (true, Some(3), false);
    let mut kept = 5;
    let got = select! {
        n = <-never::<Receiver<u32>>(), if off => n,
        tx <- never(), if !on => None,
        never::<Sender<u32>>() <- mut kept, if matches!(limit, None | Some(0)) => None,
        n = never::<std::future::Ready<Option<u32>>>(), if limit.is_none() || on && off => n,
        tx <- 1, if on && limit.is_some_and(|n| n > 2) => Some(kept),
        closed => unreachable!(),
    };
    assert_eq!((got, rx.recv().await), (Some(5), Some(1)));
    kept += 1;
    assert_eq!(kept, 6);
}
