//! Two tasks of Tokio that wake each other, with nothing between them but a counter.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Instant;

use futures_util::task::AtomicWaker;

use crate::harness::{Flavor, Outcome, Scale, on_runtime};

const TURNS: u64 = 400_000;

#[derive(Default)]
struct Table {
    turn: AtomicU64,
    wakers: [AtomicWaker; 2],
}

/// A wake, and the poll of the task that it wakes.
pub(super) fn turn(flavor: Flavor) -> Outcome {
    on_runtime(flavor, Scale::Quick, async {
        let table = Arc::new(Table::default());
        let start = Instant::now();
        let tasks = [0, 1].map(|player| tokio::spawn(play(table.clone(), player)));
        for task in tasks {
            drop(task.await);
        }
        start.elapsed().as_nanos() as f64 / TURNS as f64
    })
}

async fn play(table: Arc<Table>, player: usize) {
    poll_fn(|cx| {
        table.wakers[player].register(cx.waker());
        let turn = table.turn.load(Ordering::Acquire);
        if turn >= TURNS {
            return Poll::Ready(());
        }
        if turn as usize % 2 != player {
            return Poll::Pending;
        }
        table.turn.store(turn + 1, Ordering::Release);
        table.wakers[1 - player].wake();
        if turn + 1 >= TURNS { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
