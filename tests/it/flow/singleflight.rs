//! Calls with the same key share one execution.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use vela::prelude::*;
use vela::sim::{Faults, Simulation};
use vela::sync::Singleflight;
use vela::task::yield_now;

use super::Room;

/// Calls for a key; the work takes a second and counts how often it is begun, and who is in it.
#[derive(Clone, Default)]
struct Loads {
    flights: Singleflight<&'static str, u32>,
    begun: Arc<AtomicU32>,
    room: Room,
}

impl Loads {
    async fn load(&self, key: &'static str) -> Result<u32, vela::sync::FlightPanicked> {
        let (begun, room) = (Arc::clone(&self.begun), self.room.clone());
        let work = move || async move {
            let _inside = room.enter();
            let number = begun.fetch_add(1, Ordering::Relaxed) + 1;
            sleep(secs(1)).await;
            number
        };
        self.flights.run(key, work).await
    }

    fn begun(&self) -> u32 {
        self.begun.load(Ordering::Relaxed)
    }
}

#[vela::test]
async fn calls_with_one_key_share_one_execution() {
    let loads = Loads::default();
    let calls: Vec<_> = (0..4).map(|_| go!(clone(loads) { loads.load("a").await })).collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Ok(1));
    }
    assert_eq!((loads.begun(), loads.flights.in_flight()), (1, 0));
    assert_eq!(loads.load("a").await, Ok(2), "nothing is kept");
}

#[vela::test]
async fn keys_do_not_wait_for_each_other() {
    let loads = Loads::default();
    let start = vela::time::Instant::now();
    let other = go!(clone(loads) { loads.load("b").await });
    assert!(loads.load("a").await.is_ok() && other.await.unwrap().is_ok());
    assert_eq!((loads.begun(), start.elapsed()), (2, secs(1)));
}

#[vela::test]
async fn who_began_may_leave() {
    let loads = Loads::default();
    let start = vela::time::Instant::now();
    let first = go!(clone(loads) { loads.load("a").await });
    sleep(ms(100)).await;
    let second = go!(clone(loads) { loads.load("a").await });
    sleep(ms(100)).await;
    first.cancel();
    assert!(first.await.is_err());
    assert_eq!(second.await.unwrap(), Ok(1));
    assert_eq!((loads.begun(), start.elapsed()), (1, secs(1)));
}

#[vela::test]
async fn work_that_nobody_waits_for_is_dropped() {
    let loads = Loads::default();
    let calls: Vec<_> = (0..3).map(|_| go!(clone(loads) { loads.load("a").await })).collect();
    sleep(ms(100)).await;
    assert_eq!(loads.room.now(), 1);
    for call in calls {
        call.cancel();
        let _ = call.await;
    }
    assert_eq!((loads.room.now(), loads.flights.in_flight()), (0, 0));
    assert_eq!(loads.load("a").await, Ok(2));
}

#[vela::test]
async fn a_panic_reaches_everybody() {
    let flights = Singleflight::<u32, u32>::new();
    let calls: Vec<_> = (0..3)
        .map(|_| {
            go!(clone(flights) {
                flights
                    .run(7, || async {
                        sleep(ms(1)).await;
                        panic!("no such user")
                    })
                    .await
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err().message(), "no such user");
    }
    let error = flights.run(7, || -> std::future::Ready<u32> { panic!("before the first await") }).await.unwrap_err();
    assert_eq!(error.message(), "before the first await");
    assert_eq!(flights.in_flight(), 0);
    assert_eq!(flights.run(7, || async { 5 }).await, Ok(5));
}

#[vela::test]
async fn what_is_forgotten_is_done_anew() {
    let loads = Loads::default();
    let first = go!(clone(loads) { loads.load("a").await });
    sleep(ms(500)).await;
    assert!(loads.flights.forget(&"a") && !loads.flights.forget(&"a"));
    let second = go!(clone(loads) { loads.load("a").await });
    assert_eq!(first.await.unwrap(), Ok(1));
    assert_eq!(loads.flights.in_flight(), 1, "the first has removed its own entry only");
    assert_eq!(second.await.unwrap(), Ok(2));
    assert_eq!(loads.flights.in_flight(), 0);
}

#[vela::test]
async fn a_flight_is_a_source_and_an_arm() {
    let flights = Singleflight::new();
    let got = vela!(<-flights.run("a", || async { 1 }));
    assert_eq!(got, Ok(1));
    let got = select! {
        r = <-flights.run("a", || async { sleep(secs(5)).await; 2 }) => r.unwrap(),
        _ = <-after(secs(1)) => 0,
    };
    assert_eq!((got, flights.in_flight()), (0, 0));
}

/// Nothing is begun before the first poll, and a future that was never polled counts for nothing.
#[vela::test]
async fn a_call_begins_when_it_is_polled() {
    let loads = Loads::default();
    drop(loads.load("a"));
    let unpolled = loads.flights.run("a", || async { panic!("never") });
    assert_eq!(loads.load("a").await, Ok(1));
    drop(unpolled);
}

/// Whoever leaves, and wherever: those who stay get an outcome, and nothing is left.
#[test]
fn those_who_stay_get_an_outcome() {
    let body = async || {
        let flights = Singleflight::<u32, u32>::new();
        let room = Room::default();
        let calls: Vec<_> = (0..3)
            .map(|_| {
                let (flights, room) = (flights.clone(), room.clone());
                go! {
                    let work = move || async move {
                        let _inside = room.enter();
                        yield_now().await;
                        sleep(ms(1)).await;
                        7
                    };
                    flights.run(1, work).await
                }
            })
            .collect();
        for call in calls {
            match call.await {
                Ok(outcome) => assert!(outcome == Ok(7) || outcome.is_err()),
                Err(error) => assert!(error.is_cancelled() || error.is_panic()),
            }
        }
        assert_eq!((room.now(), flights.in_flight()), (0, 0));
        assert!(room.most() <= 1);
    };
    Simulation::new().schedules(1000).check(body).unwrap();
    Simulation::new().schedules(2000).faults(Faults::none().cancel(2).spurious()).check(body).unwrap();
    Simulation::new().schedules(1000).faults(Faults::none().cancel(1).panic(1)).check(body).unwrap();
}
