//! The ways to receive from one channel, and from a set of them.

use std::future::Future as _;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::task::coop::unconstrained;
use vela::{Receiver, Recv, RecvTimeoutError, SelectSet, TryRecvError, any};

use super::actor::{Actor, Op};
use super::value::{Value, watch};
use super::violation::violation;
use super::watched::{observe, poll_some};

impl Actor {
    /// One operation that receives from the port `index`.
    pub(crate) async fn receive_on(&mut self, index: usize) {
        let patient = self.ports[index].page.epoch.plan.patient;
        let closed = match self.rng.u8(..64) {
            20..=29 => self.try_recv(index),
            30..=43 => self.recv_many(index).await,
            44..=47 if !patient => self.cancel_recv(index).await,
            48..=49 if !patient => self.cancel_recv_many(index).await,
            50 if !patient && self.rng.u8(..16) == 0 => self.recv_timeout(index).await,
            51 if !patient => self.cancel_bunch(index).await,
            52..=54 => self.drain(index),
            55..=57 => self.stream(index).await,
            58..=59 => self.set(index).await,
            60..=61 => self.any(index).await,
            _ => self.recv(index).await,
        };
        if closed == Some(true) {
            self.closed(index);
        }
    }

    /// A receive has told that the channel is closed and drained.
    fn closed(&mut self, index: usize) {
        let port = &self.ports[index];
        if let Some(rx) = &port.rx {
            // A permit that was taken before the close can still be used up, but its send fails: so nothing comes.
            let again = rx.try_recv();
            if !rx.is_closed() || !matches!(again, Err(TryRecvError::Closed)) {
                // A value that was handed to a receiver which was then dropped comes back even after the end.
                match again {
                    Ok(value) if !port.page.epoch.plan.patient => self.ports[index].page.got(value),
                    again => violation(format_args!("{:?} told its end, and then {again:?}", port.page.epoch)),
                }
            }
        }
        self.ports[index].renew(&self.world);
    }

    async fn recv(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::Recv, index);
        self.count(1);
        let port = &mut self.ports[index];
        match port.rx.as_ref()?.recv().await {
            Some(value) => {
                port.page.got(value);
                Some(false)
            }
            None => Some(true),
        }
    }

    fn try_recv(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::TryRecv, index);
        let burst = self.rng.usize(1..=8);
        self.count(burst);
        let port = &mut self.ports[index];
        for _ in 0..burst {
            match port.rx.as_ref()?.try_recv() {
                Ok(value) => port.page.got(value),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Closed) => return Some(true),
            }
        }
        Some(false)
    }

    fn take(&mut self, index: usize, values: Vec<Value>) {
        self.count(values.len().max(1));
        let page = &mut self.ports[index].page;
        values.into_iter().for_each(|value| page.got(value));
    }

    async fn recv_many(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::RecvMany, index);
        let max = self.rng.usize(1..=64);
        let mut values = Vec::with_capacity(max);
        let n = self.ports[index].rx.as_ref()?.recv_many(&mut values, max).await;
        if n != values.len() || n > max {
            violation(format_args!("recv_many said {n} of at most {max}, and gave {}", values.len()));
        }
        self.take(index, values);
        Some(n == 0)
    }

    async fn cancel_recv(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::CancelRecv, index);
        let plan = self.rng.u32(..);
        self.count(1);
        let port = &mut self.ports[index];
        let (received, dropped) = poll_some(port.rx.as_ref()?.recv(), plan).await;
        let closed = match received {
            None => {
                port.page.account.cancelled += 1;
                false
            }
            Some(Some(value)) => {
                port.page.got(value);
                false
            }
            Some(None) => true,
        };
        self.note_dropped(dropped, false);
        Some(closed)
    }

    async fn cancel_recv_many(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::CancelRecvMany, index);
        let plan = self.rng.u32(..);
        let max = self.rng.usize(1..=64);
        let mut values = Vec::new();
        let port = &mut self.ports[index];
        let (received, dropped) = poll_some(port.rx.as_ref()?.recv_many(&mut values, max), plan).await;
        if received.is_none() {
            port.page.account.cancelled += 1;
        }
        self.note_dropped(dropped, false);
        self.take(index, values);
        Some(false)
    }

    /// Several receives of one task wait at once, and are dropped in any order: what they were handed must regain its
    /// place.
    async fn cancel_bunch(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::CancelBunch, index);
        let (n, rest) = (self.rng.usize(2..=6), self.rng.u8(..4) > 0);
        self.count(n);
        let port = &mut self.ports[index];
        port.page.account.cancelled += n as u64;
        let rx = port.rx.as_ref()?;
        let mut bunch: Vec<_> = (0..n).map(|_| Box::pin(rx.recv())).collect();
        let mut dropped = Vec::new();
        let values = watch(&mut dropped, || poll_bunch(&mut bunch));
        if values.is_empty() && rest {
            tokio::task::yield_now().await;
        }
        self.rng.shuffle(&mut bunch);
        watch(&mut dropped, || drop(bunch));
        self.note_dropped(dropped, false);
        self.take(index, values);
        Some(false)
    }

    async fn recv_timeout(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::RecvTimeout, index);
        let timeout = Duration::from_micros(self.rng.u64(..100));
        self.count(1);
        let port = &mut self.ports[index];
        let (received, dropped) = observe(port.rx.as_ref()?.recv_timeout(timeout)).await;
        let closed = matches!(received, Err(RecvTimeoutError::Closed));
        match received {
            Ok(value) => port.page.got(value),
            Err(RecvTimeoutError::Timeout) => port.page.account.cancelled += 1,
            Err(RecvTimeoutError::Closed) => {}
        }
        self.note_dropped(dropped, false);
        Some(closed)
    }

    fn drain(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::Drain, index);
        let max = self.rng.usize(1..=32);
        let values: Vec<Value> = self.ports[index].rx.as_ref()?.drain().take(max).collect();
        self.take(index, values);
        Some(false)
    }

    async fn stream(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::Stream, index);
        let (plan, items) = (self.rng.u32(..), self.rng.usize(1..=8));
        let mut stream = self.ports[index].rx.as_ref()?.stream();
        let mut values = Vec::new();
        let mut ended = false;
        for _ in 0..items {
            // A stream is only woken, never handed a value, so it may be overtaken for long: it is always given up.
            let (item, dropped) = poll_some(stream.next(), plan).await;
            self.note_dropped(dropped, false);
            match item {
                Some(Some(value)) => values.push(value),
                Some(None) => ended = true,
                None => break,
            }
        }
        let mut dropped = Vec::new();
        watch(&mut dropped, || drop(stream));
        self.ports[index].page.swept(dropped);
        self.take(index, values);
        Some(ended)
    }

    /// Which ports receive, and copies of their receivers; the port `index` first.
    fn receivers(&mut self, index: usize) -> (Vec<usize>, Vec<Receiver<Value>>) {
        let more = self.rng.bool();
        let others = (0..self.ports.len()).filter(|&i| i != index && more);
        let mut ports: Vec<usize> = std::iter::once(index).chain(others).collect();
        ports.retain(|&i| self.ports[i].rx.is_some());
        let receivers = ports.iter().filter_map(|&i| self.ports[i].rx.clone()).collect();
        (ports, receivers)
    }

    fn sweep(&mut self, ports: &[usize], drop_them: impl FnOnce()) {
        let mut dropped = Vec::new();
        watch(&mut dropped, drop_them);
        for id in dropped {
            match ports.iter().find(|&&i| self.ports[i].page.epoch.id == id.epoch()) {
                Some(&i) => self.ports[i].page.swept(vec![id]),
                None => violation(format_args!("{id:?} was dropped with receivers of other channels")),
            }
        }
    }

    async fn set(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::Set, index);
        let (ports, receivers) = self.receivers(index);
        let patient = ports.iter().any(|&i| self.ports[i].page.epoch.plan.patient);
        let mut set = SelectSet::new();
        for receiver in receivers {
            set.insert(receiver);
        }
        let rounds = self.rng.usize(1..=64);
        self.count(rounds);
        let mut ended = false;
        for _ in 0..rounds {
            let round = if !patient && self.rng.u8(..4) == 0 {
                let plan = self.rng.u32(..);
                let (round, dropped) = poll_some(set.recv(), plan).await;
                // A value that comes back may have no room any more where the oldest are dropped.
                self.note_dropped(dropped, false);
                if round.is_none() {
                    ports.iter().for_each(|&i| self.ports[i].page.account.cancelled += 1);
                }
                round
            } else {
                Some(set.recv().await)
            };
            match round {
                Some((member, Some(value))) => self.ports[ports[member]].page.got(value),
                Some((member, None)) => {
                    ended |= member == 0;
                    let receiver = set.remove(member);
                    self.sweep(&ports, || drop(receiver));
                    if set.is_empty() {
                        break;
                    }
                }
                None => {}
            }
        }
        self.sweep(&ports, || drop(set));
        Some(ended)
    }

    async fn any(&mut self, index: usize) -> Option<bool> {
        self.doing(Op::Any, index);
        let (ports, mut receivers) = self.receivers(index);
        self.count(1);
        let (member, value) = vela::vela! { <-any(&mut receivers) };
        let ended = match value {
            Some(value) => {
                self.ports[ports[member]].page.got(value);
                false
            }
            None => member == 0,
        };
        self.sweep(&ports, || drop(receivers));
        Some(ended)
    }
}

/// Polls all once, up to the first that is ready. Those before it were in line before it: if they were handed something,
/// they were handed it before.
fn poll_bunch(bunch: &mut Vec<Pin<Box<Recv<'_, Value>>>>) -> Vec<Value> {
    // Without the budget, whose end would hide that something was handed.
    let poll = |recv: &mut Pin<Box<Recv<'_, Value>>>| {
        let mut cx = Context::from_waker(Waker::noop());
        pin!(unconstrained(recv.as_mut())).poll(&mut cx)
    };
    for last in 0..bunch.len() {
        if let Poll::Ready(value) = poll(&mut bunch[last]) {
            let before = bunch.drain(..=last).take(last);
            let handed = before.filter_map(|mut other| match poll(&mut other) {
                Poll::Ready(value) => value,
                Poll::Pending => None,
            });
            return handed.chain(value).collect();
        }
    }
    Vec::new()
}
