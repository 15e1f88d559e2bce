//! User types that `<-` receives from.

use std::future::{Ready, ready};

use vela::prelude::*;
use vela::select::Polled;

/// Counts down.
struct Countdown(u32);

impl Receive for &mut Countdown {
    type Output = Option<u32>;
    type Case = Polled<Ready<Option<u32>>>;

    fn receive(self) -> Self::Case {
        let next = self.0.checked_sub(1);
        self.0 = next.unwrap_or(0);
        Polled::new(ready(next))
    }
}

/// Passes on to a channel, by shared reference.
struct Feed<T> {
    rx: Receiver<T>,
}

impl<'a, T> Receive for &'a Feed<T> {
    type Output = Option<T>;
    type Case = <&'a Receiver<T> as Receive>::Case;

    fn receive(self) -> Self::Case {
        self.rx.receive()
    }
}

#[vela::test]
async fn in_every_form() {
    let mut countdown = Countdown(4);
    let (tx, rx) = vela::channel::<u32>(1);
    let feed = Feed { rx };
    assert!(tx.send(7).await.is_ok());
    vela! {
        assert_eq!(<-countdown, Some(3));
        assert_eq!(<-feed, Some(7));
        drop(tx);
        assert_eq!(<-feed, None);
    }
    select! {
        Some(n) = <-countdown => assert_eq!(n, 2),
        Some(n) = <-feed => assert_eq!(n, 7),
        closed => unreachable!(),
    }
    vela! {
        let mut seen = Vec::new();
        for n in <-countdown {
            seen.push(n);
        }
        assert_eq!(seen, [1, 0]);
    }
}
