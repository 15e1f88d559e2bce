//! Whole items in `vela!`: functions, impls, traits, modules.

use vela::prelude::*;

vela! {
    /// The next two.
    pub(crate) async fn pair(rx: &Receiver<u32>) -> Option<(u32, u32)> {
        let (Some(a), Some(b)) = (<-rx, <-rx) else { return None };
        Some((a, b))
    }

    pub(crate) struct Server {
        pub(crate) out: Sender<u32>,
    }

    impl Server {
        pub(crate) const LIMIT: i32 = -1;

        pub(crate) async fn answer(&self, n: u32) -> Result<(), vela::SendError<u32>> {
            self.out <- n * 2
        }
    }

    pub(crate) mod inner {
        use vela::prelude::*;

        pub(crate) async fn drain(rx: Receiver<u32>) -> usize {
            let mut count = 0;
            for _ in <-rx {
                count += 1;
            }
            count
        }
    }
}

#[vela::test]
async fn items_are_visible() {
    let (out, rx) = vela::channel(4);
    let server = Server { out };
    for n in 0..3 {
        assert!(server.answer(n).await.is_ok());
    }
    drop(server);
    assert_eq!(pair(&rx).await, Some((0, 2)));
    assert_eq!(inner::drain(rx).await, 1);
    assert_eq!(Server::LIMIT, -1);
}
