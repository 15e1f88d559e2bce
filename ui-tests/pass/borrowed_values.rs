//! Borrowed and `'static` values in channels.

use vela::prelude::*;

async fn words<'a>(text: &'a str, tx: &Sender<&'a str>) {
    for word in text.split(' ') {
        vela! { tx <- word else { return }; }
    }
}

#[vela::test]
async fn values_may_borrow() {
    let text = String::from("a b c");
    let (tx, rx) = vela::channel::<&str>(4);
    words(&text, &tx).await;
    drop(tx);
    let mut all = Vec::new();
    loop {
        select! {
            Some(word) = <-rx => all.push(word),
            closed => break,
        }
    }
    assert_eq!(all.concat(), "abc");
}

#[vela::test]
async fn static_ones_in_tasks() {
    let (tx, rx) = vela::channel::<&'static str>(0);
    let (errors_tx, errors) = vela::channel::<&'static (dyn std::error::Error + Send + Sync)>(0);
    let task = go! {
        select! {
            tx <- "a" => {}
            _ = errors_tx <- &std::fmt::Error => {}
            closed => {}
        }
    };
    let got = select! {
        Some(text) = <-rx => text.to_owned(),
        Some(error) = <-errors => error.to_string(),
        closed => String::new(),
    };
    assert!(!got.is_empty() && task.join().await.is_ok());
}

#[vela::test]
async fn borrowed_ones_in_tasks_that_make_them() {
    let task = go! {
        let text = String::from("x y");
        let (tx, rx) = vela::channel::<&str>(2);
        let mut last = "";
        for word in text.split(' ') {
            select! {
                tx <- word => {}
                closed => {}
            }
            select! { got = <-rx => last = got.unwrap_or(""), _ = <-after(secs(60)) => {} }
        }
        last.len()
    };
    assert_eq!(task.join().await.ok(), Some(1));
}
