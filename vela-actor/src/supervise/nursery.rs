//! The nursery: the task that looks after the children of one incarnation, or of a system. It feeds the engine with what
//! happens, and does what the engine says.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::panic::Location;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use parking_lot::Mutex;
use vela_core::context::Context as Ambient;
use vela_core::task::TaskBuilder;
use vela_core::time::Instant;
use vela_core::{Receiver, Sender, oneshot};

use super::engine::{Answer, Effect, Engine, Event, Over, State, Timer, Token};
use super::{ChildSpec, Key, Shutdown, SpawnError, Supervision};
use crate::cell::{AnyCell, Core, drain};
use crate::events::EventKind;
use crate::exit::{Exit, Failure};
use crate::panics::{contained, say_now_and_then, unheard};
use crate::signals::{KILL, STOP};
use crate::system::Shared;
use crate::tree::ActorState;
use crate::waiting::{self, Alarm, Bell};

/// What the nursery is told.
pub(crate) enum Told {
    Event(Event),
    /// A call, and where its answer goes.
    Call(fn(Key, Token) -> Event, Key, oneshot::Sender<Answer>),
    /// Somebody wants the child, if it is there to stay.
    Find(Key, oneshot::Sender<Answer>),
    /// A run is wholly gone.
    Exited(Key, Exit),
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => event.fmt(f),
            Self::Call(_, key, _) => write!(f, "Call({key:?})"),
            Self::Find(key, _) => write!(f, "Find({key:?})"),
            Self::Exited(key, exit) => write!(f, "Exited({key:?}, {exit})"),
        }
    }
}

/// Who supervises an actor, and which of its children it is.
#[derive(Clone)]
pub(crate) struct Parent {
    told: Sender<Told>,
    key: Key,
}

impl Parent {
    pub(crate) fn started(&self) {
        self.tell(Told::Event(Event::Started(self.key)));
    }

    /// Whether anybody heard it.
    pub(crate) fn exited(&self, exit: Exit) -> bool {
        self.told.try_send(Told::Exited(self.key, exit)).is_ok()
    }

    /// Whether it waits for its own children to stop.
    pub(crate) fn waits(&self, waits: bool) {
        self.tell(Told::Event(Event::Waits { key: self.key, waits }));
    }

    pub(crate) fn stop(&self) {
        // For good: also if its specification would stay.
        self.tell(Told::Event(Event::Remove(self.key, NOBODY)));
    }

    /// As [`stop`](Self::stop), after the mail that is there.
    pub(crate) fn drain(&self) {
        self.tell(Told::Event(Event::Drain(self.key, NOBODY)));
    }

    fn tell(&self, what: Told) {
        // A nursery that has ended has nobody left who could tell it something, or its runtime has ended.
        let _ = self.told.try_send(what);
    }
}

/// The token of calls whose answer nobody wants.
const NOBODY: Token = Token(0);

/// What is known about the children without asking the nursery's task.
#[derive(Default)]
pub(crate) struct Table {
    keys: u64,
    pub(crate) children: BTreeMap<Key, Entry>,
    pub(crate) names: HashMap<Arc<str>, Key>,
    /// It takes no more children.
    pub(super) closing: bool,
    over: Option<Over>,
    /// Called when it is over.
    then: Vec<Box<dyn FnOnce() + Send>>,
    /// Added and not up yet, nor gone.
    unsettled: BTreeSet<Key>,
}

pub(crate) struct Entry {
    pub(crate) cell: Arc<dyn AnyCell>,
    pub(crate) spec: Arc<ChildSpec>,
}

/// What the handles and the task share.
pub(crate) struct Nursery {
    told: Sender<Told>,
    pub(crate) supervision: Supervision,
    /// The path of the owner, the prefix of those of the children.
    pub(crate) path: Arc<str>,
    pub(crate) system: Option<Arc<Shared>>,
    /// The line that began it.
    pub(crate) since: &'static Location<'static>,
    pub(crate) table: Mutex<Table>,
    over: Bell,
    settled: Bell,
}

/// What the owner does when it is over.
pub(crate) type OnOver = Box<dyn FnOnce(&Over) + Send>;

impl Nursery {
    /// Starts its task.
    #[track_caller]
    pub(crate) fn start(
        supervision: Supervision,
        path: Arc<str>,
        system: Option<Arc<Shared>>,
        on_over: OnOver,
    ) -> Arc<Self> {
        let (nursery, keeper) = Self::make(supervision, path, system, on_over);
        // Its end is that of its runtime, and kills all below it: no fault is to end it.
        let task = TaskBuilder::new().name(format!("supervisor of {}", nursery.path)).spared();
        // Whose call it is that makes the first child is chance: nobody's deadline or values are to be the children's.
        Ambient::background().enter(|| drop(task.spawn(keeper.run())));
        nursery
    }

    #[track_caller]
    fn make(
        supervision: Supervision,
        path: Arc<str>,
        system: Option<Arc<Shared>>,
        on_over: OnOver,
    ) -> (Arc<Self>, Keeper) {
        // Never full; and no queue of the program's, to which its configuration would apply.
        let (told, hears) = vela_core::channel(usize::MAX - 1);
        let engine = Engine::new(supervision.clone());
        let nursery = Arc::new(Self {
            told,
            supervision,
            path,
            system,
            since: Location::caller(),
            table: Mutex::new(Table::default()),
            over: Bell::default(),
            settled: Bell::default(),
        });
        let keeper = Keeper {
            nursery: Arc::clone(&nursery),
            hears,
            engine,
            start: Instant::now(),
            timers: Timers::default(),
            calls: HashMap::new(),
            tokens: NOBODY.0,
            effects: Vec::new(),
            on_over: Some(on_over),
            failed: HashMap::new(),
        };
        (nursery, keeper)
    }

    /// Adds a child, whose cell `make` makes: it does nothing else, for that is under the lock. Not called if there is an error.
    pub(crate) fn add(
        &self,
        spec: ChildSpec,
        kept: bool,
        make: impl FnOnce(Parent) -> Arc<dyn AnyCell>,
    ) -> Result<(), SpawnError> {
        self.supervision.check_child(&spec)?;
        let spec = Arc::new(spec);
        let key = {
            let mut table = self.table.lock();
            if table.closing {
                return Err(SpawnError::Closed(Arc::clone(&self.path)));
            }
            if table.names.contains_key(&spec.name) {
                return Err(SpawnError::NameTaken { name: Arc::clone(&spec.name), supervisor: Arc::clone(&self.path) });
            }
            table.keys += 1;
            let key = Key(table.keys);
            table.names.insert(Arc::clone(&spec.name), key);
            table.unsettled.insert(key);
            // Whoever finds the name finds the child.
            let cell = make(Parent { told: self.told.clone(), key });
            table.children.insert(key, Entry { cell, spec: Arc::clone(&spec) });
            key
        };
        let added = self.told.try_send(Told::Event(Event::Add { key, spec, kept }));
        if added.is_err() {
            self.gone(key, Exit::Killed);
            return Err(SpawnError::Closed(Arc::clone(&self.path)));
        }
        Ok(())
    }

    /// Calls, and waits for the answer; none if it is over meanwhile.
    pub(crate) async fn call(&self, event: fn(Key, Token) -> Event, key: Key) -> Answer {
        self.asks(|answer| Told::Call(event, key, answer)).await
    }

    /// Whether the child is there to stay. Waits until that is known.
    pub(crate) async fn stays(&self, key: Key) -> Answer {
        self.asks(|answer| Told::Find(key, answer)).await
    }

    async fn asks(&self, what: impl FnOnce(oneshot::Sender<Answer>) -> Told) -> Answer {
        let (answer, answered) = oneshot::channel();
        let _ = self.told.try_send(what(answer));
        answered.recv().await.unwrap_or(Answer::Over)
    }

    /// The child that has the name just now.
    pub(crate) fn named(&self, name: &str) -> Option<(Key, Arc<dyn AnyCell>)> {
        let table = self.table.lock();
        let key = *table.names.get(name)?;
        table.children.get(&key).map(|entry| (key, Arc::clone(&entry.cell)))
    }

    /// It takes no more children, and stops those that it has.
    pub(crate) fn close(&self, how: Event) {
        self.table.lock().closing = true;
        let _ = self.told.try_send(Told::Event(how));
    }

    pub(crate) fn is_over(&self) -> bool {
        self.table.lock().over.is_some()
    }

    /// Waits until it is over.
    pub(crate) async fn over(&self) -> Over {
        waiting::until(&self.over, || self.table.lock().over.clone()).await
    }

    /// Waits until each child that was added so far is up, or gone.
    pub(crate) async fn settled(&self) {
        // What is added later has a later key.
        let last = Key(self.table.lock().keys);
        waiting::until(&self.settled, || {
            let table = self.table.lock();
            let waits = table.unsettled.first().is_some_and(|first| *first <= last);
            (!waits || table.over.is_some()).then_some(())
        })
        .await;
    }

    /// Kills the children, and calls `then` once all are gone.
    pub(crate) fn kill_and_then(&self, then: impl FnOnce() + Send + 'static) {
        let mut table = self.table.lock();
        if table.over.is_some() {
            drop(table);
            return then();
        }
        table.then.push(Box::new(then));
        drop(table);
        self.close(Event::Kill);
    }

    fn settle(&self, key: Key) {
        let mut table = self.table.lock();
        // Who waits looks at the first.
        let first = table.unsettled.first() == Some(&key);
        table.unsettled.remove(&key);
        drop(table);
        if first {
            self.settled.ring();
        }
    }

    /// A child is gone for good.
    fn gone(&self, key: Key, exit: Exit) {
        let entry = {
            let mut table = self.table.lock();
            let entry = table.children.remove(&key);
            if let Some(entry) = &entry
                && table.names.get(&entry.spec.name) == Some(&key)
            {
                table.names.remove(&entry.spec.name);
            }
            entry
        };
        // In this order, so that who hears of it finds it so.
        if let Some(entry) = entry {
            entry.cell.terminate(exit);
            entry.cell.publish(|| EventKind::Terminated);
        }
        self.settle(key);
    }

    fn finish(&self, over: Over) {
        let then = {
            let mut table = self.table.lock();
            table.closing = true;
            table.over = Some(over);
            table.unsettled.clear();
            mem::take(&mut table.then)
        };
        for then in then {
            contained(then);
        }
        self.over.ring();
        self.settled.ring();
    }
}

impl fmt::Debug for Nursery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nursery").field("of", &self.path).finish_non_exhaustive()
    }
}

/// The nursery's task.
struct Keeper {
    nursery: Arc<Nursery>,
    hears: Receiver<Told>,
    engine: Engine,
    start: Instant,
    timers: Timers,
    calls: HashMap<Token, oneshot::Sender<Answer>>,
    tokens: u64,
    effects: Vec<Effect>,
    on_over: Option<OnOver>,
    /// When those failed last that come back: it is told once of many failures in a row.
    failed: HashMap<Key, Duration>,
}

/// Failures with less time than that between them are a row.
const IN_A_ROW: Duration = Duration::from_secs(10);

impl Keeper {
    async fn run(mut self) {
        while !self.engine.is_over() {
            let told = {
                let mut hears = std::pin::pin!(self.hears.recv());
                let timers = &mut self.timers;
                poll_fn(|cx| {
                    if let Poll::Ready(timer) = timers.poll(cx) {
                        return Poll::Ready(Some(Told::Event(Event::Timer(timer))));
                    }
                    hears.as_mut().poll(cx)
                })
                .await
            };
            let Some(told) = told else { break };
            if let Told::Event(Event::Timer(_)) = told {
                self.catch_up();
            }
            self.hear(told);
        }
        // For those who came too late.
        self.hears.close();
        while let Ok(told) = self.hears.try_recv() {
            self.hear(told);
        }
    }

    /// Hears what lies there already. A child that was in time is not late because nobody had time to hear of it.
    fn catch_up(&mut self) {
        for _ in 0..self.hears.len() {
            let Ok(told) = self.hears.try_recv() else { return };
            self.hear(told);
        }
    }

    fn hear(&mut self, told: Told) {
        let mut failed = None;
        let event = match told {
            Told::Event(event) => event,
            Told::Exited(key, exit) => {
                let cell = self.cell(key);
                let mail = cell.as_ref().map_or(0, |cell| cell.left());
                failed = exit.failure().cloned().zip(cell);
                let chance = if self.engine.jitters() { chance() } else { 0.0 };
                Event::Exited { key, exit, mail, chance }
            }
            Told::Call(event, key, answer) => event(key, self.token(answer)),
            Told::Find(key, answer) => {
                let leaves = |core: &Core| core.state() == ActorState::Stopping;
                let leaving = self.cell(key).is_some_and(|cell| leaves(cell.core()));
                Event::Find { key, leaving, token: self.token(answer) }
            }
        };
        let concerned = match event {
            Event::Started(key) => {
                self.nursery.settle(key);
                None
            }
            Event::Exited { key, .. }
            | Event::Stop(key, _)
            | Event::Restart(key, _)
            | Event::Remove(key, _)
            | Event::Drain(key, _) => Some(key),
            _ => None,
        };
        let late = if let Event::Timer(Timer::Shutdown(key)) = event { Some(key) } else { None };
        let mut effects = mem::take(&mut self.effects);
        self.engine.handle(self.start.elapsed(), event, &mut effects);
        if self.engine.is_ending() {
            // First: who sees an effect knows what it is part of.
            self.nursery.table.lock().closing = true;
        }
        // The timer may have been moved.
        let late = late.filter(|late| effects.iter().any(|effect| matches!(effect, Effect::Kill(key) if key == late)));
        let mut answers = Vec::new();
        for effect in effects.drain(..) {
            match effect {
                // Last, so that who is told that a child has ended finds it so.
                Effect::Answer(token, answer) => answers.push((token, answer)),
                // What a foreign drop may throw there concerns none of the others.
                effect => contained(|| self.perform(effect)),
            }
        }
        self.effects = effects;
        if let Some(key) = late {
            self.tell_of_kill(key);
        }
        if let Some(key) = concerned {
            self.look_after(key);
            if let Some((failure, cell)) = failed {
                self.tell_of(key, &failure, &*cell);
            }
        }
        for (token, answer) in answers {
            if let Some(caller) = self.calls.remove(&token) {
                // Who has gone wants no answer. Its waker is not ours.
                contained(|| drop(caller.send(answer)));
            }
        }
    }

    /// A failure is not silent: without a log there is a line about it. (Panics have one.)
    fn tell_of(&mut self, key: Key, failure: &Failure, cell: &dyn AnyCell) {
        if failure.is_panic() || !unheard(cell) {
            return;
        }
        let comes_back = self.engine.state(key).is_some_and(|state| state != State::Stopped);
        let now = self.start.elapsed();
        let before = if comes_back { self.failed.insert(key, now) } else { self.failed.remove(&key) };
        let in_a_row = before.is_some_and(|before| now.saturating_sub(before) < IN_A_ROW);
        if comes_back && in_a_row {
            return;
        }
        let then = match (self.engine.is_ending(), comes_back) {
            (true, _) => "",
            (false, true) => "; it is restarted",
            (false, false) => "; it is not restarted",
        };
        say_now_and_then(format_args!("vela: {failure}{then}"));
    }

    /// Nor is it silent that a child is killed that had time to stop.
    fn tell_of_kill(&self, key: Key) {
        let child =
            self.nursery.table.lock().children.get(&key).map(|child| (Arc::clone(&child.cell), child.spec.shutdown));
        if let Some((cell, shutdown)) = child
            && let Shutdown::After(limit) = shutdown.unwrap_or_default()
            && unheard(&*cell)
        {
            let path = cell.core().who.path();
            say_now_and_then(format_args!("vela: {path} is killed: it had not stopped within {limit:?}"));
        }
    }

    /// Of a call, whose answer goes there.
    fn token(&mut self, answer: oneshot::Sender<Answer>) -> Token {
        self.tokens += 1;
        let token = Token(self.tokens);
        self.calls.insert(token, answer);
        token
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Start(key) => {
                if let Some(cell) = self.cell(key) {
                    start(cell);
                }
            }
            Effect::Stop(key) => self.raise(key, STOP),
            Effect::Drain { key, close } => {
                if let Some(cell) = self.cell(key) {
                    drain(&*cell, close);
                }
            }
            Effect::Finish { key, close, exit } => {
                if let Some(cell) = self.cell(key) {
                    self.finish_mail(key, cell, close, exit);
                }
            }
            Effect::Kill(key) => self.raise(key, KILL),
            Effect::Overdue(key) => {
                if let Some(cell) = self.cell(key) {
                    cell.core().overdue();
                }
            }
            Effect::SetTimer(timer, at) => {
                if let Timer::Backoff(key) = timer
                    && let Some(cell) = self.cell(key)
                {
                    cell.core().set_state(ActorState::Backoff);
                    restarting(&*cell, at.saturating_sub(self.start.elapsed()));
                }
                self.timers.set(timer, self.start + at);
            }
            Effect::CancelTimer(timer) => self.timers.cancel(timer),
            Effect::Parked(key, exit) => {
                if let Some(cell) = self.cell(key) {
                    cell.core().set_state(ActorState::Stopped);
                    cell.park(exit);
                    self.nursery.settle(key);
                }
            }
            Effect::Terminated(key, exit) => {
                self.failed.remove(&key);
                self.nursery.gone(key, exit);
            }
            Effect::Answer(..) => unreachable!("answers are given by `hear`"),
            Effect::Over(over) => self.finish(over),
        }
    }

    fn finish_mail(&self, key: Key, cell: Arc<dyn AnyCell>, close: bool, exit: Exit) {
        if close {
            cell.close();
        }
        if cell.left() > 0 {
            start(Arc::clone(&cell));
            drain(&*cell, false);
        } else {
            // The receiver is ours: it is heard after what is heard now.
            let _ = self.nursery.told.try_send(Told::Event(Event::Exited { key, exit, mail: 0, chance: 0.0 }));
        }
    }

    /// Shows what a child does now that has no run.
    fn look_after(&self, key: Key) {
        if self.engine.state(key) == Some(State::Waiting)
            && let Some(cell) = self.cell(key)
            && cell.core().has_started()
        {
            cell.core().set_state(ActorState::Restarting);
        }
    }

    fn cell(&self, key: Key) -> Option<Arc<dyn AnyCell>> {
        self.nursery.table.lock().children.get(&key).map(|entry| Arc::clone(&entry.cell))
    }

    fn raise(&self, key: Key, flag: u32) {
        if let Some(cell) = self.cell(key) {
            cell.core().raise(flag);
        }
    }

    fn finish(&mut self, over: Over) {
        if let Some(on_over) = self.on_over.take() {
            contained(|| on_over(&over));
            self.nursery.finish(over);
        }
    }
}

impl Drop for Keeper {
    /// Its runtime has ended: nobody waits for it in vain.
    fn drop(&mut self) {
        if self.on_over.is_none() {
            return;
        }
        self.hears.close();
        let left: Vec<Key> = self.nursery.table.lock().children.keys().copied().collect();
        for key in left {
            self.raise(key, KILL);
            self.nursery.gone(key, Exit::Killed);
        }
        self.finish(Over::Shutdown);
    }
}

fn start(cell: Arc<dyn AnyCell>) {
    if cell.core().has_started() && cell.core().state() != ActorState::Backoff {
        restarting(&*cell, Duration::ZERO);
    }
    cell.start();
}

fn restarting(cell: &dyn AnyCell, after: Duration) {
    cell.publish(|| EventKind::Restarting { after, restarts: cell.core().restarts().into() });
}

/// A number from 0.0 to 1.0; the same again when a simulation is replayed.
fn chance() -> f64 {
    /// Enough steps for a share of a delay.
    const STEPS: usize = 1 << 20;
    let drawn = vela_core::__private::draw(STEPS).unwrap_or_else(|| fastrand::usize(..STEPS));
    drawn as f64 / STEPS as f64
}

/// When the engine wants to hear of what.
#[derive(Default)]
struct Timers {
    queue: BTreeMap<(Instant, u64), Timer>,
    set: HashMap<Timer, (Instant, u64)>,
    count: u64,
    alarm: Alarm,
}

impl Timers {
    fn set(&mut self, timer: Timer, at: Instant) {
        self.cancel(timer);
        self.count += 1;
        self.set.insert(timer, (at, self.count));
        self.queue.insert((at, self.count), timer);
    }

    fn cancel(&mut self, timer: Timer) {
        if let Some(place) = self.set.remove(&timer) {
            self.queue.remove(&place);
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Timer> {
        let first = self.queue.first_key_value();
        let (at, timer) = first.map(|(&(at, _), &timer)| (at, timer)).unzip();
        ready!(self.alarm.poll(at, cx));
        let Some(timer) = timer else { return Poll::Pending };
        self.cancel(timer);
        Poll::Ready(timer)
    }
}

#[cfg(test)]
mod tests;
