//! Back-pressure: how many values there is room for when nobody takes any.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vela::flow;
use vela::prelude::*;

use super::all;

/// Sends until nobody takes more; how many were taken.
fn flood(capacity: usize) -> (Receiver<u32>, Arc<AtomicUsize>, Task<()>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let (task, rx) = flow::spawn_with_channel(capacity, async move |tx| {
        for n in 0..1000 {
            if tx.send(n).await.is_err() {
                return;
            }
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    (rx, taken, task)
}

#[vela::test(schedules = 30)]
async fn a_pipeline_holds_one_value_a_worker_and_what_its_channels_buffer() {
    for capacity in [0, 1, 10] {
        for ordered in [true, false] {
            let (rx, taken, source) = flood(capacity);
            let flow = flow::from(rx).capacity(capacity);
            let id = async |n| n;
            let flow =
                if ordered { flow.map(3, id).map(2, id) } else { flow.map_unordered(3, id).map_unordered(2, id) };
            let (out, pipeline) = flow.filter(|_| true).into_receiver();
            sleep(secs(1)).await;
            // In the input, three outputs, and the hands of 3 + 2 + 1 workers.
            assert_eq!(taken.load(Ordering::Relaxed), 4 * capacity + 6, "capacity {capacity}, ordered {ordered}");
            assert!(out.recv().await.is_some());
            sleep(secs(1)).await;
            assert_eq!(taken.load(Ordering::Relaxed), 4 * capacity + 7, "one comes out, one goes in");
            drop(out);
            pipeline.join().await.unwrap();
            source.await.unwrap();
        }
    }
}

#[vela::test(schedules = 30)]
async fn everything_comes_out_in_order_however_small_the_channels() {
    for capacity in [0, 1, 10] {
        let (rx, _, source) = flood(capacity);
        let (out, pipeline) = flow::from(rx).capacity(capacity).map(4, async |n| n).map(2, async |n| n).into_receiver();
        let mut expected = 0..1000;
        vela! {
            for n in <-out {
                assert_eq!(Some(n), expected.next());
            }
        }
        assert_eq!(expected.next(), None);
        pipeline.join().await.unwrap();
        source.await.unwrap();
    }
}

#[vela::test(schedules = 30)]
async fn without_a_capacity_a_stage_buffers_a_value_for_each_worker() {
    let (rx, taken, source) = flood(0);
    let (out, pipeline) = flow::from(rx).map(3, async |n| n).into_receiver();
    sleep(secs(1)).await;
    assert_eq!(taken.load(Ordering::Relaxed), 3 + 3);
    drop(out);
    pipeline.join().await.unwrap();
    source.await.unwrap();
}

/// The slowest receiver of a copy holds up the others, until it is dropped.
#[vela::test(schedules = 30)]
async fn the_slowest_of_those_who_get_all_holds_up_the_senders() {
    for capacity in [0, 1, 10] {
        let (rx, taken, source) = flood(capacity);
        let (mut outputs, pipeline) = flow::fan_out_all(rx, 2, capacity);
        let slow = outputs.pop().unwrap();
        let fast = outputs.pop().unwrap();
        let fast = go!({ all(&fast).await.len() });
        sleep(secs(1)).await;
        assert_eq!(taken.load(Ordering::Relaxed), 2 * capacity + 1);
        drop(slow);
        assert_eq!(fast.await.unwrap(), 1000);
        pipeline.join().await.unwrap();
        source.await.unwrap();
    }
}

#[vela::test]
async fn a_batch_stage_holds_one_batch_and_behind_it_each_value_is_one() {
    for capacity in [0, 1, 3] {
        let (rx, taken, source) = flood(capacity);
        let flow = flow::from(rx).capacity(capacity).batch(5, secs(1));
        let (out, pipeline) = flow.map(2, async |batch: Vec<u32>| batch).into_receiver();
        sleep(secs(60)).await;
        // In the input; in the hands of the stage, its channel and the 2 workers behind it, and in the output.
        assert_eq!(taken.load(Ordering::Relaxed), capacity + 5 * (1 + capacity + 2 + capacity), "capacity {capacity}");
        drop(out);
        pipeline.join().await.unwrap();
        source.await.unwrap();
    }
}
