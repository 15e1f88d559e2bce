//! What time it is, and timers.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::task::coop;

use super::fallback;
use super::seam;

/// What the clock shows.
pub(crate) fn now() -> Instant {
    seam::with(|executor| executor.now()).unwrap_or_else(|| tokio::time::Instant::now().into_std())
}

/// Stands for "never" where an instant is asked for: 30 years, which every platform's clock can hold.
const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);

/// `start + d`, and a far instant where that overflows.
pub(crate) fn saturating_add(start: Instant, d: Duration) -> Instant {
    start.checked_add(d).or_else(|| start.checked_add(FAR)).unwrap_or(start)
}

pin_project! {
    /// A timer of the executor. It is not charged to the cooperative budget: a timer that waits beside a
    /// greedy future must be able to fire.
    #[derive(Debug)]
    #[project = Projected]
    pub(crate) enum Timer {
        Tokio {
            #[pin]
            sleep: tokio::time::Sleep,
        },
        Simulated {
            timer: Simulated,
        },
    }
}

/// A timer in a simulation.
#[derive(Debug)]
pub(crate) struct Simulated {
    deadline: Instant,
    /// Its number, once it was polled.
    armed: Option<u64>,
}

impl Simulated {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        let fired = seam::with(|executor| {
            let fired = executor.now() >= self.deadline;
            if !fired {
                self.armed = Some(executor.arm(self.armed, self.deadline, cx.waker()));
            }
            fired
        });
        // Carried out of its simulation, it never fires.
        if fired == Some(true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        if let Some(timer) = self.armed {
            seam::with(|executor| executor.disarm(timer));
        }
    }
}

impl Timer {
    /// A timer for `deadline`; it is registered when it is first polled.
    pub(crate) fn at(deadline: Instant) -> Self {
        if seam::simulated() {
            return Self::Simulated { timer: Simulated { deadline, armed: None } };
        }
        let deadline = tokio::time::Instant::from_std(deadline);
        let sleep = if Handle::try_current().is_ok() {
            tokio::time::sleep_until(deadline)
        } else {
            let handle = fallback();
            let _context = handle.enter();
            tokio::time::sleep_until(deadline)
        };
        Self::Tokio { sleep }
    }

    pub(crate) fn deadline(&self) -> Instant {
        match self {
            Self::Tokio { sleep } => sleep.deadline().into_std(),
            Self::Simulated { timer } => timer.deadline,
        }
    }

    pub(crate) fn reset(self: Pin<&mut Self>, deadline: Instant) {
        match self.project() {
            Projected::Tokio { sleep } => sleep.reset(tokio::time::Instant::from_std(deadline)),
            Projected::Simulated { timer } => *timer = Simulated { deadline, armed: None },
        }
    }

    /// Waits for `deadline` with the timer in `slot`, which is made or moved as needed. Ready at once when
    /// the deadline has passed: then no timer is made.
    pub(crate) fn poll_until(mut slot: Pin<&mut Option<Self>>, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        match slot.as_mut().as_pin_mut() {
            Some(timer) if timer.deadline() == deadline => {}
            Some(timer) => timer.reset(deadline),
            None if now() >= deadline => return Poll::Ready(()),
            None => slot.set(Some(Self::at(deadline))),
        }
        match slot.as_pin_mut() {
            Some(timer) => timer.poll(cx),
            None => Poll::Ready(()),
        }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.project() {
            Projected::Tokio { sleep } => pin!(coop::unconstrained(sleep)).poll(cx),
            Projected::Simulated { timer } => timer.poll(cx),
        }
    }
}
