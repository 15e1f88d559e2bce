//! Whether a history is one of a queue: by the patterns that no queue makes.
//!
//! All values are distinct. Then a history of enqueues and dequeues has a linearisation as a queue exactly if none of a few
//! patterns is in it (Bouajjani, Emmi, Enea and Hamza, *On reducing linearizability to state reachability*, ICALP 2015):
//! a value is received that was never sent, or twice, or before it was sent; of two values, one sent after the other, the
//! later one is received before the earlier; nothing is found while there was something all the time. Each of them is found
//! by sorting, in O(n log n).

use std::fmt;

use super::log::{Event, NEVER, What};

/// What may be expected of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Everything that was sent must have been received.
    pub(crate) drained: bool,
    /// So many values may be there at most, where that is to be checked.
    pub(crate) capacity: Option<usize>,
    /// So many values may come after ones that were sent later: each receive that is given up may put back a value while
    /// somebody else gets the next one.
    pub(crate) late: usize,
    /// Who finds nothing must be right. Not so while a value may be in the hands of a receive that is given up.
    pub(crate) empties: bool,
}

/// What is wrong with a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Received, and never sent.
    ThinAir(Event),
    /// Two sends of one value: the history itself is no good.
    SentTwice(Event, Event),
    /// Received twice.
    Twice(Event, Event),
    /// The receive was over before the send began.
    TooEarly { sent: Event, received: Event },
    /// Sent, and never received.
    Lost(Event),
    /// `early` was sent before `late`, and is received after it, or never.
    OutOfOrder { early: Value, late: Value },
    /// Somebody found nothing. `held` was there when the search began, and then others, without a gap.
    NotEmpty { found: Event, held: Value },
    /// With this value there were more than there is room for.
    Overfull { sent: Event, values: usize },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ThinAir(received) => write!(f, "received, but never sent: {received}"),
            Self::SentTwice(a, b) => write!(f, "sent twice: {a}; {b}"),
            Self::Twice(a, b) => write!(f, "received twice: {a}; {b}"),
            Self::TooEarly { sent, received } => write!(f, "received before it was sent: {sent}; {received}"),
            Self::Lost(sent) => write!(f, "sent, but never received: {sent}"),
            Self::OutOfOrder { early, late } => write!(f, "out of order: first {early}, then {late}"),
            Self::NotEmpty { found, held } => write!(f, "not empty: {found}, while there was {held}, and then others"),
            Self::Overfull { sent, values } => write!(f, "too many: {values} values are there after {sent}"),
        }
    }
}

/// A value that was sent, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) sent: Event,
    pub(crate) received: Option<Event>,
}

impl Value {
    fn received_begin(&self) -> u64 {
        self.received.map_or(NEVER, |event| event.begin)
    }

    fn received_end(&self) -> u64 {
        self.received.map_or(NEVER, |event| event.end)
    }

    /// From when to when it was there for sure, if ever.
    fn there(&self) -> Option<(u64, u64)> {
        (self.sent.end < self.received_begin()).then(|| (self.sent.end, self.received_begin()))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.received {
            Some(received) => write!(f, "[{}; {received}]", self.sent),
            None => write!(f, "[{}; never received]", self.sent),
        }
    }
}

/// Finds what is wrong with the history of one channel.
pub(crate) fn check(events: &[Event], rules: Rules) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut values = pair(events, rules, &mut faults);
    values.sort_unstable_by_key(|value| value.sent.begin);
    order(&values, rules.late, &mut faults);
    if rules.empties {
        empties(&values, events, &mut faults);
    }
    if let Some(capacity) = rules.capacity {
        overfull(&values, capacity, &mut faults);
    }
    faults
}

/// Finds who was wrong to find nothing in several channels at once: at some instant none of them may have held anything for
/// sure. That each of them was empty at an instant of its own is not enough.
pub(crate) fn check_together(histories: &[Vec<Event>], found: &[Event]) -> Vec<Fault> {
    let any = Rules { drained: false, capacity: None, late: 0, empties: true };
    // What is wrong with the pairs is told by `check`.
    let mut values: Vec<Value> = histories.iter().flat_map(|events| pair(events, any, &mut Vec::new())).collect();
    values.sort_unstable_by_key(|value| value.sent.begin);
    let mut faults = Vec::new();
    empties(&values, found, &mut faults);
    faults
}

/// Each value's send with its receive; what may not have been sent, and was not received, is left out.
fn pair(events: &[Event], rules: Rules, faults: &mut Vec<Fault>) -> Vec<Value> {
    let of = |wanted: fn(What) -> bool| {
        let mut of: Vec<Event> = events.iter().copied().filter(|event| wanted(event.what)).collect();
        of.sort_unstable_by_key(|event| (event.value, event.end));
        of
    };
    let sends = of(|what| matches!(what, What::Sent | What::Unsure));
    let receives = of(|what| what == What::Received);
    let mut values = Vec::with_capacity(sends.len());
    let mut left = receives.iter().copied().peekable();
    let mut sends = sends.into_iter().peekable();
    while let Some(sent) = sends.next() {
        while let Some(stray) = left.next_if(|event| event.value < sent.value) {
            faults.push(Fault::ThinAir(stray));
        }
        while let Some(again) = sends.next_if(|event| event.value == sent.value) {
            faults.push(Fault::SentTwice(sent, again));
        }
        let received = left.next_if(|event| event.value == sent.value);
        if let Some(first) = received {
            while let Some(again) = left.next_if(|event| event.value == sent.value) {
                faults.push(Fault::Twice(first, again));
            }
            if first.end < sent.begin {
                faults.push(Fault::TooEarly { sent, received: first });
            }
        } else if sent.what == What::Unsure {
            continue;
        } else if rules.drained {
            faults.push(Fault::Lost(sent));
        }
        values.push(Value { sent, received });
    }
    faults.extend(left.map(Fault::ThinAir));
    values
}

/// Of two values, one sent before the other, the first is received first. `values` are in the order in which sends began.
fn order(values: &[Value], allowed: usize, faults: &mut Vec<Fault>) {
    // Of this value and those after it, the one whose receive was over first.
    let mut soonest: Vec<usize> = (0..values.len()).collect();
    for place in (1..values.len()).rev() {
        let next = soonest[place];
        if values[next].received_end() < values[soonest[place - 1]].received_end() {
            soonest[place - 1] = next;
        }
    }
    let mut found = Vec::new();
    for early in values {
        let after = values.partition_point(|other| other.sent.begin <= early.sent.end);
        let Some(&late) = soonest.get(after) else { continue };
        if values[late].received_end() < early.received_begin() {
            found.push(Fault::OutOfOrder { early: *early, late: values[late] });
        }
    }
    if found.len() > allowed {
        faults.append(&mut found);
    }
}

/// Who finds nothing must have had an instant to do so at which nothing was there for sure.
fn empties(values: &[Value], events: &[Event], faults: &mut Vec<Fault>) {
    let mut there: Vec<(u64, u64, usize)> = values
        .iter()
        .enumerate()
        .filter_map(|(place, value)| value.there().map(|(from, to)| (from, to, place)))
        .collect();
    there.sort_unstable();
    // Joined where they overlap; that they touch leaves an instant between them.
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for &(from, to, _) in &there {
        match joined.last_mut() {
            Some(last) if from < last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    for found in events.iter().filter(|event| event.what == What::Empty) {
        let after = joined.partition_point(|&(from, _)| from <= found.begin);
        let Some(&(from, to)) = after.checked_sub(1).and_then(|place| joined.get(place)) else { continue };
        if found.end > to {
            continue;
        }
        // The last one to come before the search began and to stay beyond that.
        let first = there.partition_point(|&(start, ..)| start < from);
        let last = there.partition_point(|&(start, ..)| start <= found.begin);
        if let Some(&(_, _, place)) = there[first..last].iter().rev().find(|&&(_, to, _)| to > found.begin) {
            faults.push(Fault::NotEmpty { found: *found, held: values[place] });
        }
    }
}

/// Never more values for sure than there is room for.
fn overfull(values: &[Value], capacity: usize, faults: &mut Vec<Fault>) {
    let mut changes: Vec<(u64, bool, usize)> = Vec::with_capacity(2 * values.len());
    for (place, value) in values.iter().enumerate() {
        if let Some((from, to)) = value.there() {
            changes.push((from, true, place));
            changes.push((to, false, place));
        }
    }
    // At the same instant those that go come first.
    changes.sort_unstable();
    let mut count = 0;
    for (_, comes, place) in changes {
        if !comes {
            count -= 1;
            continue;
        }
        count += 1;
        if count > capacity {
            faults.push(Fault::Overfull { sent: values[place].sent, values: count });
        }
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;

    /// A queue without bounds, drained at the end.
    const STRICT: Rules = Rules { drained: true, capacity: None, late: 0, empties: true };

    fn event(what: What, value: u64, begin: u64, end: u64) -> Event {
        Event { begin, end, value, task: 0, what }
    }

    fn sent(value: u64, begin: u64, end: u64) -> Event {
        event(What::Sent, value, begin, end)
    }

    fn unsure(value: u64, begin: u64, end: u64) -> Event {
        event(What::Unsure, value, begin, end)
    }

    fn received(value: u64, begin: u64, end: u64) -> Event {
        event(What::Received, value, begin, end)
    }

    fn empty(begin: u64, end: u64) -> Event {
        event(What::Empty, 0, begin, end)
    }

    fn strict(events: &[Event]) -> Vec<Fault> {
        check(events, STRICT)
    }

    const UNDRAINED: Rules = Rules { drained: false, ..STRICT };

    #[test]
    fn a_queue_passes() {
        let history = [
            empty(0, 1),
            sent(1, 2, 3),
            sent(2, 4, 5),
            received(1, 6, 7),
            received(2, 8, 9),
            empty(10, 11),
            unsure(3, 12, 13),
        ];
        assert_eq!(strict(&history), []);
        assert_eq!(check(&history, Rules { capacity: Some(2), ..STRICT }), []);
    }

    #[test]
    fn what_overlaps_may_go_either_way() {
        // Two sends at once, received in the other order; a receive that waits; a search while a send is under way.
        assert_eq!(strict(&[sent(1, 0, 3), sent(2, 1, 2), received(2, 4, 5), received(1, 6, 7)]), []);
        assert_eq!(strict(&[sent(1, 0, 1), sent(2, 2, 3), received(1, 4, 7), received(2, 5, 6)]), []);
        assert_eq!(strict(&[received(1, 0, 5), sent(1, 2, 3)]), []);
        assert_eq!(strict(&[sent(1, 0, 3), empty(1, 2), received(1, 4, 5)]), []);
    }

    #[test]
    fn a_value_out_of_thin_air_is_found() {
        let first = received(1, 2, 3);
        assert_eq!(strict(&[first, sent(2, 0, 1), received(2, 4, 5)]), [Fault::ThinAir(first)]);
        let last = received(3, 2, 3);
        assert_eq!(strict(&[last, sent(2, 0, 1), received(2, 4, 5)]), [Fault::ThinAir(last)]);
    }

    #[test]
    fn a_value_received_twice_is_found() {
        let (a, b) = (received(1, 2, 3), received(1, 4, 5));
        assert_eq!(strict(&[b, sent(1, 0, 1), a]), [Fault::Twice(a, b)]);
    }

    #[test]
    fn a_value_sent_twice_is_found() {
        let (a, b) = (sent(1, 0, 1), sent(1, 2, 3));
        assert_eq!(strict(&[a, b, received(1, 4, 5)]), [Fault::SentTwice(a, b)]);
    }

    #[test]
    fn a_value_received_before_it_was_sent_is_found() {
        let (s, r) = (sent(1, 2, 3), received(1, 0, 1));
        assert_eq!(strict(&[s, r]), [Fault::TooEarly { sent: s, received: r }]);
    }

    #[test]
    fn a_lost_value_is_found_once_the_channel_is_drained() {
        assert_eq!(strict(&[sent(1, 0, 1)]), [Fault::Lost(sent(1, 0, 1))]);
        assert_eq!(check(&[sent(1, 0, 1)], UNDRAINED), []);
    }

    #[test]
    fn a_later_value_that_is_received_first_is_found() {
        let history = [sent(1, 0, 1), sent(2, 2, 3), received(2, 4, 5), received(1, 6, 7)];
        let value = |place: usize, other: usize| Value { sent: history[place], received: Some(history[other]) };
        assert_eq!(strict(&history), [Fault::OutOfOrder { early: value(0, 3), late: value(1, 2) }]);
        assert_eq!(check(&history, Rules { late: 1, ..STRICT }), []);
    }

    #[test]
    fn a_value_passed_over_for_ever_is_found() {
        let history = [sent(1, 0, 1), sent(2, 2, 3), received(2, 4, 5)];
        let early = Value { sent: history[0], received: None };
        let late = Value { sent: history[1], received: Some(history[2]) };
        assert_eq!(check(&history, UNDRAINED), [Fault::OutOfOrder { early, late }]);
    }

    #[test]
    fn an_order_that_only_a_third_value_shows_is_found() {
        let history =
            [sent(1, 0, 1), sent(2, 2, 9), sent(3, 3, 4), received(3, 5, 6), received(2, 10, 11), received(1, 12, 13)];
        assert!(strict(&history).iter().any(|fault| matches!(fault, Fault::OutOfOrder { .. })));
    }

    #[test]
    fn a_value_that_may_have_been_sent_counts_if_it_was_received() {
        assert_eq!(strict(&[unsure(1, 0, 3), received(1, 4, 5)]), []);
        let early = [unsure(1, 2, 3), received(1, 0, 1)];
        assert_eq!(strict(&early), [Fault::TooEarly { sent: early[0], received: early[1] }]);
    }

    #[test]
    fn nothing_found_while_there_was_something_is_found() {
        let history = [sent(1, 0, 1), empty(2, 3), received(1, 4, 5)];
        let held = Value { sent: history[0], received: Some(history[2]) };
        assert_eq!(strict(&history), [Fault::NotEmpty { found: history[1], held }]);
        assert_eq!(check(&history, Rules { empties: false, ..STRICT }), []);
    }

    #[test]
    fn nothing_found_while_one_value_followed_the_other_is_found() {
        // There from 1 to 6, and from 4 to 9: the search lasts longer than either.
        let chain = [sent(1, 0, 1), empty(2, 8), sent(2, 3, 4), received(1, 6, 7), received(2, 9, 10)];
        assert!(matches!(strict(&chain)[..], [Fault::NotEmpty { .. }]));
        // With a gap from 5 to 6 it is right.
        let gap = [sent(1, 0, 1), empty(2, 8), received(1, 3, 4), sent(2, 5, 7), received(2, 9, 10)];
        assert_eq!(strict(&gap), []);
    }

    #[test]
    fn nothing_found_beside_a_value_that_is_never_received_is_found() {
        assert!(matches!(check(&[sent(1, 0, 1), empty(2, 3)], UNDRAINED)[..], [Fault::NotEmpty { .. }]));
    }

    #[test]
    fn nothing_found_in_two_channels_that_were_empty_by_turns_is_found() {
        // The first one holds something from 1 to 6, the second from 4 to 9.
        let first = vec![sent(1, 0, 1), received(1, 6, 7)];
        let second = vec![sent(2, 3, 4), received(2, 9, 10)];
        let search = empty(2, 8);
        for history in [&first, &second] {
            assert_eq!(strict(&[history.as_slice(), &[search]].concat()), []);
        }
        let faults = check_together(&[first.clone(), second], &[search]);
        assert!(matches!(faults[..], [Fault::NotEmpty { found, .. }] if found == search));
        let after = vec![sent(2, 7, 8), received(2, 9, 10)];
        assert_eq!(check_together(&[first, after], &[empty(2, 8)]), []);
    }

    #[test]
    fn more_than_there_is_room_for_is_found() {
        let history = [sent(1, 0, 1), sent(2, 2, 3), received(1, 4, 5), received(2, 6, 7)];
        let capacity = |n| Rules { capacity: Some(n), ..STRICT };
        assert_eq!(check(&history, capacity(1)), [Fault::Overfull { sent: history[1], values: 2 }]);
        assert_eq!(check(&history, capacity(2)), []);
    }

    /// A sequential history of a queue, drained at the end; with stamps far apart.
    fn sequential(rng: &mut Rng, steps: u64) -> Vec<Event> {
        let (mut history, mut queue) = (Vec::new(), std::collections::VecDeque::new());
        let mut at = 0;
        let mut stamps = || {
            at += 100;
            (at, at + 1)
        };
        for value in 1..=steps {
            let (begin, end) = stamps();
            if rng.u8(..5) < 3 {
                queue.push_back(value);
                history.push(sent(value, begin, end));
            } else {
                history.push(queue.pop_front().map_or(empty(begin, end), |value| received(value, begin, end)));
            }
        }
        for value in queue {
            let (begin, end) = stamps();
            history.push(received(value, begin, end));
        }
        history
    }

    #[test]
    fn correct_histories_pass_and_perturbed_ones_do_not() {
        let mut rng = Rng::with_seed(0x5EED);
        for _ in 0..2_000 {
            let history = sequential(&mut rng, 60);
            assert_eq!(strict(&history), []);
            // Operations that take longer allow more, never less.
            let mut wide = history.clone();
            for event in &mut wide {
                event.begin = event.begin.saturating_sub(rng.u64(..400));
                event.end += rng.u64(..400);
            }
            assert_eq!(strict(&wide), []);
            for _ in 0..8 {
                let mut bad = history.clone();
                let Some(how) = perturb(&mut bad, &mut rng) else { continue };
                assert!(!strict(&bad).is_empty(), "{how} was not found in {bad:#?}");
            }
        }
    }

    /// Makes a sequential history wrong, if there is something to make wrong in that way.
    fn perturb(history: &mut Vec<Event>, rng: &mut Rng) -> Option<&'static str> {
        let places = |wanted: What| {
            let places: Vec<usize> = (0..history.len()).filter(|&place| history[place].what == wanted).collect();
            places
        };
        let (sends, receives, empties) = (places(What::Sent), places(What::Received), places(What::Empty));
        let receive = rng.choice(receives.iter().copied())?;
        Some(match rng.u8(..7) {
            0 => {
                history.remove(receive);
                "a receive that is missing"
            }
            1 => {
                history.remove(rng.choice(sends)?);
                "a send that is missing"
            }
            2 => {
                let end = history.last()?.end;
                history.push(Event { begin: end + 100, end: end + 101, ..history[receive] });
                "a receive too many"
            }
            3 => {
                let other = rng.choice(receives).filter(|&other| other != receive)?;
                let value = history[receive].value;
                history[receive].value = std::mem::replace(&mut history[other].value, value);
                "two receives that have changed places"
            }
            4 => {
                let send = rng.choice(sends)?;
                history[send].begin = u64::MAX / 2;
                history[send].end = u64::MAX / 2 + 1;
                "a send that comes after its receive"
            }
            5 => {
                // Right before a receive there is something.
                let begin = history[receive].begin;
                history.push(empty(begin - 2, begin - 1));
                "nothing found while there was something"
            }
            _ => {
                let place = rng.choice(empties)?;
                history[place].value = 1_000_000;
                history[place].what = What::Received;
                "a value out of thin air"
            }
        })
    }

    /// By trying every order: slow, and beyond doubt.
    fn has_linearisation(history: &[Event], done: u32, queue: &mut Vec<u64>) -> bool {
        if done.count_ones() as usize == history.len() {
            return true;
        }
        let left = |place: &usize| done & 1 << place == 0;
        let first_end = (0..history.len()).filter(left).map(|place| history[place].end).min().unwrap_or(NEVER);
        (0..history.len()).filter(left).any(|place| {
            let event = history[place];
            if event.begin > first_end {
                return false;
            }
            let before = queue.clone();
            let possible = match event.what {
                What::Empty => queue.is_empty(),
                What::Received => queue.first() == Some(&event.value) && queue.remove(0) == event.value,
                What::Sent | What::Unsure => {
                    queue.push(event.value);
                    true
                }
            };
            let ok = possible && has_linearisation(history, done | 1 << place, queue);
            *queue = before;
            ok
        })
    }

    #[test]
    fn agrees_with_a_search_through_all_orders() {
        let mut rng = Rng::with_seed(0x5EED);
        let (mut good, mut bad) = (0, 0);
        for _ in 0..60_000 {
            let values = rng.u64(1..=4);
            let mut history = Vec::new();
            for value in 1..=values {
                history.push(sent(value, 0, 0));
                if rng.u8(..4) > 0 {
                    history.push(received(value, 0, 0));
                }
            }
            for _ in 0..rng.u8(..3) {
                history.push(empty(0, 0));
            }
            // Distinct stamps, each operation's in order, and the operations short.
            let mut stamps: Vec<(u64, usize)> = Vec::new();
            for place in 0..history.len() {
                let begin = rng.u64(..1 << 20);
                stamps.extend([(begin << 4, place), ((begin + rng.u64(1..1 << 19)) << 4, place)]);
            }
            stamps.sort_unstable();
            for (stamp, (_, place)) in stamps.into_iter().enumerate() {
                let event = &mut history[place];
                if event.begin == 0 {
                    event.begin = stamp as u64 + 1;
                } else {
                    event.end = stamp as u64 + 1;
                }
            }
            let expected = has_linearisation(&history, 0, &mut Vec::new());
            let faults = check(&history, UNDRAINED);
            assert_eq!(faults.is_empty(), expected, "{faults:?} in {history:#?}");
            if expected { good += 1 } else { bad += 1 }
        }
        assert!(good > 2_000 && bad > 2_000, "{good} good, {bad} bad");
    }
}
