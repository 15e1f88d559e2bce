//! Selects and arrows in async functions of traits.

use vela::prelude::*;

trait Source {
    type Item;

    async fn next(&self) -> Option<Self::Item>;

    async fn two(&self) -> Option<(Self::Item, Self::Item)> {
        Some((self.next().await?, self.next().await?))
    }
}

struct Merged<T> {
    a: Receiver<T>,
    b: Receiver<T>,
}

impl<T> Source for Merged<T> {
    type Item = T;

    async fn next(&self) -> Option<T> {
        select! {
            biased;
            Some(v) = <-self.a => Some(v),
            Some(v) = <-self.b => Some(v),
            closed => None,
        }
    }
}

vela! {
    impl<T: Clone> Source for Receiver<T> {
        type Item = T;

        async fn next(&self) -> Option<T> {
            <-*self
        }
    }
}

#[vela::test]
async fn methods_wait() {
    let ((a_tx, a), (b_tx, b)) = (vela::channel(2), vela::channel(2));
    assert!(b_tx.send('b').await.is_ok() && a_tx.send('a').await.is_ok());
    drop((a_tx, b_tx));
    let merged = Merged { a, b };
    assert_eq!(merged.two().await, Some(('a', 'b')));
    assert_eq!(merged.next().await, None);
    assert_eq!(Source::next(&merged.a).await, None);
}
