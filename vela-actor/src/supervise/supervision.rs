//! How a supervisor looks after its children.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use vela_core::time::secs;

use super::backoff::Backoff;
use super::{AutoShutdown, ChildSpec, Decision, SpecError, Strategy};
use crate::exit::Failure;

type OnFailure = Arc<dyn Fn(&Failure) -> Decision + Send + Sync>;

/// How a supervisor looks after its children.
///
/// Unless told otherwise: [`OneForOne`](Strategy::OneForOne), at most 3 restarts within 5 s, restarts without delay.
///
/// # Examples
///
/// ```
/// use vela::actor::{Strategy, Supervision};
/// use vela::time::{ms, secs};
///
/// let supervision = Supervision::new(Strategy::RestForOne)
///     .max_restarts(5)
///     .within(secs(60))
///     .backoff(ms(100)..secs(30))
///     .jitter(0.2)
///     .reset_after(secs(60));
/// assert!(supervision.check().is_ok());
/// ```
#[derive(Clone)]
#[must_use]
pub struct Supervision {
    pub(crate) strategy: Strategy,
    pub(crate) max_restarts: u32,
    pub(crate) within: Duration,
    pub(crate) reset_after: Duration,
    pub(crate) backoff: Backoff,
    /// At most this share of a delay is added to it.
    pub(crate) jitter: f64,
    pub(crate) on_failure: Option<OnFailure>,
    pub(crate) auto_shutdown: AutoShutdown,
    /// At the end, all children are asked to stop at once.
    pub(crate) together: bool,
}

impl Default for Supervision {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            max_restarts: 3,
            within: secs(5),
            reset_after: secs(30),
            backoff: Backoff::default(),
            jitter: 0.0,
            on_failure: None,
            auto_shutdown: AutoShutdown::default(),
            together: false,
        }
    }
}

impl From<Strategy> for Supervision {
    fn from(strategy: Strategy) -> Self {
        Self::new(strategy)
    }
}

impl Supervision {
    /// With this strategy.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::{Strategy, Supervision};
    /// assert!(Supervision::new(Strategy::OneForAll).check().is_ok());
    /// ```
    pub fn new(strategy: Strategy) -> Self {
        Self { strategy, ..Self::default() }
    }

    /// At most this many restarts, of all children together, in the time that [`within`](Self::within) says. With one more
    /// all children are stopped, and the supervisor fails. `u32::MAX` is no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::Supervision;
    /// # use vela::time::secs;
    /// assert!(Supervision::default().max_restarts(10).within(secs(60)).check().is_ok());
    /// ```
    pub fn max_restarts(mut self, restarts: u32) -> Self {
        self.max_restarts = restarts;
        self
    }

    /// The time in which restarts are counted, see [`max_restarts`](Self::max_restarts). What a child spends waiting for its
    /// restart does not count as time.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::Supervision;
    /// # use vela::time::secs;
    /// assert!(Supervision::default().within(secs(0)).check().is_err());
    /// ```
    pub fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    /// A child that has been up for so long starts anew: its next delay is the first again.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::Supervision;
    /// # use vela::time::{ms, secs};
    /// assert!(Supervision::default().backoff(ms(100)..secs(30)).reset_after(secs(60)).check().is_ok());
    /// ```
    pub fn reset_after(mut self, time: Duration) -> Self {
        self.reset_after = time;
        self
    }

    /// How long a child waits before it is restarted: the first time `range.start`, then twice as long each time, at most
    /// `range.end`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::Supervision;
    /// # use vela::time::{ms, secs};
    /// assert!(Supervision::default().backoff(ms(100)..secs(30)).check().is_ok());
    /// assert!(Supervision::default().backoff(secs(30)..ms(100)).check().is_err());
    /// ```
    pub fn backoff(mut self, range: Range<Duration>) -> Self {
        self.backoff = range.into();
        self
    }

    /// Each delay is longer by chance, at most by this share of it, so that children that failed together do not come back
    /// together.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::Supervision;
    /// # use vela::time::{ms, secs};
    /// assert!(Supervision::default().backoff(ms(100)..secs(30)).jitter(0.2).check().is_ok());
    /// assert!(Supervision::default().jitter(-1.0).check().is_err());
    /// ```
    pub fn jitter(mut self, share: f64) -> Self {
        self.jitter = share;
        self
    }

    /// Decides about each failure of a child before anything is done about it. An exit that is no failure, so that there is
    /// nothing to show (a child that was killed, or ended by itself), is treated as the child's
    /// [`RestartType`](crate::RestartType) says. A panic of `decide` is [`Decision::Escalate`].
    ///
    /// # Examples
    ///
    /// ```
    /// use vela::actor::{Decision, Supervision};
    ///
    /// let supervision = Supervision::default()
    ///     .on_failure(|failure| if failure.is_panic() { Decision::Escalate } else { Decision::Restart });
    /// assert!(supervision.check().is_ok());
    /// ```
    pub fn on_failure(mut self, decide: impl Fn(&Failure) -> Decision + Send + Sync + 'static) -> Self {
        self.on_failure = Some(Arc::new(decide));
        self
    }

    /// Whether it stops when significant children have ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela::actor::{AutoShutdown, Supervision};
    ///
    /// let supervision = Supervision::default().auto_shutdown(AutoShutdown::AllSignificant);
    /// assert!(supervision.check().is_ok());
    /// ```
    pub fn auto_shutdown(mut self, when: AutoShutdown) -> Self {
        self.auto_shutdown = when;
        self
    }

    /// When the supervisor ends, its children are asked to stop all at once, and stop side by side: that takes as long as the slowest
    /// of them, and not as long as all together. For many children that know nothing of each other, as connections or sessions: what
    /// is `simple_one_for_one` in OTP and `DynamicSupervisor` in Elixir.
    ///
    /// Only with [`OneForOne`](Strategy::OneForOne): elsewhere children depend on those before them, so these must stop last.
    ///
    /// # Examples
    ///
    /// ```
    /// use vela::actor::{Strategy, Supervision};
    ///
    /// assert!(Supervision::default().stop_together().check().is_ok());
    /// let error = Supervision::new(Strategy::RestForOne).stop_together().check().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "supervision: the children of RestForOne depend on those before them, which must stop after them: \
    ///      remove `.stop_together()`, or choose `Strategy::OneForOne`"
    /// );
    /// ```
    #[doc(alias = "simple_one_for_one")]
    #[doc(alias = "parallel")]
    pub fn stop_together(mut self) -> Self {
        self.together = true;
        self
    }

    /// Whether the settings agree with each other. Who starts a supervisor checks it.
    ///
    /// # Errors
    ///
    /// The first contradiction, and how to mend it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::Supervision;
    /// # use vela::time::secs;
    /// let error = Supervision::default().within(secs(0)).check().unwrap_err();
    /// assert_eq!(error.to_string(), "supervision: a budget's time is zero: give it some, `.within(secs(5))`");
    /// ```
    pub fn check(&self) -> Result<(), SpecError> {
        if self.together && self.strategy != Strategy::OneForOne {
            let depend = match self.strategy {
                Strategy::RestForOne => "RestForOne depend on those before them, which must stop after them",
                _ => "OneForAll depend on each other, and stop in reverse order of their start",
            };
            return Err(SpecError::supervisor(format!(
                "the children of {depend}: remove `.stop_together()`, or choose `Strategy::OneForOne`"
            )));
        }
        let problem = if self.within.is_zero() {
            Some("a budget's time is zero: give it some, `.within(secs(5))`")
        } else if !(self.jitter.is_finite() && self.jitter >= 0.0) {
            Some("jitter is a share of the delay: give it a number from 0.0 up, `.jitter(0.2)`")
        } else {
            self.backoff.problem()
        };
        problem.map_or(Ok(()), |problem| Err(SpecError::supervisor(problem)))
    }

    /// Whether a child may be one of this supervisor: its settings agree with each other and with ours.
    pub(crate) fn check_child(&self, spec: &ChildSpec) -> Result<(), SpecError> {
        spec.check()?;
        if spec.significant && self.auto_shutdown == AutoShutdown::Never {
            return Err(SpecError::child(
                spec.name(),
                "its supervisor never stops because of a significant child: set `.auto_shutdown(…)` there, or remove \
                 `.significant()`",
            ));
        }
        Ok(())
    }
}

impl fmt::Debug for Supervision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervision")
            .field("strategy", &self.strategy)
            .field("max_restarts", &self.max_restarts)
            .field("within", &self.within)
            .field("reset_after", &self.reset_after)
            .field("backoff", &(self.backoff.min..self.backoff.max))
            .field("jitter", &self.jitter)
            .field("on_failure", &self.on_failure.is_some())
            .field("auto_shutdown", &self.auto_shutdown)
            .field("stop_together", &self.together)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervise::child;

    #[test]
    fn a_significant_child_needs_a_supervisor_that_heeds_it() {
        let spec = child("a").transient().significant();
        assert!(Supervision::default().check_child(&spec).is_err());
        assert!(Supervision::default().auto_shutdown(AutoShutdown::AnySignificant).check_child(&spec).is_ok());
    }

    #[test]
    fn only_children_that_do_not_depend_on_each_other_stop_together() {
        assert!(Supervision::new(Strategy::OneForOne).stop_together().check().is_ok());
        for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
            let error = Supervision::new(strategy).stop_together().check().unwrap_err().to_string();
            assert!(error.contains(&format!("the children of {strategy:?} depend on")), "{error}");
        }
    }

    #[test]
    fn jitter_is_a_share() {
        for share in [f64::NAN, f64::INFINITY, -0.1] {
            assert!(Supervision::default().jitter(share).check().is_err(), "{share}");
        }
    }
}
