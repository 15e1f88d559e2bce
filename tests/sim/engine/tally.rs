//! Values whose fate is known: each is received, handed back, or dropped, once; and what may be dropped is counted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Received,
    HandedBack,
    Dropped,
}

#[derive(Default)]
struct Books {
    /// By number of the value: its fate, and whether it is gone.
    values: Vec<(Option<Fate>, bool)>,
    /// How many values each sender has made.
    made: Vec<u32>,
    /// How many may be dropped, because those who had them in hand were cancelled.
    forgiven: usize,
}

/// Keeps the books of a program's values.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<Mutex<Books>>);

impl Tally {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next value of a sender.
    pub(crate) fn value(&self, sender: usize) -> Counted {
        let mut books = self.books();
        if books.made.len() <= sender {
            books.made.resize(sender + 1, 0);
        }
        books.made[sender] += 1;
        let place = books.made[sender];
        books.values.push((None, false));
        Counted { number: books.values.len() - 1, sender, place, tally: self.clone() }
    }

    /// A value that comes back if the task that holds it is cancelled.
    pub(crate) fn keep(&self, sender: usize) -> Keep {
        Keep(Some(self.value(sender)))
    }

    /// For a task that may lose so many values if it is cancelled.
    pub(crate) fn may_lose(&self, values: usize) -> MayLose {
        MayLose { tally: self.clone(), values }
    }

    fn count(&self, fate: Fate) -> usize {
        self.books().values.iter().filter(|value| value.0 == Some(fate)).count()
    }

    pub(crate) fn received(&self) -> usize {
        self.count(Fate::Received)
    }

    pub(crate) fn handed_back(&self) -> usize {
        self.count(Fate::HandedBack)
    }

    pub(crate) fn dropped(&self) -> usize {
        self.count(Fate::Dropped)
    }

    pub(crate) fn made(&self) -> usize {
        self.books().values.len()
    }

    /// Every value has met its fate, once; none was dropped that nobody was forgiven.
    #[track_caller]
    pub(crate) fn settled(&self) {
        self.settled_with(0);
    }

    /// As [`settled`](Self::settled); so many were dropped on purpose.
    #[track_caller]
    pub(crate) fn settled_with(&self, dropped: usize) {
        let alive = self.books().values.iter().filter(|value| !value.1).count();
        assert_eq!(alive, 0, "values that were neither received nor given back nor dropped");
        let forgiven = self.books().forgiven + dropped;
        assert!(self.dropped() <= forgiven, "{} values lost, {forgiven} may be", self.dropped());
    }
}

/// A value of a [`Tally`].
pub(crate) struct Counted {
    number: usize,
    pub(crate) sender: usize,
    /// From 1, in the order of the sender's sends.
    pub(crate) place: u32,
    tally: Tally,
}

impl Counted {
    fn meet(&self, fate: Fate) {
        let before = self.tally.books().values[self.number].0.replace(fate);
        assert_eq!(before, None, "value {} has met two fates", self.number);
    }

    pub(crate) fn hand_back(self) {
        self.meet(Fate::HandedBack);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let twice = {
            let value = &mut self.tally.books().values[self.number];
            value.0.get_or_insert(Fate::Dropped);
            std::mem::replace(&mut value.1, true)
        };
        assert!(!twice || std::thread::panicking(), "value {} is dropped twice", self.number);
    }
}

/// See [`Tally::keep`].
pub(crate) struct Keep(pub(crate) Option<Counted>);

impl Drop for Keep {
    fn drop(&mut self) {
        if let Some(value) = self.0.take() {
            value.hand_back();
        }
    }
}

/// See [`Tally::may_lose`].
pub(crate) struct MayLose {
    tally: Tally,
    values: usize,
}

impl MayLose {
    /// The task was not cancelled.
    pub(crate) fn lost_nothing(mut self) {
        self.values = 0;
    }
}

impl Drop for MayLose {
    fn drop(&mut self) {
        self.tally.books().forgiven += self.values;
    }
}

/// What one receiver gets, or several that receive one after the other: the values of each sender in their order.
#[derive(Clone)]
pub(crate) struct Inbox {
    last: Arc<Mutex<Vec<u32>>>,
    ordered: bool,
}

impl Default for Inbox {
    fn default() -> Self {
        Self { last: Arc::default(), ordered: true }
    }
}

impl Inbox {
    /// For one of several receivers of which some are cancelled: what comes back out of their hands is older than what this
    /// one may have had since.
    pub(crate) fn in_any_order() -> Self {
        Self { ordered: false, ..Self::default() }
    }

    #[track_caller]
    pub(crate) fn take(&self, value: Counted) {
        if self.ordered {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.len() <= value.sender {
                last.resize(value.sender + 1, 0);
            }
            let last = &mut last[value.sender];
            assert!(value.place > *last, "value {} of sender {} after {}", value.place, value.sender, *last);
            *last = value.place;
        }
        value.meet(Fate::Received);
    }
}
