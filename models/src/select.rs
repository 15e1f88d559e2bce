//! The select protocol of `vela-core` as a state machine: channels, claim words, owners and counterparts.

pub mod configs;
mod frame;
mod owner;
mod section;
mod state;

use stateright::{Model, Property};

pub use frame::{Deed, Frame, Kind};
use owner::Run;
use section::start_op;
pub use state::{Arm, Chan, End, Fault, Hand, Node, NodeId, Op, Outcome, Side, State, Task, Val, Word};

/// A mistake in this copy of the protocol. None of them is in `vela-core`; each shows that the checker would find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bug {
    /// The protocol as it is.
    None,
    /// `park` stores `WAITING` also over a mark.
    SleepUnchecked,
    /// `enroll` links without the look under the same lock.
    EnrolBlind,
    /// A receiver that is dropped after it was served drops the value.
    CancelDropsValue,
    /// … puts it back, but does not serve the next receiver with it.
    CancelHandsNothingOn,
    /// `else` after a single collect of the words.
    SingleCollect,
    /// The claim is a load and a store.
    ClaimByStore,
    /// A parked sender's value is copied out of its packet.
    TakeByCopy,
    /// The arms that have lost stay in their lists.
    LoserStaysLinked,
    /// `complete` after the channel's lock is released.
    CompleteAfterUnlock,
    /// A missed owner looks again at one arm after the other, and parks as before.
    LookArmByArm,
    /// The locks of a select are taken in the order of its arms.
    LocksInTextOrder,
}

/// A configuration: few channels, and what each task does with them.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its name in reports.
    pub name: &'static str,
    /// The channels: capacity, and the values that are in the buffer at first.
    pub chans: Vec<(u8, Vec<Val>)>,
    /// What each task does, one operation after the other.
    pub scripts: Vec<Vec<Op>>,
    /// How often each task's future may be dropped while it is pending.
    pub cancels: Vec<u8>,
    /// How often each task may be polled without having been woken.
    pub polls: Vec<u8>,
    /// The planted mistake.
    pub bug: Bug,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// The task's next action; true: it draws the order that is not that of the text.
    Step(u8, bool),
    /// A poll that nobody has asked for.
    Poll(u8),
    /// The task's pending future is dropped.
    Cancel(u8),
}

impl Config {
    /// Tasks with these scripts, which are neither cancelled nor polled needlessly.
    #[must_use]
    pub fn new(name: &'static str, chans: Vec<(u8, Vec<Val>)>, scripts: Vec<Vec<Op>>) -> Self {
        let none = vec![0; scripts.len()];
        Self { name, chans, cancels: none.clone(), polls: none, scripts, bug: Bug::None }
    }

    /// The task may be cancelled once.
    #[must_use]
    pub fn cancel(mut self, task: usize) -> Self {
        self.cancels[task] += 1;
        self
    }

    /// The task may be polled needlessly once.
    #[must_use]
    pub fn poll(mut self, task: usize) -> Self {
        self.polls[task] += 1;
        self
    }

    /// With a mistake in it.
    #[must_use]
    pub fn plant(mut self, bug: Bug) -> Self {
        self.bug = bug;
        self
    }

    /// Under another name.
    #[must_use]
    pub fn renamed(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    fn versions(&self) -> bool {
        self.scripts.iter().flatten().any(|op| matches!(op, Op::SelectElse(_)))
    }

    fn op(&self, s: &State, t: usize) -> Option<&Op> {
        self.scripts[t].get(usize::from(s.tasks[t].op))
    }

    /// Whether the task can go on by itself.
    fn runs(s: &State, task: &Task) -> bool {
        match task.stack.last() {
            None => false,
            Some(Frame::Asleep) => task.woken,
            Some(frame) => frame.waits_for().is_none_or(|c| s.chans[usize::from(c)].lock.is_none()),
        }
    }

    /// Nobody can go on by himself.
    fn quiet(s: &State) -> bool {
        s.fault.is_none() && !s.tasks.iter().any(|task| Self::runs(s, task))
    }

    /// Whether an arm of task `me` could be served: by a value, by room, by the close, or by another's operation that
    /// can be claimed. In a channel that another holds: as of its last unlock.
    fn ready(s: &State, me: usize, arm: Arm) -> bool {
        let chan = &s.chans[usize::from(arm.chan())];
        let send = matches!(arm, Arm::Send(..));
        if chan.lock.is_some_and(|holder| usize::from(holder) != me) {
            return if send { chan.may_send } else { chan.may_recv };
        }
        let waits = |node: &NodeId| {
            let task = usize::from(node.task);
            task != me && s.tasks[task].op == node.op && s.tasks[task].word == Word::Waiting
        };
        let there = if send { chan.has_room() } else { !chan.is_empty() };
        let partners = if send { &chan.receivers } else { &chan.senders };
        chan.closed || there || partners.iter().any(waits)
    }

    fn any_ready(&self, s: &State, me: usize) -> bool {
        let arms = self.op(s, me).map_or(&[][..], Op::arms);
        arms.iter().zip(&s.tasks[me].nodes).any(|(&arm, node)| node.enabled && Self::ready(s, me, arm))
    }

    /// How many places a value is in.
    fn count(&self, s: &State, value: Val) -> usize {
        let one = |v: &Val| *v == value;
        let chans = s.chans.iter().map(|chan| {
            chan.buffer.iter().filter(|v| one(v)).count() + chan.returned.iter().filter(|(_, v)| one(v)).count()
        });
        let tasks = s.tasks.iter().zip(&self.scripts).map(|(task, script)| {
            let later = script.iter().skip(usize::from(task.op) + 1).flat_map(Op::arms);
            let later = later.filter(|arm| matches!(arm, Arm::Send(_, v) if one(v))).count();
            let nodes = task.nodes.iter().filter_map(|node| node.value).filter(one).count();
            let stack = task.stack.iter().filter(|frame| match frame {
                Frame::Push { v, .. } | Frame::PushOn { v, .. } => one(v),
                Frame::ClaimFirst { deed, .. } | Frame::TryClaim { deed, .. } | Frame::ClaimStore { deed, .. } => {
                    matches!(deed, Deed::HandOver(v) if one(v))
                }
                _ => false,
            });
            let had = task.got.iter().chain(&task.kept).filter(|v| one(v)).count();
            later + nodes + stack.count() + had + usize::from(task.hand == Hand::Value(value))
        });
        chans.chain(tasks).sum()
    }

    /// Sets the ghost variables after a step.
    fn judge(&self, s: &mut State) {
        for t in 0..s.tasks.len() {
            if matches!(self.op(s, t), Some(Op::SelectElse(_))) && !s.tasks[t].calm {
                s.tasks[t].calm = !self.any_ready(s, t);
            }
        }
        if s.fault.is_some() {
            return;
        }
        let sent = self.scripts.iter().flatten().flat_map(Op::arms).filter_map(|arm| match arm {
            Arm::Send(_, value) => Some(*value),
            Arm::Recv(_) => None,
        });
        for value in sent.chain(self.chans.iter().flat_map(|(_, values)| values.iter().copied())) {
            match self.count(s, value) {
                0 => s.fault = Some(Fault::Lost(value)),
                1 => {}
                _ => s.fault = Some(Fault::Twice(value)),
            }
        }
        let left = |node: &NodeId| {
            let owner = &s.tasks[usize::from(node.task)];
            owner.op != node.op || !owner.nodes[usize::from(node.arm)].enrolled
        };
        if s.fault.is_none() && s.chans.iter().any(|chan| chan.senders.iter().chain(&chan.receivers).any(left)) {
            s.fault = Some(Fault::Leak);
        }
    }
}

impl Model for Config {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let chans = self.chans.iter().map(|(capacity, values)| {
            let mut chan = Chan {
                lock: None,
                buffer: values.clone(),
                returned: Vec::new(),
                senders: Vec::new(),
                receivers: Vec::new(),
                handed: 0,
                closed: false,
                capacity: *capacity,
                version: 0,
                may_recv: false,
                may_send: false,
            };
            chan.publish(false);
            chan
        });
        let tasks = self.scripts.iter().enumerate().map(|(t, script)| {
            let mut task = Task {
                op: 0,
                word: Word::Busy(false),
                waker: false,
                nodes: Vec::new(),
                stack: Vec::new(),
                woken: false,
                wakes: Vec::new(),
                hand: Hand::Nothing,
                cancels: self.cancels[t],
                polls: self.polls[t],
                got: Vec::new(),
                kept: Vec::new(),
                ends: Vec::new(),
                effects: 0,
                calm: false,
            };
            start_op(&mut task, script, 0);
            task
        });
        let mut s = State { chans: chans.collect(), tasks: tasks.collect(), fault: None };
        self.judge(&mut s);
        vec![s]
    }

    fn actions(&self, s: &State, actions: &mut Vec<Action>) {
        if s.fault.is_some() {
            return;
        }
        for (t, task) in (0..).zip(&s.tasks) {
            if Self::runs(s, task) {
                actions.push(Action::Step(t, false));
                let draws = matches!(task.stack.last(), Some(Frame::Start | Frame::LookAll { .. }));
                if draws && task.nodes.iter().filter(|node| node.enabled).count() > 1 {
                    actions.push(Action::Step(t, true));
                }
            }
            if task.asleep() && !task.woken && task.polls > 0 {
                actions.push(Action::Poll(t));
            }
            if task.asleep() && task.cancels > 0 {
                actions.push(Action::Cancel(t));
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut s = last.clone();
        let (Action::Step(t, _) | Action::Poll(t) | Action::Cancel(t)) = action;
        let t = usize::from(t);
        let task = &mut s.tasks[t];
        match action {
            Action::Step(..) => {}
            Action::Poll(_) => task.polls -= 1,
            Action::Cancel(_) => {
                task.cancels -= 1;
                task.stack = vec![Frame::Over(End::Cancelled), Frame::Withdraw { arm: 0, all: true }];
            }
        }
        let flip = matches!(action, Action::Step(_, true));
        Run { scripts: &self.scripts, bug: self.bug, versions: self.versions(), s: &mut s, t, flip }.step();
        self.judge(&mut s);
        Some(s)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("exactly one winner", |_, s: &State| s.fault != Some(Fault::Winners)),
            Property::always("no value is lost", |_, s: &State| !matches!(s.fault, Some(Fault::Lost(_)))),
            Property::always("no value is in two places", |_, s: &State| !matches!(s.fault, Some(Fault::Twice(_)))),
            Property::always("else only at a calm instant", |_, s: &State| s.fault != Some(Fault::Else)),
            Property::always("nothing is touched after its end", |_, s: &State| s.fault != Some(Fault::Touched)),
            Property::always("no node stays behind", |_, s: &State| s.fault != Some(Fault::Leak)),
            Property::always("no lost wake-up", |config: &Self, s: &State| {
                let stuck = |t: usize| s.tasks[t].asleep() && config.any_ready(s, t);
                !(Self::quiet(s) && (0..s.tasks.len()).any(stuck))
            }),
            Property::always("no deadlock", |_, s: &State| {
                !Self::quiet(s) || s.tasks.iter().all(|task| task.stack.is_empty() || task.asleep())
            }),
        ]
    }
}
