//! What the outside sees of an engine: runs, calls and timers, known from events and effects alone, and what must hold of them.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::supervise::{AutoShutdown, Cause, Decision, RestartType, Shutdown};

/// One run of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    Starting,
    Up,
}

#[derive(Debug)]
pub(super) struct Seen {
    pub(super) spec: Arc<ChildSpec>,
    kept: bool,
    pub(super) run: Option<Run>,
    /// How many runs there were.
    runs: u32,
    pub(super) stopped: bool,
    pub(super) killed: bool,
    overdue: bool,
    /// A call was made while this run was there, so that its exit is what somebody asked for.
    called: bool,
    /// The stop of this run is the agenda's.
    in_turn: bool,
    /// It is to be up when all is quiet.
    wanted: bool,
    removed: bool,
    /// This run ends by itself, as somebody was told.
    pub(super) leaving: bool,
    /// It has ended, and its specification stays.
    parked: bool,
    /// It is to handle its mail before it ends for good.
    drain: bool,
    /// It does: how much the run before has left.
    draining: Option<usize>,
    /// It has failed meanwhile, and goes on.
    goes_on: bool,
    /// This run is there for its mail only.
    finishing: bool,
}

impl Seen {
    fn drains(&self) -> bool {
        self.drain && !matches!(self.spec.shutdown, Some(Shutdown::Kill | Shutdown::After(Duration::ZERO)))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    Stop,
    Restart,
    Remove,
    Find,
}

/// A call without an answer.
#[derive(Debug)]
struct Waiting {
    key: Key,
    want: Want,
    runs: u32,
}

/// What the effects of this event may be.
#[derive(Debug, Default)]
struct Expected {
    /// The child that a call is about: to stop it needs no turn.
    called: Option<Key>,
    kill: bool,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) engine: Engine,
    pub(super) supervision: Supervision,
    pub(super) now: Duration,
    pub(super) children: BTreeMap<Key, Seen>,
    pub(super) timers: BTreeMap<Timer, Duration>,
    calls: BTreeMap<u64, Waiting>,
    tokens: u64,
    keys: u64,
    added: usize,
    gone: usize,
    /// Restarts that were due: when, of whom.
    restarts: Vec<(Duration, Key)>,
    /// Nobody is started before these have exited.
    must_exit: BTreeSet<Key>,
    killed: bool,
    /// Whether somebody waits before a restart.
    delays: bool,
    ending: Option<&'static str>,
    pub(super) over: bool,
    /// What happened, for who reads a failure.
    pub(super) log: Vec<String>,
}

impl World {
    pub(super) fn new(supervision: Supervision) -> Self {
        let delays = !supervision.backoff.max.is_zero();
        Self {
            engine: Engine::new(supervision.clone()),
            supervision,
            now: Duration::from_secs(100),
            children: BTreeMap::new(),
            timers: BTreeMap::new(),
            calls: BTreeMap::new(),
            tokens: 0,
            keys: 0,
            added: 0,
            gone: 0,
            restarts: Vec::new(),
            must_exit: BTreeSet::new(),
            killed: false,
            delays,
            ending: None,
            over: false,
            log: Vec::new(),
        }
    }

    fn in_groups(&self) -> bool {
        self.supervision.strategy != Strategy::OneForOne
    }

    fn expect_end(&mut self, how: &'static str) {
        self.ending.get_or_insert(how);
    }

    pub(super) fn add(&mut self, spec: ChildSpec, kept: bool) {
        self.keys += 1;
        self.added += 1;
        self.delays |= spec.backoff.is_some_and(|backoff| !backoff.max.is_zero());
        let (key, spec) = (Key(self.keys), Arc::new(spec));
        let kept = kept && spec.restart != RestartType::Temporary;
        let seen = Seen {
            spec: spec.clone(),
            kept,
            run: None,
            runs: 0,
            stopped: false,
            killed: false,
            overdue: false,
            called: false,
            in_turn: false,
            wanted: true,
            removed: false,
            leaving: false,
            parked: false,
            drain: spec.drain,
            draining: None,
            goes_on: false,
            finishing: false,
        };
        self.children.insert(key, seen);
        self.feed(Event::Add { key, spec, kept }, Expected::default());
    }

    pub(super) fn started(&mut self, key: Key) {
        self.children.get_mut(&key).unwrap().run = Some(Run::Up);
        self.feed(Event::Started(key), Expected::default());
    }

    pub(super) fn end(&mut self) {
        self.expect_end("Shutdown");
        self.feed(Event::Shutdown, Expected::default());
    }

    pub(super) fn kill(&mut self) {
        self.expect_end("Shutdown");
        self.killed = true;
        self.feed(Event::Kill, Expected { kill: true, ..Expected::default() });
        assert!(self.children.values().all(|seen| seen.killed), "all are killed");
    }

    pub(super) fn fire(&mut self, timer: Timer) {
        if self.timers.get(&timer).is_some_and(|at| *at <= self.now) {
            self.timers.remove(&timer);
        }
        self.feed(Event::Timer(timer), Expected::default());
    }

    pub(super) fn call(&mut self, kind: usize, key: Key) {
        self.tokens += 1;
        let token = Token(self.tokens);
        let (want, event) = match kind {
            0 => (Want::Stop, Event::Stop(key, token)),
            1 => (Want::Restart, Event::Restart(key, token)),
            2 => (Want::Remove, Event::Remove(key, token)),
            _ => (Want::Remove, Event::Drain(key, token)),
        };
        let mut runs = 0;
        let ending = self.ending.is_some();
        if let Some(seen) = self.children.get_mut(&key) {
            runs = seen.runs;
            let refused = want == Want::Restart && (seen.removed || ending);
            seen.called |= seen.run.is_some() && !refused;
            // Its mailbox is closed: no later call brings it back.
            let after_mail = matches!(event, Event::Drain(..));
            if !after_mail && want != Want::Restart && seen.drain && !seen.spec.drain {
                // It is asked once more, to stop at once.
                seen.drain = false;
                seen.stopped &= seen.draining.take().is_none() || seen.killed;
            }
            seen.drain |= after_mail;
            seen.removed |= want == Want::Remove || want == Want::Stop && seen.drain && !seen.kept;
            seen.parked &= want != Want::Restart || refused;
            seen.wanted = if refused { seen.wanted } else { want == Want::Restart };
        }
        self.calls.insert(token.0, Waiting { key, want, runs });
        self.feed(event, Expected { called: Some(key), ..Expected::default() });
    }

    pub(super) fn find(&mut self, key: Key, leaving: bool) {
        self.tokens += 1;
        let token = Token(self.tokens);
        let seen = self.children.get_mut(&key);
        let leaving = seen.as_ref().is_some_and(|seen| seen.leaving || leaving && seen.run.is_some());
        let runs = seen.map_or(0, |seen| {
            seen.leaving |= leaving;
            seen.runs
        });
        self.calls.insert(token.0, Waiting { key, want: Want::Find, runs });
        self.feed(Event::Find { key, leaving, token }, Expected::default());
    }

    /// E7: whether it goes on with its mail, of which so much is left.
    fn goes_on(&self, key: Key, exit: &Exit, mail: usize) -> bool {
        let seen = &self.children[&key];
        let last = self.engine.is_ending() || seen.removed || seen.called && !seen.wanted;
        let up = seen.stopped || seen.run == Some(Run::Up);
        let comes_back = match seen.spec.restart {
            RestartType::Permanent => true,
            RestartType::Transient => !exit.is_normal(),
            RestartType::Temporary => false,
        };
        let goes_on = match exit {
            Exit::Normal if seen.stopped => seen.draining.is_none(),
            Exit::Normal => up && comes_back,
            Exit::Failed(failure) => {
                let less = seen.draining.is_none_or(|before| mail < before);
                up && less && comes_back && decide(failure) == Decision::Restart
            }
            Exit::Killed => false,
        };
        goes_on && mail > 0 && last && seen.drains() && !seen.killed
    }

    pub(super) fn exited(&mut self, key: Key, exit: Exit, mail: usize, chance: f64) {
        let goes_on = self.goes_on(key, &exit, mail);
        let seen = self.children.get_mut(&key).unwrap();
        if goes_on {
            seen.run = None;
            (seen.goes_on, seen.draining) = (true, Some(mail));
            self.feed(Event::Exited { key, exit, mail, chance }, Expected::default());
            assert!(!self.children[&key].goes_on, "E7: {key:?} does not go on");
            return;
        }
        let asked = (seen.stopped || seen.killed) && !seen.overdue || seen.called;
        // A temporary one that the agenda stopped does not come back.
        seen.wanted &= seen.called || seen.spec.restart != RestartType::Temporary;
        seen.run = None;
        (seen.stopped, seen.killed, seen.overdue, seen.called, seen.in_turn) = (false, false, false, false, false);
        (seen.draining, seen.finishing) = (None, false);
        seen.leaving = false;
        self.must_exit.remove(&key);
        let (spec, before) = (seen.spec.clone(), self.engine.is_ending());
        if !asked && self.ending.is_none() {
            self.ended(key, &exit);
        }
        self.feed(Event::Exited { key, exit, mail, chance }, Expected::default());
        if !before && self.ending.is_none() && self.engine.is_ending() {
            // With delays only the engine knows how old the entries are. But there must have been enough of them.
            self.check_trip(key, &spec);
            self.expect_end("Escalated");
        }
    }

    /// It ended by itself: what must follow.
    fn ended(&mut self, key: Key, exit: &Exit) {
        let seen = &self.children[&key];
        let decision = match exit {
            Exit::Failed(failure) => decide(failure),
            _ => Decision::Restart,
        };
        let comes_back = match (decision, seen.spec.restart) {
            (Decision::Escalate, _) => return self.expect_end("Escalated"),
            (Decision::Stop, _) | (_, RestartType::Temporary) => false,
            (_, RestartType::Permanent) => true,
            (_, RestartType::Transient) => !exit.is_normal(),
        };
        if comes_back {
            self.restarts.push((self.now, key));
            if self.certainly_trips(key) {
                return self.expect_end("Escalated");
            }
            let from = if self.supervision.strategy == Strategy::OneForAll { Key(0) } else { key };
            if self.in_groups() {
                let up = self.children.range(from..).filter(|(_, seen)| seen.run.is_some());
                self.must_exit.extend(up.map(|(&key, _)| key));
            }
            return;
        }
        self.children.get_mut(&key).unwrap().wanted = false;
        let significant = self.children[&key].spec.significant;
        let left = self.children.iter().any(|(_, seen)| seen.spec.significant && (seen.wanted || seen.run.is_some()));
        match self.supervision.auto_shutdown {
            AutoShutdown::AnySignificant if significant => self.expect_end("AutoShutdown"),
            AutoShutdown::AllSignificant if significant && !left => self.expect_end("AutoShutdown"),
            _ => {}
        }
    }

    fn since(&self, within: Duration, of: impl Fn(Key) -> bool) -> usize {
        self.restarts.iter().filter(|&&(at, key)| at + within >= self.now && of(key)).count()
    }

    /// E4, from below: delays only make entries live longer.
    fn certainly_trips(&self, key: Key) -> bool {
        let spec = &self.children[&key].spec;
        let own = spec.max_restarts.is_some_and(|most| {
            self.since(spec.within.unwrap_or(Duration::from_secs(5)), |other| other == key) > most as usize
        });
        own || self.since(self.supervision.within, |_| true) > self.supervision.max_restarts as usize
    }

    /// E4, from above: it may give up only if there were too many at all. With no delays it is certain anyway.
    fn check_trip(&self, key: Key, spec: &ChildSpec) {
        let own = self.restarts.iter().filter(|(_, other)| *other == key).count();
        let many = self.restarts.len() > self.supervision.max_restarts as usize
            || spec.max_restarts.is_some_and(|most| own > most as usize);
        assert!(self.delays && many, "gave up without a reason");
    }

    fn feed(&mut self, event: Event, expected: Expected) {
        self.log.push(format!("{:?} {event:?}", self.now));
        let mut effects = Vec::new();
        self.engine.handle(self.now, event, &mut effects);
        for effect in effects {
            self.log.push(format!("    {effect:?}"));
            self.see(effect, &expected);
        }
        if self.ending.is_some() {
            assert!(self.engine.is_ending(), "it is to end: {:?}", self.ending);
        }
        if self.supervision.together && self.engine.is_ending() {
            let idle = self.children.iter().find(|(_, seen)| !seen.stopped && !seen.killed);
            assert!(idle.is_none(), "E1: {idle:?} is not asked to stop");
        }
    }

    fn see(&mut self, effect: Effect, expected: &Expected) {
        assert!(
            !self.over || matches!(effect, Effect::Answer(..) | Effect::Terminated(..)),
            "{effect:?} after the end"
        );
        match effect {
            Effect::Start(key) => self.see_start(key),
            Effect::Stop(key) => self.see_stop(key, false, expected),
            Effect::Drain { key, close } => {
                self.see_stop(key, false, expected);
                self.see_drain(key, close);
            }
            Effect::Finish { key, close, .. } => {
                let ending = self.engine.is_ending();
                let seen = self.children.get_mut(&key).unwrap();
                assert!(seen.run.is_none() && !seen.parked, "E7: {seen:?}");
                let draining = seen.draining;
                seen.run = Some(Run::Starting);
                seen.runs += 1;
                seen.finishing = true;
                if std::mem::take(&mut seen.goes_on) {
                    seen.stopped = true;
                } else {
                    seen.called |= !ending;
                    self.see_stop(key, false, expected);
                }
                self.see_drain(key, close);
                if draining.is_some() {
                    self.children.get_mut(&key).unwrap().draining = draining;
                }
            }
            Effect::Kill(key) => self.see_stop(key, true, expected),
            Effect::Overdue(key) => {
                let seen = self.children.get_mut(&key).expect("it is there");
                assert!(
                    seen.run == Some(Run::Starting)
                        && !seen.killed
                        && !seen.stopped
                        && seen.spec.start_timeout.is_some()
                );
                (seen.killed, seen.overdue) = (true, true);
            }
            Effect::SetTimer(timer, at) => _ = self.timers.insert(timer, at),
            Effect::CancelTimer(timer) => _ = self.timers.remove(&timer),
            Effect::Parked(key, _) => {
                let seen = &self.children[&key];
                assert!(seen.kept && seen.run.is_none() && !seen.wanted && !seen.parked, "parked: {seen:?}");
                self.children.get_mut(&key).unwrap().parked = true;
            }
            Effect::Terminated(key, _) => {
                let seen = self.children.remove(&key).expect("E6: gone only once");
                assert!(seen.run.is_none(), "gone though it is up");
                assert!(!seen.wanted || self.engine.is_ending(), "gone though it is wanted");
                self.gone += 1;
            }
            Effect::Answer(token, answer) => self.see_answer(token, &answer),
            Effect::Over(over) => self.see_over(&over),
        }
    }

    fn see_drain(&mut self, key: Key, close: bool) {
        let ending = self.engine.is_ending();
        let seen = self.children.get_mut(&key).unwrap();
        // With its group.
        seen.removed |= seen.in_turn && seen.spec.restart == RestartType::Temporary;
        assert!(seen.drains() && (seen.removed || ending || !close && !seen.wanted), "{key:?} may come back");
        seen.draining = Some(usize::MAX);
    }

    fn see_start(&mut self, key: Key) {
        assert!(!self.engine.is_ending(), "a start though it ends");
        if self.in_groups() {
            // Who is there for its mail only has no turn.
            let starting = |seen: &Seen| seen.run == Some(Run::Starting) && !seen.finishing;
            let starting = self.children.iter().find(|(_, seen)| starting(seen));
            assert!(starting.is_none(), "E2: {key:?} is started while {starting:?} is starting");
            assert!(self.children.values().all(|seen| !seen.in_turn), "E2: a start before all are stopped");
            assert!(self.must_exit.is_empty(), "E2: a start before {:?} are gone", self.must_exit);
            let before = self.engine.children().find(|(other, _, state)| *other < key && *state == State::Waiting);
            assert!(before.is_none(), "E2: {key:?} is started before {before:?}");
        }
        let seen = self.children.get_mut(&key).expect("it is there");
        assert!(seen.run.is_none(), "E3: {key:?} is up");
        assert!(seen.wanted, "{key:?} is started though it has ended");
        seen.run = Some(Run::Starting);
        seen.parked = false;
        seen.runs += 1;
    }

    fn see_stop(&mut self, key: Key, kill: bool, expected: &Expected) {
        let together = self.supervision.together && self.engine.is_ending();
        let in_turn = expected.called != Some(key) && !expected.kill && !self.children[&key].stopped && !together;
        if in_turn {
            let others: Vec<_> = self.children.range(key..).skip(1).filter(|(_, seen)| seen.run.is_some()).collect();
            assert!(others.is_empty(), "E2: {key:?} is stopped before {others:?}");
            assert!(
                self.killed || self.children.values().all(|seen| !seen.in_turn),
                "E1: another one is being stopped"
            );
        }
        let seen = self.children.get_mut(&key).expect("it is there");
        assert!(seen.run.is_some() && !seen.killed, "{key:?} is stopped though it is gone");
        assert!(kill || !seen.stopped, "{key:?} is stopped twice");
        let gently = !matches!(seen.spec.shutdown, Some(Shutdown::Kill | Shutdown::After(Duration::ZERO)));
        assert!(!kill || !gently || seen.stopped || expected.kill, "{key:?} is killed without having been asked");
        seen.in_turn |= in_turn;
        seen.stopped |= !kill;
        seen.killed |= kill;
    }

    fn see_answer(&mut self, token: Token, answer: &Answer) {
        let call = self.calls.remove(&token.0).expect("E6: answered once");
        let Waiting { key, want, runs } = call;
        let seen = self.children.get(&key);
        match (want, answer) {
            (Want::Find, Answer::Unknown) => assert!(self.engine.state(key).is_none(), "{key:?} is there"),
            (_, Answer::Unknown) => assert!(seen.is_none()),
            (Want::Stop | Want::Remove, Answer::Done) => {
                let same = seen.is_some_and(|seen| seen.run.is_some() && seen.runs == runs);
                assert!(!same, "{key:?} has not ended");
            }
            (Want::Restart, Answer::Done) => {
                let seen = seen.expect("it is there");
                assert!(seen.run == Some(Run::Up) && !seen.stopped && !seen.killed);
            }
            (Want::Restart | Want::Find, Answer::Over) => assert!(self.engine.is_ending()),
            (Want::Find, Answer::Done) => {
                let seen = seen.expect("it is there");
                assert!(!seen.stopped && !seen.killed && !seen.leaving, "{key:?} is found though it is ending");
                assert!(seen.wanted || seen.kept, "{key:?} is found though it does not stay");
                assert!(seen.runs >= runs);
            }
            (Want::Restart, Answer::Failed(_)) => assert!(seen.is_none_or(|seen| seen.run.is_none())),
            (Want::Restart, Answer::Overtaken) => {}
            (want, answer) => panic!("{answer:?} to {want:?}"),
        }
    }

    fn see_over(&mut self, over: &Over) {
        let how = match over {
            Over::Shutdown => "Shutdown",
            Over::AutoShutdown => "AutoShutdown",
            Over::Escalated(escalation) => {
                let decided = escalation.cause == Cause::Decided;
                assert!(!decided || matches!(&escalation.exit, Exit::Failed(failure) if failure.path() == "escalate"));
                "Escalated"
            }
        };
        assert_eq!(Some(how), self.ending.or(Some("Escalated")));
        assert!(self.children.is_empty() && self.timers.is_empty() && self.calls.is_empty(), "E6: {self:#?}");
        assert_eq!(self.added, self.gone, "E6");
        self.over = true;
    }

    /// When all do what they are told and no timer is left, every wish has come true.
    pub(super) fn check_quiet(&self) {
        assert!(self.calls.is_empty(), "without an answer: {:?}", self.calls);
        for (key, seen) in &self.children {
            let expected = if seen.wanted { State::Running } else { State::Stopped };
            assert_eq!(self.engine.state(*key), Some(expected), "{key:?}");
            assert_eq!(seen.run == Some(Run::Up), seen.wanted);
            assert_eq!(seen.parked, !seen.wanted, "{key:?}");
            assert!(seen.wanted || seen.kept, "{key:?} should be gone");
        }
        assert_eq!(self.engine.len(), self.children.len());
    }
}

/// What `on_failure` says: the failure's text tells.
pub(super) fn decide(failure: &Failure) -> Decision {
    match failure.path() {
        "stop" => Decision::Stop,
        "escalate" => Decision::Escalate,
        _ => Decision::Restart,
    }
}
