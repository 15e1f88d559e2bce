//! Who has done what, who waits for what, and what became of the channels: kept only for the schedule that is reported.

use std::collections::HashMap;
use std::panic::Location;

use vela_core::__private::seam::{ChannelEvent, Operation, Subject};

use crate::decision::Decision;
use crate::seed::{mix, of_text};

/// What an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Receiving(usize),
    Sending(usize),
    Channel(usize),
    Task(u32),
    Other,
}

/// An operation with its target found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Act {
    pub(crate) name: &'static str,
    pub(crate) on: Target,
    pub(crate) site: &'static Location<'static>,
    pub(crate) done: bool,
}

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) decision: Decision,
    pub(crate) acts: Vec<Act>,
}

#[derive(Debug, Default)]
pub(crate) struct TaskRecord {
    pub(crate) name: Option<Box<str>>,
    pub(crate) site: Option<&'static Location<'static>>,
    pub(crate) blocked: bool,
    pub(crate) gone: bool,
    /// What it waits for, as of its last poll that said so.
    pub(crate) waits: Vec<Act>,
    /// The step in which `waits` was begun.
    waits_of: usize,
}

/// Who has used one end of a channel last, the latest at the end.
pub(crate) type Users = Vec<(u32, &'static Location<'static>)>;

#[derive(Debug)]
pub(crate) struct ChannelRecord {
    pub(crate) capacity: usize,
    pub(crate) name: Option<Box<str>>,
    pub(crate) site: Option<&'static Location<'static>>,
    pub(crate) len: usize,
    pub(crate) closed: bool,
    pub(crate) senders: usize,
    pub(crate) receivers: usize,
    pub(crate) sent_by: Users,
    pub(crate) received_by: Users,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) tasks: Vec<TaskRecord>,
    pub(crate) channels: Vec<ChannelRecord>,
    pub(crate) steps: Vec<Step>,
    /// Stands for every operation and channel event, in order.
    pub(crate) hash: u64,
    /// Where the channel lies that is alive at an address.
    addresses: HashMap<usize, usize>,
    /// The schedule is over: what follows is the end of the world.
    frozen: bool,
}

/// So many users of an end are remembered.
const USERS: usize = 3;

impl Ledger {
    pub(crate) fn decided(&mut self, decision: Decision) {
        if !matches!(decision, Decision::Draw(_)) {
            self.steps.push(Step { decision, acts: Vec::new() });
        }
    }

    pub(crate) fn freeze(&mut self) {
        self.frozen = true;
    }

    /// What is known of a task when all is over.
    pub(crate) fn record(&mut self, task: u32) -> &mut TaskRecord {
        let place = task as usize;
        if self.tasks.len() <= place {
            self.tasks.resize_with(place + 1, TaskRecord::default);
        }
        &mut self.tasks[place]
    }

    fn act(&mut self, task: u32, operation: Operation, done: bool) -> Act {
        let on = match operation.on {
            Subject::Receiving(address) => Target::Receiving(self.place(address)),
            Subject::Sending(address) => Target::Sending(self.place(address)),
            Subject::Channel(address) => Target::Channel(self.place(address)),
            Subject::Task(number) => Target::Task(number as u32),
            Subject::Time | Subject::Other => Target::Other,
        };
        let user = (task, operation.site);
        match on {
            Target::Receiving(channel) => used(&mut self.channels[channel].received_by, user),
            Target::Sending(channel) => used(&mut self.channels[channel].sent_by, user),
            Target::Channel(_) | Target::Task(_) | Target::Other => {}
        }
        let act = Act { name: operation.name, on, site: operation.site, done };
        let target = match on {
            Target::Receiving(channel) => (channel as u64) << 3,
            Target::Sending(channel) => (channel as u64) << 3 | 1,
            Target::Channel(channel) => (channel as u64) << 3 | 2,
            Target::Task(task) => u64::from(task) << 3 | 3,
            Target::Other => 4,
        };
        self.mix(of_text(act.name) ^ target << 1 ^ u64::from(act.site.line()) << 32 ^ u64::from(done));
        if let Some(step) = self.steps.last_mut() {
            step.acts.push(act);
        }
        act
    }

    fn mix(&mut self, value: u64) {
        self.hash = mix(self.hash.rotate_left(5) ^ value);
    }

    pub(crate) fn polled(&mut self, task: u32, operation: Operation, done: bool) {
        if self.frozen {
            return;
        }
        let act = self.act(task, operation, done);
        let step = self.steps.len();
        let record = self.record(task);
        if done || record.waits_of != step {
            // What an older poll said is kept only while no newer one says anything.
            record.waits.clear();
        }
        if !done {
            record.waits_of = step;
            record.waits.push(act);
        }
    }

    fn place(&mut self, address: usize) -> usize {
        if let Some(&place) = self.addresses.get(&address) {
            return place;
        }
        self.channels.push(ChannelRecord {
            capacity: 0,
            name: None,
            site: None,
            len: 0,
            closed: false,
            senders: 1,
            receivers: 1,
            sent_by: Vec::new(),
            received_by: Vec::new(),
        });
        self.addresses.insert(address, self.channels.len() - 1);
        self.channels.len() - 1
    }

    pub(crate) fn channel(&mut self, address: usize, event: ChannelEvent<'_>) {
        if self.frozen {
            return;
        }
        if matches!(event, ChannelEvent::Made { .. }) {
            // Another channel was here before, and is gone.
            self.addresses.remove(&address);
        }
        let place = self.place(address);
        let record = &mut self.channels[place];
        match event {
            ChannelEvent::Made { capacity, name, site } => {
                record.capacity = capacity;
                record.name = name.map(Box::from);
                record.site = Some(site);
            }
            ChannelEvent::State { len, closed } => {
                (record.len, record.closed) = (len, closed);
                self.mix((place as u64) << 32 ^ (len as u64) << 1 ^ u64::from(closed));
            }
            ChannelEvent::Ends { senders, receivers } => (record.senders, record.receivers) = (senders, receivers),
        }
    }
}

fn used(users: &mut Users, user: (u32, &'static Location<'static>)) {
    users.retain(|(task, _)| *task != user.0);
    if users.len() == USERS {
        users.remove(0);
    }
    users.push(user);
}
