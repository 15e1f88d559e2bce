//! What a channel keeps for its [`Meter`] whose values are received by all of its receivers, or seen by whoever looks.
//!
//! * A1. A seat is a receiver. It has had `at` of the values that were `sent`, received or missed; so `at <= sent`. The slowest
//!   seat says how many values the channel keeps, up to its capacity.
//! * A2. The lock is held while the channel takes a value or a receiver, so that neither is counted before or after the wrong other.
//!   What a receiver takes was sent, and is counted later. Order of the locks: the receiver's, this one, the channel's own.
//! * A3. Nothing is told under the lock; who has called tells.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::Mutex;

use super::{ChannelMonitor, Meter, Watch, registry};

/// The receivers of a channel that gives each value to all of them.
#[derive(Debug)]
pub(crate) struct Audience {
    meter: Arc<Meter>,
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    watch: Watch,
    sent: u64,
    /// How many seats have had so many values.
    seats: BTreeMap<u64, usize>,
}

impl State {
    /// How many values are kept for the slowest.
    fn kept(&self, capacity: usize) -> usize {
        let slowest = self.seats.keys().next().copied().unwrap_or(self.sent);
        usize::try_from(self.sent.saturating_sub(slowest)).unwrap_or(usize::MAX).min(capacity)
    }

    fn observe(&mut self, capacity: usize) {
        let kept = self.kept(capacity);
        self.watch.observe(kept);
    }

    fn enter(&mut self, at: u64) {
        *self.seats.entry(at).or_default() += 1;
    }

    fn leave(&mut self, at: u64) {
        if let Some(seats) = self.seats.get_mut(&at) {
            *seats -= 1;
            if *seats == 0 {
                self.seats.remove(&at);
            }
        }
    }
}

impl Audience {
    pub(crate) fn new(name: Box<str>, capacity: usize) -> Arc<Self> {
        let meter = registry::register_counted(name, capacity);
        let watch = Watch::new(Arc::clone(&meter));
        let state = Mutex::new(State { watch, sent: 0, seats: BTreeMap::new() });
        Arc::new(Self { meter, capacity, state })
    }

    pub(crate) fn monitor(&self) -> ChannelMonitor {
        ChannelMonitor::of(&self.meter)
    }

    /// Sends a value, which counts if that succeeds.
    pub(crate) fn send<T, E>(&self, send: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mut state = self.state.lock();
        let result = send();
        if result.is_ok() {
            state.sent += 1;
            state.watch.sent(1);
            state.observe(self.capacity);
        }
        drop(state);
        self.tell();
        result
    }

    /// One more receiver, of the values that are sent from now on.
    pub(crate) fn seat<R>(self: &Arc<Self>, subscribe: impl FnOnce() -> R) -> (R, Seat) {
        let mut state = self.state.lock();
        let receiver = subscribe();
        let at = state.sent;
        state.enter(at);
        drop(state);
        (receiver, Seat { audience: Arc::clone(self), at: AtomicU64::new(at) })
    }

    fn tell(&self) {
        if self.meter.has_news() {
            self.meter.tell();
        }
    }
}

/// One receiver.
#[derive(Debug)]
pub(crate) struct Seat {
    audience: Arc<Audience>,
    /// How many values it has had; written under the lock of the receiver, or by who has it alone.
    at: AtomicU64,
}

/// The place of a receiver that receives no more.
const EMPTY: u64 = u64::MAX;

impl Seat {
    pub(crate) fn audience(&self) -> &Arc<Audience> {
        &self.audience
    }

    /// It has received some values, and missed others. To be [told](Self::tell) once the receiver is unlocked.
    pub(crate) fn took(&self, received: u64, missed: u64) {
        let at = self.at.load(Relaxed);
        if at == EMPTY || received + missed == 0 {
            return;
        }
        let Audience { meter, capacity, state } = &*self.audience;
        let mut state = state.lock();
        state.leave(at);
        state.enter(at + received + missed);
        self.at.store(at + received + missed, Relaxed);
        meter.count_received(received);
        if missed > 0 {
            state.watch.missed(missed);
        }
        state.observe(*capacity);
    }

    /// It receives no more.
    pub(crate) fn leave(&self) {
        let at = self.at.swap(EMPTY, Relaxed);
        if at != EMPTY {
            let mut state = self.audience.state.lock();
            state.leave(at);
            state.observe(self.audience.capacity);
        }
    }

    pub(crate) fn tell(&self) {
        self.audience.tell();
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave();
        self.tell();
    }
}

/// The monitor of a channel that keeps only the newest value: there is one in it from a change until somebody has received it. It
/// has no bound, so it is never saturated, and drops nothing: to be passed over is what its values are for.
#[derive(Debug)]
pub(crate) struct Newest {
    meter: Arc<Meter>,
    watch: Mutex<Watch>,
}

impl Newest {
    pub(crate) fn new(name: Box<str>) -> Arc<Self> {
        let meter = registry::register_counted(name, usize::MAX);
        Arc::new(Self { watch: Mutex::new(Watch::new(Arc::clone(&meter))), meter })
    }

    pub(crate) fn monitor(&self) -> ChannelMonitor {
        ChannelMonitor::of(&self.meter)
    }

    /// Changes the value, and counts that if `did` says so.
    pub(crate) fn change<R>(&self, change: impl FnOnce() -> R, did: impl FnOnce(&R) -> bool) -> R {
        let mut watch = self.watch.lock();
        let result = change();
        if did(&result) {
            watch.sent(1);
            watch.observe(1);
        }
        result
    }

    /// Receives the value, which counts if that succeeds.
    pub(crate) fn receive<T, E>(&self, receive: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mut watch = self.watch.lock();
        let result = receive();
        if result.is_ok() {
            self.meter.count_received(1);
            watch.observe(0);
        }
        result
    }
}
