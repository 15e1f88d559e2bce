//! Every way to send and every way to receive, as tasks that do it until they are through.

use std::collections::VecDeque;

use futures_util::{SinkExt, StreamExt};
use vela::prelude::*;
use vela::{RecvTimeoutError, Select, SelectSet, SendTimeoutError};

use super::tally::{Counted, Inbox, Keep, Tally};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    Send,
    Timeout,
    From,
    All,
    Permit,
    Sink,
    Arm,
    Lend,
    Built,
}

impl Sending {
    pub(crate) const EACH: [Self; 9] = [
        Self::Send,
        Self::Timeout,
        Self::From,
        Self::All,
        Self::Permit,
        Self::Sink,
        Self::Arm,
        Self::Lend,
        Self::Built,
    ];

    /// How many values a task that is cancelled may lose: the one in its hand.
    fn may_lose(self) -> usize {
        match self {
            Self::From | Self::All | Self::Permit => 0,
            _ => 1,
        }
    }

    /// Sends so many values; leaves off when the channel is closed.
    pub(crate) async fn run(self, tx: Sender<Counted>, tally: Tally, sender: usize, values: usize) {
        let may_lose = tally.may_lose(self.may_lose());
        if self == Self::All {
            self.all(&tx, &tally, sender, values).await;
        } else if self == Self::Sink {
            let mut sink = tx.sink();
            drop(tx);
            for _ in 0..values {
                if sink.send(tally.value(sender)).await.is_err() {
                    // A sink takes the value before it knows; it is dropped with the error.
                    return;
                }
            }
        } else {
            for _ in 0..values {
                if !self.one(&tx, &tally, sender).await {
                    break;
                }
            }
        }
        may_lose.lost_nothing();
    }

    async fn all(self, tx: &Sender<Counted>, tally: &Tally, sender: usize, values: usize) {
        struct Batch(VecDeque<Counted>);
        impl Drop for Batch {
            fn drop(&mut self) {
                self.0.drain(..).for_each(Counted::hand_back);
            }
        }
        let mut batch = Batch((0..values).map(|_| tally.value(sender)).collect());
        if tx.send_all(&mut batch.0).await.is_ok() {
            assert!(batch.0.is_empty());
        }
    }

    /// Whether the channel is open still.
    async fn one(self, tx: &Sender<Counted>, tally: &Tally, sender: usize) -> bool {
        match self {
            Self::Send => match tx.send(tally.value(sender)).await {
                Ok(()) => true,
                Err(error) => {
                    error.into_inner().hand_back();
                    false
                }
            },
            Self::Timeout => {
                let mut value = tally.value(sender);
                loop {
                    value = match tx.send_timeout(value, ms(5)).await {
                        Ok(()) => return true,
                        Err(SendTimeoutError::Timeout(value)) => value,
                        Err(error) => {
                            error.into_inner().hand_back();
                            return false;
                        }
                    };
                }
            }
            Self::From => {
                let mut keep = tally.keep(sender);
                let sent = tx.send_from(&mut keep.0).await.is_ok();
                assert_eq!(sent, keep.0.is_none());
                sent
            }
            Self::Permit => {
                let mut keep: Keep = tally.keep(sender);
                let Ok(permit) = tx.reserve().await else { return false };
                match permit.send(keep.0.take().unwrap()) {
                    Ok(()) => true,
                    Err(error) => {
                        error.into_inner().hand_back();
                        false
                    }
                }
            }
            Self::Arm => {
                let value = tally.value(sender);
                select! {
                    result = tx <- value => match result {
                        Ok(()) => true,
                        Err(error) => {
                            error.into_inner().hand_back();
                            false
                        }
                    },
                }
            }
            Self::Lend => {
                let mut value = tally.value(sender);
                loop {
                    select! {
                        result = tx <- mut value => {
                            let sent = result.is_ok();
                            if let Err(error) = result {
                                error.into_inner().hand_back();
                            }
                            break sent;
                        }
                        _ = <-after(ms(5)) => {}
                    }
                }
            }
            Self::Built => {
                let value = tally.value(sender);
                // A send arm of a builder is disabled once the channel is closed, and drops its value.
                Select::new().send(tx, value, || ()).wait().await.is_some()
            }
            Self::All | Self::Sink => unreachable!("they send all at once"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receiving {
    Recv,
    Timeout,
    Many,
    Stream,
    Arrow,
    Arm,
    Race,
    Any,
    Set,
    Built,
}

impl Receiving {
    pub(crate) const EACH: [Self; 10] = [
        Self::Recv,
        Self::Timeout,
        Self::Many,
        Self::Stream,
        Self::Arrow,
        Self::Arm,
        Self::Race,
        Self::Any,
        Self::Set,
        Self::Built,
    ];

    /// Receives until the channel is closed.
    pub(crate) async fn run(self, rx: Receiver<Counted>, inbox: Inbox) {
        match self {
            Self::Recv => {
                while let Some(value) = rx.recv().await {
                    inbox.take(value);
                }
            }
            Self::Timeout => loop {
                match rx.recv_timeout(ms(5)).await {
                    Ok(value) => inbox.take(value),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Closed) => break,
                }
            },
            Self::Many => {
                let mut batch = Vec::new();
                while rx.recv_many(&mut batch, 2).await > 0 {
                    assert!(batch.len() <= 2);
                    batch.drain(..).for_each(|value| inbox.take(value));
                }
            }
            Self::Stream => {
                let mut stream = rx.stream();
                drop(rx);
                while let Some(value) = stream.next().await {
                    inbox.take(value);
                }
            }
            Self::Arrow => vela! {
                for value in <-rx {
                    inbox.take(value);
                }
            },
            Self::Arm => loop {
                select! {
                    Some(value) = <-rx => inbox.take(value),
                    closed => break,
                }
            },
            Self::Race => {
                let (_never, idle) = channel::<()>(0);
                loop {
                    select! {
                        value = <-rx => match value {
                            Some(value) => inbox.take(value),
                            None => break,
                        },
                        _ = <-idle => unreachable!("nobody sends"),
                        _ = <-after(ms(5)) => {}
                    }
                }
            }
            Self::Any => {
                let (_never, idle) = channel(1);
                let mut inputs = [idle, rx];
                while let (1, Some(value)) = vela!(<-any(&mut inputs)) {
                    inbox.take(value);
                }
            }
            Self::Set => {
                let (_never, idle) = channel(1);
                let mut set = SelectSet::new();
                set.insert(idle);
                set.insert(rx);
                while let (1, Some(value)) = set.recv().await {
                    inbox.take(value);
                }
            }
            Self::Built => {
                let (_never, idle) = channel::<()>(0);
                loop {
                    let got = Select::new().on(&rx, |value| value).on(&idle, |_| None).wait().await;
                    match got.unwrap() {
                        Some(value) => inbox.take(value),
                        None => break,
                    }
                }
            }
        }
    }
}
