//! The parts of the protocol that are atomics within one poll, copied in shuttle's primitives and run under random
//! schedules; and planted mistakes, each of which must be found.
//!
//! shuttle interleaves, but takes every ordering for `SeqCst`; weaker ones are loom's, in `vela-core`.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize as Count, Ordering};
use std::time::Instant;

use shuttle::scheduler::RandomScheduler;
use shuttle::sync::atomic::{AtomicU32, AtomicUsize};
use shuttle::sync::{Arc, Mutex};
use shuttle::{Config, FailurePersistence, Runner, thread};

/// How many schedules the faithful copy runs, and within how many each mistake is to be found.
const SCHEDULES: usize = 10_000;

/// A mistake in this copy of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slip {
    None,
    /// `park` stores, also over a mark.
    ParkByStore,
    /// `try_claim` loads and stores.
    ClaimByStore,
    /// `hold` stores, also over a claim.
    HoldByStore,
    /// A drop drops what was handed over.
    DropsPacket,
    /// A drop looks at the word before it takes the lock, and believes it.
    BelievesPhase,
    /// `else` after one collect.
    SingleCollect,
    /// The word has bits, and no version.
    NoVersion,
    /// The word is written after the unlock.
    LatePublish,
}

const BUSY: u32 = 0;
const WAITING: u32 = 1;
const CLAIMED: u32 = 2;
const DONE: u32 = 3;
const TAG: u32 = 0b11;
const MISSED: u32 = 0b100;
const KEY_SHIFT: u32 = 3;

#[derive(PartialEq, Eq)]
enum Bid {
    Won,
    Busy,
    Lost,
}

/// `waitlist::Claim`.
struct Claim {
    word: AtomicU32,
    /// How many touch the waker's cell just now.
    waker: AtomicU32,
    slip: Slip,
}

impl Claim {
    fn new(slip: Slip) -> Self {
        Self { word: AtomicU32::new(BUSY), waker: AtomicU32::new(0), slip }
    }

    fn touch_waker(&self) {
        assert_eq!(self.waker.fetch_add(1, Ordering::SeqCst), 0, "two at the claim at once");
        self.waker.fetch_sub(1, Ordering::SeqCst);
    }

    fn park(&self) -> bool {
        if self.slip == Slip::ParkByStore {
            self.word.store(WAITING, Ordering::SeqCst);
            return true;
        }
        self.word.compare_exchange(BUSY, WAITING, Ordering::Release, Ordering::Acquire).is_ok()
    }

    fn rearm(&self) -> bool {
        self.word.swap(BUSY, Ordering::AcqRel) & MISSED != 0
    }

    fn hold(&self) -> bool {
        if self.slip == Slip::HoldByStore {
            let waits = self.word.load(Ordering::SeqCst) & TAG == WAITING;
            if waits {
                self.word.store(BUSY, Ordering::SeqCst);
            }
            return waits;
        }
        match self.word.compare_exchange(WAITING, BUSY, Ordering::Acquire, Ordering::Acquire) {
            Ok(_) => true,
            Err(word) => word & TAG == BUSY,
        }
    }

    fn try_claim(&self, key: u32) -> Bid {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let next = match word & TAG {
                WAITING => CLAIMED | key << KEY_SHIFT,
                CLAIMED | DONE => return Bid::Lost,
                _ if word & MISSED != 0 => return Bid::Busy,
                _ => word | MISSED,
            };
            let won = if next & MISSED != 0 { Bid::Busy } else { Bid::Won };
            if self.slip == Slip::ClaimByStore {
                self.word.store(next, Ordering::SeqCst);
                return won;
            }
            match self.word.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return won,
                Err(seen) => word = seen,
            }
        }
    }

    fn complete(&self, key: u32) {
        self.touch_waker();
        self.word.store(DONE | key << KEY_SHIFT, Ordering::Release);
    }
}

thread_local! {
    /// This thread runs schedules: a failure is what is wanted, and reported by its number.
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// Runs a scenario; the number of the schedule that failed, and why.
fn run(slip: Slip, scenario: fn(Slip)) -> Option<(usize, String)> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !SILENT.get() {
                report(panic);
            }
        }));
    });
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.silence_warnings = true;
    let runs = std::sync::Arc::new(Count::new(0));
    let counted = runs.clone();
    let begin = Instant::now();
    SILENT.set(true);
    let result = catch_unwind(AssertUnwindSafe(|| {
        Runner::new(RandomScheduler::new_from_seed(7, SCHEDULES), config).run(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            scenario(slip);
        });
    }));
    SILENT.set(false);
    let runs = runs.load(Ordering::Relaxed);
    println!("{slip:?}: {runs} schedules in {:.1?}", begin.elapsed());
    let panic = result.err()?;
    let why = panic.downcast_ref::<String>().cloned();
    let why = why.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
    Some((runs, why.unwrap_or_default()))
}

#[track_caller]
fn holds(scenario: fn(Slip)) {
    let failed = run(Slip::None, scenario);
    assert!(failed.is_none(), "{failed:?}");
}

#[track_caller]
fn finds(slip: Slip, scenario: fn(Slip), why: &str) {
    let Some((schedule, failed)) = run(slip, scenario) else {
        panic!("{slip:?} was not found in {SCHEDULES} schedules");
    };
    println!("{slip:?}: schedule {schedule}: {failed}");
    assert!(failed.contains(why), "{slip:?} was found by something else: {failed}");
}

// ---- an owner that goes to sleep, and a counterpart in each of two channels ----

/// The owner is linked in two channels, and goes to sleep while a value comes to each.
fn sleep_and_claim(slip: Slip) {
    let claim = Arc::new(Claim::new(slip));
    let there = Arc::new([Mutex::new(false), Mutex::new(false)]);
    let counterparts: Vec<_> = (0..2)
        .map(|key| {
            let (claim, there) = (claim.clone(), there.clone());
            thread::spawn(move || {
                let mut there = there[key as usize].lock().unwrap();
                *there = true;
                let bid = claim.try_claim(key);
                if bid == Bid::Won {
                    *there = false;
                    claim.complete(key);
                }
                bid == Bid::Won
            })
        })
        .collect();
    claim.touch_waker();
    let parked = claim.park();
    if !parked {
        assert!(claim.rearm(), "only a mark makes `park` fail");
        let locks: Vec<_> = there.iter().map(|there| there.lock().unwrap()).collect();
        assert!(locks.iter().any(|there| **there), "who has marked it has left its value");
        return;
    }
    let won = counterparts.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum::<usize>();
    assert!(won < 2, "two winners");
    assert!(won > 0, "it sleeps, and nobody has woken it");
}

#[test]
fn an_owner_goes_to_sleep_and_one_of_two_claims_it() {
    holds(sleep_and_claim);
}

#[test]
fn a_park_by_store_is_found() {
    finds(Slip::ParkByStore, sleep_and_claim, "nobody has woken it");
}

#[test]
fn a_claim_by_store_is_found() {
    finds(Slip::ClaimByStore, sleep_and_claim, "two");
}

// ---- an owner that is polled again, and then dropped, and a counterpart in each of two channels ----

/// One channel, as the owner's node lies in it.
struct Place {
    linked: bool,
    packet: Option<u32>,
    buffer: Vec<u32>,
}

/// The owner waits in two channels; is polled needlessly; is dropped. The values must be there then.
fn hold_and_drop(slip: Slip) {
    let claim = Arc::new(Claim::new(slip));
    let place = || Mutex::new(Place { linked: true, packet: None, buffer: Vec::new() });
    let places = Arc::new([place(), place()]);
    assert!(claim.park());
    let counterparts: Vec<_> = (0..2)
        .map(|key| {
            let (claim, places) = (claim.clone(), places.clone());
            thread::spawn(move || {
                let mut place = places[key as usize].lock().unwrap();
                // `claim_first`, then `store` if there is nobody.
                let bid = if place.linked { claim.try_claim(key) } else { Bid::Lost };
                if bid != Bid::Busy {
                    place.linked = false;
                }
                if bid == Bid::Won {
                    place.packet = Some(key);
                    claim.complete(key);
                } else {
                    place.buffer.push(key);
                }
            })
        })
        .collect();
    if claim.hold() {
        claim.touch_waker();
        if !claim.park() {
            assert!(claim.rearm(), "two at the claim at once");
        }
    }
    // The drop.
    for place in places.iter() {
        let believed =
            slip == Slip::BelievesPhase && matches!(claim.word.load(Ordering::Acquire) & TAG, BUSY | WAITING);
        let mut place = place.lock().unwrap();
        if believed || std::mem::replace(&mut place.linked, false) {
            place.linked = false;
        } else if let Some(value) = place.packet.take()
            && slip != Slip::DropsPacket
        {
            place.buffer.insert(0, value);
        }
    }
    counterparts.into_iter().for_each(|thread| thread.join().unwrap());
    for (key, place) in (0..).zip(places.iter()) {
        assert_eq!(place.lock().unwrap().buffer, [key], "the value must be there, once");
    }
}

#[test]
fn an_owner_is_polled_and_dropped_while_two_claim_it() {
    holds(hold_and_drop);
}

#[test]
fn a_hold_by_store_is_found() {
    finds(Slip::HoldByStore, hold_and_drop, "two at the claim at once");
}

#[test]
fn a_drop_that_drops_the_packet_is_found() {
    finds(Slip::DropsPacket, hold_and_drop, "the value must be there, once");
}

#[test]
fn a_drop_that_believes_the_word_is_found() {
    finds(Slip::BelievesPhase, hold_and_drop, "the value must be there, once");
}

// ---- `else`, and the version word ----

const READY: usize = 1;
const VERSION: usize = 2;

/// `Chan`: a counter of values behind the lock, and the word.
struct Chan {
    word: AtomicUsize,
    values: Mutex<usize>,
    slip: Slip,
}

impl Chan {
    fn new(slip: Slip, values: usize) -> Self {
        Self { word: AtomicUsize::new(usize::from(values > 0)), values: Mutex::new(values), slip }
    }

    /// A critical section.
    fn with(&self, change: impl FnOnce(&mut usize)) {
        let mut values = self.values.lock().unwrap();
        change(&mut values);
        let ready = usize::from(*values > 0);
        if self.slip == Slip::LatePublish {
            drop(values);
            self.publish(ready);
        } else {
            self.publish(ready);
        }
    }

    fn publish(&self, ready: usize) {
        let next = if self.slip == Slip::NoVersion { 0 } else { VERSION };
        let version = (self.word.load(Ordering::Relaxed) & !READY).wrapping_add(next);
        self.word.store(version | ready, Ordering::Release);
    }
}

fn collect(chans: &[Chan]) -> (bool, usize) {
    let words = chans.iter().map(|chan| chan.word.load(Ordering::Acquire));
    words.fold((false, 0), |(maybe, sum), word| (maybe | (word & READY != 0), sum + word / VERSION))
}

/// `look_at_one_instant`: whether `else` runs.
fn nothing_ready(chans: &[Chan]) -> bool {
    for _ in 0..2 {
        let (maybe, before) = collect(chans);
        if maybe {
            break;
        }
        if chans[0].slip == Slip::SingleCollect || collect(chans).1 == before {
            return true;
        }
    }
    let locks: Vec<_> = chans.iter().map(|chan| chan.values.lock().unwrap()).collect();
    locks.iter().all(|values| **values == 0)
}

/// A value walks to and fro between two channels, and is in the next before it leaves the last.
fn look_at_walking_token(slip: Slip) {
    let chans = Arc::new([Chan::new(slip, 0), Chan::new(slip, 1)]);
    let walk = chans.clone();
    let walker = thread::spawn(move || {
        for turn in 0..4 {
            walk[turn % 2].with(|values| *values += 1);
            walk[(turn + 1) % 2].with(|values| *values -= 1);
        }
    });
    assert!(!nothing_ready(&chans[..]), "else ran, and a value was there all the time");
    walker.join().unwrap();
}

/// One takes a value, another puts one in; then the word must say what is there.
fn take_and_put(slip: Slip) {
    let chan = Arc::new(Chan::new(slip, 1));
    let taker = chan.clone();
    let taker = thread::spawn(move || taker.with(|values| *values = values.saturating_sub(1)));
    chan.with(|values| *values += 1);
    taker.join().unwrap();
    let there = *chan.values.lock().unwrap() > 0;
    let word = chan.word.load(Ordering::Acquire);
    assert!(word & READY != 0 || !there, "the word says that nothing is there");
    assert_eq!(word / VERSION, 2, "the word counts each section");
}

#[test]
fn else_never_runs_while_a_value_walks() {
    holds(look_at_walking_token);
}

#[test]
fn the_word_says_what_the_last_section_left() {
    holds(take_and_put);
}

#[test]
fn a_single_collect_is_found() {
    finds(Slip::SingleCollect, look_at_walking_token, "else ran");
}

#[test]
fn a_word_without_a_version_is_found() {
    finds(Slip::NoVersion, look_at_walking_token, "else ran");
}

#[test]
fn a_word_written_after_the_unlock_is_found() {
    finds(Slip::LatePublish, take_and_put, "the word");
}
