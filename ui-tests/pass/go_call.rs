//! `go!(f(x))`: arguments now, the call in the task.

use vela::prelude::*;

#[derive(Clone)]
struct Server {
    base: u32,
    handler: fn(u32) -> u32,
}

impl Server {
    async fn add(self, n: u32) -> u32 {
        self.base + n
    }

    fn scale<const N: u32>(&self) -> u32 {
        self.base * N
    }
}

async fn echo<T>(value: T) -> T {
    value
}

fn plain(a: u32, b: u32) -> u32 {
    a * b
}

#[vela::test]
async fn calls_of_every_kind() -> vela::Result<()> {
    let server = Server { base: 10, handler: |n| n + 1 };
    let mut order = Vec::new();
    let mut next = |n| {
        order.push(n);
        n
    };
    let product = go!(plain(next(2), next(3)));
    assert_eq!(order, [2, 3]);
    let text = go!(echo::<String>("a".into()));
    let method = go!(server.clone().add(5));
    let turbofish = go!(server.clone().scale::<3>());
    let field = go!((server.handler)(1));
    let closure = go!((move |n: u32| n + 1)(6));
    let variant = go!(Some(1));
    vela! {
        assert_eq!((<-product)?, 6);
        assert_eq!((<-text)?, "a");
        assert_eq!((<-method)?, 15);
        assert_eq!((<-turbofish)?, 30);
        assert_eq!((<-field)?, 2);
        assert_eq!((<-closure)?, 7);
        assert_eq!((<-variant)?, Some(1));
    }
    Ok(())
}
