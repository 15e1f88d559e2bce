//! The workers of a stage: they take values from one channel and give results to the next.
//!
//! An ordered stage keeps the order of its input with *turns*, one for each value: who takes a value also takes the turn that
//! the one before has left, and leaves one. A worker gives its result when its turn has come, and then lets the next one go.
//! Workers hold at most one value each (behind a batch stage, one batch), whether or not its turn has come.

use std::future::Future;
use std::sync::Arc;

use crate::chan::{Receiver, Sender, channel};
use crate::error::Result;
use crate::oneshot;

/// The next value's turn, for the worker that takes the value.
#[derive(Clone)]
pub(super) struct Turns {
    give: Sender<oneshot::Receiver<()>>,
    take: Receiver<oneshot::Receiver<()>>,
}

impl Turns {
    /// The first value's turn has come.
    pub(super) fn new() -> Self {
        let (give, take) = channel(1);
        let (now, first) = oneshot::channel();
        now.send(()).ok();
        give.try_send(first).ok();
        Self { give, take }
    }

    /// A value, its turn, and what gives the next one its turn. `None`: there are no more.
    async fn take<T>(&self, input: &Receiver<T>) -> Option<(T, oneshot::Receiver<()>, oneshot::Sender<()>)> {
        let turn = self.take.recv().await?;
        // When there are no more values, too, so that the other workers see it.
        let mut turn = GiveBack { turn: Some(turn), give: &self.give };
        let value = input.recv().await?;
        let (done, next) = oneshot::channel();
        let turn = turn.turn.replace(next)?;
        Some((value, turn, done))
    }
}

/// A turn that goes back to the workers.
struct GiveBack<'a> {
    turn: Option<oneshot::Receiver<()>>,
    give: &'a Sender<oneshot::Receiver<()>>,
}

impl Drop for GiveBack<'_> {
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            // There is room: whoever has a turn has taken it out.
            self.give.try_send(turn).ok();
        }
    }
}

/// A worker of an unordered stage, until there are no more values or nobody wants the results.
pub(super) async fn work<T, U, F, Fut>(input: Receiver<T>, output: Sender<U>, f: Arc<F>) -> Result<()>
where
    F: Fn(T) -> Fut,
    Fut: Future<Output = Result<U>>,
{
    while let Some(value) = input.recv().await {
        let result = f(value).await?;
        if output.send(result).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// A worker of an ordered stage.
pub(super) async fn work_in_order<T, U, F, Fut>(
    input: Receiver<T>,
    output: Sender<U>,
    f: Arc<F>,
    turns: Turns,
) -> Result<()>
where
    F: Fn(T) -> Fut,
    Fut: Future<Output = Result<U>>,
{
    while let Some((value, turn, done)) = turns.take(&input).await {
        let result = f(value).await?;
        // No turn: the one before has ended early, and so does the stage.
        if turn.recv().await.is_none() || output.send(result).await.is_err() {
            break;
        }
        done.send(()).ok();
    }
    Ok(())
}

/// A worker of the last stage.
pub(super) async fn consume<T, F, Fut>(input: Receiver<T>, f: Arc<F>) -> Result<()>
where
    F: Fn(T) -> Fut,
    Fut: Future<Output = Result<()>>,
{
    while let Some(value) = input.recv().await {
        f(value).await?;
    }
    Ok(())
}
