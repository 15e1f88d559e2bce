//! `W<-1>` and `f::<-1>()` stay generics.

use vela::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq)]
struct W<const N: i32>;

impl<const N: i32> W<N> {
    const VALUE: i32 = N;

    fn new() -> Self {
        Self
    }
}

fn value<const N: i32>(_: W<N>) -> i32 {
    N
}

#[vela::test]
async fn negative_arguments() {
    let (tx, rx) = vela::channel::<W<-1>>(2);
    vela! {
        let w: W<-1> = W::<-1>::new();
        tx <- w else { unreachable!() };
        tx <- W::<-1> else { unreachable!() };
        let got: Option<W<-1>> = <-rx;
        assert_eq!(got, Some(W));
        assert_eq!(value::<-2>(W), -2);
        assert_eq!(<W<-3>>::VALUE, -3);
        async fn pass<const N: i32>(rx: &Receiver<W<N>>) -> Option<W<N>> {
            <-rx
        }
        assert_eq!(pass::<-1>(&rx).await, Some(W::<-1>));
    }
    let n = select! {
        _ = <-std::future::pending_of::<-4>() => 4,
        Some(_) = <-rx, if value::<-1>(W) < -5 => 5,
        else => value::<-6>(W),
    };
    assert_eq!(n, -6);
}

mod std {
    pub(crate) mod future {
        pub(crate) fn pending_of<const N: i32>() -> Option<vela::time::After> {
            None
        }
    }
}
