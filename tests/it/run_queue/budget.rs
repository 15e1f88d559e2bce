//! Tokio's cooperative budget: each task has its own, and an exhausted one gives way.

use std::future::{Future as _, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, ready};

use tokio::sync::mpsc;
use tokio::task::coop::poll_proceed;
use vela::task::spawn;

use super::everywhere;

#[test]
fn each_task_has_a_budget_of_its_own() {
    everywhere(|| async {
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = polls.clone();
        let greedy = spawn(async move {
            let (tx, mut rx) = mpsc::unbounded_channel();
            (0..100_000).for_each(|n| tx.send(n).unwrap());
            let mut all = Box::pin(async move {
                for _ in 0..100_000 {
                    rx.recv().await.unwrap();
                }
            });
            poll_fn(move |cx| {
                counted.fetch_add(1, Ordering::SeqCst);
                all.as_mut().poll(cx)
            })
            .await;
        });
        // 100 operations that are always ready: within one poll.
        let modest = || async {
            let (tx, mut rx) = mpsc::unbounded_channel();
            (0..100).for_each(|n| tx.send(n).unwrap());
            let mut all = Box::pin(async {
                for _ in 0..100 {
                    rx.recv().await.unwrap();
                }
            });
            let mut polls = 0;
            poll_fn(|cx| {
                polls += 1;
                all.as_mut().poll(cx)
            })
            .await;
            polls
        };
        // From here the first of them may share a budget with a Tokio task: it starts them from a task of Vela's.
        let modest = spawn(async move {
            let tasks: Vec<_> = (0..50).map(|_| spawn(modest())).collect();
            for task in tasks {
                assert_eq!(task.await.unwrap(), 1);
            }
        });
        modest.await.unwrap();
        greedy.await.unwrap();
        let polls = polls.load(Ordering::SeqCst);
        assert!((100_000 / 128..3_000).contains(&polls), "{polls} polls");
    });
}

#[test]
fn an_exhausted_budget_does_not_spin() {
    everywhere(|| async {
        let task = spawn(async {
            let (mut polls, mut left) = (0, 1_000);
            poll_fn(|cx| {
                polls += 1;
                while left > 0 {
                    ready!(poll_proceed(cx)).made_progress();
                    left -= 1;
                }
                Poll::Ready(())
            })
            .await;
            polls
        });
        let polls = task.await.unwrap();
        assert!((8..=12).contains(&polls), "{polls} polls");
    });
}

#[test]
fn vela_s_own_operations_give_way_too() {
    // A task whose channel never runs empty, and one beside it that has to run for it to end.
    everywhere(|| async {
        spawn(async {
            let (tx, rx) = vela::unbounded::<u32>();
            tx.try_send(0).unwrap();
            let stop = Arc::new(AtomicUsize::new(0));
            let stopped = stop.clone();
            let greedy = spawn(async move {
                let mut rounds = 0_u64;
                while stopped.load(Ordering::SeqCst) == 0 {
                    let n = rx.recv().await.unwrap();
                    tx.send(n).await.unwrap();
                    rounds += 1;
                }
                rounds
            });
            let other = spawn(async move { stop.fetch_add(1, Ordering::SeqCst) });
            assert_eq!(other.await.unwrap(), 0);
            greedy.await.unwrap();
        })
        .await
        .unwrap();
    });
}
