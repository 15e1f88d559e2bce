//! The state of a channel and every transition of it. One engine: rendezvous, bounded and unbounded differ in `capacity`.
//!
//! Transitions take `&mut State`, so they run under the channel's lock; they touch no user code, and hand wakers
//! ([`Wakes`]) and dropped values back to the caller, who deals with them after the lock is released. The invariants
//! (S1 …) are in the README beside this file.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::Arc;
use std::task::Waker;

use super::buffer::{Buffer, SHRINK_FROM};
use super::ends::Ends;
use crate::lock::{BITS, Lock, VERSION};
use crate::monitor::{ChannelMonitor, Meter, Watch};
#[cfg(feature = "config")]
use crate::monitor::{Expected, Limits};
use crate::overflow::Overflow;
use crate::rt::seam::{self, ChannelEvent};
use crate::waitlist::{Claim, List, Node, Wakes};

/// What a waiting node wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// A receiver that takes a value into its node.
    Value,
    /// A receiver that is only told that there may be a value (a `Stream`: nobody may poll it again).
    News,
    /// A sender whose node holds the value.
    Deliver,
    /// A sender that waits for a place (a permit).
    Place,
    /// A sender that is only told that there may be room (a `Sink`).
    Room,
    /// Somebody who waits for the channel to close.
    Close,
}

/// What a counterpart did for a waiting node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing yet.
    Pending,
    /// The value is in the node, or was taken out of it; the place is granted; there is news.
    Served,
    /// The channel closed.
    Closed,
}

/// What is noted about a waiter, beside the value that it exchanges with its counterpart.
#[derive(Debug, Clone, Copy)]
pub struct Note {
    /// The place of a handed value in the order of sending. Of a sender that waits: since when, if its wait is measured.
    pub(crate) ticket: u64,
    pub(crate) want: Want,
    pub(crate) outcome: Outcome,
}

impl Note {
    #[inline]
    pub(crate) fn new(want: Want, ticket: u64) -> Self {
        Self { ticket, want, outcome: Outcome::Pending }
    }
}

pub(crate) type Waiter<T> = Node<Option<T>, Note>;
type Waiters<T> = List<Option<T>, Note>;

/// What few channels have.
pub(crate) struct Extra<T> {
    /// Values that were handed to a receiver which was then dropped, by ticket; they are received before the buffer.
    returned: VecDeque<(u64, T)>,
    /// Those who wait for the channel to close.
    watchers: Waiters<T>,
    pub(crate) overflow: Overflow,
    pub(crate) name: Option<Box<str>>,
    dropped: u64,
    /// Counts, if the channel is monitored.
    watch: Option<Watch>,
}

impl<T> Extra<T> {
    /// The oldest of the values that came back.
    fn pop_returned(&mut self) -> Option<(u64, T)> {
        let oldest = self.returned.pop_front();
        let places = self.returned.capacity();
        if places >= SHRINK_FROM && self.returned.len() < places / 8 {
            self.returned.shrink_to(places / 4);
        }
        oldest
    }
}

impl<T> Default for Extra<T> {
    fn default() -> Self {
        Self {
            returned: VecDeque::new(),
            watchers: List::new(),
            overflow: Overflow::Block,
            name: None,
            dropped: 0,
            watch: None,
        }
    }
}

/// So many values are moved in one section at most.
pub(super) const AT_ONCE: usize = 256;

/// What the lock protects.
#[allow(missing_debug_implementations, reason = "`Chan` shows it")]
#[repr(C)]
pub struct State<T> {
    pub(super) buffer: Buffer<T>,
    /// Most values in the buffer plus permits; 0 = rendezvous, `usize::MAX` = unbounded.
    pub(super) capacity: usize,
    pub(super) receivers: Waiters<T>,
    pub(super) senders: Waiters<T>,
    /// How many values were handed to parked receivers: the next ticket.
    pub(super) handed: u64,
    /// Permits that are out.
    permits: u32,
    closed: bool,
    extra: Option<Box<Extra<T>>>,
}

/// How a `push` ended.
#[derive(Debug)]
pub(crate) enum Push<T> {
    /// The value is in the channel or with a receiver.
    Done,
    /// As `Done`, and a value was dropped by policy: the oldest, or the new one.
    Dropped(T),
    /// No room; the value comes back.
    Full(T),
    /// Closed; the value comes back.
    Closed(T),
}

/// How a `pop` ended.
#[derive(Debug)]
pub(crate) enum Pop<T> {
    Value(T),
    Empty,
    Closed,
}

impl<T> State<T> {
    fn extra_mut(&mut self) -> &mut Extra<T> {
        self.extra.get_or_insert_default()
    }

    pub(crate) fn overflow(&self) -> Overflow {
        self.extra.as_ref().map_or(Overflow::Block, |extra| extra.overflow)
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.extra.as_ref()?.name.as_deref()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.extra.as_ref().map_or(0, |extra| extra.dropped)
    }

    #[inline]
    pub(super) fn watch(&mut self) -> Option<&mut Watch> {
        self.extra.as_mut()?.watch.as_mut()
    }

    /// Brings the counters up to date at the end of a section.
    #[inline]
    fn observe(&mut self) {
        let len = self.len();
        if let Some(watch) = self.watch() {
            watch.observe(len);
        }
    }

    /// `bits`, and those of the watch of a monitored channel.
    #[inline]
    fn watched(&self, bits: usize) -> usize {
        match self.extra.as_ref().and_then(|extra| extra.watch.as_ref()) {
            None => bits,
            Some(watch) if bits & QUIET == 0 || watch.is_calm(self.buffer.len()) => bits | MONITORED,
            Some(_) => bits | MONITORED | RESTLESS,
        }
    }

    /// What there is to tell, once the channel is unlocked.
    #[inline]
    pub(super) fn news(&self) -> Option<Arc<Meter>> {
        let meter = self.extra.as_ref()?.watch.as_ref()?.meter();
        meter.has_news().then(|| Arc::clone(meter))
    }

    /// Somebody begins to wait; the ticket for his note.
    #[inline(never)]
    pub(crate) fn begin_wait(&mut self, want: Want) -> u64 {
        let sends = matches!(want, Want::Deliver | Want::Place | Want::Room);
        // Under the other policies nobody waits in line for long.
        let waits = sends && matches!(self.overflow(), Overflow::Block | Overflow::Timeout(_));
        if sends && let Some(watch) = self.watch() {
            watch.found_full();
        }
        if waits { self.watch().map_or(0, Watch::begin_wait) } else { 0 }
    }

    /// Values got into the channel.
    pub(super) fn count_sent(&mut self, n: usize) {
        if let Some(watch) = self.watch() {
            watch.sent(n);
        }
    }

    /// A sender waits no longer.
    fn count_wait(&mut self, note: Note) {
        if let Some(watch) = self.watch() {
            watch.end_wait(note.ticket);
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(crate) fn len(&self) -> usize {
        self.buffer.len() + self.returned_len()
    }

    fn returned_len(&self) -> usize {
        self.extra.as_ref().map_or(0, |extra| extra.returned.len())
    }

    /// Whether the buffer takes one more value or permit.
    pub(crate) fn has_room(&self) -> bool {
        self.has_room_beside(0)
    }

    /// The same, when so many places are somebody else's.
    fn has_room_beside(&self, places: usize) -> bool {
        self.buffer.len().saturating_add(self.permits as usize).saturating_add(places) < self.capacity
    }

    // ---- values in ----

    /// Sends a value if that needs no waiting. `me` is the operation on whose behalf, or null.
    pub(crate) fn push(&mut self, value: T, me: *const Claim, wakes: &mut Wakes) -> Push<T> {
        if self.closed {
            return Push::Closed(value);
        }
        if self.len() > 0 && !self.receivers.is_empty() {
            // A notified stream has not come yet, or the receivers are busy: older values (and senders) go first.
            self.settle(wakes);
        }
        if self.len() > 0 {
            return self.store(value);
        }
        // The common case: nothing is before this value, so a parked receiver gets it directly.
        match self.hand_over(value, me, wakes) {
            Some(value) => self.store(value),
            None => {
                self.count_sent(1);
                Push::Done
            }
        }
    }

    /// Moves values from the front of `from` into the buffer while there is room, if that is all that sending them does:
    /// nobody waits for them, and nothing is dropped. (Not very many at once, here and below: others spin meanwhile.)
    pub(crate) fn store_many(&mut self, from: &mut VecDeque<T>) {
        if self.closed || !self.receivers.is_empty() || self.overflow().drops() {
            return;
        }
        let room = self.capacity.saturating_sub(self.buffer.len().saturating_add(self.permits as usize));
        let had = self.buffer.len();
        self.buffer.push_from(from, room.min(AT_ONCE), self.capacity);
        self.count_sent(self.buffer.len() - had);
    }

    /// Moves up to `max` values out of the buffer, and no more than `into` has places for, if that is all that receiving
    /// them does: nobody waits for the room, and nothing older has come back.
    pub(crate) fn unload_many(&mut self, into: &mut Vec<T>, max: usize) {
        if self.senders.is_empty() && self.returned_len() == 0 {
            self.buffer.pop_into(into, max.min(AT_ONCE));
        }
    }

    /// Gives the value to the first receiver that can be claimed; back it comes if there is none.
    fn hand_over(&mut self, value: T, me: *const Claim, wakes: &mut Wakes) -> Option<T> {
        if self.receivers.is_empty() {
            return Some(value);
        }
        loop {
            // SAFETY: `&mut self` is only reached through the lock; the waiter is completed below, under it.
            let Some(mut waiter) = (unsafe { self.receivers.claim_first(me, |_| true) }) else { return Some(value) };
            let (slot, note) = waiter.parts();
            note.outcome = Outcome::Served;
            if note.want == Want::News {
                wakes.push(waiter.complete());
                if !self.has_room() {
                    // The value will not be in the buffer when the stream is polled; look for someone who takes it.
                    continue;
                }
                return Some(value);
            }
            *slot = Some(value);
            note.ticket = self.handed;
            self.handed += 1;
            wakes.push(waiter.complete());
            return None;
        }
    }

    /// Puts the value into the buffer, by the overflow policy where there is no room.
    fn store(&mut self, value: T) -> Push<T> {
        // Values that came back count as room taken where the oldest are dropped: there is no going over the capacity.
        let came_back = self.returned_len() > 0 && self.overflow() == Overflow::DropOldest;
        if self.has_room() && !(came_back && self.len() >= self.capacity) {
            self.buffer.push_back(value, self.capacity);
            self.count_sent(1);
            return Push::Done;
        }
        match self.overflow() {
            Overflow::DropNewest => {
                self.extra_mut().dropped += 1;
                if let Some(watch) = self.watch() {
                    watch.found_full();
                    watch.dropped_newest();
                }
                Push::Dropped(value)
            }
            Overflow::DropOldest => {
                let oldest = match self.extra_mut().pop_returned() {
                    Some((_, oldest)) => Some(oldest),
                    None => self.buffer.pop_front(),
                };
                self.buffer.push_back(value, self.capacity);
                if oldest.is_some() {
                    self.count_dropped_oldest(self.len() - 1);
                }
                self.count_sent(1);
                oldest.map_or(Push::Done, Push::Dropped)
            }
            Overflow::Block | Overflow::Reject | Overflow::Timeout(_) | Overflow::Retry { .. } => {
                if let Some(watch) = self.watch() {
                    watch.found_full();
                }
                Push::Full(value)
            }
        }
    }

    /// `len`: without the one that was dropped, nor the one for which it made room.
    fn count_dropped_oldest(&mut self, len: usize) {
        self.extra_mut().dropped += 1;
        if let Some(watch) = self.watch() {
            watch.dropped_oldest(len);
        }
    }

    /// Sends on a permit: the place is there already.
    pub(crate) fn push_permitted(&mut self, value: T, wakes: &mut Wakes) -> Push<T> {
        if self.overflow().drops() {
            return self.push(value, std::ptr::null(), wakes);
        }
        if self.closed {
            self.permits -= 1;
            return Push::Closed(value);
        }
        if self.len() > 0 {
            // While the permit still holds its place.
            self.settle(wakes);
        }
        self.permits -= 1;
        let left = if self.len() > 0 { Some(value) } else { self.hand_over(value, std::ptr::null(), wakes) };
        if let Some(value) = left {
            // At capacity 0 the receiver that was seen waiting has left: the value waits for the next one.
            self.buffer.push_back(value, self.capacity);
        }
        self.count_sent(1);
        self.settle(wakes);
        Push::Done
    }

    // ---- values out ----

    /// Receives a value if that needs no waiting.
    pub(crate) fn pop(&mut self, me: *const Claim, wakes: &mut Wakes) -> Pop<T> {
        if let Some(extra) = &mut self.extra
            && let Some((_, value)) = extra.pop_returned()
        {
            return Pop::Value(value);
        }
        if let Some(value) = self.buffer.pop_front() {
            if !self.senders.is_empty() {
                self.settle(wakes);
            }
            return Pop::Value(value);
        }
        if self.closed {
            return Pop::Closed;
        }
        // Capacity 0, or permits hold all the room: straight from a sender.
        match self.take_from_sender(me, wakes) {
            Some(value) => Pop::Value(value),
            None => Pop::Empty,
        }
    }

    /// Takes the value of the first parked sender that can be claimed.
    fn take_from_sender(&mut self, me: *const Claim, wakes: &mut Wakes) -> Option<T> {
        if self.senders.is_empty() {
            return None;
        }
        // SAFETY: `&mut self` is only reached through the lock; the waiter is completed below, under it.
        let mut waiter = unsafe { self.senders.claim_first(me, |note| note.want == Want::Deliver) }?;
        let (slot, note) = waiter.parts();
        note.outcome = Outcome::Served;
        let (value, note) = (slot.take(), *note);
        wakes.push(waiter.complete());
        self.count_sent(1);
        self.count_wait(note);
        value
    }

    /// Lets parked senders use the room there is, first come first served.
    fn serve_senders(&mut self, wakes: &mut Wakes) {
        let at_rendezvous = self.capacity == 0;
        // Sinks that were told of room, which is theirs.
        let mut told = 0;
        while !self.senders.is_empty() && (self.has_room_beside(told) || self.place_at_rendezvous()) {
            // SAFETY: as in `take_from_sender`.
            let waiter = unsafe {
                self.senders.claim_first(std::ptr::null(), |note| !at_rendezvous || note.want != Want::Deliver)
            };
            let Some(mut waiter) = waiter else { return };
            let (slot, note) = waiter.parts();
            note.outcome = Outcome::Served;
            let (value, note) = (slot.take(), *note);
            wakes.push(waiter.complete());
            self.count_wait(note);
            match value {
                _ if note.want == Want::Room && at_rendezvous => return,
                _ if note.want == Want::Room => told += 1,
                Some(value) => {
                    self.buffer.push_back(value, self.capacity);
                    self.count_sent(1);
                }
                None => self.permits += 1,
            }
        }
    }

    /// At capacity 0 a permit needs a receiver that waits, beyond those that other permits were granted for.
    fn place_at_rendezvous(&self) -> bool {
        // SAFETY: `&self` is only reached through the lock.
        self.capacity == 0 && unsafe { self.receivers.count_waiting(self.permits as usize + 1) } > self.permits as usize
    }

    /// Gives available values to receivers that wait; true if that made room in the buffer.
    fn serve_receivers(&mut self, wakes: &mut Wakes) -> bool {
        let mut made_room = false;
        while !self.receivers.is_empty() && self.len() > 0 {
            // SAFETY: as in `take_from_sender`.
            let Some(mut waiter) = (unsafe { self.receivers.claim_first(std::ptr::null(), |_| true) }) else { break };
            let (slot, note) = waiter.parts();
            note.outcome = Outcome::Served;
            if note.want == Want::News {
                wakes.push(waiter.complete());
                break;
            }
            let (ticket, value) = match self.extra.as_mut().and_then(|extra| extra.pop_returned()) {
                Some((ticket, value)) => (ticket, Some(value)),
                None => {
                    made_room = true;
                    self.handed += 1;
                    (self.handed - 1, self.buffer.pop_front())
                }
            };
            *slot = value;
            note.ticket = ticket;
            wakes.push(waiter.complete());
        }
        made_room
    }

    /// Brings together what can come together, after a value or a place has come back.
    pub(crate) fn settle(&mut self, wakes: &mut Wakes) {
        loop {
            self.serve_senders(wakes);
            if !self.serve_receivers(wakes) {
                return;
            }
        }
    }

    /// Takes back a value that was handed to a receiver which never received it: it regains its place by ticket, and
    /// goes to the next receiver that waits. Where the oldest are dropped and there is no room for it, it comes out again.
    pub(crate) fn give_back(&mut self, ticket: u64, value: T, wakes: &mut Wakes) -> Option<T> {
        let returned = &mut self.extra_mut().returned;
        returned.insert(returned.partition_point(|(other, _)| *other < ticket), (ticket, value));
        self.settle(wakes);
        if self.overflow() != Overflow::DropOldest || self.len() <= self.capacity {
            return None;
        }
        let (_, oldest) = self.extra_mut().pop_returned()?;
        self.count_dropped_oldest(self.len());
        Some(oldest)
    }

    /// A notified waiter (`Want::News`) left without looking: the news goes to the next one.
    pub(crate) fn pass_news_on(&mut self, wakes: &mut Wakes) {
        if self.len() > 0 {
            self.settle(wakes);
        } else if !self.senders.is_empty() {
            // A parked sender met only this waiter. The next stream is told; a receiver would have looked itself.
            // SAFETY: as in `take_from_sender`.
            let next = unsafe { self.receivers.claim_first(std::ptr::null(), |note| note.want == Want::News) };
            if let Some(mut waiter) = next {
                waiter.parts().1.outcome = Outcome::Served;
                wakes.push(waiter.complete());
            }
        }
    }

    // ---- places ----

    /// Takes a place for a permit, if that needs no waiting.
    pub(crate) fn take_place(&mut self) -> Place {
        if self.closed {
            Place::Closed
        } else if self.overflow().drops() {
            Place::Granted
        } else if self.permits < u32::MAX && (self.has_room() || self.place_at_rendezvous()) {
            self.permits += 1;
            Place::Granted
        } else {
            Place::None
        }
    }

    /// Gives a place back unused.
    pub(crate) fn return_place(&mut self, wakes: &mut Wakes) {
        if !self.overflow().drops() {
            self.permits -= 1;
            self.settle(wakes);
        }
    }

    // ---- waiting ----

    /// Links a node to the list that its `want` says.
    ///
    /// # Safety
    ///
    /// As [`List::push_back`].
    pub(crate) unsafe fn enlist(&mut self, node: &Waiter<T>, wakes: &mut Wakes) {
        // SAFETY: by the caller; the lock is held since `&mut self` is only reached through it.
        unsafe {
            match node.note().want {
                Want::Deliver | Want::Place | Want::Room => self.senders.push_back(node),
                Want::Close => self.extra_mut().watchers.push_back(node),
                Want::Value | Want::News => {
                    self.receivers.push_back(node);
                    if self.capacity == 0 && !self.senders.is_empty() {
                        // A receiver waits now: who asked for a place may have it.
                        self.serve_senders(wakes);
                    }
                }
            }
        }
    }

    /// Unlinks a node from the list that its `want` says; false if it was not linked any more.
    ///
    /// # Safety
    ///
    /// The node belongs to this channel and to the caller.
    pub(crate) unsafe fn delist(&mut self, node: &Waiter<T>) -> bool {
        // SAFETY: the lock is held, and the node is in the list of its kind or in none.
        unsafe {
            if !node.is_linked() {
                return false;
            }
            match node.note().want {
                Want::Value | Want::News => self.receivers.remove(node),
                Want::Deliver | Want::Place | Want::Room => {
                    self.count_wait(node.note());
                    self.senders.remove(node)
                }
                Want::Close => self.extra_mut().watchers.remove(node),
            }
        }
    }

    // ---- other settings ----

    /// The channel is to hold `capacity` values from now on; false if it cannot go there from where it is. What a policy drops
    /// that drops the oldest goes to `dropped`.
    #[cfg(feature = "config")]
    pub(super) fn set_capacity(&mut self, capacity: usize, dropped: &mut Vec<T>, wakes: &mut Wakes) -> bool {
        if capacity == self.capacity {
            return true;
        }
        // A rendezvous and an unbounded channel have promised more than a number.
        let fixed = |capacity| capacity == 0 || capacity == usize::MAX;
        if fixed(capacity) || fixed(self.capacity) {
            return false;
        }
        self.capacity = capacity;
        while self.overflow() == Overflow::DropOldest && self.len() > capacity {
            let oldest = self.extra_mut().pop_returned().map(|(_, oldest)| oldest).or_else(|| self.buffer.pop_front());
            dropped.extend(oldest);
            self.count_dropped_oldest(self.len());
        }
        self.settle(wakes);
        true
    }

    /// The policy is another from now on; false if it is of another sort, which the channel's ends rely on.
    #[cfg(feature = "config")]
    pub(super) fn set_overflow(&mut self, overflow: Overflow) -> bool {
        let same_sort = std::mem::discriminant(&overflow) == std::mem::discriminant(&self.overflow());
        if same_sort {
            self.extra_mut().overflow = overflow;
        }
        same_sort
    }

    #[cfg(feature = "config")]
    pub(super) fn set_limits(&mut self, limits: Limits, expected: Option<Expected>) {
        let (capacity, len) = (self.capacity, self.len());
        if let Some(watch) = self.watch() {
            watch.set_limits(capacity, limits, expected, len);
        }
    }

    #[cfg(feature = "config")]
    pub(super) fn is_monitored(&mut self) -> bool {
        self.watch().is_some()
    }

    // ---- the end ----

    /// Closes the channel, in which nobody sends or receives, if nobody waits for that either.
    #[inline]
    pub(super) fn close_alone(&mut self) -> bool {
        let alone = self.extra.as_ref().is_none_or(|extra| extra.watchers.is_empty());
        self.closed |= alone;
        alone
    }

    /// Closes the channel and wakes everybody. False if it was closed already.
    pub(crate) fn close(&mut self, wakes: &mut Wakes) -> bool {
        if self.closed {
            return false;
        }
        self.settle(wakes);
        self.closed = true;
        let (watchers, mut watch) = match self.extra.as_deref_mut() {
            Some(Extra { watchers, watch, .. }) => (Some(watchers), watch.as_mut()),
            None => (None, None),
        };
        for list in [&mut self.receivers, &mut self.senders].into_iter().chain(watchers) {
            // SAFETY: as in `take_from_sender`. Busy waiters are marked and will see `closed` themselves.
            while let Some(mut waiter) = unsafe { list.claim_first(std::ptr::null(), |_| true) } {
                let note = waiter.parts().1;
                note.outcome = Outcome::Closed;
                if let (Some(watch), Want::Deliver | Want::Place | Want::Room) = (&mut watch, note.want) {
                    watch.end_wait(note.ticket);
                }
                wakes.push(waiter.complete());
            }
        }
        true
    }

    /// The values that nobody will receive any more; the caller drops them outside the lock.
    pub(crate) fn take_all(&mut self) -> Leftovers<T> {
        let len = self.len();
        if let Some(watch) = self.watch() {
            watch.discarded(len);
        }
        let returned = self.extra.as_mut().map(|extra| std::mem::take(&mut extra.returned));
        Leftovers { _returned: returned, _buffer: self.buffer.take() }
    }

    // ---- what lock-free looks see ----

    fn bits(&self) -> usize {
        let len = self.len();
        let (senders_wait, receivers_wait) = (!self.senders.is_empty(), !self.receivers.is_empty());
        let receive = self.closed || len > 0 || senders_wait;
        let send = self.closed || self.has_room() || receivers_wait || self.overflow().drops();
        let plain = self.permits == 0 && len == self.buffer.len();
        let situation = match (senders_wait, receivers_wait) {
            (false, false) if plain && !self.closed => QUIET,
            (false, false) if plain && len > 0 => ENDING,
            (false, true) if plain && !self.closed && len == 0 => HUNGRY,
            (true, false) if plain && !self.closed => CROWDED,
            _ => 0,
        };
        let closed = usize::from(self.closed) * CLOSED;
        self.watched(closed + usize::from(receive) * RECEIVE + usize::from(send) * SEND + situation)
    }
}

/// How `take_place` ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Granted,
    None,
    Closed,
}

/// Values that outlive their channel's lock by a moment. Dropping it drops them.
pub(crate) struct Leftovers<T> {
    _returned: Option<VecDeque<(u64, T)>>,
    _buffer: Buffer<T>,
}

/// The channel is closed.
pub(crate) const CLOSED: usize = BITS;
/// A receive may find something (a value, a parked sender, the end). Clear: it surely finds nothing.
pub(crate) const RECEIVE: usize = BITS << 1;
/// A send may succeed or find the channel closed. Clear: it surely does neither.
pub(crate) const SEND: usize = BITS << 2;
/// Nobody waits. This and the next three are the plain situations, of which at most one is there: no permit is out and no
/// value has come back; in all but the last the channel is open. See `quick.rs`.
pub(super) const QUIET: usize = BITS << 3;
/// Receivers wait, and nobody else; no value is there.
pub(super) const HUNGRY: usize = BITS << 4;
/// Senders wait, and nobody else.
pub(super) const CROWDED: usize = BITS << 5;
/// Nobody waits, the channel is closed, and values are left.
pub(super) const ENDING: usize = BITS << 6;
/// The channel is monitored: never changes.
pub(super) const MONITORED: usize = BITS << 7;
/// It is quiet, but the next operation may concern its [`Watch`].
pub(super) const RESTLESS: usize = BITS << 8;
const _: () = assert!(RESTLESS < VERSION);

/// A channel: the state behind its lock, and what is read without it.
///
/// What a plain send and receive touch comes first: with the counters of the `Arc` it is one cache line.
#[repr(C)]
pub struct Chan<T> {
    /// With a version and readiness bits, written at each unlock: [`RECEIVE`], [`SEND`], [`CLOSED`], [`QUIET`].
    lock: Lock,
    state: UnsafeCell<State<T>>,
    pub(crate) senders: Ends,
    pub(crate) receivers: Ends,
    /// Whether `send` has more to do on a full channel than to wait ([`Overflow`]).
    pub(crate) impatient: bool,
}

// SAFETY: `state` is only reached through the lock (`Guard`, `State` under `assume_locked`), so values of `T` move
// between threads but are never shared: `T: Send` is enough for both.
unsafe impl<T: Send> Send for Chan<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Chan<T> {}

impl<T> Chan<T> {
    pub(crate) fn new(capacity: usize, overflow: Overflow, name: Option<Box<str>>, watch: Option<Watch>) -> Self {
        let extra = (overflow != Overflow::Block || name.is_some())
            .then(|| Box::new(Extra { overflow, name, watch, ..Extra::default() }));
        let state = State {
            buffer: Buffer::new(capacity),
            senders: List::new(),
            receivers: List::new(),
            capacity,
            permits: 0,
            handed: 0,
            closed: false,
            extra,
        };
        Self {
            lock: Lock::new(state.bits()),
            senders: Ends::one(),
            receivers: Ends::one(),
            impatient: !matches!(overflow, Overflow::Block | Overflow::DropOldest | Overflow::DropNewest),
            state: UnsafeCell::new(state),
        }
    }

    /// Locks the state. Run no user code while the guard lives: no waker, no `T::drop`.
    #[inline]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        self.lock.lock();
        Guard { chan: self, changed: false }
    }

    /// Looks at the state under the lock. (Not by a guard: one in the scrutinee of a `match` would live on in its arms.)
    pub(crate) fn look<R>(&self, look: impl FnOnce(&State<T>) -> R) -> R {
        look(&self.lock())
    }

    /// Runs a transition under the lock, and wakes after it.
    #[inline]
    pub(crate) fn with<R>(&self, transition: impl FnOnce(&mut State<T>, &mut Wakes) -> R) -> R {
        let mut wakes = Wakes::new();
        let result = transition(&mut self.lock(), &mut wakes);
        wakes.wake();
        result
    }

    /// The state, for a transition that writes the word itself.
    ///
    /// # Safety
    ///
    /// The caller holds [`raw_lock`](Self::raw_lock), and has no other reference.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub(super) unsafe fn locked_state(&self) -> &mut State<T> {
        // SAFETY: the lock gives exclusive access.
        unsafe { &mut *self.state.get() }
    }

    /// Ends such a transition.
    ///
    /// # Safety
    ///
    /// The caller holds the lock; the word was `before` when it took it; `bits` are those of `state`.
    #[inline]
    pub(super) unsafe fn replace_and_unlock(&self, state: &mut State<T>, before: usize, bits: usize) {
        self.tell_state(state);
        if before & MONITORED == 0 {
            // SAFETY: by the caller.
            unsafe { self.replace_and_unlock_untold(state, before, bits) };
            return;
        }
        // SAFETY: by the caller.
        unsafe { self.observe_and_unlock(state, before, bits) };
    }

    /// The same, of a monitored channel.
    ///
    /// # Safety
    ///
    /// The same.
    #[inline(never)]
    unsafe fn observe_and_unlock(&self, state: &mut State<T>, before: usize, bits: usize) {
        state.observe();
        let news = state.news();
        // SAFETY: by the caller.
        unsafe { self.replace_and_unlock_untold(state, before, state.watched(bits)) };
        if let Some(meter) = news {
            meter.tell();
        }
    }

    /// As [`replace_and_unlock`](Self::replace_and_unlock), where neither a simulation nor a meter is to hear of it.
    ///
    /// # Safety
    ///
    /// The same.
    #[inline]
    pub(super) unsafe fn replace_and_unlock_untold(&self, state: &State<T>, before: usize, bits: usize) {
        let right = cfg!(debug_assertions).then(|| state.bits());
        // SAFETY: by the caller.
        unsafe { self.lock.replace_and_unlock(before, bits) };
        assert!(right.is_none_or(|right| right == bits), "the word does not tell the state");
    }

    /// Runs a transition under a lock that the caller holds already.
    ///
    /// # Safety
    ///
    /// The caller holds [`raw_lock`](Self::raw_lock), and no `Guard` of this channel lives on this thread.
    pub(crate) unsafe fn assume_locked<R>(
        &self,
        wakes: &mut Wakes,
        transition: impl FnOnce(&mut State<T>, &mut Wakes) -> R,
    ) -> R {
        // SAFETY: the lock gives exclusive access, and the caller has no other reference.
        let state = unsafe { &mut *self.state.get() };
        let result = transition(state, wakes);
        self.tell_state(state);
        state.observe();
        // Nobody else may come for a long time: news are told by who holds the locks, once he has released them.
        if let Some(meter) = state.news() {
            wakes.push(Some(Waker::from(meter)));
        }
        // SAFETY: by the caller.
        unsafe { self.lock.publish(state.bits()) };
        result
    }

    #[inline]
    pub(crate) fn raw_lock(&self) -> &Lock {
        &self.lock
    }

    /// Version and bits, as of the last unlock that this thread can know of.
    #[inline]
    pub(crate) fn word(&self) -> usize {
        self.lock.word()
    }

    /// The state is about to be seen by others.
    #[inline]
    pub(super) fn tell_state(&self, state: &State<T>) {
        if seam::detailed() {
            seam::channel(self.address(), ChannelEvent::State { len: state.len(), closed: state.closed });
        }
    }

    /// A view of what is counted.
    pub(crate) fn monitor(&self) -> Option<ChannelMonitor> {
        self.meter().as_ref().map(ChannelMonitor::of)
    }

    fn meter(&self) -> Option<Arc<Meter>> {
        if self.word() & MONITORED == 0 {
            return None;
        }
        self.look(|state| Some(Arc::clone(state.extra.as_ref()?.watch.as_ref()?.meter())))
    }

    /// A send found no room, and does not wait for it.
    pub(super) fn count_rejected(&self) {
        if let Some(meter) = self.meter() {
            meter.rejected();
        }
    }

    /// A send or a receive gave up waiting.
    pub(super) fn count_timeout(&self) {
        if let Some(meter) = self.meter() {
            meter.timed_out();
        }
    }

    /// What a simulation knows the channel by.
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self).cast::<()>() as usize
    }

    /// It lies where it will stay.
    pub(super) fn tell_made(&self, site: &'static Location<'static>) {
        if seam::detailed() {
            self.look(|state| {
                let made = ChannelEvent::Made { capacity: state.capacity(), name: state.name(), site };
                seam::channel(self.address(), made);
            });
        }
    }

    /// The number of handles has changed.
    #[inline]
    pub(crate) fn tell_ends(&self) {
        if seam::detailed() {
            let (senders, receivers) = (self.senders.count(), self.receivers.count());
            seam::channel(self.address(), ChannelEvent::Ends { senders, receivers });
        }
    }
}

impl<T> std::fmt::Debug for Chan<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The formatter is the user's: it must not run under the lock.
        let (name, len, capacity, closed) =
            self.look(|state| (state.name().map(str::to_owned), state.len(), state.capacity(), state.is_closed()));
        f.debug_struct("Channel")
            .field("name", &name)
            .field("len", &len)
            .field("capacity", &capacity)
            .field("closed", &closed)
            .finish()
    }
}

/// The locked state.
pub(crate) struct Guard<'a, T> {
    chan: &'a Chan<T>,
    /// Somebody had `&mut State`: the word must be written.
    changed: bool,
}

impl<T> Deref for Guard<'_, T> {
    type Target = State<T>;

    #[inline]
    fn deref(&self) -> &State<T> {
        // SAFETY: the guard holds the lock.
        unsafe { &*self.chan.state.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut State<T> {
        self.changed = true;
        // SAFETY: the guard holds the lock.
        unsafe { &mut *self.chan.state.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard was made by `lock`.
        unsafe {
            if self.changed {
                self.chan.tell_state(self);
                self.observe();
                let news = self.news();
                self.chan.lock.publish_and_unlock(self.bits());
                if let Some(meter) = news {
                    meter.tell();
                }
            } else {
                self.chan.lock.unlock();
            }
        }
    }
}
