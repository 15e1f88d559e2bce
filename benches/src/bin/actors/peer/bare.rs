//! A task that receives from Tokio's channel, and answers through a oneshot: what an actor stands on, without an actor.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{Capacity, LIMIT, Peer, timed};

pub(crate) struct Bare;

pub(crate) enum Message {
    Add(u64),
    Get(oneshot::Sender<u64>),
}

#[derive(Clone)]
pub(crate) enum To {
    Bounded(mpsc::Sender<Message>),
    Unbounded(mpsc::UnboundedSender<Message>),
}

impl To {
    async fn send(&self, message: Message) -> bool {
        match self {
            Self::Bounded(tx) => tx.send(message).await.is_ok(),
            Self::Unbounded(tx) => tx.send(message).is_ok(),
        }
    }
}

fn handle(sum: &mut u64, message: Message) {
    match message {
        Message::Add(n) => *sum += n,
        Message::Get(answer) => drop(answer.send(*sum)),
    }
}

impl Peer for Bare {
    const NAME: &'static str = "bare task";
    type To = To;

    async fn start(mailbox: Capacity) -> To {
        let mut sum = 0;
        match mailbox {
            Some(capacity) => {
                let (tx, mut rx) = mpsc::channel(capacity);
                tokio::spawn(async move {
                    while let Some(message) = rx.recv().await {
                        handle(&mut sum, message);
                    }
                });
                To::Bounded(tx)
            }
            None => {
                let (tx, mut rx) = mpsc::unbounded_channel();
                tokio::spawn(async move {
                    while let Some(message) = rx.recv().await {
                        handle(&mut sum, message);
                    }
                });
                To::Unbounded(tx)
            }
        }
    }

    async fn tell(to: &To, n: u64) -> bool {
        to.send(Message::Add(n)).await
    }

    async fn ask(to: &To) -> Option<u64> {
        let (answer, answered) = oneshot::channel();
        if to.send(Message::Get(answer)).await { answered.await.ok() } else { None }
    }

    async fn ask_in_time(to: &To) -> Option<u64> {
        tokio::time::timeout(LIMIT, Self::ask(to)).await.ok()?
    }

    async fn live() -> bool {
        let (tx, mut rx) = mpsc::channel(1024);
        let task = tokio::spawn(async move {
            let mut sum = 0;
            while let Some(message) = rx.recv().await {
                handle(&mut sum, message);
            }
        });
        drop(tx);
        task.await.is_ok()
    }

    async fn ring(nodes: usize, hops: u64) -> Option<Duration> {
        let (done, mut ended) = mpsc::unbounded_channel();
        let (first, mut rx) = mpsc::channel(1024);
        for node in 0..nodes {
            let (next, next_rx) = if node + 1 == nodes { (first.clone(), None) } else { opened() };
            let mut rx_of_node = rx;
            let done = done.clone();
            tokio::spawn(async move {
                while let Some(n) = rx_of_node.recv().await {
                    if n == 0 {
                        // Then the ring ends, one after the other.
                        let _ = done.send(());
                        return;
                    }
                    if next.send(n - 1).await.is_err() {
                        return;
                    }
                }
            });
            match next_rx {
                Some(next_rx) => rx = next_rx,
                None => break,
            }
        }
        timed(async { first.send(hops).await.is_ok() && ended.recv().await.is_some() }).await
    }
}

fn opened() -> (mpsc::Sender<u64>, Option<mpsc::Receiver<u64>>) {
    let (tx, rx) = mpsc::channel(1024);
    (tx, Some(rx))
}
