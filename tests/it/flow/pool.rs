//! Resources on loan: how many, which, and what becomes of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use vela::prelude::*;
use vela::sim::{Faults, Simulation};
use vela::sync::{Pool, PoolError, Pooled, Semaphore};
use vela::task::yield_now;

use super::{Inside, Room};
use crate::select::probe::Hand;

/// A resource with a number; it is in the room as long as it exists.
struct Connection {
    number: u32,
    uses: u32,
    _inside: Inside,
}

fn connections(limit: usize) -> (Pool<Connection>, Room) {
    let room = Room::default();
    let made = Arc::new(AtomicU32::new(0));
    let pool = Pool::with_recycle(
        limit,
        {
            let room = room.clone();
            move || {
                let (room, made) = (room.clone(), Arc::clone(&made));
                async move {
                    yield_now().await;
                    let number = made.fetch_add(1, Ordering::Relaxed) + 1;
                    Ok::<_, std::fmt::Error>(Connection { number, uses: 0, _inside: room.enter() })
                }
            }
        },
        |mut connection: Connection| async move {
            yield_now().await;
            connection.uses += 1;
            (connection.uses < 3).then_some(connection)
        },
    );
    (pool, room)
}

#[vela::test]
async fn there_are_never_more_than_the_limit() {
    let (pool, room) = connections(2);
    let tasks: Vec<_> = (0..5)
        .map(|_| {
            go!(clone(pool) {
                let connection = pool.get().await.unwrap();
                yield_now().await;
                connection.number
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap() <= 3);
    }
    assert!(room.most() <= 2);
    assert_eq!(pool.idle(), room.now());
}

#[vela::test]
async fn the_last_that_came_back_goes_out_first_until_it_is_worn_out() {
    let (pool, room) = connections(2);
    let (a, b) = (pool.get().await.unwrap(), pool.get().await.unwrap());
    assert_eq!((a.number, b.number, pool.idle()), (1, 2, 0));
    drop(b);
    drop(a);
    for expected in [1, 1, 2, 2, 3] {
        assert_eq!(pool.get().await.unwrap().number, expected);
    }
    assert_eq!(room.now(), 1);
}

#[vela::test]
async fn who_finds_none_waits_in_line() {
    let (pool, _) = connections(1);
    let first = pool.get().await.unwrap();
    let (log, served) = vela::unbounded();
    for n in 0..3 {
        go!(clone(pool, log) { let got = pool.get().await; log.try_send(n).unwrap(); drop(got); });
        sleep(ms(1)).await;
    }
    drop(log);
    assert!(served.is_empty());
    drop(first);
    assert_eq!(super::all(&served).await, [0, 1, 2]);
}

#[vela::test]
async fn a_pool_of_given_resources_makes_none() {
    let pool = Pool::of(["a", "b"]);
    let first = pool.get().await.unwrap();
    let second = pool.get().await.unwrap();
    assert!(matches!(pool.get_timeout(ms(5)).await, Err(PoolError::TimedOut)));
    assert_eq!(Pooled::detach(first), "b");
    let patient = go!(clone(pool) { pool.get().await.map(|got| *got).ok() });
    sleep(ms(1)).await;
    assert!(!patient.is_finished(), "the place of the one that is gone is gone");
    drop(second);
    assert_eq!(patient.await.unwrap(), Some("a"));
    assert_eq!((pool.limit(), pool.idle()), (1, 1));
    let last = pool.get().await.unwrap();
    let waiter = go!(clone(pool) { pool.get().await.is_err() });
    sleep(ms(1)).await;
    assert_eq!(Pooled::detach(last), "a");
    assert!(waiter.await.unwrap(), "none is left to wait for");
    assert!(pool.is_closed() && Pool::<u8>::of([]).is_closed());
}

#[vela::test]
async fn what_is_detached_is_replaced() {
    let (pool, _) = connections(1);
    let mine = Pooled::detach(pool.get().await.unwrap());
    assert_eq!((mine.number, pool.get().await.unwrap().number), (1, 2));
}

#[vela::test]
async fn what_could_not_be_made_is_tried_again() {
    let tries = Arc::new(AtomicU32::new(0));
    let pool = Pool::new(1, move || {
        let n = tries.fetch_add(1, Ordering::Relaxed);
        async move { if n == 0 { Err("no route to host") } else { Ok(n) } }
    });
    let error = pool.get().await.unwrap_err();
    assert_eq!(error.to_string(), "the pool could not make a resource: no route to host");
    assert_eq!(*pool.get().await.unwrap(), 1);
}

#[vela::test]
async fn a_closed_pool_lends_nothing() {
    let (pool, room) = connections(2);
    let out = pool.get().await.unwrap();
    drop(pool.get().await.unwrap());
    assert_eq!((room.now(), pool.idle()), (2, 1));
    let keep = pool.get().await.unwrap();
    let waiter = go!(clone(pool) { pool.get().await.map(|_| ()) });
    sleep(ms(1)).await;
    drop(keep);
    let _ = waiter.await.unwrap();
    let last = pool.get().await.unwrap();
    let waiter = go!(clone(pool) { matches!(pool.get().await, Err(PoolError::Closed)) });
    sleep(ms(1)).await;
    assert!(pool.close() && !pool.close());
    assert!(waiter.await.unwrap());
    drop(last);
    drop(out);
    assert_eq!((room.now(), pool.idle()), (0, 0), "what comes back is dropped");
    assert!(matches!(pool.get().await, Err(PoolError::Closed)));
}

/// Whoever is woken for a free place finds the resource that was in it, and makes no second one.
#[test]
fn a_resource_is_back_before_its_place_is_free() {
    struct Look(Pool<u8>, AtomicU32);
    impl std::task::Wake for Look {
        fn wake(self: Arc<Self>) {
            self.1.store(u32::try_from(self.0.idle()).unwrap() + 1, Ordering::Relaxed);
        }
    }
    let pool = Pool::of([7]);
    let mut waiting = Hand::new(pool.get());
    let out = vela::block_on(pool.get()).unwrap();
    let look = Arc::new(Look(pool.clone(), AtomicU32::new(0)));
    assert!(waiting.poll_with(&std::task::Waker::from(Arc::clone(&look))).is_pending());
    drop(out);
    assert_eq!(look.1.load(Ordering::Relaxed), 2, "woken, and one was idle");
    assert_eq!(*waiting.run().unwrap().unwrap(), 7);
}

/// A resource whose drop looks at its pool.
#[test]
fn resources_are_dropped_outside_the_lock() {
    struct Curious(Arc<std::sync::OnceLock<Pool<Curious>>>);
    impl Drop for Curious {
        fn drop(&mut self) {
            if let Some(pool) = self.0.get() {
                assert!(pool.is_closed());
            }
        }
    }
    let own = Arc::new(std::sync::OnceLock::new());
    let pool = Pool::of([Curious(Arc::clone(&own)), Curious(Arc::clone(&own))]);
    own.set(pool.clone()).ok();
    let out = vela::block_on(pool.get()).unwrap();
    pool.close();
    drop(out);
}

#[vela::test]
async fn a_checkout_is_a_source_and_an_arm_that_can_lose() {
    let pool = Pool::of([1]);
    let got = vela!(<-pool.get()).unwrap();
    let lost = select! {
        _ = <-pool.get() => false,
        _ = <-after(ms(1)) => true,
    };
    assert!(lost);
    drop(got);
    let got = select! { r = <-pool.get() => *r.unwrap(), else => 0 };
    assert_eq!((got, pool.idle()), (1, 1));
}

/// Whoever is cancelled, and wherever: every place of the pool is there afterwards.
#[test]
fn no_place_of_the_pool_is_lost() {
    let body = async || {
        let (pool, room) = connections(2);
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                go!(clone(pool) {
                    let got = pool.get().await;
                    yield_now().await;
                    got.is_ok()
                })
            })
            .collect();
        for task in tasks {
            let _ = task.await;
        }
        assert!(room.most() <= 2);
        assert_eq!(pool.idle(), room.now());
        let both = (pool.get().await.unwrap(), pool.get().await.unwrap());
        assert_ne!(both.0.number, both.1.number);
    };
    Simulation::new().schedules(1000).faults(Faults::none().cancel(2).spurious()).check(body).unwrap();
    Simulation::new().schedules(500).faults(Faults::none().panic(1)).check(body).unwrap();
}

#[vela::test]
async fn permits_of_a_semaphore_are_a_source_and_an_arm() {
    let semaphore = Semaphore::new(3);
    let two = vela!(<-semaphore.acquire(2)).unwrap();
    let lost = select! {
        _ = <-semaphore.acquire(2) => false,
        _ = <-after(ms(1)) => true,
    };
    assert!(lost && semaphore.available() == 1);
    drop(two);
    let won = select! { r = <-semaphore.acquire(3) => r.unwrap().count(), else => 0 };
    assert_eq!((won, semaphore.available()), (3, 3));
    // As a plain future, too.
    let won = select! { r = semaphore.acquire(3) => r.unwrap().count(), _ = <-after(ms(1)) => 0 };
    assert_eq!(won, 3);
    let waiter = go!(clone(semaphore) { <-semaphore.acquire(4) });
    sleep(ms(1)).await;
    semaphore.close();
    assert!(waiter.await.unwrap().is_err());
}
