//! Small cases in every schedule with so many preemptions, and with a cancellation at every place.

use vela::flow::{self, Request, request};
use vela::prelude::*;
use vela::sim::{Faults, Simulation, Strategy};
use vela::sync::{Pool, Singleflight};
use vela::task::yield_now;

use super::{Room, all};

#[track_caller]
fn every<F: Future<Output = ()>>(preemptions: u32, faults: Faults, body: impl Fn() -> F) {
    let strategy = Strategy::Exhaustive { preemptions: Some(preemptions) };
    let passed = Simulation::new().strategy(strategy).faults(faults).check(body).unwrap();
    assert!(passed.complete);
}

#[test]
fn an_ordered_stage() {
    let body = async || {
        let (tx, rx) = channel(2);
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        drop(tx);
        let (out, pipeline) = flow::from(rx).capacity(1).map(2, async |n| n).into_receiver();
        let got = all(&out).await;
        match pipeline.join().await {
            Ok(()) => assert_eq!(got, [1, 2]),
            Err(_) => assert!([1, 2].starts_with(&got), "{got:?}"),
        }
    };
    every(1, Faults::none(), body);
    every(0, Faults::none().cancel(1), body);
    every(0, Faults::none().spurious(), body);
}

#[test]
fn an_output_that_is_dropped() {
    let body = async || {
        let (tx, rx) = channel(0);
        let (out, pipeline) = flow::from(rx).map_unordered(1, async |n| n).into_receiver();
        let sender = go!(clone(tx) { tx.send(7).await.is_ok() });
        drop(out);
        let _ = pipeline.join().await;
        let _ = sender.await;
        assert!(tx.is_closed());
    };
    every(2, Faults::none(), body);
    every(0, Faults::none().cancel(1), body);
}

#[test]
fn a_shared_flight() {
    let body = async || {
        let flights = Singleflight::<u8, u8>::new();
        let room = Room::default();
        let call = || {
            let (flights, room) = (flights.clone(), room.clone());
            go! {
                let work = move || async move {
                    let _inside = room.enter();
                    yield_now().await;
                    7
                };
                <-flights.run(1, work)
            }
        };
        for call in [call(), call()] {
            if let Ok(outcome) = call.await {
                assert_eq!(outcome, Ok(7));
            }
        }
        assert_eq!((flights.in_flight(), room.now()), (0, 0));
        assert!(room.most() <= 1);
    };
    every(3, Faults::none(), body);
    every(2, Faults::none().cancel(1), body);
    every(1, Faults::none().spurious(), body);
    every(0, Faults::none().cancel(2).spurious(), body);
}

#[test]
fn a_place_in_a_pool() {
    let body = async || {
        let room = Room::default();
        let inside = room.clone();
        let pool = Pool::with_recycle(
            1,
            move || {
                let inside = inside.clone();
                async move {
                    yield_now().await;
                    Ok::<_, std::fmt::Error>(inside.enter())
                }
            },
            async |used| {
                yield_now().await;
                Some(used)
            },
        );
        let tasks: Vec<_> = (0..2).map(|_| go!(clone(pool) { pool.get().await.is_ok() })).collect();
        for task in tasks {
            let _ = task.await;
        }
        assert!(pool.get().await.is_ok());
        assert_eq!((pool.idle(), room.now(), room.most()), (1, 1, 1));
    };
    every(2, Faults::none(), body);
    every(1, Faults::none().cancel(1), body);
    every(0, Faults::none().cancel(2).spurious(), body);
}

#[test]
fn a_request() {
    let body = async || {
        let (tx, rx) = channel::<Request<u8, u8>>(0);
        let server = go!({
            let mut served = 0;
            while let Some(Request { query, reply }) = <-rx {
                served += u8::from(reply.send(query).is_ok());
            }
            served
        });
        let client = go!({ request(&tx, 7).await.ok() });
        let answer = client.await.ok().flatten();
        let served = server.await.ok();
        assert!(answer.is_none_or(|answer| answer == 7));
        assert!(answer.is_none() || served.is_none_or(|served| served == 1));
    };
    every(2, Faults::none(), body);
    every(2, Faults::none().cancel(1), body);
    every(1, Faults::none().cancel(2).spurious(), body);
}
