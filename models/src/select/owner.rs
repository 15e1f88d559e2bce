//! The owner's side of the protocol: `One::poll`, `Selector::poll`, and the drop of their futures.

use super::Bug;
use super::frame::{Frame, Kind};
use super::section::start_op;
use super::state::{Arm, End, Fault, Hand, Node, Op, Outcome, Side, State, Task, Word};

/// One task that takes a step.
pub(super) struct Run<'a> {
    pub(super) scripts: &'a [Vec<Op>],
    pub(super) bug: Bug,
    /// Whether the versions of the channels are counted.
    pub(super) versions: bool,
    pub(super) s: &'a mut State,
    pub(super) t: usize,
    /// The order that is drawn in this step, if one is.
    pub(super) flip: bool,
}

impl Run<'_> {
    /// Runs to the end of the step: one action that others can see, and what the task does alone after it.
    pub(super) fn step(&mut self) {
        let mut acted = false;
        while self.s.fault.is_none() {
            let Some(&frame) = self.task().stack.last() else { return };
            let blocked = frame.waits_for().is_some_and(|c| self.s.chans[usize::from(c)].lock.is_some());
            let kind = frame.kind();
            if blocked || (acted && kind != Kind::Local) {
                return;
            }
            acted |= kind == Kind::Acts;
            self.task().stack.pop();
            self.run(frame);
        }
    }

    pub(super) fn task(&mut self) -> &mut Task {
        &mut self.s.tasks[self.t]
    }

    pub(super) fn me(&self) -> u8 {
        u8::try_from(self.t).expect("few tasks")
    }

    fn op(&self) -> &Op {
        &self.scripts[self.t][usize::from(self.s.tasks[self.t].op)]
    }

    pub(super) fn arm(&self, arm: u8) -> Arm {
        self.op().arms()[usize::from(arm)]
    }

    pub(super) fn node(&mut self, arm: u8) -> &mut Node {
        &mut self.task().nodes[usize::from(arm)]
    }

    fn width(&self) -> u8 {
        u8::try_from(self.op().arms().len()).expect("few arms")
    }

    fn any_enabled(&mut self) -> bool {
        self.task().nodes.iter().any(|node| node.enabled)
    }

    fn order(&self, at: u8, flip: bool) -> u8 {
        if flip { self.width() - 1 - at } else { at }
    }

    /// What is to be done, in this order.
    pub(super) fn push(&mut self, frames: &[Frame]) {
        self.task().stack.extend(frames.iter().rev());
    }

    /// A critical section of the channel of `arm`, with its wakes.
    fn section(&mut self, arm: u8, body: &[Frame], then: &[Frame]) {
        let c = self.arm(arm).chan();
        self.push(then);
        self.push(&[Frame::Leave { c }, Frame::WakeAll]);
        self.push(body);
        self.push(&[Frame::Enter { c }]);
    }

    fn run(&mut self, frame: Frame) {
        match frame {
            Frame::Start => {
                let flip = self.flip;
                self.push(&[Frame::Visit { at: 0, flip }]);
            }
            Frame::Visit { at, flip } => self.visit(at, flip),
            Frame::Attempt { arm } => {
                let chan = &self.s.chans[usize::from(self.arm(arm).chan())];
                let maybe = if matches!(self.arm(arm), Arm::Send(..)) { chan.may_send } else { chan.may_recv };
                if maybe {
                    self.section(arm, &[Frame::Look { arm, me: false }], &[]);
                }
            }
            Frame::Visited { at, flip } => self.judge(self.order(at, flip), Frame::Visit { at: at + 1, flip }),
            Frame::Collect { arm, round, sum, maybe, old } => self.collect(arm, round, sum, maybe, old),
            Frame::Enrol { arm } => self.enrol(arm),
            Frame::Link { arm } => self.link(arm),
            Frame::Enrolled { arm } => self.judge(arm, Frame::Enrol { arm: arm + 1 }),
            Frame::Park => self.park(),
            Frame::Rearm => {
                self.task().word = Word::Busy(false);
                let one_by_one = self.bug == Bug::LookArmByArm;
                self.push(&[if one_by_one { Frame::LookAgain { arm: 0 } } else { Frame::LookAll { park: true } }]);
            }
            Frame::LookAll { park } => self.look_all(park),
            Frame::LookNext { at, flip, park } => {
                let arm = self.order(at, flip);
                self.push(&[Frame::Found { at, flip, park }]);
                if self.node(arm).enabled {
                    self.push(&[Frame::Look { arm, me: true }, Frame::Publish { c: self.arm(arm).chan() }]);
                }
            }
            Frame::Found { at, flip, park } => self.found(at, flip, park),
            Frame::LookedAll { found, park } => self.looked_all(found, park),
            Frame::LookAgain { arm } if arm == self.width() => self.push(&[Frame::Park]),
            Frame::LookAgain { arm } => {
                self.section(arm, &[Frame::Look { arm, me: true }], &[Frame::LookedAgain { arm }]);
            }
            Frame::LookedAgain { arm } => self.judge(arm, Frame::LookAgain { arm: arm + 1 }),
            Frame::Asleep => {
                self.task().woken = false;
                self.push(&[Frame::Phase]);
            }
            Frame::Phase => match self.task().word {
                Word::Done(arm) => self.finish(arm),
                Word::Claimed(arm) => self.push(&[Frame::Settle { c: self.arm(arm).chan() }, Frame::Phase]),
                Word::Busy(_) | Word::Waiting => self.push(&[Frame::Hold]),
            },
            Frame::Hold => self.hold(),
            Frame::Withdraw { arm, all } => self.withdraw(arm, all),
            Frame::Delist { arm } => self.delist(arm),
            Frame::Restart => {
                self.task().word = Word::Busy(false);
                self.task().waker = false;
                self.push(&[Frame::Start]);
            }
            Frame::Over(end) => self.over(end),
            Frame::WakeAll => {
                for task in std::mem::take(&mut self.task().wakes).into_iter().rev() {
                    self.push(&[Frame::Wake { task }]);
                }
            }
            Frame::Wake { task } => {
                let task = &mut self.s.tasks[usize::from(task)];
                task.woken = !task.stack.is_empty();
            }
            Frame::Settle { .. } => {}
            section => self.run_section(section),
        }
    }

    /// `start`, after each look at an arm.
    fn visit(&mut self, at: u8, flip: bool) {
        if at < self.width() {
            let arm = self.order(at, flip);
            if self.node(arm).enabled {
                self.push(&[Frame::Attempt { arm }, Frame::Visited { at, flip }]);
            } else {
                self.push(&[Frame::Visit { at: at + 1, flip }]);
            }
        } else if !self.any_enabled() {
            self.leave(End::Closed);
        } else if matches!(self.op(), Op::SelectElse(_)) {
            self.push(&[Frame::Collect { arm: 0, round: 0, sum: 0, maybe: false, old: None }]);
        } else {
            self.task().waker = true;
            if matches!(self.op(), Op::One(_)) {
                // Its only node is linked in the section that looks: it is armed before.
                self.task().word = Word::Waiting;
            }
            self.push(&[Frame::Enrol { arm: 0 }]);
        }
    }

    /// `judge`: the arm fires, or is disabled, or there was nothing: then `next`.
    fn judge(&mut self, arm: u8, next: Frame) {
        let hand = self.task().hand;
        match hand {
            Hand::Nothing => self.push(&[next]),
            Hand::Shut if !matches!(self.op(), Op::One(_)) => {
                self.task().hand = Hand::Nothing;
                self.node(arm).enabled = false;
                self.push(&[Frame::Withdraw { arm, all: false }, next]);
            }
            _ => self.fired(arm),
        }
    }

    fn fired(&mut self, arm: u8) {
        let hand = std::mem::replace(&mut self.task().hand, Hand::Nothing);
        if let Hand::Value(value) = hand {
            self.task().got.push(value);
        }
        self.leave(if hand == Hand::Shut { End::Closed } else { End::Fired(arm) });
    }

    fn leave(&mut self, end: End) {
        self.push(&[Frame::Withdraw { arm: 0, all: true }, Frame::Over(end)]);
    }

    /// `collect`, and `look_at_one_instant` after the last arm of a round.
    fn collect(&mut self, arm: u8, round: u8, mut sum: u8, mut maybe: bool, old: Option<u8>) {
        if self.node(arm).enabled {
            let chan = &self.s.chans[usize::from(self.arm(arm).chan())];
            sum += chan.version;
            maybe |= if matches!(self.arm(arm), Arm::Send(..)) { chan.may_send } else { chan.may_recv };
        }
        if arm + 1 < self.width() {
            return self.push(&[Frame::Collect { arm: arm + 1, round, sum, maybe, old }]);
        }
        let again = Frame::Collect { arm: 0, round, sum: 0, maybe: false, old: Some(sum) };
        match old {
            None if maybe => self.push(&[Frame::LookAll { park: false }]),
            None if self.bug == Bug::SingleCollect => self.leave(End::Else),
            None => self.push(&[again]),
            Some(before) if before == sum => self.leave(End::Else),
            Some(_) if round == 0 => {
                self.push(&[Frame::Collect { arm: 0, round: 1, sum: 0, maybe: false, old: None }]);
            }
            Some(_) => self.push(&[Frame::LookAll { park: false }]),
        }
    }

    fn enrol(&mut self, arm: u8) {
        if arm == self.width() {
            let armed = matches!(self.op(), Op::One(_));
            self.push(&[if armed { Frame::Asleep } else { Frame::Park }]);
        } else if !self.node(arm).enabled {
            self.push(&[Frame::Enrol { arm: arm + 1 }]);
        } else {
            let body = [Frame::Look { arm, me: true }, Frame::Link { arm }];
            let body = if self.bug == Bug::EnrolBlind { &body[1..] } else { &body };
            self.section(arm, body, &[Frame::Enrolled { arm }]);
        }
    }

    fn park(&mut self) {
        if !self.any_enabled() {
            return self.leave(End::Closed);
        }
        if self.task().word == Word::Busy(true) && self.bug != Bug::SleepUnchecked {
            return self.push(&[Frame::Rearm]);
        }
        self.task().word = Word::Waiting;
        self.push(&[Frame::Asleep]);
    }

    /// `look_locked`: the locks, in address order; then the looks.
    fn look_all(&mut self, park: bool) {
        let mut locks: Vec<u8> =
            (0..self.width()).filter(|&a| self.s.tasks[self.t].nodes[usize::from(a)].enabled).collect();
        for lock in &mut locks {
            *lock = self.arm(*lock).chan();
        }
        if self.bug != Bug::LocksInTextOrder {
            locks.sort_unstable();
        }
        locks.dedup();
        let flip = self.flip;
        self.push(&[Frame::LookNext { at: 0, flip, park }]);
        for &c in locks.iter().rev() {
            self.push(&[Frame::EnterAll { c }]);
        }
    }

    fn found(&mut self, at: u8, flip: bool, park: bool) {
        let none = self.task().hand == Hand::Nothing;
        if none && at + 1 < self.width() {
            return self.push(&[Frame::LookNext { at: at + 1, flip, park }]);
        }
        if none && park {
            self.task().word = Word::Waiting;
        }
        let me = Some(self.me());
        for chan in self.s.chans.iter_mut().filter(|chan| chan.lock == me) {
            chan.lock = None;
        }
        let found = (!none).then(|| self.order(at, flip));
        self.push(&[Frame::WakeAll, Frame::LookedAll { found, park }]);
    }

    fn looked_all(&mut self, found: Option<u8>, park: bool) {
        match found {
            None if park => self.push(&[Frame::Asleep]),
            None => self.leave(End::Else),
            Some(arm) if self.task().nodes.iter().filter(|node| node.enabled).count() > 1 || !park => {
                self.judge(arm, if park { Frame::LookAll { park } } else { Frame::Restart });
            }
            // The last enabled arm: it fires, or none is left (`Park` sees that).
            Some(arm) => self.judge(arm, Frame::Park),
        }
    }

    fn hold(&mut self) {
        match self.task().word {
            Word::Busy(_) | Word::Waiting => {
                if self.task().word == Word::Waiting {
                    self.task().word = Word::Busy(false);
                }
                self.task().waker = true;
                self.push(&[Frame::Park]);
            }
            Word::Claimed(_) | Word::Done(_) => self.push(&[Frame::Phase]),
        }
    }

    /// `Case::finish`, and what the poll does with the outcome.
    fn finish(&mut self, arm: u8) {
        let recv = matches!(self.arm(arm), Arm::Recv(_));
        let node = self.node(arm);
        node.enrolled = false;
        let hand = match (node.outcome, recv) {
            (Outcome::Served, true) => node.value.take().map_or(Hand::Nothing, Hand::Value),
            (Outcome::Closed, false) => Hand::Shut,
            (Outcome::Served, false) => Hand::Sent,
            // Before the close there may be values still: look again.
            (_, true) | (Outcome::Pending, false) => Hand::Nothing,
        };
        self.task().hand = hand;
        if hand == Hand::Nothing {
            self.push(&[Frame::Withdraw { arm: 0, all: true }, Frame::Restart]);
        } else if hand == Hand::Shut && !matches!(self.op(), Op::One(_)) {
            self.task().hand = Hand::Nothing;
            self.node(arm).enabled = false;
            self.push(&[Frame::Withdraw { arm: 0, all: true }, Frame::Restart]);
        } else {
            self.fired(arm);
        }
    }

    fn link(&mut self, arm: u8) {
        if self.task().hand != Hand::Nothing {
            return;
        }
        let node = self.node(arm);
        node.outcome = Outcome::Pending;
        node.enrolled = true;
        let id = self.node_id(arm);
        let (side, c) = self.place(arm);
        self.s.chans[usize::from(c)].list(side).push(id);
    }

    /// The list in which the node of `arm` waits.
    pub(super) fn place(&self, arm: u8) -> (Side, u8) {
        match self.arm(arm) {
            Arm::Send(c, _) => (Side::Senders, c),
            Arm::Recv(c) => (Side::Receivers, c),
        }
    }

    fn withdraw(&mut self, arm: u8, all: bool) {
        if arm == self.width() {
            return;
        }
        if all {
            self.push(&[Frame::Withdraw { arm: arm + 1, all }]);
        }
        let cancelled = matches!(self.task().stack.first(), Some(Frame::Over(End::Cancelled)));
        if self.node(arm).enrolled && (self.bug != Bug::LoserStaysLinked || cancelled) {
            self.section(arm, &[Frame::Delist { arm }], &[]);
        }
    }

    /// The end of an operation: what it leaves behind, and the next.
    fn over(&mut self, end: End) {
        let arms = self.op().arms().to_vec();
        let task = self.task();
        for (node, arm) in task.nodes.iter_mut().zip(arms) {
            if matches!(arm, Arm::Send(..)) {
                task.kept.extend(node.value.take());
            }
        }
        let effects = task.effects;
        let calm = task.calm;
        task.ends.push(end);
        let wrong = match end {
            End::Fired(_) => effects != 1,
            End::Else | End::Closed => effects != 0,
            End::Cancelled => effects > 1,
            End::Close => false,
        };
        if wrong {
            self.s.fault = Some(Fault::Winners);
        } else if end == End::Else && !calm {
            self.s.fault = Some(Fault::Else);
        }
        let next = usize::from(self.task().op) + 1;
        start_op(&mut self.s.tasks[self.t], &self.scripts[self.t], next);
    }
}
