//! The peers: one trait, one small type for each kind of channel.

mod libraries;

use std::future::Future;
use std::time::Duration;

pub(crate) use libraries::*;

/// How many values a channel buffers; `None`: unbounded.
pub(crate) type Capacity = Option<usize>;

/// A channel library, or one of its kinds of channel.
pub(crate) trait Peer<T: Message = u64>: 'static {
    const NAME: &'static str;
    /// The smallest capacity that it knows.
    const LEAST: usize;
    /// Whether it has channels without a bound.
    const UNBOUNDED: bool;
    const MANY_SENDERS: bool;
    const MANY_RECEIVERS: bool;
    /// Whether tasks are Vela's; Tokio's otherwise.
    const GO: bool = false;
    type Tx: Send + 'static;
    type Rx: Send + 'static;

    fn channel(capacity: Capacity) -> (Self::Tx, Self::Rx);
    /// False: closed.
    fn send(tx: &mut Self::Tx, value: T) -> impl Future<Output = bool> + Send + '_;
    /// `None`: closed and drained.
    fn recv(rx: &mut Self::Rx) -> impl Future<Output = Option<T>> + Send + '_;
    /// Another sender of the same channel, where there can be several.
    fn clone_tx(tx: &Self::Tx) -> Option<Self::Tx>;
    /// Another receiver of the same channel, where there can be several.
    fn clone_rx(rx: &Self::Rx) -> Option<Self::Rx>;

    /// Receives for so long at most; true: the time was up.
    fn times_out(rx: &mut Self::Rx, after: Duration) -> impl Future<Output = bool> + Send + '_ {
        async move { tokio::time::timeout(after, Self::recv(rx)).await.is_err() }
    }

    /// Whether it takes part in a cell.
    fn fits(shape: Shape) -> bool {
        shape.capacity.map_or(Self::UNBOUNDED, |capacity| capacity >= Self::LEAST)
            && (shape.senders == 1 || Self::MANY_SENDERS)
            && (shape.receivers == 1 || Self::MANY_RECEIVERS)
    }
}

/// A channel's use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) senders: usize,
    pub(crate) receivers: usize,
    pub(crate) capacity: Capacity,
}

impl Shape {
    /// One sender, one receiver.
    pub(crate) fn pair(capacity: Capacity) -> Self {
        Self { senders: 1, receivers: 1, capacity }
    }
}

/// What is sent.
pub(crate) trait Message: Send + Sync + Unpin + 'static {
    fn number(n: u64) -> Self;
}

impl Message for u64 {
    fn number(n: u64) -> Self {
        n
    }
}

/// 64 bytes.
impl Message for [u64; 8] {
    fn number(n: u64) -> Self {
        [n; 8]
    }
}

/// A task, Tokio's or Vela's.
pub(crate) enum Spawned<R> {
    Tokio(tokio::task::JoinHandle<R>),
    Vela(vela::task::Task<R>),
}

impl<R> Spawned<R> {
    pub(crate) fn abort(&self) {
        match self {
            Self::Tokio(task) => task.abort(),
            Self::Vela(task) => task.cancel(),
        }
    }

    pub(crate) async fn join(self) -> Option<R> {
        match self {
            Self::Tokio(task) => task.await.ok(),
            Self::Vela(task) => task.await.ok(),
        }
    }
}

/// Starts a task as the users of `P` do.
pub(crate) fn spawn<P: Peer<T>, T: Message, F>(future: F) -> Spawned<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    if P::GO { Spawned::Vela(vela::task::spawn(future)) } else { Spawned::Tokio(tokio::spawn(future)) }
}

/// Calls the macro `$each` with every type, Vela first.
macro_rules! for_each_peer {
    ($each:ident) => {
        $each!(crate::peer::Vela);
        $each!(crate::peer::VelaOnTokio);
        crate::peer::for_each_rival!($each);
    };
}
pub(crate) use for_each_peer;

/// As `for_each_peer`, without Vela.
macro_rules! for_each_rival {
    ($each:ident) => {
        $each!(crate::peer::Tokio);
        $each!(crate::peer::TokioUnbounded);
        $each!(crate::peer::AsyncChannel);
        $each!(crate::peer::Flume);
        $each!(crate::peer::Loole);
        $each!(crate::peer::Kanal);
        $each!(crate::peer::Tachyonix);
        $each!(crate::peer::Crossfire);
        $each!(crate::peer::CrossfireUnbounded);
        $each!(crate::peer::CrossfireMpsc);
        $each!(crate::peer::CrossfireMpscUnbounded);
        $each!(crate::peer::CrossfireSpsc);
        $each!(crate::peer::CrossfireSpscUnbounded);
    };
}
pub(crate) use for_each_rival;

/// Calls the macro `$each` with one bounded type of each peer: the one for a pair of tasks.
macro_rules! for_each_paired_rival {
    ($each:ident) => {
        $each!(crate::peer::Tokio);
        $each!(crate::peer::AsyncChannel);
        $each!(crate::peer::Flume);
        $each!(crate::peer::Loole);
        $each!(crate::peer::Kanal);
        $each!(crate::peer::Tachyonix);
        $each!(crate::peer::CrossfireSpsc);
    };
}
pub(crate) use for_each_paired_rival;
