//! What the macros make can be sent between threads if what it holds can.

use vela::prelude::*;

use std::future::Future;

fn sendable<T>(future: impl Future<Output = T> + Send) -> impl Future<Output = T> + Send {
    future
}

fn boxed<'a, T: Send + 'a>(
    rx: &'a Receiver<T>,
    tx: &'a Sender<T>,
) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
    Box::pin(async move {
        let value;
        vela! { value = <-rx; }
        let Some(mut value) = value else { return };
        select! {
            tx <- mut value => {}
            _ = <-after(ms(1)) => drop(value),
        }
    })
}

#[vela::test]
async fn futures_are_send() {
    let (tx, rx) = vela::channel::<String>(1);
    let (out, results) = vela::channel::<String>(1);
    assert!(tx.send("a".to_owned()).await.is_ok());
    sendable(boxed(&rx, &out)).await;
    let got = sendable(async {
        select! {
            Some(text) = <-results => text,
            Some(text) = <-rx, if !tx.is_closed() => text,
            _ = <-after(secs(60)) => String::new(),
            _ = std::future::pending::<()>() => String::new(),
            closed => String::new(),
        }
    });
    assert_eq!(got.await, "a");
}
