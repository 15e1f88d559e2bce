//! The slots of the wheel: what is due at which tick, without a clock, tasks or a lock.
//!
//! Seven levels of 64 slots. A slot of level *n* stands for 64ⁿ ticks. An entry lies in the level of the highest digit (to
//! the base 64) in which its tick differs from the position, in the slot of its own digit there. When the position comes to
//! the beginning of a slot of a higher level, the slot's entries move to lower ones.
//!
//! * I1 All slots that hold something begin at the position or behind it.
//! * I2 An entry is in a slot that begins at its tick or before it, so nothing is due before the first slot begins.
//! * I3 A node that is not in a slot is in the list of free ones and holds no value.

/// So many digits to the base 64 has a tick.
const LEVELS: usize = 7;
const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;

/// The last tick: at 5 ms each, 697 years.
pub(super) const LAST: u64 = (1 << (BITS * LEVELS as u32)) - 1;

/// Most entries that are moved to a lower level in one step.
const MOVED_AT_ONCE: usize = 128;

/// No node.
const NIL: u32 = u32::MAX;

/// Fewer nodes than that are kept when all are free.
const KEPT: usize = 256;

#[derive(Debug)]
pub(super) struct Slots<T> {
    nodes: Vec<Node<T>>,
    /// The first free node.
    free: u32,
    heads: [[u32; SLOTS]; LEVELS],
    /// A bit for each slot that holds something.
    occupied: [u64; LEVELS],
    position: u64,
    len: usize,
    /// How many entries there ever were: tells an entry from a later one in the same node.
    entered: u64,
}

#[derive(Debug)]
struct Node<T> {
    value: Option<T>,
    tick: u64,
    number: u64,
    next: u32,
    prev: u32,
    level: u8,
    slot: u8,
}

/// Where an entry lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    node: u32,
    number: u64,
}

/// What [`Slots::step`] has done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<T> {
    /// This one is due, and out.
    Due(T),
    /// Some entries were moved; there is more to do.
    Moved,
    /// Nothing is due before this tick.
    Next(u64),
    /// There is nothing.
    Empty,
}

impl<T> Slots<T> {
    pub(super) fn new() -> Self {
        Self {
            nodes: Vec::new(),
            free: NIL,
            heads: [[NIL; SLOTS]; LEVELS],
            occupied: [0; LEVELS],
            position: 0,
            len: 0,
            entered: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Begins at tick 0 again, and gives the memory of many entries back.
    ///
    /// Only if it is empty.
    pub(super) fn restart(&mut self) {
        debug_assert!(self.is_empty());
        self.position = 0;
        if self.nodes.len() > KEPT {
            self.nodes = Vec::new();
            self.free = NIL;
        }
    }

    /// Puts a value in, and says at which tick to look: at its own or before. One that is due already is due at the next tick.
    pub(super) fn insert(&mut self, tick: u64, value: T) -> (Key, u64) {
        let tick = tick.max(self.position + 1).min(LAST);
        let number = self.entered;
        self.entered += 1;
        let node = Node { value: Some(value), tick, number, next: NIL, prev: NIL, level: 0, slot: 0 };
        let index = self.free;
        let index = if let Some(free) = self.nodes.get_mut(index as usize) {
            self.free = free.next;
            *free = node;
            index
        } else {
            assert!(self.nodes.len() < NIL as usize, "more than four thousand million deadlines");
            self.nodes.push(node);
            (self.nodes.len() - 1) as u32
        };
        self.len += 1;
        (Key { node: index, number }, self.link(index))
    }

    /// Takes a value out, if it is still in.
    pub(super) fn remove(&mut self, key: Key) -> Option<T> {
        let node = self.nodes.get(key.node as usize).filter(|node| node.number == key.number)?;
        // I3: it was due, or removed.
        node.value.as_ref()?;
        self.take(key.node)
    }

    /// Does one thing that is to be done by the tick `now`.
    pub(super) fn step(&mut self, now: u64) -> Step<T> {
        let Some((level, slot, begin)) = self.first() else { return Step::Empty };
        if begin > now {
            // Keeps I1, and every entry's level: its digits above that are those of `begin`, and so those of all ticks between.
            self.position = self.position.max(now);
            return Step::Next(begin);
        }
        self.position = begin;
        if level == 0 {
            let value = self.take(self.heads[0][slot]);
            return value.map_or(Step::Moved, Step::Due);
        }
        for _ in 0..MOVED_AT_ONCE {
            let node = self.heads[level][slot];
            if node == NIL {
                break;
            }
            self.unlink(node);
            self.link(node);
        }
        Step::Moved
    }

    /// The slot that begins first: level, slot and tick.
    fn first(&self) -> Option<(usize, usize, u64)> {
        let occupied = self.occupied.iter().enumerate().filter(|(_, slots)| **slots != 0);
        let begins = occupied.map(|(level, slots)| {
            let slot = slots.trailing_zeros();
            let shift = BITS * level as u32;
            let above = self.position >> (shift + BITS) << (shift + BITS);
            (level, slot as usize, above | u64::from(slot) << shift)
        });
        begins.min_by_key(|&(_, _, begin)| begin)
    }

    /// Puts a node into the slot of its tick, and says when that begins.
    fn link(&mut self, index: u32) -> u64 {
        let position = self.position;
        let Some(node) = self.nodes.get_mut(index as usize) else { return LAST };
        // The highest bit that differs; none is as good as the lowest.
        let level = (u64::BITS - 1 - ((position ^ node.tick) | 1).leading_zeros()) / BITS;
        let slot = node.tick >> (BITS * level) & (SLOTS as u64 - 1);
        let begin = node.tick >> (BITS * level) << (BITS * level);
        (node.level, node.slot) = (level as u8, slot as u8);
        let head = &mut self.heads[level as usize][slot as usize];
        node.prev = NIL;
        node.next = std::mem::replace(head, index);
        let next = node.next;
        if let Some(next) = self.nodes.get_mut(next as usize) {
            next.prev = index;
        }
        self.occupied[level as usize] |= 1 << slot;
        begin
    }

    fn unlink(&mut self, index: u32) {
        let Node { next, prev, level, slot, .. } = self.nodes[index as usize];
        let (level, slot) = (usize::from(level), usize::from(slot));
        match self.nodes.get_mut(prev as usize) {
            Some(prev) => prev.next = next,
            None => {
                self.heads[level][slot] = next;
                if next == NIL {
                    self.occupied[level] &= !(1 << slot);
                }
            }
        }
        if let Some(next) = self.nodes.get_mut(next as usize) {
            next.prev = prev;
        }
    }

    /// Unlinks a node and frees it (I3).
    fn take(&mut self, index: u32) -> Option<T> {
        self.unlink(index);
        let node = &mut self.nodes[index as usize];
        node.next = std::mem::replace(&mut self.free, index);
        self.len -= 1;
        node.value.take()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// What is due by `now`, in the order in which it comes out, and when to look again.
    fn due(slots: &mut Slots<u64>, now: u64) -> (Vec<u64>, Option<u64>) {
        let mut due = Vec::new();
        loop {
            match slots.step(now) {
                Step::Due(value) => due.push(value),
                Step::Moved => {}
                Step::Next(tick) => return (due, Some(tick)),
                Step::Empty => return (due, None),
            }
        }
    }

    #[test]
    fn what_is_due_comes_out_at_its_tick_and_not_before() {
        for tick in [1, 2, 63, 64, 65, 1000, 4095, 4096, 262_143, 262_144, 1 << 30, LAST - 1, LAST] {
            let mut slots = Slots::new();
            slots.insert(tick, tick);
            let (early, next) = due(&mut slots, tick - 1);
            assert_eq!((early, next), (vec![], Some(tick)), "{tick}");
            assert_eq!(due(&mut slots, tick), (vec![tick], None), "{tick}");
        }
    }

    #[test]
    fn a_tick_beyond_the_last_is_the_last() {
        let mut slots = Slots::new();
        slots.insert(u64::MAX, 7);
        assert_eq!(due(&mut slots, LAST - 1), (vec![], Some(LAST)));
        assert_eq!(due(&mut slots, LAST), (vec![7], None));
    }

    #[test]
    fn a_key_of_the_past_removes_nothing() {
        let mut slots = Slots::new();
        let (first, _) = slots.insert(5, 1);
        assert_eq!(slots.remove(first), Some(1));
        assert_eq!(slots.remove(first), None);
        let (second, _) = slots.insert(5, 2);
        assert_eq!(first.node, second.node);
        assert_eq!(slots.remove(first), None);
        slots.remove(second);
        slots.restart();
        let (third, _) = slots.insert(5, 3);
        assert_eq!((slots.remove(second), slots.remove(third)), (None, Some(3)));
    }

    #[test]
    fn many_at_one_tick_are_moved_in_parts_and_all_come_out() {
        let mut slots = Slots::new();
        let many = 10 * MOVED_AT_ONCE as u64;
        for value in 0..many {
            slots.insert(100_000, value);
        }
        let mut steps = 0;
        while slots.step(99_999) == Step::Moved {
            steps += 1;
            // In the middle of it: earlier, later, and among them.
            slots.insert(100_001, many);
        }
        assert!(steps > 10, "{steps}");
        let (mut out, _) = due(&mut slots, 100_000);
        out.sort_unstable();
        assert!(out.into_iter().eq(0..many));
        assert_eq!(due(&mut slots, 100_001), (vec![many; steps], None));
        slots.restart();
        assert_eq!(slots.nodes.capacity(), 0);
    }

    /// The same, naively.
    #[derive(Default)]
    struct Model {
        entries: BTreeMap<u64, (u64, Key)>,
    }

    impl Model {
        fn due(&mut self, now: u64) -> Vec<u64> {
            let due: Vec<u64> =
                self.entries.iter().filter(|(_, entry)| entry.0 <= now).map(|(value, _)| *value).collect();
            self.entries.retain(|_, entry| entry.0 > now);
            due
        }
    }

    #[test]
    fn random_histories_are_those_of_a_naive_model() {
        for seed in 0..300 {
            let mut random = fastrand::Rng::with_seed(seed);
            let (mut slots, mut model) = (Slots::new(), Model::default());
            let (mut now, mut value) = (0, 0);
            // In some histories ticks lie close together, in others far apart.
            let spread = 1 << random.u32(2..36);
            for _ in 0..400 {
                match random.u32(0..10) {
                    0..5 => {
                        // Behind the clock, too: then it is due at the next tick that the wheel has not come to.
                        let tick = (now + random.u64(0..spread)).saturating_sub(random.u64(0..3));
                        let at = tick.max(slots.position + 1);
                        let (key, look) = slots.insert(tick, value);
                        assert!(look <= at, "seed {seed}");
                        model.entries.insert(value, (at, key));
                        value += 1;
                    }
                    5..8 => {
                        let keys: Vec<u64> = model.entries.keys().copied().collect();
                        if let Some(value) = random.choice(keys) {
                            let (_, key) = model.entries.remove(&value).unwrap();
                            assert_eq!(slots.remove(key), Some(value), "seed {seed}");
                            assert_eq!(slots.remove(key), None, "seed {seed}");
                        }
                    }
                    8 => {
                        // A step in the middle of something.
                        if let Step::Due(value) = slots.step(now) {
                            let (at, _) = model.entries.remove(&value).unwrap();
                            assert!(at <= now, "seed {seed}");
                        }
                    }
                    _ => {
                        now += random.u64(0..spread);
                        let (mut out, next) = due(&mut slots, now);
                        out.sort_unstable();
                        assert_eq!(out, model.due(now), "seed {seed}");
                        let earliest = model.entries.values().map(|entry| entry.0).min();
                        assert_eq!(next.is_some(), earliest.is_some(), "seed {seed}");
                        assert!(next <= earliest && next.is_none_or(|next| next > now), "seed {seed}");
                    }
                }
                assert_eq!(slots.is_empty(), model.entries.is_empty(), "seed {seed}");
            }
            let (mut out, next) = due(&mut slots, LAST);
            out.sort_unstable();
            assert_eq!((out, next), (model.due(LAST), None), "seed {seed}");
        }
    }
}
