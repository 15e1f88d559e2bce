//! What a simulation does to tasks that no fair world would spare them.

use crate::decision::Decision;

/// Which faults are injected, and how often in one schedule. None, unless asked for.
///
/// # Examples
///
/// ```
/// use vela_sim::Faults;
///
/// // Any task may be polled without having been woken, and one may be cancelled at any `.await`.
/// let faults = Faults::none().spurious().cancel(1);
/// # let _ = faults;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    pub(crate) polls: u32,
    pub(crate) cancels: u32,
    pub(crate) panics: u32,
    pub(crate) delays: u32,
}

/// How many spurious polls or delays there may be in one schedule.
const MANY: u32 = 8;

impl Faults {
    /// No faults.
    #[must_use]
    pub const fn none() -> Self {
        Self { polls: 0, cancels: 0, panics: 0, delays: 0 }
    }

    /// Tasks that wait are polled though nobody has woken them, as every executor may: up to 8 times in a schedule (once
    /// in an exhaustive search).
    #[must_use]
    pub const fn spurious(mut self) -> Self {
        self.polls = MANY;
        self
    }

    /// Up to `n` tasks are cancelled in a schedule, each where it waits or is about to go on: its future is dropped. The
    /// test's own body never is, nor are tasks of the library's own that end only with their runtime: those in which actors are
    /// supervised, for instance. (The actors' own are: to their supervisor they were killed.)
    #[must_use]
    pub const fn cancel(mut self, n: u32) -> Self {
        self.cancels = n;
        self
    }

    /// Up to `n` tasks panic in a schedule, each at one of its operations; the test's own body never does, nor do those that are
    /// never [cancelled](Self::cancel). A panic that was injected fails nothing by itself.
    #[must_use]
    pub const fn panic(mut self, n: u32) -> Self {
        self.panics = n;
        self
    }

    /// Tasks are slow: an operation is held up for a while of virtual time, so that timers go off before it; up to 8 times
    /// in a schedule (once in an exhaustive search).
    #[must_use]
    pub const fn delay(mut self) -> Self {
        self.delays = MANY;
        self
    }

    /// How many there are of this kind; `None`: it is no fault.
    pub(crate) fn of_kind(&mut self, decision: Decision) -> Option<&mut u32> {
        match decision {
            Decision::Poll(_) => Some(&mut self.polls),
            Decision::Cancel(_) => Some(&mut self.cancels),
            Decision::Panic(_) => Some(&mut self.panics),
            Decision::Delay(_) => Some(&mut self.delays),
            Decision::Run(_) | Decision::Draw(_) => None,
        }
    }

    pub(crate) fn any(self) -> bool {
        self != Self::none()
    }

    /// Once each, for a search that tries them everywhere.
    pub(crate) fn bounded(self) -> Self {
        Self { polls: self.polls.min(1), delays: self.delays.min(1), ..self }
    }
}
