//! A wheel of deadlines: many moments at which somebody gives up waiting, nearly all of which never come.
//!
//! To enter and to leave are one short section of a lock each, and touch no timer. One task drives the wheel with one timer, for
//! the first slot that holds something; it is started by the first entry, and ends by itself when it wakes and finds nothing,
//! so an idle program has no timer that ticks.
//!
//! * D1 While there are entries, there is a driver, or somebody is about to start one. (Unless the driver's runtime has ended:
//!   then the next entry starts one.)
//! * D2 `planned` is the tick at which the driver will look again. Who enters something for an earlier one sets it and wakes
//!   the driver, which registers its waker and compares `planned` in one section.
//!
//! Most asks are over long before anybody would look at the clock for them, and to look at it costs more than to enter. So a
//! time limit that is long enters the lobby first, without a look at the clock: there its time has not begun. While
//! somebody enters there, the driver comes by every 20 ms, and what it finds goes to the wheel, as of then.
//!
//! * D3 While there is something in the lobby, the driver is on its way there, or is woken to be (`lobby_open`).
//!
//! The lock is never held while anybody's code runs.

mod lobby;
mod slots;

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use vela_core::__private::seam;
use vela_core::context::Context;
use vela_core::task::{TaskBuilder, yield_now};
use vela_core::time::{Instant, sleep_until};

use self::lobby::{Lobby, Ticket};
use self::slots::{Key, LAST, Slots, Step};

/// One tick, in milliseconds.
const TICK: u64 = 5;

/// How often the driver comes to the lobby.
const LOBBY: Duration = Duration::from_millis(20);

/// So long are the time limits that may begin by so much later.
const LONG: Duration = Duration::from_secs(1);

/// Most steps of the driver before it gives way.
const STEPS_AT_ONCE: usize = 128;

/// A runtime that ends drops what it is given. So many drivers in a row are given to it.
const TRIES: u32 = 4;

/// Who is told that its time has come.
pub(crate) trait Expire: Send + Sync {
    /// The deadline has passed. Called at most once for an entry, under no lock, by the wheel's driver.
    fn expire(&self);
}

/// The wheel. An entry never expires early, and late by at most 5 ms, the timer's own resolution (1 ms), and what the
/// driver's runtime is late; by at most 40 ms more if its time limit is a second or longer.
///
/// The order among entries of the same 5 ms is not guaranteed.
pub(crate) struct Wheel {
    state: Mutex<State>,
}

struct State {
    slots: Slots<Arc<dyn Expire>>,
    /// Those whose time has not begun.
    lobby: Lobby<Arc<dyn Expire>>,
    /// Where those are now that have left the lobby for the wheel, and are not out.
    moved: HashMap<Ticket, Key>,
    /// Whether the driver comes by without being woken.
    lobby_open: bool,
    /// When it comes, and what `lobby.entered()` was when it came last. `None`: it has been woken to come.
    lobby_at: Option<(Instant, u64)>,
    /// Tick 0.
    base: Instant,
    /// The number of the driver that runs, or is about to.
    driver: Option<u64>,
    /// How many drivers there ever were.
    drivers: u64,
    /// When the driver looks again; 0: at once.
    planned: u64,
    waker: Option<Waker>,
}

/// What is to be done once the lock is free.
enum Then {
    Nothing,
    Wake(Waker),
    Start(u64),
}

impl Wheel {
    /// A wheel without entries, and without a task.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                slots: Slots::new(),
                lobby: Lobby::new(),
                moved: HashMap::new(),
                lobby_open: false,
                lobby_at: None,
                base: Instant::now(),
                driver: None,
                drivers: 0,
                planned: 0,
                waker: None,
            }),
        })
    }

    /// The wheel of this thread, one of its own for simulations. Of a thread, because as a rule a thread belongs to one runtime, with
    /// its clock. (Where a runtime of one thread is kept without being driven, and another one is driven on the same thread, time limits
    /// of the second wait for the first. To ask for the runtime each time would cost more than to enter.)
    pub(crate) fn current() -> Arc<Self> {
        thread_local! {
            static REAL: Arc<Wheel> = Wheel::new();
            static SIMULATED: Arc<Wheel> = Wheel::new();
        }
        // A thread that is ending has lost its own.
        let wheel = if seam::simulated() { SIMULATED.try_with(Arc::clone) } else { REAL.try_with(Arc::clone) };
        wheel.unwrap_or_else(|_| Self::new())
    }

    /// Has `who` told at `deadline`, unless the entry is dropped before. What is past already expires within 5 ms.
    ///
    /// The driver runs where the first of the entries was made; if that runtime has ended, entries that are left wait for the
    /// next one.
    ///
    /// # Panics
    ///
    /// If there is no runtime and none can be started.
    pub(crate) fn enter(self: &Arc<Self>, deadline: Instant, who: Arc<dyn Expire>) -> Entry {
        let (key, then) = self.state.lock().enter(deadline, who);
        self.entered(Place::Wheel(key), then)
    }

    /// As [`enter`](Self::enter), `limit` from now.
    pub(crate) fn enter_for(self: &Arc<Self>, limit: Duration, who: Arc<dyn Expire>) -> Entry {
        if limit < LONG || seam::simulated() {
            return self.enter(Instant::now() + limit, who);
        }
        self.enter_through_lobby(limit, who)
    }

    fn enter_through_lobby(self: &Arc<Self>, limit: Duration, who: Arc<dyn Expire>) -> Entry {
        let (ticket, then) = self.state.lock().enter_lobby(limit, who);
        self.entered(Place::Lobby(ticket), then)
    }

    fn entered(self: &Arc<Self>, place: Place, then: Then) -> Entry {
        let entry = Entry { wheel: Arc::clone(self), place };
        match then {
            Then::Nothing => {}
            Then::Wake(waker) => waker.wake(),
            Then::Start(number) => start(Driver { wheel: Arc::downgrade(self), number, tries: 0 }),
        }
        entry
    }

    fn leave(&self, place: Place) {
        let (who, idle) = {
            let mut state = self.state.lock();
            let who = match place {
                Place::Wheel(key) => state.slots.remove(key),
                Place::Lobby(ticket) => state.lobby.remove(ticket).or_else(|| {
                    let key = state.moved.remove(&ticket)?;
                    state.slots.remove(key)
                }),
            };
            // A simulation must not take the driver's timer for somebody who may still wake the tasks that are left.
            let ends = who.is_some() && state.slots.is_empty() && seam::simulated();
            if ends {
                state.planned = 0;
            }
            (who, if ends { state.waker.take() } else { None })
        };
        drop(who);
        if let Some(waker) = idle {
            waker.wake();
        }
    }
}

impl Drop for Wheel {
    fn drop(&mut self) {
        // The driver ends.
        if let Some(waker) = self.state.get_mut().waker.take() {
            waker.wake();
        }
    }
}

impl fmt::Debug for Wheel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheel").finish_non_exhaustive()
    }
}

impl State {
    fn enter(&mut self, deadline: Instant, who: Arc<dyn Expire>) -> (Key, Then) {
        self.set_out();
        let (key, look) = self.slots.insert(ticks_up(deadline - self.base), who);
        if self.driver.is_none() {
            return (key, Then::Start(self.appoint()));
        }
        if look >= self.planned {
            return (key, Then::Nothing);
        }
        self.planned = look;
        (key, self.waker.take().map_or(Then::Nothing, Then::Wake))
    }

    /// Another runtime may have another clock.
    fn set_out(&mut self) {
        if self.driver.is_none() && self.slots.is_empty() {
            self.slots.restart();
            self.base = Instant::now();
        }
    }

    fn enter_lobby(&mut self, limit: Duration, who: Arc<dyn Expire>) -> (Ticket, Then) {
        let ticket = self.lobby.insert(limit, who);
        if self.lobby_open && self.driver.is_some() {
            return (ticket, Then::Nothing);
        }
        self.set_out();
        self.lobby_open = true;
        self.lobby_at = None;
        if self.driver.is_none() {
            return (ticket, Then::Start(self.appoint()));
        }
        self.planned = 0;
        (ticket, self.waker.take().map_or(Then::Nothing, Then::Wake))
    }

    /// The driver comes by.
    fn visit_lobby(&mut self, now: Instant) {
        if !self.lobby_open {
            return;
        }
        let entered = self.lobby.entered();
        let Some((at, before)) = self.lobby_at else {
            self.lobby_at = Some((now + LOBBY, entered));
            return;
        };
        if at > now {
            return;
        }
        // Not that of before the lock: an ask may have come since.
        let now = Instant::now();
        let (slots, moved, base) = (&mut self.slots, &mut self.moved, self.base);
        self.lobby.drain(|ticket, limit, who| {
            let (key, _) = slots.insert(ticks_up(now + limit - base), who);
            moved.insert(ticket, key);
        });
        self.lobby_open = entered != before;
        self.lobby_at = self.lobby_open.then_some((now + LOBBY, entered));
    }

    /// A new driver's number.
    fn appoint(&mut self) -> u64 {
        self.drivers += 1;
        self.planned = 0;
        // It was a moment of another driver's clock.
        self.lobby_at = None;
        *self.driver.insert(self.drivers)
    }

    fn step(&mut self, now: Instant) -> Step<Arc<dyn Expire>> {
        // In the same section as what is planned: else who opens the lobby in between is not seen (D3).
        self.visit_lobby(now);
        let step = self.slots.step(ticks_down(now - self.base));
        match step {
            Step::Next(tick) => self.planned = tick,
            Step::Empty if self.lobby_open => {
                self.planned = LAST;
                return Step::Next(LAST);
            }
            Step::Empty => self.driver = None,
            Step::Due(_) | Step::Moved => {}
        }
        step
    }

    fn moment(&self, tick: u64) -> Instant {
        let due = self.base + Duration::from_millis(tick * TICK);
        self.lobby_at.map_or(due, |(at, _)| due.min(at))
    }
}

fn ticks_down(d: Duration) -> u64 {
    let seconds = d.as_secs().saturating_mul(1000 / TICK);
    seconds.saturating_add(u64::from(d.subsec_millis()) / TICK).min(LAST)
}

fn ticks_up(d: Duration) -> u64 {
    const NANOS: u32 = TICK as u32 * 1_000_000;
    let seconds = d.as_secs().saturating_mul(1000 / TICK);
    seconds.saturating_add(u64::from(d.subsec_nanos().div_ceil(NANOS))).min(LAST)
}

/// A deadline in the wheel. Dropping it takes it out.
///
/// Once the drop has returned, nobody is told any longer, but for a driver on another thread that has taken the entry out already
/// and is just about to tell, or telling.
#[must_use = "an entry that is dropped never expires"]
pub(crate) struct Entry {
    wheel: Arc<Wheel>,
    place: Place,
}

/// Where an entry was made.
#[derive(Clone, Copy)]
enum Place {
    Wheel(Key),
    Lobby(Ticket),
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.wheel.leave(self.place);
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("deadline::Entry").finish_non_exhaustive()
    }
}

/// What the driver's task owns: whatever ends the task, this notices.
struct Driver {
    wheel: Weak<Wheel>,
    number: u64,
    /// How many drivers before it were dropped without having run once: see [`TRIES`].
    tries: u32,
}

/// What the driver does next.
enum Turn {
    Again,
    Sleep(u64, Instant),
    Over,
}

fn start(driver: Driver) {
    // Whose entry it is that starts the driver is chance: nobody's deadline or values are to be the driver's.
    Context::background().enter(|| TaskBuilder::new().name("vela-actor deadlines").spawn(drive(driver)));
}

async fn drive(mut driver: Driver) {
    driver.tries = 0;
    loop {
        match driver.turn() {
            Turn::Over => return,
            Turn::Again => yield_now().await,
            Turn::Sleep(planned, until) => {
                let mut sleep = pin!(sleep_until(until));
                poll_fn(|cx| if driver.waits(planned, cx.waker()) { sleep.as_mut().poll(cx) } else { Poll::Ready(()) })
                    .await;
            }
        }
    }
}

impl Driver {
    fn turn(&self) -> Turn {
        let Some(wheel) = self.wheel.upgrade() else { return Turn::Over };
        let now = Instant::now();
        for _ in 0..STEPS_AT_ONCE {
            let (step, next) = {
                let mut state = wheel.state.lock();
                let step = state.step(now);
                let next = if let Step::Next(tick) = step { Some((tick, state.moment(tick))) } else { None };
                (step, next)
            };
            match (step, next) {
                // One at a time, so that who leaves meanwhile is not told.
                (Step::Due(who), _) => who.expire(),
                (Step::Empty, _) => return Turn::Over,
                (_, Some((tick, moment))) => return Turn::Sleep(tick, moment),
                (_, None) => {}
            }
        }
        Turn::Again
    }

    /// Registers the waker (D2); false if there is something to look at before the tick `planned`.
    fn waits(&self, planned: u64, waker: &Waker) -> bool {
        let Some(wheel) = self.wheel.upgrade() else { return false };
        let waker = waker.clone();
        let (waits, _old) = {
            let mut state = wheel.state.lock();
            (state.planned >= planned, state.waker.replace(waker))
        };
        waits
    }
}

impl Drop for Driver {
    /// A driver that was cancelled, or that a panic of somebody's has ended, is followed by another.
    fn drop(&mut self) {
        let Some(wheel) = self.wheel.upgrade() else { return };
        let (next, _old) = {
            let mut state = wheel.state.lock();
            if state.driver != Some(self.number) {
                return;
            }
            state.driver = None;
            let left = !(state.slots.is_empty() && state.lobby.is_empty());
            let next = (self.tries < TRIES && left).then(|| state.appoint());
            (next, state.waker.take())
        };
        if let Some(number) = next {
            start(Driver { wheel: Weak::clone(&self.wheel), number, tries: self.tries + 1 });
        }
    }
}

#[cfg(test)]
mod tests;
