//! Selects in generic functions, over what callers choose.

use vela::prelude::*;

use std::fmt::Debug;
use std::future::Future;

async fn first<T, F>(rx: &Receiver<T>, work: F) -> Option<T>
where
    F: Future<Output = T>,
{
    select! {
        biased;
        v = <-rx => v,
        v = work => Some(v),
    }
}

async fn relay<T: Send + Debug, const N: usize>(from: [&Receiver<T>; N], to: &Sender<T>) -> usize {
    let mut count = 0;
    for rx in from {
        while let Some(value) = select! { v = <-rx => v, else => None } {
            select! {
                to <- value => count += 1,
                closed => return count,
            }
        }
    }
    count
}

async fn generic_source<S, T>(mut source: S) -> Option<T>
where
    for<'a> &'a mut S: Receive<Output = Option<T>>,
{
    let source = &mut source;
    select! { v = <-*source => v }
}

#[vela::test]
async fn types_are_the_callers() {
    let (tx, rx) = vela::channel::<String>(4);
    assert_eq!(first(&rx, async { "work".to_owned() }).await.as_deref(), Some("work"));
    assert!(tx.send("sent".to_owned()).await.is_ok());
    assert_eq!(first(&rx, std::future::pending()).await.as_deref(), Some("sent"));
    assert!(tx.send("relayed".to_owned()).await.is_ok());
    let (to, got) = vela::channel(4);
    assert_eq!(relay([&rx, &rx], &to).await, 1);
    assert_eq!(got.recv().await.as_deref(), Some("relayed"));
    assert_eq!(generic_source(futures_util::stream::iter([5])).await, Some(5));
}
