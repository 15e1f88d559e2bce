use std::sync::atomic::{AtomicUsize, Ordering};

use vela::sim::{Faults, Simulation};
use vela_core::time::{ms, secs, sleep};

use super::*;

/// Writes down when it was told, and how often.
#[derive(Default)]
struct Bell {
    times: AtomicUsize,
    at: Mutex<Option<Instant>>,
}

impl Expire for Bell {
    fn expire(&self) {
        self.times.fetch_add(1, Ordering::SeqCst);
        *self.at.lock() = Some(Instant::now());
    }
}

impl Bell {
    fn enter(wheel: &Arc<Wheel>, after: Duration) -> (Arc<Self>, Entry) {
        let bell = Arc::new(Self::default());
        let entry = wheel.enter(Instant::now() + after, Arc::clone(&bell) as Arc<dyn Expire>);
        (bell, entry)
    }

    fn times(&self) -> usize {
        self.times.load(Ordering::SeqCst)
    }

    fn is_driven(wheel: &Wheel) -> bool {
        wheel.state.lock().driver.is_some()
    }
}

struct Panics;

impl Expire for Panics {
    fn expire(&self) {
        panic!("planned");
    }
}

#[test]
fn durations_become_ticks_that_are_not_early() {
    for nanos in [0, 1, 4_999_999, 5_000_000, 5_000_001, 999_999_999, 1_000_000_000, 7_004_999_999] {
        let d = Duration::from_nanos(nanos);
        let tick = TICK * 1_000_000;
        assert_eq!((ticks_down(d), ticks_up(d)), (nanos / tick, nanos.div_ceil(tick)));
    }
    assert_eq!((ticks_down(Duration::MAX), ticks_up(Duration::MAX)), (LAST, LAST));
}

#[vela::test]
async fn an_entry_expires_at_its_deadline_and_at_most_a_tick_late() {
    let wheel = Wheel::new();
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..5 {
        let start = Instant::now();
        let entries: Vec<_> = (0..20)
            .map(|_| {
                let bits = random.u32(1..36);
                let after = Duration::from_micros(random.u64(0..1 << bits));
                (after, Bell::enter(&wheel, after))
            })
            .collect();
        sleep(Duration::from_millis(random.u64(0..10_000))).await;
        let (late, late_entry) = Bell::enter(&wheel, ms(700));
        let late_start = Instant::now();
        sleep(secs(1 << 17)).await;
        for (after, (bell, _entry)) in &entries {
            let took = bell.at.lock().expect("it was told") - start;
            assert!(took >= *after && took <= *after + ms(TICK), "{after:?} took {took:?}");
            assert_eq!(bell.times(), 1);
        }
        let took = late.at.lock().expect("it was told") - late_start;
        assert!(took >= ms(700) && took <= ms(700 + TICK), "{took:?}");
        assert!(!Bell::is_driven(&wheel), "there is nothing left");
        drop((entries, late_entry));
    }
}

#[vela::test]
async fn a_time_limit_through_the_lobby_is_not_early_and_at_most_two_visits_late() {
    let wheel = Wheel::new();
    let mut random = fastrand::Rng::with_seed(8);
    let mut all = Vec::new();
    for round in 0..40_u64 {
        for _ in 0..random.u32(0..4) {
            let limit = ms(random.u64(0..300));
            let bell = Arc::new(Bell::default());
            let entry = wheel.enter_through_lobby(limit, Arc::clone(&bell) as Arc<dyn Expire>);
            all.push((Instant::now(), limit, random.bool(), bell, Some(entry)));
        }
        let gone = random.usize(..=all.len());
        if let Some((_, _, leaves @ false, bell, entry)) = all.get_mut(gone)
            && bell.times() == 0
        {
            // In the lobby or in the wheel.
            drop(entry.take());
            *leaves = true;
            assert_eq!(Arc::strong_count(bell), 1);
        }
        sleep(ms(if round % 10 == 9 { 1000 } else { random.u64(0..30) })).await;
    }
    sleep(secs(1)).await;
    for (start, limit, _, bell, entry) in &all {
        if entry.is_some() {
            let took = bell.at.lock().expect("it was told") - *start;
            let latest = *limit + 2 * LOBBY + ms(TICK);
            assert!(took >= *limit && took <= latest, "{limit:?} took {took:?}");
            assert_eq!(bell.times(), 1);
        } else {
            assert_eq!(bell.times(), 0);
        }
    }
    drop(all);
    sleep(secs(1)).await;
    let state = wheel.state.lock();
    assert!(state.driver.is_none() && !state.lobby_open && state.moved.is_empty());
}

#[vela::test]
async fn an_entry_that_has_left_never_expires() {
    let wheel = Wheel::new();
    let (kept, _entry) = Bell::enter(&wheel, secs(5));
    let (left, entry) = Bell::enter(&wheel, secs(5));
    sleep(ms(4999)).await;
    drop(entry);
    assert_eq!(Arc::strong_count(&left), 1, "the wheel has let go of it");
    sleep(secs(10)).await;
    assert_eq!((kept.times(), left.times()), (1, 0));
}

#[vela::test]
async fn an_earlier_deadline_wakes_the_driver() {
    let wheel = Wheel::new();
    let (late, _late) = Bell::enter(&wheel, secs(5));
    sleep(secs(1)).await;
    let (soon, _soon) = Bell::enter(&wheel, ms(10));
    let (past, _past) = Bell::enter(&wheel, ms(0));
    sleep(ms(5)).await;
    vela_core::task::yield_now().await;
    sleep(ms(10)).await;
    assert_eq!((late.times(), soon.times(), past.times()), (0, 1, 1));
    sleep(secs(4)).await;
    assert_eq!(late.times(), 1);
}

#[vela::test]
async fn an_entry_made_by_who_was_told_is_served() {
    struct Again(Arc<Wheel>, Mutex<Option<(Arc<Bell>, Entry)>>);
    impl Expire for Again {
        fn expire(&self) {
            *self.1.lock() = Some(Bell::enter(&self.0, ms(20)));
        }
    }
    let wheel = Wheel::new();
    let again = Arc::new(Again(Arc::clone(&wheel), Mutex::new(None)));
    let _entry = wheel.enter(Instant::now() + ms(20), Arc::clone(&again) as Arc<dyn Expire>);
    sleep(ms(60)).await;
    assert_eq!(again.1.lock().as_ref().map(|(bell, _)| bell.times()), Some(1));
    again.1.lock().take();
}

#[test]
fn a_simulation_finds_a_leak_and_a_deadlock_beside_a_wheel_that_was_used() {
    let used = || async {
        let wheel = Wheel::new();
        let (_, kept) = Bell::enter(&wheel, secs(5));
        drop(Bell::enter(&wheel, secs(3600)));
        sleep(ms(1)).await;
        drop(kept);
        wheel
    };
    let verdict =
        |failure: Result<_, vela::sim::Failure>| failure.unwrap_err().to_string().lines().next().map(str::to_owned);
    let leak = Simulation::new().check(async || {
        let wheel = used().await;
        // It keeps the wheel, whose end would be the driver's.
        let waits = async move {
            std::future::pending::<()>().await;
            drop(wheel);
        };
        drop(vela_core::task::spawn(waits));
        vela_core::task::yield_now().await;
    });
    assert!(verdict(leak).unwrap().contains("LEAK, 1 task"));
    let deadlock = Simulation::new().check(async || {
        let _wheel = used().await;
        std::future::pending::<()>().await;
    });
    assert!(verdict(deadlock).unwrap().contains("DEADLOCK, 1 task"));
    Simulation::new().check(async || drop(used().await)).unwrap();
    // With the entries still in it, and with the wheel gone before its driver.
    let passed = Simulation::new().check(async || {
        let wheel = Wheel::new();
        std::mem::forget(Bell::enter(&wheel, secs(5)).0);
    });
    passed.unwrap();
}

#[test]
fn a_driver_that_is_cancelled_or_panics_is_followed_by_another() {
    for faults in [Faults::none().cancel(3), Faults::none().panic(3), Faults::none().spurious().delay()] {
        let passed = Simulation::new().faults(faults).schedules(500).check(async || {
            let wheel = Wheel::new();
            let entries = [5, 100, 100, 3000, 100_000].map(|after| Bell::enter(&wheel, ms(after)));
            // A driver that is held up may be later than any time that is waited here; one that is missing never comes.
            while entries.iter().any(|(bell, _)| bell.times() == 0) {
                sleep(secs(100)).await;
            }
            assert!(entries.iter().all(|(bell, _)| bell.times() == 1));
        });
        passed.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn who_panics_when_told_holds_up_nobody_else() {
    let wheel = Wheel::new();
    let _bad = [10, 10, 20].map(|after| wheel.enter(Instant::now() + ms(after), Arc::new(Panics)));
    let (good, _good) = Bell::enter(&wheel, ms(10));
    let (later, _later) = Bell::enter(&wheel, ms(500));
    sleep(ms(600)).await;
    assert_eq!((good.times(), later.times()), (1, 1));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

#[test]
fn when_the_runtime_has_ended_the_next_entry_starts_a_driver_in_its_own() {
    let wheel = Wheel::new();
    let first = runtime();
    let (left, _left) = first.block_on(async {
        let entered = Bell::enter(&wheel, ms(100));
        sleep(ms(1)).await;
        entered
    });
    drop(first);
    assert!(!Bell::is_driven(&wheel));
    let second = runtime();
    second.block_on(async {
        let (bell, _entry) = Bell::enter(&wheel, secs(1));
        sleep(secs(2)).await;
        assert_eq!((left.times(), bell.times()), (1, 1));
        assert!(!Bell::is_driven(&wheel));
    });
}

#[test]
fn entries_come_and_go_on_several_threads_while_they_expire() {
    let wheel = Wheel::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let _in_it = runtime.enter();
    let told = AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for thread in 0..3 {
            let (wheel, told, handle) = (&wheel, &told, runtime.handle().clone());
            threads.spawn(move || {
                let _in_it = handle.enter();
                let mut random = fastrand::Rng::with_seed(thread);
                let mut held = Vec::new();
                for _ in 0..5_000 {
                    held.push(Bell::enter(wheel, Duration::from_micros(random.u64(0..15_000))));
                    if held.len() > 200 {
                        let (bell, entry) = held.swap_remove(random.usize(0..held.len()));
                        drop(entry);
                        told.fetch_add(bell.times(), Ordering::SeqCst);
                        assert!(bell.times() <= 1);
                    }
                }
                while held.iter().any(|(bell, _)| bell.times() == 0) {
                    std::thread::yield_now();
                }
                assert!(held.iter().all(|(bell, _)| bell.times() == 1));
            });
        }
    });
    assert!(wheel.state.lock().slots.is_empty());
}
