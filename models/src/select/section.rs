//! The counterparts' side: the transitions of a channel, under its lock, and the claim of a waiter.

use super::Bug;
use super::frame::{Deed, Frame};
use super::owner::Run;
use super::state::{Arm, Fault, Hand, Node, NodeId, Op, Outcome, Side, Task, Val, Word};

/// Makes the `op`-th operation of the script the task's; there may be none.
pub(super) fn start_op(task: &mut Task, script: &[Op], op: usize) {
    task.op = u8::try_from(op).expect("few operations");
    task.word = Word::Busy(false);
    task.waker = false;
    task.hand = Hand::Nothing;
    task.effects = 0;
    task.calm = false;
    task.nodes.clear();
    task.stack.clear();
    match script.get(op) {
        None => task.woken = false,
        Some(&Op::Close(c)) => task.stack.extend([
            Frame::Over(super::state::End::Close),
            Frame::WakeAll,
            Frame::Leave { c },
            Frame::Shut { c },
            Frame::ServeSenders { c },
            Frame::Enter { c },
        ]),
        Some(op) => {
            task.nodes.extend(op.arms().iter().map(|arm| Node {
                value: if let Arm::Send(_, value) = *arm { Some(value) } else { None },
                ticket: 0,
                outcome: Outcome::Pending,
                enrolled: false,
                enabled: true,
            }));
            task.stack.push(Frame::Start);
        }
    }
}

impl Run<'_> {
    pub(super) fn node_id(&self, arm: u8) -> NodeId {
        NodeId { task: self.me(), op: self.s.tasks[self.t].op, arm }
    }

    pub(super) fn run_section(&mut self, frame: Frame) {
        match frame {
            Frame::Enter { c } | Frame::EnterAll { c } => self.s.chans[usize::from(c)].lock = Some(self.me()),
            Frame::Leave { c } => {
                let chan = &mut self.s.chans[usize::from(c)];
                chan.publish(self.versions);
                chan.lock = None;
            }
            Frame::Publish { c } => self.s.chans[usize::from(c)].publish(self.versions),
            Frame::Look { arm, me } => match self.arm(arm) {
                Arm::Recv(c) => self.pop(c, me),
                Arm::Send(..) => {
                    let v = self.node(arm).value.take().expect("a send that is over is not looked at");
                    self.push(&[Frame::Push { arm, v, me }]);
                }
            },
            Frame::Push { arm, v, me } => self.begin_push(arm, v, me),
            Frame::PushOn { arm, v, me } => {
                let c = self.arm(arm).chan();
                let chan = &self.s.chans[usize::from(c)];
                if !chan.is_empty() || chan.receivers.is_empty() {
                    self.store(arm, v);
                } else {
                    let deed = Deed::HandOver(v);
                    self.push(&[Frame::ClaimFirst { c, side: Side::Receivers, at: 0, me, deed }]);
                }
            }
            Frame::ServeSenders { c } => {
                let chan = &self.s.chans[usize::from(c)];
                let next = if !chan.senders.is_empty() && chan.has_room() {
                    Frame::ClaimFirst { c, side: Side::Senders, at: 0, me: false, deed: Deed::Store }
                } else {
                    Frame::ServeReceivers { c, made_room: false }
                };
                self.push(&[next]);
            }
            Frame::ServeReceivers { c, made_room } => {
                let chan = &self.s.chans[usize::from(c)];
                if !chan.receivers.is_empty() && !chan.is_empty() {
                    let deed = Deed::Serve(made_room);
                    self.push(&[Frame::ClaimFirst { c, side: Side::Receivers, at: 0, me: false, deed }]);
                } else if made_room {
                    self.push(&[Frame::ServeSenders { c }]);
                }
            }
            Frame::Shut { c } => {
                let chan = &mut self.s.chans[usize::from(c)];
                if !chan.closed {
                    chan.closed = true;
                    self.push(&[Frame::ClaimFirst { c, side: Side::Receivers, at: 0, me: false, deed: Deed::Shut }]);
                }
            }
            Frame::ClaimFirst { c, side, at, me, deed } => self.claim_first(c, side, at, me, deed),
            Frame::TryClaim { c, side, at, me, deed } => self.try_claim(c, side, at, me, deed),
            Frame::ClaimStore { c, side, at, deed } => self.won(c, side, at, deed),
            Frame::Complete { c, side, node, deed } => self.complete(c, side, node, deed),
            other => unreachable!("{other:?} is the owner's"),
        }
    }

    /// An arm of this task's operation has had its effect.
    fn effect(&mut self, task: usize) {
        let task = &mut self.s.tasks[task];
        task.effects += 1;
        if task.effects > 1 {
            self.s.fault = Some(Fault::Winners);
        }
    }

    /// `State::pop`.
    fn pop(&mut self, c: u8, me: bool) {
        let chan = &mut self.s.chans[usize::from(c)];
        let taken = if chan.returned.is_empty() {
            (!chan.buffer.is_empty()).then(|| (chan.buffer.remove(0), !chan.senders.is_empty()))
        } else {
            Some((chan.returned.remove(0).1, false))
        };
        let (closed, senders) = (chan.closed, !chan.senders.is_empty());
        if let Some((value, settle)) = taken {
            self.task().hand = Hand::Value(value);
            self.effect(self.t);
            if settle {
                self.push(&[Frame::ServeSenders { c }]);
            }
        } else if closed {
            self.task().hand = Hand::Shut;
        } else if senders {
            self.push(&[Frame::ClaimFirst { c, side: Side::Senders, at: 0, me, deed: Deed::Take }]);
        }
    }

    fn begin_push(&mut self, arm: u8, v: Val, me: bool) {
        let c = self.arm(arm).chan();
        let chan = &self.s.chans[usize::from(c)];
        if chan.closed {
            self.node(arm).value = Some(v);
            self.task().hand = Hand::Shut;
            return;
        }
        let settle = !chan.is_empty() && !chan.receivers.is_empty();
        self.push(&[Frame::PushOn { arm, v, me }]);
        if settle {
            self.push(&[Frame::ServeSenders { c }]);
        }
    }

    /// `State::store`.
    fn store(&mut self, arm: u8, v: Val) {
        let c = usize::from(self.arm(arm).chan());
        let chan = &mut self.s.chans[c];
        if chan.has_room() {
            chan.buffer.push(v);
            self.task().hand = Hand::Sent;
            self.effect(self.t);
        } else {
            self.node(arm).value = Some(v);
        }
    }

    /// `List::claim_first`: the next node that is not this operation's own, or nobody.
    fn claim_first(&mut self, c: u8, side: Side, at: u8, me: bool, deed: Deed) {
        let own = self.me();
        let list = self.s.chans[usize::from(c)].list(side);
        let next = (usize::from(at)..list.len()).find(|&i| !(me && list[i].task == own));
        if let Some(next) = next {
            let at = u8::try_from(next).expect("few waiters");
            return self.push(&[Frame::TryClaim { c, side, at, me, deed }]);
        }
        match deed {
            Deed::Store => self.push(&[Frame::ServeReceivers { c, made_room: false }]),
            Deed::Serve(true) => self.push(&[Frame::ServeSenders { c }]),
            Deed::HandOver(v) => {
                let of_v = |arm: &u8| matches!(self.arm(*arm), Arm::Send(chan, value) if (chan, value) == (c, v));
                let arm = (0..2).find(of_v).expect("one's own value");
                self.store(arm, v);
            }
            Deed::Shut if side == Side::Receivers => {
                self.push(&[Frame::ClaimFirst { c, side: Side::Senders, at: 0, me, deed }]);
            }
            Deed::Serve(false) | Deed::Take | Deed::Shut => {}
        }
    }

    /// The owner of a node, unless the node's operation has ended.
    fn owner(&mut self, node: NodeId) -> Option<&mut Task> {
        if self.s.tasks[usize::from(node.task)].op != node.op {
            self.s.fault = Some(Fault::Touched);
            return None;
        }
        Some(&mut self.s.tasks[usize::from(node.task)])
    }

    /// `Claim::try_claim`.
    fn try_claim(&mut self, c: u8, side: Side, at: u8, me: bool, deed: Deed) {
        let node = self.s.chans[usize::from(c)].list(side)[usize::from(at)];
        let by_store = self.bug == Bug::ClaimByStore;
        let Some(owner) = self.owner(node) else { return };
        match owner.word {
            Word::Waiting if by_store => self.push(&[Frame::ClaimStore { c, side, at, deed }]),
            Word::Waiting => self.won(c, side, at, deed),
            Word::Busy(_) => {
                owner.word = Word::Busy(true);
                self.push(&[Frame::ClaimFirst { c, side, at: at + 1, me, deed }]);
            }
            Word::Claimed(_) | Word::Done(_) => {
                self.s.chans[usize::from(c)].list(side).remove(usize::from(at));
                self.push(&[Frame::ClaimFirst { c, side, at, me, deed }]);
            }
        }
    }

    /// The claim is won: unlinks the node and does the deed, all of it protected by the claim and the lock.
    fn won(&mut self, c: u8, side: Side, at: u8, deed: Deed) {
        let node = self.s.chans[usize::from(c)].list(side).remove(usize::from(at));
        let copy = self.bug == Bug::TakeByCopy;
        let Some(owner) = self.owner(node) else { return };
        owner.word = Word::Claimed(node.arm);
        let packet = &mut owner.nodes[usize::from(node.arm)];
        packet.outcome = if deed == Deed::Shut { Outcome::Closed } else { Outcome::Served };
        let value = if copy { packet.value } else { packet.value.take() };
        let chan = &mut self.s.chans[usize::from(c)];
        let (mut next, mut handed) = (deed, None);
        match deed {
            Deed::Store => chan.buffer.extend(value),
            Deed::Take => self.task().hand = value.map_or(Hand::Nothing, Hand::Value),
            Deed::Serve(_) if !chan.returned.is_empty() => handed = Some(chan.returned.remove(0)),
            Deed::Serve(_) => {
                next = Deed::Serve(true);
                handed = Some((chan.handed, chan.buffer.remove(0)));
                chan.handed += 1;
            }
            Deed::HandOver(v) => {
                handed = Some((chan.handed, v));
                chan.handed += 1;
                self.task().hand = Hand::Sent;
            }
            Deed::Shut => {}
        }
        let packet = &mut self.s.tasks[usize::from(node.task)].nodes[usize::from(node.arm)];
        match handed {
            Some((ticket, value)) => (packet.ticket, packet.value) = (ticket, Some(value)),
            None if deed == Deed::Shut => packet.value = value,
            None => {}
        }
        if deed != Deed::Shut {
            self.effect(usize::from(node.task));
        }
        if matches!(deed, Deed::Take | Deed::HandOver(_)) {
            self.effect(self.t);
        }
        let complete = Frame::Complete { c, side, node, deed: next };
        let leave = self.task().stack.iter().rposition(|frame| matches!(frame, Frame::Leave { .. }));
        match leave {
            Some(leave) if self.bug == Bug::CompleteAfterUnlock => {
                self.task().stack.insert(leave, complete);
                self.served(c, side, next);
            }
            _ => self.push(&[complete]),
        }
    }

    /// `Claim::complete`; the last touch.
    fn complete(&mut self, c: u8, side: Side, node: NodeId, deed: Deed) {
        let Some(owner) = self.owner(node) else { return };
        owner.word = Word::Done(node.arm);
        if std::mem::take(&mut owner.waker) {
            self.task().wakes.push(node.task);
        }
        if self.bug != Bug::CompleteAfterUnlock {
            self.served(c, side, deed);
        }
    }

    /// What the transition does after a waiter is served.
    fn served(&mut self, c: u8, side: Side, deed: Deed) {
        match deed {
            Deed::Store => self.push(&[Frame::ServeSenders { c }]),
            Deed::Serve(made_room) => self.push(&[Frame::ServeReceivers { c, made_room }]),
            Deed::Shut => self.push(&[Frame::ClaimFirst { c, side, at: 0, me: false, deed }]),
            Deed::Take | Deed::HandOver(_) => {}
        }
    }

    /// In the section of `Berth::withdraw`: unlinks the node; if it is linked no more, `undo`.
    pub(super) fn delist(&mut self, arm: u8) {
        let id = self.node_id(arm);
        let (side, c) = self.place(arm);
        let bug = self.bug;
        self.node(arm).enrolled = false;
        let chan = &mut self.s.chans[usize::from(c)];
        let list = chan.list(side);
        if let Some(at) = list.iter().position(|&node| node == id) {
            list.remove(at);
            return;
        }
        let node = &mut self.s.tasks[self.t].nodes[usize::from(arm)];
        if node.outcome != Outcome::Served || side == Side::Senders {
            return;
        }
        let (ticket, Some(value)) = (node.ticket, node.value.take()) else { return };
        self.s.tasks[self.t].effects -= 1;
        if bug == Bug::CancelDropsValue {
            return;
        }
        // `State::give_back`.
        let at = chan.returned.partition_point(|&(other, _)| other < ticket);
        chan.returned.insert(at, (ticket, value));
        if bug != Bug::CancelHandsNothingOn {
            self.push(&[Frame::ServeSenders { c }]);
        }
    }
}
