//! What a task writes down of its operations, with stamps from one clock.

use std::sync::atomic::{AtomicU64, Ordering};

/// A stamp that comes after all others.
pub(crate) const NEVER: u64 = u64::MAX;

/// The one clock of a round: a counter, so that two stamps are never equal, and whoever gets a greater one has seen all that
/// was done before a smaller one was taken.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Clock(AtomicU64);

impl Clock {
    #[inline]
    pub(crate) fn stamp(&self) -> u64 {
        // AcqRel: each stamp synchronises with all that were taken before it, so stamps order operations as they happened.
        self.0.fetch_add(1, Ordering::AcqRel)
    }
}

/// What an operation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// The value was sent.
    Sent,
    /// The send was given up with its value; it may have been sent before.
    Unsure,
    /// The value was received.
    Received,
    /// There was no value.
    Empty,
}

/// One operation of one task on one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    /// Taken before it began.
    pub(crate) begin: u64,
    /// Taken when it was over.
    pub(crate) end: u64,
    /// No two values are the same.
    pub(crate) value: u64,
    /// Who did it.
    pub(crate) task: u32,
    pub(crate) what: What,
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { begin, end, value, task, what } = self;
        match what {
            What::Empty => write!(f, "task {task} found nothing at {begin}..{end}"),
            _ => {
                let (sender, number) = (value >> SENDER_SHIFT, value & ((1 << SENDER_SHIFT) - 1));
                write!(f, "{what:?} by task {task} at {begin}..{end}: value {number} of task {sender}")
            }
        }
    }
}

/// Where the sender's number is in a value.
const SENDER_SHIFT: u32 = 40;

/// What one task did, channel by channel.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) events: Vec<Vec<Event>>,
    /// Searches in all channels at one instant that found nothing.
    pub(crate) together: Vec<Event>,
    task: u32,
    made: u64,
}

impl Log {
    pub(crate) fn new(task: u32, channels: usize) -> Self {
        Self { events: vec![Vec::new(); channels], together: Vec::new(), task, made: 0 }
    }

    /// A value that nobody else makes.
    #[inline]
    pub(crate) fn make(&mut self) -> u64 {
        self.made += 1;
        u64::from(self.task) << SENDER_SHIFT | self.made
    }

    #[inline]
    pub(crate) fn note(&mut self, channel: usize, what: What, value: u64, (begin, end): (u64, u64)) {
        self.events[channel].push(Event { begin, end, value, task: self.task, what });
    }

    /// Nothing was there in any of the channels.
    #[inline]
    pub(crate) fn note_nothing(&mut self, (begin, end): (u64, u64)) {
        let event = Event { begin, end, value: 0, task: self.task, what: What::Empty };
        self.together.push(event);
        self.events.iter_mut().for_each(|events| events.push(event));
    }
}
