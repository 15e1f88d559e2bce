//! What an actor can receive from besides its mailbox.

use futures_core::Stream;
use futures_util::{StreamExt, stream};
use vela_core::{Receiver, broadcast, bus, signal, watch};

/// A source of values for [`ActorContext::attach`](crate::ActorContext::attach).
///
/// For streams of your own there is [`Values`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no source that can be attached as it is",
    label = "neither a receiver nor a subscription of Vela's",
    note = "any other stream can be attached as `Values(stream)`"
)]
pub trait Attach {
    /// What it gives.
    type Item;

    /// The values; an `Err` is the number of those that were dropped, because nobody took them in time.
    fn into_events(self) -> impl Stream<Item = Result<Self::Item, u64>> + Send + 'static;
}

/// Any stream, as a source that drops nothing: `cx.attach(Values(stream), |value| …)`.
#[derive(Debug)]
pub struct Values<S>(pub S);

impl<S: Stream + Send + 'static> Attach for Values<S> {
    type Item = S::Item;

    fn into_events(self) -> impl Stream<Item = Result<S::Item, u64>> + Send + 'static {
        self.0.map(Ok)
    }
}

impl<T: Send + 'static> Attach for Receiver<T> {
    type Item = T;

    fn into_events(self) -> impl Stream<Item = Result<T, u64>> + Send + 'static {
        self.stream().map(Ok)
    }
}

impl<T: Clone + Send + 'static> Attach for broadcast::Receiver<T> {
    type Item = T;

    fn into_events(self) -> impl Stream<Item = Result<T, u64>> + Send + 'static {
        stream::unfold(self, |receiver| async {
            let event = receiver.recv().await?;
            Some((event.map_err(|lagged| lagged.missed()), receiver))
        })
    }
}

impl<T: Clone + Send + Sync + 'static> Attach for watch::Receiver<T> {
    type Item = T;

    fn into_events(self) -> impl Stream<Item = Result<T, u64>> + Send + 'static {
        stream::unfold(self, |receiver| async { Some((Ok(receiver.recv().await?), receiver)) })
    }
}

impl<T: Clone + Send + Sync + 'static> Attach for signal::Subscription<T> {
    type Item = T;

    fn into_events(self) -> impl Stream<Item = Result<T, u64>> + Send + 'static {
        self.map(Ok)
    }
}

impl<E: Clone + Send + 'static> Attach for bus::Subscription<E> {
    type Item = E;

    fn into_events(self) -> impl Stream<Item = Result<E, u64>> + Send + 'static {
        self.map(|event| event.map_err(|lagged| lagged.missed()))
    }
}

impl<E: Clone + Send + 'static> Attach for bus::Events<E> {
    type Item = E;

    fn into_events(self) -> impl Stream<Item = Result<E, u64>> + Send + 'static {
        self.map(Ok)
    }
}
