//! One receiver to many, many to one, and the first of several.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vela::flow::{fan_in, fan_out, fan_out_all, select_first};
use vela::prelude::*;
use vela::sim::{Faults, Simulation};
use vela::task::TaskError;

use super::{all, numbers};

#[vela::test]
async fn each_value_goes_to_one_of_the_receivers() {
    for capacity in [0, 1, 10] {
        let (rx, _sent) = numbers(capacity, 9);
        let tasks: Vec<_> = fan_out(rx, 3).into_iter().map(|rx| go!({ all(&rx).await })).collect();
        let mut got = Vec::new();
        for task in tasks {
            got.extend(task.await.unwrap());
        }
        got.sort_unstable();
        assert_eq!(got, (0..9).collect::<Vec<_>>());
    }
}

#[vela::test]
async fn without_receivers_there_is_nobody_to_send_to() {
    let (tx, rx) = channel(0);
    assert!(fan_out(rx, 0).is_empty());
    assert_eq!(tx.send(1).await.unwrap_err().into_inner(), 1);
    let (tx, rx) = channel(0);
    let (outputs, pipeline) = fan_out_all::<u8>(rx, 0, 1);
    assert!(outputs.is_empty());
    pipeline.join().await.unwrap();
    assert_eq!(tx.send(1).await.unwrap_err().into_inner(), 1);
}

#[vela::test]
async fn each_value_goes_to_all_receivers_in_order() {
    for capacity in [0, 1, 10] {
        let (rx, sent) = numbers(0, 5);
        let (outputs, pipeline) = fan_out_all(rx, 3, capacity);
        let tasks: Vec<_> = outputs.into_iter().map(|rx| go!({ all(&rx).await })).collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), [0, 1, 2, 3, 4]);
        }
        pipeline.join().await.unwrap();
        assert_eq!(sent.await.unwrap(), 5);
    }
}

#[vela::test]
async fn the_order_in_which_copies_are_received_is_free() {
    let (rx, _sent) = numbers(0, 3);
    let (outputs, pipeline) = fan_out_all(rx, 2, 0);
    let mut got = Vec::new();
    vela! {
        for a in <-outputs[1] {
            got.push((a, (<-outputs[0]).unwrap()));
        }
    }
    assert_eq!(got, [(0, 0), (1, 1), (2, 2)]);
    drop(outputs);
    pipeline.join().await.unwrap();
}

#[vela::test]
async fn who_has_gone_is_left_out() {
    let (tx, rx) = channel(0);
    let (mut outputs, pipeline) = fan_out_all(rx, 2, 0);
    drop(outputs.pop());
    let last = outputs.pop().unwrap();
    let sender = go!(clone(tx) { tx.send(7).await.is_ok() });
    assert_eq!(last.recv().await, Some(7));
    assert!(sender.await.unwrap());
    drop(last);
    // The copying ends though no value comes.
    pipeline.join().await.unwrap();
    assert!(tx.is_closed());
}

#[vela::test]
async fn nothing_is_copied_for_who_has_gone() {
    struct Copied(Arc<AtomicUsize>);
    impl Clone for Copied {
        fn clone(&self) -> Self {
            self.0.fetch_add(1, Ordering::Relaxed);
            Self(Arc::clone(&self.0))
        }
    }
    let copies = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = channel(0);
    let (mut outputs, pipeline) = fan_out_all(rx, 3, 1);
    outputs.truncate(1);
    for _ in 0..5 {
        tx.send(Copied(Arc::clone(&copies))).await.ok().unwrap();
        assert!(outputs[0].recv().await.is_some());
    }
    assert_eq!(copies.load(Ordering::Relaxed), 2, "of the first value only");
    drop(tx);
    pipeline.join().await.unwrap();
}

#[vela::test]
async fn a_clone_that_panics_closes_all_and_comes_out() {
    #[derive(Debug)]
    struct Fragile;
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            panic!("it broke");
        }
    }
    let (tx, rx) = channel(1);
    let (outputs, pipeline) = fan_out_all(rx, 2, 1);
    tx.send(Fragile).await.unwrap();
    assert!(outputs[0].recv().await.is_none() && outputs[1].recv().await.is_none());
    let error = pipeline.join().await.unwrap_err();
    assert!(error.downcast_ref::<TaskError>().is_some_and(TaskError::is_panic));
}

#[vela::test]
async fn many_receivers_are_one_source() {
    for capacity in [0, 1, 10] {
        let mut merged = fan_in([numbers(capacity, 4).0, numbers(capacity, 3).0]);
        merged.insert(numbers(capacity, 2).0);
        let mut got = Vec::new();
        vela! {
            for n in <-merged {
                got.push(n);
            }
        }
        assert!(merged.is_empty());
        got.sort_unstable();
        assert_eq!(got, [0, 0, 0, 1, 1, 1, 2, 2, 3]);
        assert_eq!(vela!(<-merged), None);
    }
}

#[vela::test]
async fn the_values_of_one_receiver_keep_their_order() {
    let (tx, evens) = channel(0);
    go!({
        for n in 0..4 {
            tx <- n * 2 else { return };
        }
    });
    let (tx, odds) = channel(1);
    go!({
        for n in 0..4 {
            tx <- n * 2 + 1 else { return };
        }
    });
    let mut merged = fan_in([evens, odds]);
    let mut got = Vec::new();
    while let Some(n) = merged.recv().await {
        got.push(n);
    }
    let (evens, odds): (Vec<u32>, Vec<u32>) = got.iter().partition(|n| *n % 2 == 0);
    assert_eq!((evens, odds), (vec![0, 2, 4, 6], vec![1, 3, 5, 7]));
}

#[vela::test]
async fn a_fan_in_that_loses_loses_nothing() {
    let mut merged = fan_in([numbers(0, 3).0, numbers(1, 3).0]);
    let (ticks, _sent) = numbers(0, 5);
    let (mut got, mut ticked) = (0, 0);
    loop {
        select! {
            Some(_) = <-merged => got += 1,
            Some(_) = <-ticks => ticked += 1,
            closed => break,
        }
    }
    assert_eq!((got, ticked), (6, 5));
}

#[vela::test]
async fn a_fan_in_feeds_a_pipeline() {
    let merged = fan_in([numbers(0, 3).0, numbers(0, 3).0]);
    let (out, pipeline) = merged.flow().map(2, async |n| n + 1).into_receiver();
    let mut got = all(&out).await;
    got.sort_unstable();
    assert_eq!(got, [1, 1, 2, 2, 3, 3]);
    pipeline.join().await.unwrap();
}

#[vela::test]
async fn the_first_value_comes_with_its_index() {
    let (_idle, a) = channel::<u32>(0);
    let (tx, b) = channel(0);
    let (closed, c) = channel(0);
    drop(closed);
    let sender = go!({ tx.send(7).await.is_ok() });
    assert_eq!(select_first([&a, &b, &c]).await, Some((1, 7)));
    assert!(sender.await.unwrap());
    // All that can still give something is open and idle.
    assert!(timeout(secs(1), select_first([&a, &b, &c])).await.is_err());
}

#[vela::test]
async fn there_is_no_first_value_once_all_are_closed() {
    let (rx, _sent) = numbers(0, 1);
    let (other, _sent) = numbers(1, 1);
    let both = [rx, other];
    let mut got = 0;
    vela! {
        while let Some((index, value)) = <-select_first(&both) {
            assert!(index < 2 && value == 0);
            got += 1;
        }
    }
    assert_eq!(got, 2);
    assert_eq!(select_first::<u8>([]).await, None);
}

#[test]
fn a_first_that_is_dropped_loses_nothing() {
    let body = async || {
        let (tx, rx) = channel(0);
        let (_idle, other) = channel(0);
        let taker = go!(clone(rx) { select_first([&rx, &other]).await });
        let sender = go!({ tx.send(7).await.is_ok() });
        taker.cancel();
        let taken = taker.await.ok().flatten();
        let left = if taken.is_none() { timeout(secs(1), rx.recv()).await.ok().flatten() } else { None };
        assert_eq!(taken.map(|(_, v)| v).or(left), Some(7));
        assert!(sender.await.unwrap());
    };
    Simulation::new().schedules(500).faults(Faults::none().spurious()).check(body).unwrap();
}

#[vela::test]
async fn a_task_has_a_channel_of_its_own() {
    for capacity in [0, 1, 10] {
        let (task, rx) = vela::flow::spawn_with_channel(capacity, async |tx: Sender<u32>| {
            tx.send(1).await.unwrap();
            tx.send(2).await.unwrap();
            "done"
        });
        assert_eq!(all(&rx).await, [1, 2]);
        assert_eq!(vela!(<-task).unwrap(), "done");
    }
    let (task, rx) = vela::flow::spawn_with_channel(0, async |_tx: Sender<u32>| panic!("no"));
    assert_eq!(rx.recv().await, None);
    let error: TaskError = task.await.unwrap_err();
    assert!(error.is_panic());
}
