//! The ways to send on one channel.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use futures_util::Sink;
use vela::{Permit, SendErrorKind, SendTimeoutError, TryReserveError, TrySendError};

use super::actor::{Actor, Op};
use super::port::Page;
use super::value::{Id, Value, watch};
use super::watched::{observe, poll_some};

/// Values that an unbounded channel may hold before its feeders rest.
const PLENTY: usize = 10_000;

impl Actor {
    /// One operation that sends on the port `index`.
    pub(crate) async fn send_on(&mut self, index: usize) {
        if self.ports[index].page.epoch.plan.capacity.is_none()
            && self.rng.u8(..16) == 0
            && self.ports[index].tx.as_ref().is_some_and(|tx| tx.len() > PLENTY)
        {
            self.count(1);
            return tokio::task::yield_now().await;
        }
        let closed = match self.rng.u8(..64) {
            0..=15 => self.send(index).await,
            16..=27 => self.try_send(index),
            28..=39 => self.send_all(index).await,
            40..=43 => self.cancel_send(index).await,
            44..=47 => self.cancel_send_from(index).await,
            48..=49 => self.cancel_send_all(index).await,
            50..=54 => self.reserve(index).await,
            55..=57 => self.try_reserve(index).await,
            58 => self.cancel_reserve(index).await,
            59 if self.rng.u8(..16) == 0 => self.send_timeout(index).await,
            60 => self.sink(index).await,
            _ => self.send_or_else(index).await,
        };
        if closed == Some(true) {
            self.ports[index].renew(&self.world);
        }
    }

    async fn send(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::Send, index);
        let port = &mut self.ports[index];
        let value = port.page.make();
        let (sent, dropped) = observe(port.tx.as_ref()?.send(value)).await;
        let closed = sent.as_ref().is_err_and(|error| error.kind() == SendErrorKind::Closed);
        if let Err(error) = sent {
            port.page.back(error.into_inner());
        }
        self.note_dropped(dropped, false);
        self.count(1);
        Some(closed)
    }

    fn try_send(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::TrySend, index);
        let burst = self.rng.usize(1..=8);
        let port = &mut self.ports[index];
        let mut dropped = Vec::new();
        let mut closed = false;
        for _ in 0..burst {
            let value = port.page.make();
            let tx = port.tx.as_ref()?;
            if let Err(error) = watch(&mut dropped, || tx.try_send(value)) {
                closed |= matches!(error, TrySendError::Closed(_));
                port.page.back(error.into_inner());
            }
        }
        self.note_dropped(dropped, false);
        self.count(burst);
        Some(closed)
    }

    /// The values of a batch that were not sent come back.
    fn batch_back(&mut self, index: usize, batch: VecDeque<Value>, sent: usize) {
        self.count(sent - batch.len() + 1);
        for value in batch {
            self.ports[index].page.back(value);
        }
    }

    fn batch(&mut self, index: usize) -> VecDeque<Value> {
        let n = self.rng.usize(1..=32);
        (0..n).map(|_| self.ports[index].page.make()).collect()
    }

    async fn send_all(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::SendAll, index);
        let mut batch = self.batch(index);
        let all = batch.len();
        let (sent, dropped) = observe(self.ports[index].tx.as_ref()?.send_all(&mut batch)).await;
        self.note_dropped(dropped, false);
        self.batch_back(index, batch, all);
        Some(sent.is_err_and(|error| error.kind() == SendErrorKind::Closed))
    }

    async fn cancel_send(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::CancelSend, index);
        let plan = self.rng.u32(..);
        let port = &mut self.ports[index];
        let value = port.page.make();
        let (sent, dropped) = poll_some(port.tx.as_ref()?.send(value), plan).await;
        if let Some(Err(error)) = sent {
            port.page.back(error.into_inner());
        }
        self.note_dropped(dropped, true);
        self.count(1);
        Some(false)
    }

    async fn cancel_send_from(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::CancelSendFrom, index);
        let plan = self.rng.u32(..);
        let again = self.rng.bool();
        let port = &mut self.ports[index];
        let mut value = Some(port.page.make());
        let tx = port.tx.as_ref()?;
        let (mut result, mut dropped) = poll_some(tx.send_from(&mut value), plan).await;
        if result.is_none() && value.is_some() && again {
            let (second, more) = observe(tx.send_from(&mut value)).await;
            result = Some(second);
            dropped.extend(more);
        }
        if let Some(value) = value {
            port.page.back(value);
        }
        self.note_dropped(dropped, false);
        self.count(1);
        Some(matches!(result, Some(Err(error)) if error.kind() == SendErrorKind::Closed))
    }

    async fn cancel_send_all(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::CancelSendAll, index);
        let plan = self.rng.u32(..);
        let mut batch = self.batch(index);
        let all = batch.len();
        let (_, dropped) = poll_some(self.ports[index].tx.as_ref()?.send_all(&mut batch), plan).await;
        self.note_dropped(dropped, false);
        self.batch_back(index, batch, all);
        Some(false)
    }

    async fn reserve(&mut self, index: usize) -> Option<bool> {
        if self.ports[index].page.epoch.plan.capacity == Some(0) {
            // At a rendezvous with many senders no receiver ever has to wait, and nobody gets a permit.
            return self.cancel_reserve(index).await;
        }
        self.doing(Op::Reserve, index);
        let spending = Spending::random(&mut self.rng);
        let port = &mut self.ports[index];
        let Ok(permit) = port.tx.as_ref()?.reserve().await else { return Some(true) };
        let dropped = spending.spend(permit, &mut port.page).await;
        self.note_dropped(dropped, false);
        self.count(2);
        Some(false)
    }

    async fn try_reserve(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::TryReserve, index);
        let spending = Spending::random(&mut self.rng);
        let port = &mut self.ports[index];
        let (dropped, closed) = match port.tx.as_ref()?.try_reserve() {
            Ok(permit) => (spending.spend(permit, &mut port.page).await, false),
            Err(error) => (Vec::new(), error == TryReserveError::Closed),
        };
        self.note_dropped(dropped, false);
        self.count(1);
        Some(closed)
    }

    async fn cancel_reserve(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::CancelReserve, index);
        let plan = self.rng.u32(..);
        let spending = Spending::random(&mut self.rng);
        let port = &mut self.ports[index];
        let dropped = match poll_some(port.tx.as_ref()?.reserve(), plan).await {
            (Some(Ok(permit)), _) => spending.spend(permit, &mut port.page).await,
            (_, dropped) => dropped,
        };
        self.note_dropped(dropped, false);
        self.count(1);
        Some(false)
    }

    async fn send_timeout(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::SendTimeout, index);
        let timeout = Duration::from_micros(self.rng.u64(..100));
        let port = &mut self.ports[index];
        let value = port.page.make();
        let (sent, dropped) = observe(port.tx.as_ref()?.send_timeout(value, timeout)).await;
        let closed = matches!(sent, Err(SendTimeoutError::Closed(_)));
        if let Err(error) = sent {
            port.page.back(error.into_inner());
        }
        self.note_dropped(dropped, false);
        self.count(1);
        Some(closed)
    }

    async fn sink(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::Sink, index);
        let (plan, values) = (self.rng.u32(..), self.rng.usize(1..=4));
        let port = &mut self.ports[index];
        let mut sink = port.tx.as_ref()?.sink();
        let mut dropped = Vec::new();
        for _ in 0..values {
            // A sink is only woken, never handed a place, so it may be overtaken for long: it is always given up.
            let ready = std::future::poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx));
            let (ready, more) = poll_some(ready, plan).await;
            dropped.extend(more);
            if !matches!(ready, Some(Ok(()))) {
                break;
            }
            let value = port.page.make();
            match watch(&mut dropped, || Pin::new(&mut sink).start_send(value)) {
                Ok(()) => {}
                Err(error) => {
                    if let Some(value) = error.into_inner() {
                        port.page.back(value);
                    }
                }
            }
        }
        drop(sink);
        self.note_dropped(dropped, false);
        self.count(values);
        Some(false)
    }

    async fn send_or_else(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::SelectSend, index);
        let port = &mut self.ports[index];
        let mut value = port.page.make();
        let tx = port.tx.as_ref()?;
        let (unsent, dropped) = observe(async {
            vela::select! {
                r = tx <- mut value => r.err().map(vela::SendError::into_inner),
                else => Some(value),
            }
        })
        .await;
        if let Some(value) = unsent {
            port.page.back(value);
        }
        self.note_dropped(dropped, false);
        self.count(1);
        Some(false)
    }
}

/// What to do with a permit.
struct Spending {
    rest: bool,
    send: bool,
}

impl Spending {
    fn random(rng: &mut fastrand::Rng) -> Self {
        Self { rest: rng.u8(..4) == 0, send: rng.u8(..4) > 0 }
    }

    /// Gives the values that were dropped.
    async fn spend(self, permit: Permit<'_, Value>, page: &mut Page) -> Vec<Id> {
        if self.rest {
            tokio::task::yield_now().await;
        }
        let mut dropped = Vec::new();
        if self.send {
            let value = page.make();
            if let Err(error) = watch(&mut dropped, || permit.send(value)) {
                page.back(error.into_inner());
            }
        }
        dropped
    }
}
