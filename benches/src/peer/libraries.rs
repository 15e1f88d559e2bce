//! The libraries: which capacities and how many handles each kind of channel allows, and how it is used.

use std::time::Duration;

use super::{Capacity, Message, Peer};

/// Stands for "has no bounded channels".
const NONE: usize = usize::MAX;

macro_rules! peer {
    (
        $(#[$doc:meta])*
        $peer:ident $name:literal: from $least:expr, unbounded $unbounded:literal,
        $senders:ident $tx_type:ty, $receivers:ident $rx_type:ty;
        |$capacity:ident| $open:expr;
        |$tx:ident, $value:ident| $send:expr;
        |$rx:ident| $recv:expr;
        $($more:item)*
    ) => {
        $(#[$doc])*
        pub(crate) enum $peer {}

        impl<T: Message> Peer<T> for $peer {
            const NAME: &'static str = $name;
            const LEAST: usize = $least;
            const UNBOUNDED: bool = $unbounded;
            const MANY_SENDERS: bool = peer!(@is_many $senders);
            const MANY_RECEIVERS: bool = peer!(@is_many $receivers);
            type Tx = $tx_type;
            type Rx = $rx_type;

            fn channel($capacity: Capacity) -> (Self::Tx, Self::Rx) {
                $open
            }

            async fn send($tx: &mut Self::Tx, $value: T) -> bool {
                $send
            }

            async fn recv($rx: &mut Self::Rx) -> Option<T> {
                $recv
            }

            fn clone_tx(tx: &Self::Tx) -> Option<Self::Tx> {
                peer!(@clone $senders tx)
            }

            fn clone_rx(rx: &Self::Rx) -> Option<Self::Rx> {
                peer!(@clone $receivers rx)
            }

            $($more)*
        }
    };
    (@is_many many) => { true };
    (@is_many one) => { false };
    (@clone many $handle:ident) => { Some($handle.clone()) };
    (@clone one $handle:ident) => {{
        let _ = $handle;
        None
    }};
}

peer! {
    /// Vela's channels in Vela's tasks.
    Vela "vela": from 0, unbounded true, many vela::Sender<T>, many vela::Receiver<T>;
    |capacity| capacity.map_or_else(vela::unbounded, vela::channel);
    |tx, value| tx.send(value).await.is_ok();
    |rx| rx.recv().await;
    const GO: bool = true;
    async fn times_out(rx: &mut Self::Rx, after: Duration) -> bool {
        matches!(rx.recv_timeout(after).await, Err(vela::RecvTimeoutError::Timeout))
    }
}

peer! {
    /// Vela's channels with a monitor, in Vela's tasks.
    VelaMonitored "vela monitored": from 0, unbounded true, many vela::Sender<T>, many vela::Receiver<T>;
    |capacity| {
        let builder = capacity.map_or_else(vela::Channel::unbounded, vela::Channel::bounded);
        builder.name("bench").build().expect("there is no policy that could be wrong")
    };
    |tx, value| tx.send(value).await.is_ok();
    |rx| rx.recv().await;
    const GO: bool = true;
}

peer! {
    /// Vela's channels in Tokio's tasks.
    VelaOnTokio "vela on tokio": from 0, unbounded true, many vela::Sender<T>, many vela::Receiver<T>;
    |capacity| capacity.map_or_else(vela::unbounded, vela::channel);
    |tx, value| tx.send(value).await.is_ok();
    |rx| rx.recv().await;
    async fn times_out(rx: &mut Self::Rx, after: Duration) -> bool {
        matches!(rx.recv_timeout(after).await, Err(vela::RecvTimeoutError::Timeout))
    }
}

peer! {
    Tokio "tokio": from 1, unbounded false,
    many tokio::sync::mpsc::Sender<T>, one tokio::sync::mpsc::Receiver<T>;
    |capacity| tokio::sync::mpsc::channel(capacity.unwrap_or(1));
    |tx, value| tx.send(value).await.is_ok();
    |rx| rx.recv().await;
}

peer! {
    /// Tokio's unbounded channel, which is a type of its own.
    TokioUnbounded "tokio": from NONE, unbounded true,
    many tokio::sync::mpsc::UnboundedSender<T>, one tokio::sync::mpsc::UnboundedReceiver<T>;
    |_capacity| tokio::sync::mpsc::unbounded_channel();
    |tx, value| tx.send(value).is_ok();
    |rx| rx.recv().await;
}

peer! {
    AsyncChannel "async-channel": from 1, unbounded true, many async_channel::Sender<T>, many async_channel::Receiver<T>;
    |capacity| capacity.map_or_else(async_channel::unbounded, async_channel::bounded);
    |tx, value| tx.send(value).await.is_ok();
    |rx| rx.recv().await.ok();
}

peer! {
    Flume "flume": from 0, unbounded true, many flume::Sender<T>, many flume::Receiver<T>;
    |capacity| capacity.map_or_else(flume::unbounded, flume::bounded);
    |tx, value| tx.send_async(value).await.is_ok();
    |rx| rx.recv_async().await.ok();
}

peer! {
    Loole "loole": from 0, unbounded true, many loole::Sender<T>, many loole::Receiver<T>;
    |capacity| capacity.map_or_else(loole::unbounded, loole::bounded);
    |tx, value| tx.send_async(value).await.is_ok();
    |rx| rx.recv_async().await.ok();
}

peer! {
    Kanal "kanal": from 0, unbounded true, many kanal::AsyncSender<T>, many kanal::AsyncReceiver<T>;
    |capacity| capacity.map_or_else(kanal::unbounded_async, kanal::bounded_async);
    |tx, value| tx.send(value).await.is_ok();
    |rx| rx.recv().await.ok();
}

peer! {
    Tachyonix "tachyonix": from 1, unbounded false, many tachyonix::Sender<T>, one tachyonix::Receiver<T>;
    |capacity| tachyonix::channel(capacity.unwrap_or(1));
    |tx, value| tx.send(value).await.is_ok();
    |rx| rx.recv().await.ok();
}

use crossfire::{AsyncRx, AsyncTx, MAsyncRx, MAsyncTx, MTx, Tx, mpmc, mpsc, spsc};

peer! {
    Crossfire "crossfire": from 1, unbounded false, many MAsyncTx<mpmc::Array<T>>, many MAsyncRx<mpmc::Array<T>>;
    |capacity| mpmc::bounded_async(capacity.unwrap_or(1));
    |tx, value| tx.send(value).await.is_ok();
    |rx| rx.recv().await.ok();
}

peer! {
    CrossfireUnbounded "crossfire": from NONE, unbounded true, many MTx<mpmc::List<T>>, many MAsyncRx<mpmc::List<T>>;
    |_capacity| mpmc::unbounded_async();
    |tx, value| tx.send(value).is_ok();
    |rx| rx.recv().await.ok();
}

peer! {
    CrossfireMpsc "crossfire mpsc": from 1, unbounded false, many MAsyncTx<mpsc::Array<T>>, one AsyncRx<mpsc::Array<T>>;
    |capacity| mpsc::bounded_async(capacity.unwrap_or(1));
    |tx, value| tx.send(value).await.is_ok();
    |rx| rx.recv().await.ok();
}

peer! {
    CrossfireMpscUnbounded "crossfire mpsc": from NONE, unbounded true, many MTx<mpsc::List<T>>, one AsyncRx<mpsc::List<T>>;
    |_capacity| mpsc::unbounded_async();
    |tx, value| tx.send(value).is_ok();
    |rx| rx.recv().await.ok();
}

peer! {
    CrossfireSpsc "crossfire spsc": from 1, unbounded false, one AsyncTx<spsc::Array<T>>, one AsyncRx<spsc::Array<T>>;
    |capacity| spsc::bounded_async(capacity.unwrap_or(1));
    |tx, value| tx.send(value).await.is_ok();
    |rx| rx.recv().await.ok();
}

peer! {
    CrossfireSpscUnbounded "crossfire spsc": from NONE, unbounded true, one Tx<spsc::List<T>>, one AsyncRx<spsc::List<T>>;
    |_capacity| spsc::unbounded_async();
    |tx, value| tx.send(value).is_ok();
    |rx| rx.recv().await.ok();
}
