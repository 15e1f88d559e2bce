//! The peers: one trait, one small type for each channel library.

use std::future::Future;

/// How many values a channel buffers; `None`: unbounded.
pub(crate) type Capacity = Option<usize>;

/// A channel library.
pub(crate) trait Peer: 'static {
    const NAME: &'static str;
    /// The smallest capacity that it knows.
    const LEAST: usize = 1;
    /// Whether it has channels without a bound.
    const UNBOUNDED: bool = true;
    type Tx: Clone + Send + 'static;
    type Rx: Send + 'static;

    fn channel(capacity: Capacity) -> (Self::Tx, Self::Rx);
    /// False: closed.
    fn send(tx: &mut Self::Tx, value: u64) -> impl Future<Output = bool> + Send + '_;
    /// `None`: closed and drained.
    fn recv(rx: &mut Self::Rx) -> impl Future<Output = Option<u64>> + Send + '_;
    /// Another receiver of the same channel, where there can be several.
    fn share(rx: &Self::Rx) -> Option<Self::Rx>;

    /// Whether it takes part in a cell.
    fn fits(capacity: Capacity) -> bool {
        capacity.map_or(Self::UNBOUNDED, |capacity| capacity >= Self::LEAST)
    }
}

pub(crate) enum Vela {}

impl Peer for Vela {
    const NAME: &'static str = "vela";
    const LEAST: usize = 0;
    type Tx = vela::Sender<u64>;
    type Rx = vela::Receiver<u64>;

    fn channel(capacity: Capacity) -> (Self::Tx, Self::Rx) {
        capacity.map_or_else(vela::unbounded, vela::channel)
    }

    async fn send(tx: &mut Self::Tx, value: u64) -> bool {
        tx.send(value).await.is_ok()
    }

    async fn recv(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await
    }

    fn share(rx: &Self::Rx) -> Option<Self::Rx> {
        Some(rx.clone())
    }
}

pub(crate) enum Tokio {}

impl Peer for Tokio {
    const NAME: &'static str = "tokio";
    const UNBOUNDED: bool = false;
    type Tx = tokio::sync::mpsc::Sender<u64>;
    type Rx = tokio::sync::mpsc::Receiver<u64>;

    fn channel(capacity: Capacity) -> (Self::Tx, Self::Rx) {
        tokio::sync::mpsc::channel(capacity.unwrap_or(1))
    }

    async fn send(tx: &mut Self::Tx, value: u64) -> bool {
        tx.send(value).await.is_ok()
    }

    async fn recv(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await
    }

    fn share(_: &Self::Rx) -> Option<Self::Rx> {
        None
    }
}

/// Tokio's unbounded channel, which is a type of its own.
pub(crate) enum TokioUnbounded {}

impl Peer for TokioUnbounded {
    const NAME: &'static str = "tokio";
    const LEAST: usize = usize::MAX;
    type Tx = tokio::sync::mpsc::UnboundedSender<u64>;
    type Rx = tokio::sync::mpsc::UnboundedReceiver<u64>;

    fn channel(_: Capacity) -> (Self::Tx, Self::Rx) {
        tokio::sync::mpsc::unbounded_channel()
    }

    async fn send(tx: &mut Self::Tx, value: u64) -> bool {
        tx.send(value).is_ok()
    }

    async fn recv(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await
    }

    fn share(_: &Self::Rx) -> Option<Self::Rx> {
        None
    }
}

pub(crate) enum Flume {}

impl Peer for Flume {
    const NAME: &'static str = "flume";
    const LEAST: usize = 0;
    type Tx = flume::Sender<u64>;
    type Rx = flume::Receiver<u64>;

    fn channel(capacity: Capacity) -> (Self::Tx, Self::Rx) {
        capacity.map_or_else(flume::unbounded, flume::bounded)
    }

    async fn send(tx: &mut Self::Tx, value: u64) -> bool {
        tx.send_async(value).await.is_ok()
    }

    async fn recv(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv_async().await.ok()
    }

    fn share(rx: &Self::Rx) -> Option<Self::Rx> {
        Some(rx.clone())
    }
}

pub(crate) enum Loole {}

impl Peer for Loole {
    const NAME: &'static str = "loole";
    const LEAST: usize = 0;
    type Tx = loole::Sender<u64>;
    type Rx = loole::Receiver<u64>;

    fn channel(capacity: Capacity) -> (Self::Tx, Self::Rx) {
        capacity.map_or_else(loole::unbounded, loole::bounded)
    }

    async fn send(tx: &mut Self::Tx, value: u64) -> bool {
        tx.send_async(value).await.is_ok()
    }

    async fn recv(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv_async().await.ok()
    }

    fn share(rx: &Self::Rx) -> Option<Self::Rx> {
        Some(rx.clone())
    }
}

pub(crate) enum Kanal {}

impl Peer for Kanal {
    const NAME: &'static str = "kanal";
    const LEAST: usize = 0;
    type Tx = kanal::AsyncSender<u64>;
    type Rx = kanal::AsyncReceiver<u64>;

    fn channel(capacity: Capacity) -> (Self::Tx, Self::Rx) {
        capacity.map_or_else(kanal::unbounded_async, kanal::bounded_async)
    }

    async fn send(tx: &mut Self::Tx, value: u64) -> bool {
        tx.send(value).await.is_ok()
    }

    async fn recv(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await.ok()
    }

    fn share(rx: &Self::Rx) -> Option<Self::Rx> {
        Some(rx.clone())
    }
}

pub(crate) enum AsyncChannel {}

impl Peer for AsyncChannel {
    const NAME: &'static str = "async-channel";
    type Tx = async_channel::Sender<u64>;
    type Rx = async_channel::Receiver<u64>;

    fn channel(capacity: Capacity) -> (Self::Tx, Self::Rx) {
        capacity.map_or_else(async_channel::unbounded, async_channel::bounded)
    }

    async fn send(tx: &mut Self::Tx, value: u64) -> bool {
        tx.send(value).await.is_ok()
    }

    async fn recv(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await.ok()
    }

    fn share(rx: &Self::Rx) -> Option<Self::Rx> {
        Some(rx.clone())
    }
}

pub(crate) enum Tachyonix {}

impl Peer for Tachyonix {
    const NAME: &'static str = "tachyonix";
    const UNBOUNDED: bool = false;
    type Tx = tachyonix::Sender<u64>;
    type Rx = tachyonix::Receiver<u64>;

    fn channel(capacity: Capacity) -> (Self::Tx, Self::Rx) {
        tachyonix::channel(capacity.unwrap_or(1))
    }

    async fn send(tx: &mut Self::Tx, value: u64) -> bool {
        tx.send(value).await.is_ok()
    }

    async fn recv(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await.ok()
    }

    fn share(_: &Self::Rx) -> Option<Self::Rx> {
        None
    }
}

/// Crossfire with several receivers.
pub(crate) enum Crossfire {}

impl Peer for Crossfire {
    const NAME: &'static str = "crossfire";
    const UNBOUNDED: bool = false;
    type Tx = crossfire::MAsyncTx<crossfire::mpmc::Array<u64>>;
    type Rx = crossfire::MAsyncRx<crossfire::mpmc::Array<u64>>;

    fn channel(capacity: Capacity) -> (Self::Tx, Self::Rx) {
        crossfire::mpmc::bounded_async(capacity.unwrap_or(1))
    }

    async fn send(tx: &mut Self::Tx, value: u64) -> bool {
        tx.send(value).await.is_ok()
    }

    async fn recv(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await.ok()
    }

    fn share(rx: &Self::Rx) -> Option<Self::Rx> {
        Some(rx.clone())
    }
}

/// Crossfire with one receiver: its faster types.
pub(crate) enum CrossfireOne {}

impl Peer for CrossfireOne {
    const NAME: &'static str = "crossfire";
    const UNBOUNDED: bool = false;
    type Tx = crossfire::MAsyncTx<crossfire::mpsc::Array<u64>>;
    type Rx = crossfire::AsyncRx<crossfire::mpsc::Array<u64>>;

    fn channel(capacity: Capacity) -> (Self::Tx, Self::Rx) {
        crossfire::mpsc::bounded_async(capacity.unwrap_or(1))
    }

    async fn send(tx: &mut Self::Tx, value: u64) -> bool {
        tx.send(value).await.is_ok()
    }

    async fn recv(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await.ok()
    }

    fn share(_: &Self::Rx) -> Option<Self::Rx> {
        None
    }
}

pub(crate) enum CrossfireUnbounded {}

impl Peer for CrossfireUnbounded {
    const NAME: &'static str = "crossfire";
    const LEAST: usize = usize::MAX;
    type Tx = crossfire::MTx<crossfire::mpmc::List<u64>>;
    type Rx = crossfire::MAsyncRx<crossfire::mpmc::List<u64>>;

    fn channel(_: Capacity) -> (Self::Tx, Self::Rx) {
        crossfire::mpmc::unbounded_async()
    }

    async fn send(tx: &mut Self::Tx, value: u64) -> bool {
        tx.send(value).is_ok()
    }

    async fn recv(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await.ok()
    }

    fn share(rx: &Self::Rx) -> Option<Self::Rx> {
        Some(rx.clone())
    }
}

/// Calls the macro `$each` with every type, Vela first.
macro_rules! for_each_peer {
    ($each:ident) => {
        $each!(crate::peer::Vela);
        $each!(crate::peer::TokioUnbounded);
        $each!(crate::peer::Crossfire);
        $each!(crate::peer::CrossfireUnbounded);
        crate::peer::for_each_bounded_peer!($each);
    };
}
pub(crate) use for_each_peer;

/// Calls the macro `$each` with one bounded type of each peer, the one for a single receiver where there is one.
macro_rules! for_each_bounded_peer {
    ($each:ident) => {
        $each!(crate::peer::Tokio);
        $each!(crate::peer::AsyncChannel);
        $each!(crate::peer::Flume);
        $each!(crate::peer::Loole);
        $each!(crate::peer::Kanal);
        $each!(crate::peer::Tachyonix);
        $each!(crate::peer::CrossfireOne);
    };
}
pub(crate) use for_each_bounded_peer;
