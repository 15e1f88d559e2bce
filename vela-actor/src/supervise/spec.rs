//! What one child is to be like.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use vela_core::Overflow;
use vela_core::time::secs;

use super::SpecError;
use super::backoff::Backoff;
use crate::identity::SLASH_IN_NAME;
use crate::mailbox::BOUND_AND_NONE;

/// When a child that has ended by itself comes back.
///
/// | | stopped by itself | failed or killed |
/// |---|---|---|
/// | `Permanent` | comes back | comes back |
/// | `Transient` | has ended | comes back |
/// | `Temporary` | has ended | has ended |
///
/// A child that was asked to stop, by hand or because its supervisor stops, does not come back.
///
/// # Examples
///
/// ```
/// use vela::actor::{RestartType, child};
///
/// assert_eq!(child("log").restart_type(), RestartType::Permanent);
/// assert_eq!(child("import").transient().restart_type(), RestartType::Transient);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RestartType {
    /// Always. The default.
    #[default]
    Permanent,
    /// When it failed or was killed.
    Transient,
    /// Never; nor is it started again when its siblings are.
    Temporary,
}

/// How a child is made to stop.
///
/// # Examples
///
/// ```
/// use vela::actor::{Shutdown, child};
/// use vela::time::secs;
///
/// assert_eq!(Shutdown::from(secs(2)), Shutdown::After(secs(2)));
/// let writer = child("writer").shutdown(secs(20));
/// let probe = child("probe").shutdown(Shutdown::Kill);
/// # assert!(writer.check().is_ok() && probe.check().is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shutdown {
    /// It is asked to stop, and killed after this time, with all that is below it. Zero is as [`Kill`](Self::Kill).
    ///
    /// The default is 5 s for the child itself: what its own children take, each of which has its own time, does not count.
    /// [`System::shutdown_within`](crate::System::shutdown_within) is a limit for all of it.
    After(Duration),
    /// It is killed at once: dropped at its await, without its stop hook.
    Kill,
    /// It is asked to stop and may take as long as it likes. The default for supervisors, whose children have times of their own.
    Unlimited,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::After(secs(5))
    }
}

impl From<Duration> for Shutdown {
    fn from(time: Duration) -> Self {
        Self::After(time)
    }
}

/// What a child's mailbox is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mailbox {
    Bounded(usize, Overflow),
    Unbounded,
}

/// What one child is to be like: made by [`child`].
///
/// # Examples
///
/// ```
/// use vela::actor::child;
/// use vela::Overflow;
/// use vela::time::{ms, secs};
///
/// let spec = child("feed")
///     .transient()
///     .shutdown(secs(10))
///     .backoff(ms(200)..secs(60))
///     .max_restarts(20)
///     .within(secs(3600))
///     .mailbox(256, Overflow::DropOldest);
/// assert_eq!(spec.name(), "feed");
/// assert!(spec.check().is_ok());
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ChildSpec {
    pub(crate) name: Arc<str>,
    pub(crate) restart: RestartType,
    /// None: the default, which is another one for supervisors.
    pub(crate) shutdown: Option<Shutdown>,
    pub(crate) significant: bool,
    pub(crate) max_restarts: Option<u32>,
    pub(crate) within: Option<Duration>,
    pub(crate) backoff: Option<Backoff>,
    pub(crate) mailbox: Option<Mailbox>,
    pub(crate) monitored: bool,
    pub(crate) start_timeout: Option<Duration>,
    pub(crate) drain: bool,
    /// It was said that the mailbox has a bound, and that it has none.
    pub(crate) bound_and_none: bool,
}

/// A child of this name: permanent, with 5 s to stop.
///
/// # Examples
///
/// ```
/// use vela::actor::child;
///
/// assert!(child("counter").check().is_ok());
/// assert!(child("").check().is_err());
/// ```
pub fn child(name: impl Into<Arc<str>>) -> ChildSpec {
    ChildSpec {
        name: name.into(),
        restart: RestartType::default(),
        shutdown: None,
        significant: false,
        max_restarts: None,
        within: None,
        backoff: None,
        mailbox: None,
        monitored: false,
        start_timeout: None,
        drain: false,
        bound_and_none: false,
    }
}

/// A name alone: [`child(name)`](child).
impl From<&str> for ChildSpec {
    fn from(name: &str) -> Self {
        child(name)
    }
}

/// A name alone: [`child(name)`](child).
impl From<String> for ChildSpec {
    fn from(name: String) -> Self {
        child(name)
    }
}

/// A name alone: [`child(name)`](child).
impl From<Arc<str>> for ChildSpec {
    fn from(name: Arc<str>) -> Self {
        child(name)
    }
}

impl ChildSpec {
    /// It always comes back. The default.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::{RestartType, child};
    /// assert_eq!(child("log").permanent().restart_type(), RestartType::Permanent);
    /// ```
    pub fn permanent(mut self) -> Self {
        self.restart = RestartType::Permanent;
        self
    }

    /// It comes back when it failed or was killed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::{RestartType, child};
    /// assert_eq!(child("import").transient().restart_type(), RestartType::Transient);
    /// ```
    pub fn transient(mut self) -> Self {
        self.restart = RestartType::Transient;
        self
    }

    /// It never comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::{RestartType, child};
    /// assert_eq!(child("session").temporary().restart_type(), RestartType::Temporary);
    /// ```
    pub fn temporary(mut self) -> Self {
        self.restart = RestartType::Temporary;
        self
    }

    /// How it is made to stop: a time, or one of [`Shutdown`]. A time is for the child and all that is below it; without one it has 5 s,
    /// besides what its own children take.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::{Shutdown, child};
    /// # use vela::time::secs;
    /// assert!(child("writer").shutdown(secs(20)).check().is_ok());
    /// assert!(child("probe").shutdown(Shutdown::Kill).check().is_ok());
    /// ```
    pub fn shutdown(mut self, shutdown: impl Into<Shutdown>) -> Self {
        self.shutdown = Some(shutdown.into());
        self
    }

    /// Its end by itself may end its supervisor, as [`AutoShutdown`](crate::AutoShutdown) says there.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::child;
    /// assert!(child("import").transient().significant().check().is_ok());
    /// ```
    pub fn significant(mut self) -> Self {
        self.significant = true;
        self
    }

    /// A budget of its own, besides the supervisor's: at most this many restarts within 5 s, or what
    /// [`within`](Self::within) says. With one more the supervisor fails. `u32::MAX` is no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::child;
    /// # use vela::time::secs;
    /// assert!(child("feed").max_restarts(20).within(secs(3600)).check().is_ok());
    /// ```
    pub fn max_restarts(mut self, restarts: u32) -> Self {
        self.max_restarts = Some(restarts);
        self
    }

    /// The time of its own budget, see [`max_restarts`](Self::max_restarts).
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::child;
    /// # use vela::time::secs;
    /// assert!(child("feed").within(secs(60)).check().is_err()); // how many, within 60 s?
    /// ```
    pub fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    /// How long it waits before a restart, instead of what its supervisor says: the first time `range.start`, then twice as
    /// long each time, at most `range.end`. `ZERO..ZERO` is no delay.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::child;
    /// # use vela::time::{ms, secs};
    /// assert!(child("feed").backoff(ms(200)..secs(60)).check().is_ok());
    /// ```
    pub fn backoff(mut self, range: Range<Duration>) -> Self {
        self.backoff = Some(range.into());
        self
    }

    /// A mailbox for `capacity` messages, and what a full one does with one more.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::child;
    /// use vela::Overflow;
    ///
    /// assert!(child("ticker").mailbox(16, Overflow::DropOldest).check().is_ok());
    /// assert!(child("ticker").mailbox(0, Overflow::DropOldest).check().is_err());
    /// ```
    pub fn mailbox(mut self, capacity: usize, overflow: Overflow) -> Self {
        self.bound_and_none |= self.mailbox == Some(Mailbox::Unbounded);
        self.mailbox = Some(Mailbox::Bounded(capacity, overflow));
        self
    }

    /// A mailbox without a bound.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::child;
    /// assert!(child("audit").unbounded_mailbox().check().is_ok());
    /// ```
    pub fn unbounded_mailbox(mut self) -> Self {
        self.bound_and_none |= matches!(self.mailbox, Some(Mailbox::Bounded(..)));
        self.mailbox = Some(Mailbox::Unbounded);
        self
    }

    /// Its mailbox is monitored.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::child;
    /// assert!(child("orders").monitored().check().is_ok());
    /// ```
    pub fn monitored(mut self) -> Self {
        self.monitored = true;
        self
    }

    /// When it is stopped for good, in a shutdown, by its address or by its name, it first handles the mail that it has: its mailbox
    /// closes, so that who sends has the message back, and it stops once the mailbox is empty. (That of a
    /// [kept](crate::Children::spawn_kept) child that is stopped by its name stays open: it may be started again.)
    ///
    /// * If it fails meanwhile, and would come back from that, it is restarted at once for what is left: that costs the message it failed of,
    ///   and no budget. A failure while it starts is the end.
    /// * If it waits for its restart when it is stopped, it is started at once for its mail, if it has any.
    /// * All that within its [shutdown time](Self::shutdown); what that, or a [kill](crate::Address::kill), cuts off is lost, and
    ///   [counted](crate::Address::mailbox_dropped).
    ///
    /// Otherwise mail is dropped when an actor stops, also by its own [`stop`](crate::ActorContext::stop); for an actor with this, too,
    /// [`stop_after_mail`](crate::ActorContext::stop_after_mail) is the way to leave. A restart keeps the mail, with this and without.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::{Actor, ActorContext};
    /// # struct Log(Vec<u32>);
    /// # impl Actor for Log {
    /// #     type Message = u32;
    /// #     type Error = std::convert::Infallible;
    /// #     async fn handle(&mut self, n: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { self.0.push(n); Ok(()) }
    /// # }
    /// use vela::actor::{System, child};
    ///
    /// # vela::block_on(async {
    /// let system = System::new("shop");
    /// let log = system.spawn(child("log").drain(), || Log(Vec::new()))?;
    /// for n in 0..20_u32 {
    ///     log.send(n).await.unwrap();
    /// }
    /// system.shutdown().await?;                          // once all 20 have been handled
    /// assert_eq!(log.mailbox_dropped(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn drain(mut self) -> Self {
        self.drain = true;
        self
    }

    /// It must have started within this time. If it has not, it is killed, which counts as a failure. Without one it may take any time,
    /// also to end if its start fails, and those wait that start after it in a group.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::child;
    /// # use vela::time::secs;
    /// assert!(child("database").start_timeout(secs(10)).check().is_ok());
    /// ```
    pub fn start_timeout(mut self, time: Duration) -> Self {
        self.start_timeout = Some(time);
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it comes back.
    #[must_use]
    pub fn restart_type(&self) -> RestartType {
        self.restart
    }

    /// Whether the settings agree with each other. Who spawns a child checks it.
    ///
    /// # Errors
    ///
    /// The first contradiction, and how to mend it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela::actor::child;
    /// # use vela::time::{ms, secs};
    /// let error = child("feed").backoff(secs(60)..ms(200)).check().unwrap_err();
    /// assert!(error.to_string().contains("write the shorter one first"));
    /// ```
    pub fn check(&self) -> Result<(), SpecError> {
        self.problem().map_or(Ok(()), |problem| Err(SpecError::child(&self.name, problem)))
    }

    fn problem(&self) -> Option<&'static str> {
        let temporary = self.restart == RestartType::Temporary;
        let problem = if self.name.is_empty() {
            "the name is empty: give it one, `child(\"counter\")`"
        } else if self.name.contains('/') {
            SLASH_IN_NAME
        } else if self.significant && self.restart == RestartType::Permanent {
            "a permanent child always comes back, so its end can have no significance: add `.transient()` or \
             `.temporary()`, or remove `.significant()`"
        } else if temporary && (self.max_restarts.is_some() || self.within.is_some()) {
            "a temporary child is never restarted: remove `.max_restarts(…)` and `.within(…)`, or `.temporary()`"
        } else if temporary && self.backoff.is_some() {
            "a temporary child is never restarted: remove `.backoff(…)` or `.temporary()`"
        } else if self.within.is_some() && self.max_restarts.is_none() {
            "a time without a number of restarts limits nothing: add `.max_restarts(n)`, or remove `.within(…)`"
        } else if self.within.is_some_and(|within| within.is_zero()) {
            "a budget's time is zero: give it some, `.within(secs(60))`"
        } else if self.start_timeout.is_some_and(|time| time.is_zero()) {
            "nothing starts in no time: give `.start_timeout(…)` more than zero, or remove it"
        } else if self.bound_and_none {
            BOUND_AND_NONE
        } else if self.drain && matches!(self.shutdown, Some(Shutdown::Kill | Shutdown::After(Duration::ZERO))) {
            "a child that is killed at once handles no mail first: give it time, `.shutdown(secs(5))`, or remove `.drain()`"
        } else if matches!(self.mailbox, Some(Mailbox::Bounded(0, Overflow::DropOldest | Overflow::DropNewest))) {
            "a mailbox of capacity 0 has nothing to drop: use a capacity of at least 1, or another policy"
        } else {
            return self.backoff.and_then(Backoff::problem);
        };
        Some(problem)
    }

    /// The settings of a supervisor: unless told otherwise it may take as long as its children do.
    pub(crate) fn of_supervisor(mut self) -> Self {
        self.shutdown.get_or_insert(Shutdown::Unlimited);
        self
    }
}

#[cfg(test)]
mod tests {
    use vela_core::time::ms;

    use super::*;

    #[test]
    fn contradictions_are_refused() {
        let wrong = [
            (child(""), "name is empty"),
            (child("a/b"), "use another sign"),
            (child("a").significant(), "always comes back"),
            (child("a").temporary().max_restarts(3), "never restarted"),
            (child("a").temporary().backoff(ms(1)..ms(2)), "never restarted"),
            (child("a").within(secs(1)), "add `.max_restarts(n)`"),
            (child("a").max_restarts(1).within(ms(0)), "time is zero"),
            (child("a").start_timeout(ms(0)), "nothing starts in no time"),
            (child("a").mailbox(0, Overflow::DropOldest), "nothing to drop"),
            (child("a").drain().shutdown(Shutdown::Kill), "handles no mail"),
            (child("a").mailbox(3, Overflow::Block).unbounded_mailbox(), "or has none"),
            (child("a").unbounded_mailbox().mailbox(3, Overflow::Block), "or has none"),
            (child("a").shutdown(ms(0)).drain(), "handles no mail"),
            (child("a").mailbox(0, Overflow::DropNewest), "nothing to drop"),
            (child("a").backoff(ms(2)..ms(1)), "shorter one first"),
            (child("a").backoff(ms(0)..ms(1)), "never grows"),
        ];
        for (spec, part) in wrong {
            let said = spec.check().expect_err(part).to_string();
            assert!(said.contains(part), "{said}");
            assert!(said.contains(": "), "says how to mend it: {said}");
        }
    }

    #[test]
    fn what_agrees_is_let_through() {
        let right = [
            child("a"),
            child("a").temporary().significant(),
            child("a").max_restarts(0),
            child("a").mailbox(0, Overflow::Block),
            child("a").mailbox(3, Overflow::DropOldest).mailbox(4, Overflow::Block),
            child("a").backoff(ms(1)..ms(1)),
            child("a").backoff(ms(0)..ms(0)),
            child("a").shutdown(ms(0)),
        ];
        for spec in right {
            assert_eq!(spec.check(), Ok(()));
        }
    }

    #[test]
    fn a_supervisor_may_take_its_time_unless_told_otherwise() {
        assert_eq!(child("a").of_supervisor().shutdown, Some(Shutdown::Unlimited));
        assert_eq!(child("a").shutdown(ms(1)).of_supervisor().shutdown, Some(Shutdown::After(ms(1))));
    }
}
