//! Stages: order, parallelism, failure, and the end from both sides.

use std::num::ParseIntError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use vela::flow::{self, Pipeline};
use vela::prelude::*;
use vela::sim::{Faults, Simulation};
use vela::task::{TaskError, yield_now};

use super::{Room, all, numbers};

const CAPACITIES: [usize; 3] = [0, 1, 10];

/// Gives way a different number of times for each value, so that they overtake each other if they can.
async fn slow(n: u32) -> u32 {
    for _ in 0..n % 3 {
        yield_now().await;
    }
    n * 10
}

#[vela::test]
async fn an_ordered_stage_keeps_the_order() {
    for capacity in CAPACITIES {
        for workers in [0, 1, 3] {
            let (rx, sent) = numbers(capacity, 7);
            let (out, pipeline) = flow::from(rx).capacity(capacity).map(workers, slow).into_receiver();
            assert_eq!(all(&out).await, [0, 10, 20, 30, 40, 50, 60]);
            vela!((<-pipeline).unwrap());
            assert_eq!(sent.await.unwrap(), 7);
        }
    }
}

#[vela::test]
async fn an_unordered_stage_gives_each_result_once() {
    for capacity in CAPACITIES {
        let (rx, sent) = numbers(capacity, 7);
        let (out, pipeline) = flow::from(rx).capacity(capacity).map_unordered(3, slow).into_receiver();
        let mut got = all(&out).await;
        got.sort_unstable();
        assert_eq!(got, [0, 10, 20, 30, 40, 50, 60]);
        pipeline.join().await.unwrap();
        assert_eq!(sent.await.unwrap(), 7);
    }
}

#[vela::test]
async fn results_of_an_unordered_stage_overtake_a_slow_one() {
    let (rx, _sent) = numbers(0, 3);
    let stage = |n| async move {
        if n == 0 {
            sleep(secs(60)).await;
        }
        n
    };
    let (out, pipeline) = flow::from(rx).map_unordered(2, stage).into_receiver();
    assert_eq!(all(&out).await, [1, 2, 0]);
    (&pipeline).await.unwrap();
}

/// Values wait for their turn in the hands of their workers.
#[vela::test]
async fn results_of_an_ordered_stage_wait_for_a_slow_one() {
    let room = Room::default();
    let seen = room.clone();
    let (rx, _sent) = numbers(0, 8);
    let stage = move |n| {
        let inside = room.enter();
        async move {
            if n == 0 {
                sleep(secs(60)).await;
            }
            (n, inside)
        }
    };
    let (out, pipeline) = flow::from(rx).capacity(0).map(3, stage).into_receiver();
    sleep(secs(30)).await;
    assert_eq!(seen.now(), 3, "one for each worker");
    let got: Vec<u32> = all(&out).await.into_iter().map(|(n, _)| n).collect();
    assert_eq!(got, [0, 1, 2, 3, 4, 5, 6, 7]);
    pipeline.join().await.unwrap();
}

#[vela::test]
async fn a_stage_works_on_as_many_values_as_it_has_workers() {
    for ordered in [true, false] {
        let room = Room::default();
        let stage = {
            let room = room.clone();
            move |_| {
                let inside = room.enter();
                async move {
                    sleep(ms(10)).await;
                    drop(inside);
                }
            }
        };
        let (rx, _sent) = numbers(1, 9);
        let flow = flow::from(rx);
        let (out, pipeline) = if ordered { flow.map(3, stage) } else { flow.map_unordered(3, stage) }.into_receiver();
        assert_eq!(all(&out).await.len(), 9);
        pipeline.join().await.unwrap();
        assert_eq!(room.most(), 3);
    }
}

#[vela::test]
async fn stages_follow_each_other() {
    let (rx, _sent) = numbers(1, 10);
    let (out, pipeline) = flow::from(rx)
        .filter(|n| n % 2 == 1)
        .map(2, async |n| n * n)
        .try_map_unordered(2, async |n| u8::try_from(n))
        .batch(2, secs(1))
        .into_receiver();
    let mut got = all(&out).await;
    assert!(got.iter().all(|batch| batch.len() <= 2));
    let mut got: Vec<u8> = got.drain(..).flatten().collect();
    got.sort_unstable();
    assert_eq!(got, [1, 9, 25, 49, 81]);
    pipeline.join().await.unwrap();
}

#[vela::test]
async fn a_failure_closes_both_ends_and_comes_out() {
    for ordered in [true, false] {
        let (tx, rx) = channel(0);
        let parse = |text: &'static str| async move { text.parse::<u32>() };
        let flow = flow::from(rx).map(1, async |text| text);
        let (out, pipeline) =
            if ordered { flow.try_map(2, parse) } else { flow.try_map_unordered(2, parse) }.into_receiver();
        let sender = go!({
            for text in ["1", "two"].into_iter().chain(std::iter::repeat_n("3", 30)) {
                if let Err(error) = tx <- text {
                    return error.into_inner();
                }
            }
            "all were taken"
        });
        let got = all(&out).await;
        assert!(!ordered || got.len() <= 1, "{got:?}");
        let error = vela!(<-pipeline).unwrap_err();
        assert!(error.is::<ParseIntError>(), "{error}");
        let left = sender.await.unwrap();
        assert!(!ordered || left == "3", "{left}");
        let again = pipeline.join().await.unwrap_err();
        assert!(matches!(again.downcast_ref(), Some(TaskError::AlreadyJoined)));
    }
}

#[vela::test]
async fn a_pipeline_is_awaited_as_a_task_is() {
    let (rx, sent) = numbers(1, 7);
    let (out, pipeline) = flow::from(rx).map(2, slow).into_receiver();
    assert_eq!(all(&out).await.len(), 7);
    pipeline.await.unwrap();
    sent.await.unwrap();

    let (rx, _sent) = numbers(1, 7);
    let (_out, pipeline) = flow::from(rx).try_map(1, async |_| "x".parse::<u32>()).into_receiver();
    assert!(pipeline.await.unwrap_err().is::<ParseIntError>());
}

#[vela::test]
async fn a_panic_closes_both_ends_and_comes_out() {
    let (tx, rx) = channel(0);
    let (out, pipeline) = flow::from(rx)
        .map(2, async |n: u32| {
            assert!(n < 2, "too much");
            n
        })
        .map(1, async |n| n)
        .into_receiver();
    let sender = go!({
        for n in 0..100 {
            tx <- n else { return n };
        }
        100
    });
    let got = all(&out).await;
    assert!([0, 1].starts_with(&got), "{got:?}");
    let error = pipeline.join().await.unwrap_err();
    assert!(error.downcast_ref::<TaskError>().is_some_and(TaskError::is_panic), "{error}");
    assert!(error.to_string().contains("\"map\"") && error.to_string().contains("too much"), "{error}");
    assert!(sender.await.unwrap() < 10);
}

#[vela::test]
async fn dropping_the_output_stops_stages_that_wait_for_a_value() {
    let (tx, rx) = channel::<u32>(0);
    let (out, pipeline) = flow::from(rx).map(2, slow).map_unordered(2, slow).filter(|_| true).into_receiver();
    drop(out);
    assert!(pipeline.join().await.is_ok());
    assert_eq!(tx.send(7).await.unwrap_err().into_inner(), 7);
}

#[vela::test]
async fn dropping_the_output_drops_what_is_worked_on() {
    for ordered in [true, false] {
        let room = Room::default();
        let inside = room.clone();
        let (rx, sent) = numbers(0, 10);
        let stage = move |_| {
            let inside = inside.enter();
            async move {
                std::future::pending::<()>().await;
                drop(inside);
            }
        };
        let flow = flow::from(rx);
        let (out, pipeline) = if ordered { flow.map(2, stage) } else { flow.map_unordered(2, stage) }.into_receiver();
        while room.now() < 2 {
            sleep(ms(1)).await;
        }
        drop(out);
        assert!(pipeline.join().await.is_ok());
        assert_eq!((room.now(), sent.await.unwrap()), (0, 2));
    }
}

#[vela::test]
async fn nothing_runs_before_the_start() {
    let (tx, rx) = channel(2);
    tx.try_send(1).unwrap();
    let flow = flow::from(rx.clone()).map(2, slow).filter(|_| panic!("it runs"));
    sleep(secs(1)).await;
    drop(flow);
    assert_eq!(rx.try_recv(), Ok(1));
}

#[vela::test]
async fn a_flow_without_stages_is_its_input() {
    let (rx, sent) = numbers(1, 3);
    let (out, pipeline) = flow::from(rx).into_receiver();
    pipeline.join().await.unwrap();
    assert_eq!((all(&out).await, sent.await.unwrap()), (vec![0, 1, 2], 3));
}

#[vela::test]
async fn the_last_stage_may_have_no_output() {
    let sum = Arc::new(AtomicUsize::new(0));
    let (rx, _sent) = numbers(1, 5);
    let pipeline = flow::from(rx).for_each(2, {
        let sum = Arc::clone(&sum);
        move |n| {
            let sum = Arc::clone(&sum);
            async move {
                yield_now().await;
                sum.fetch_add(n as usize, Ordering::Relaxed);
            }
        }
    });
    pipeline.join().await.unwrap();
    assert_eq!(sum.load(Ordering::Relaxed), 10);

    let (rx, sent) = numbers(0, 100);
    let pipeline = flow::from(rx).map(2, slow).try_for_each(2, async |n| if n < 50 { Ok(()) } else { Err("enough") });
    assert_eq!(pipeline.join().await.unwrap_err().to_string(), "enough");
    assert!(sent.await.unwrap() < 100);
}

#[vela::test]
async fn the_output_may_be_a_channel_that_is_there() {
    let (tx, out) = channel(1);
    let first = flow::from(numbers(1, 3).0).map(2, slow).send_to(tx.clone());
    let second = flow::from(numbers(1, 3).0).send_to(tx.clone());
    drop(tx);
    let mut got = all(&out).await;
    got.sort_unstable();
    assert_eq!(got, [0, 0, 1, 2, 10, 20]);
    first.join().await.unwrap();
    second.join().await.unwrap();

    let (tx, out) = channel(1);
    let (input, rx) = channel::<u32>(1);
    let pipeline = flow::from(rx).map(1, slow).send_to(tx);
    drop(out);
    pipeline.join().await.unwrap();
    assert!(input.is_closed());
}

#[vela::test]
async fn a_cancelled_pipeline_ends_and_says_so() {
    let room = Room::default();
    let inside = room.clone();
    let (tx, rx) = channel::<u32>(0);
    let stage = move |_| {
        let inside = inside.enter();
        async move {
            std::future::pending::<()>().await;
            drop(inside);
        }
    };
    let (out, pipeline) = flow::from(rx).map(2, slow).map(3, stage).into_receiver();
    for n in 0..2 {
        tx.send(n).await.unwrap();
    }
    pipeline.cancel();
    pipeline.cancel();
    let error = pipeline.join().await.unwrap_err();
    assert!(error.downcast_ref::<TaskError>().is_some_and(TaskError::is_cancelled));
    assert!(room.now() == 0 && tx.is_closed(), "all are gone");
    assert_eq!(out.recv().await, None);
}

#[vela::test]
async fn a_pipeline_without_its_handle_runs_on() {
    let (rx, _sent) = numbers(0, 4);
    let (out, pipeline) = flow::from(rx).map(2, slow).into_receiver();
    drop(pipeline);
    assert_eq!(all(&out).await, [0, 10, 20, 30]);
}

#[vela::test]
async fn a_stream_is_a_source() {
    let values = futures_util::stream::iter(0..5);
    let (out, pipeline) = flow::from_stream(values).map(2, slow).into_receiver();
    assert_eq!(all(&out).await, [0, 10, 20, 30, 40]);
    pipeline.join().await.unwrap();
}

#[vela::test]
async fn a_pipeline_is_an_arm_that_can_lose() {
    let (rx, _sent) = numbers(0, 3);
    let (out, pipeline) = flow::from(rx).map(2, slow).into_receiver();
    let mut got = Vec::new();
    loop {
        select! {
            Some(n) = <-out => got.push(n),
            r = <-pipeline => break r.unwrap(),
        }
    }
    got.extend(all(&out).await);
    assert_eq!(got, [0, 10, 20]);
}

#[vela::test]
async fn others_may_share_the_input() {
    let (rx, _sent) = numbers(1, 6);
    let (out, pipeline) = flow::from(rx.clone()).map(1, async |n| n).into_receiver();
    let other = go!({ all(&rx).await });
    let mut got = all(&out).await;
    got.extend(other.await.unwrap());
    got.sort_unstable();
    assert_eq!(got, [0, 1, 2, 3, 4, 5]);
    pipeline.join().await.unwrap();
}

/// Tasks are dropped at any `.await`: a pipeline then never claims that all went well with values missing.
#[test]
fn ok_means_that_every_value_went_through() {
    let body = async || {
        let (tx, rx) = channel(8);
        for n in 0..6 {
            tx.try_send(n).unwrap();
        }
        drop(tx);
        let (out, pipeline): (_, Pipeline) =
            flow::from(rx).map(2, slow).map_unordered(2, async |n| n).filter(|_| true).into_receiver();
        let got = all(&out).await;
        match pipeline.join().await {
            Ok(()) => assert_eq!(got.len(), 6, "{got:?}"),
            Err(error) => assert!(error.is::<TaskError>(), "{error}"),
        }
    };
    for faults in [Faults::none().cancel(1), Faults::none().cancel(2).spurious(), Faults::none().panic(1)] {
        Simulation::new().schedules(1500).faults(faults).check(body).unwrap();
    }
}

/// Whoever sees the end of the output has the outcome without waiting for anybody else's work.
#[vela::test]
async fn the_output_is_closed_after_all_workers_have_ended() {
    let ended = Arc::new(AtomicBool::new(false));
    struct Late(Arc<AtomicBool>);
    impl Drop for Late {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let late = Late(Arc::clone(&ended));
    let (rx, _sent) = numbers(0, 2);
    let stage = move |n| {
        let _ = &late;
        async move { n }
    };
    let (out, _pipeline) = flow::from(rx).map(2, stage).into_receiver();
    assert_eq!(all(&out).await, [0, 1]);
    assert!(ended.load(Ordering::Relaxed));
}

/// A value that the output turns away is lost, so the pipeline has failed, whatever is left of it.
#[vela::test]
async fn what_the_output_turns_away_is_a_failure() {
    let (rx, _sent) = numbers(1, 7);
    let (tx, out) = Channel::bounded(1).overflow(vela::Overflow::Reject).build().unwrap();
    let pipeline = flow::from(rx).send_to(tx);
    let error = pipeline.join().await.unwrap_err();
    assert!(error.to_string().contains("full"), "{error}");
    assert_eq!(out.recv().await, Some(0));
}

/// The driver has the failure already, and looks which workers are left, when the last of them cancels the pipeline.
#[vela::test]
async fn a_failure_is_not_lost_if_the_pipeline_is_cancelled_right_after_it() {
    const WORKERS: u32 = 3;
    let (room, handle) = (Room::default(), Arc::new(OnceLock::<Pipeline>::new()));
    struct Last(Option<super::Inside>, Room, Arc<OnceLock<Pipeline>>);
    impl Drop for Last {
        fn drop(&mut self) {
            drop(self.0.take());
            if self.1.now() == 0 {
                self.2.get().unwrap().cancel();
            }
        }
    }
    let (rx, _sent) = numbers(1, WORKERS);
    let (inside, shared) = (room.clone(), handle.clone());
    let stage = move |n| {
        let last = Last(Some(inside.enter()), inside.clone(), shared.clone());
        async move {
            if n == WORKERS - 1 {
                return "x".parse::<u32>();
            }
            let () = std::future::pending().await;
            drop(last);
            Ok(n)
        }
    };
    let (_out, pipeline) = flow::from(rx).try_map(WORKERS as usize, stage).into_receiver();
    handle.set(pipeline).unwrap();
    let failure = handle.get().unwrap().join().await.unwrap_err();
    assert!(failure.is::<ParseIntError>(), "{failure}");
}
