//! The tree of contexts: each node knows its parent and has a cancellation token, a child of the parent's.
//!
//! - A node's token is cancelled with it and with any of its ancestors: that wakes those who wait.
//! - `end` says how and why; it is written once, before the token is cancelled. A node whose token was cancelled through
//!   an ancestor copies the ancestor's when somebody looks.
//! - A deadline is not pushed by a timer of its own: whoever looks compares it with the clock, whoever waits has a
//!   timer in its own future.
//! - A parent does not know its children (its token forgets a child's with the last handle), so that none leak.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Cause, ContextError, Done, ambient};
use crate::rt;
use crate::time::Instant;

/// A signal to stop, with its cause, deadline and values: Go's `context.Context`.
///
/// Clones are the same context. A derived one ends with the one it is derived from, never the other way
/// round. Tasks that are spawned while a context is entered ([`run`](Self::run), [`enter`](Self::enter)) inherit it.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::context::{Context, ContextError};
/// use vela::time::secs;
///
/// let request = Context::background().with_timeout(secs(30)).with_value("request 7");
/// let query = request.with_cancel();
/// request.cancel();
/// assert_eq!(query.err(), Some(ContextError::Cancelled));
/// assert_eq!(query.value::<&str>(), Some(&"request 7"));
/// ```
#[derive(Clone)]
pub struct Context {
    node: Arc<Node>,
}

struct Node {
    parent: Option<Context>,
    token: CancellationToken,
    end: OnceLock<End>,
    /// The earliest of its own and its ancestors'.
    deadline: Option<Instant>,
    value: Option<Box<dyn Any + Send + Sync>>,
    /// False for a node that takes only the values of its parent.
    ends_with_parent: bool,
    /// Set once a task pushes the deadline into the token, for those who were given one.
    pushed: OnceLock<()>,
}

#[derive(Clone)]
struct End {
    error: ContextError,
    /// `None`: the error is its own cause.
    cause: Option<Cause>,
    at: Instant,
}

impl Context {
    /// A new root: without deadline and values, ended by nobody but its own [`cancel`](Self::cancel).
    #[must_use]
    pub fn background() -> Self {
        Self::root(CancellationToken::new())
    }

    /// The context that is entered, or that the running task inherited; otherwise a new [`background`](Self::background).
    ///
    /// To cancel what you start, and nothing else, derive one by [`with_cancel`](Self::with_cancel).
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_core as vela;
    /// use vela::context::Context;
    ///
    /// let ctx = Context::background().with_value("request 7");
    /// ctx.enter(|| assert_eq!(Context::current().value::<&str>(), Some(&"request 7")));
    /// assert!(Context::current().value::<&str>().is_none());
    /// ```
    #[must_use]
    pub fn current() -> Self {
        Self::try_current().unwrap_or_else(Self::background)
    }

    /// Like [`current`](Self::current); `None` if no context is set.
    #[must_use]
    pub fn try_current() -> Option<Self> {
        ambient::context()
    }

    /// A derived context, which can be cancelled without this one.
    #[must_use]
    pub fn with_cancel(&self) -> Self {
        self.derive(None, None)
    }

    /// A derived context that ends `d` from now at the latest; never, if that is beyond the clock's range.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_core as vela;
    /// use vela::context::{Context, ContextError};
    /// use vela::time::secs;
    ///
    /// let ctx = Context::background().with_timeout(secs(0));
    /// assert_eq!(ctx.err(), Some(ContextError::DeadlineExceeded));
    /// ```
    #[must_use]
    pub fn with_timeout(&self, d: Duration) -> Self {
        match Instant::now().checked_add(d) {
            Some(deadline) => self.with_deadline(deadline),
            None => self.with_cancel(),
        }
    }

    /// A derived context that ends at `deadline` at the latest.
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        self.derive(Some(deadline), None)
    }

    /// A derived context that carries `value`. It is found by its type, and hides one of the same type further up.
    #[must_use]
    pub fn with_value<T: Send + Sync + 'static>(&self, value: T) -> Self {
        self.derive(None, Some(Box::new(value)))
    }

    /// A context with the values of this one that neither its cancellation nor its deadline reaches: for what has to be
    /// finished all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_core as vela;
    /// use vela::context::Context;
    ///
    /// let request = Context::background().with_value(7_u64);
    /// let audit = request.without_cancel();
    /// request.cancel();
    /// assert!(!audit.is_cancelled());
    /// assert_eq!(audit.value::<u64>(), Some(&7));
    /// ```
    #[must_use]
    pub fn without_cancel(&self) -> Self {
        let mut node = Node::new(CancellationToken::new());
        node.parent = Some(self.clone());
        node.ends_with_parent = false;
        Self { node: Arc::new(node) }
    }

    /// The value of type `T` that was added last on the way down to this context.
    #[must_use]
    pub fn value<T: 'static>(&self) -> Option<&T> {
        let mut node = &*self.node;
        loop {
            if let Some(value) = node.value.as_ref().and_then(|value| value.downcast_ref()) {
                return Some(value);
            }
            node = &*node.parent.as_ref()?.node;
        }
    }

    /// Ends this context and all that are derived from it. True if it had not ended yet.
    pub fn cancel(&self) -> bool {
        self.end(ContextError::Cancelled, None)
    }

    /// Like [`cancel`](Self::cancel), and says why. The first end counts: a later one changes nothing, the cause neither.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_core as vela;
    /// use vela::context::Context;
    ///
    /// let ctx = Context::background();
    /// assert!(ctx.cancel_with(vela::Error::msg("shutting down")));
    /// assert!(!ctx.cancel_with(vela::Error::msg("again")));
    /// assert_eq!(ctx.cause().map(|cause| cause.to_string()).as_deref(), Some("shutting down"));
    /// ```
    pub fn cancel_with(&self, cause: impl Into<crate::Error>) -> bool {
        self.end(ContextError::Cancelled, Some(Cause::new(cause.into())))
    }

    /// How it has ended; `None` while it has not.
    #[must_use]
    pub fn err(&self) -> Option<ContextError> {
        self.ended().map(|end| end.error)
    }

    /// Whether it has ended, by cancellation or deadline.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.ended().is_some()
    }

    /// Why it has ended: what was given to [`cancel_with`](Self::cancel_with) here or further up, otherwise the
    /// [`ContextError`].
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        let end = self.ended()?;
        Some(end.cause.clone().unwrap_or_else(|| Cause::new(end.error.into())))
    }

    /// Whether to go on: for `?` between steps of work.
    ///
    /// # Errors
    ///
    /// The [`Cause`] once it has ended.
    pub fn check(&self) -> Result<(), Cause> {
        self.cause().map_or(Ok(()), Err)
    }

    /// When it ends at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.node.deadline
    }

    /// A source that is ready once it has ended: `<-ctx.done()`, `ctx.done().await`, an arm of `select!`.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the wait is dropped.
    #[must_use = "waits only when it is received from or awaited"]
    pub fn done(&self) -> Done<'_> {
        Done { context: self }
    }

    /// A `tokio_util` token that is cancelled when this context ends. Cancelling it does not end the context.
    ///
    /// For a context with a deadline the first call starts a task, which ends with the context.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_core as vela;
    /// use vela::context::Context;
    ///
    /// let ctx = Context::background();
    /// let token = ctx.token();
    /// ctx.cancel();
    /// assert!(token.is_cancelled());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn token(&self) -> CancellationToken {
        if self.node.deadline.is_some() {
            self.node.pushed.get_or_init(|| {
                let context = self.clone();
                let name = Some("a context's deadline");
                let push = rt::Unreported::new(async move { context.done().await });
                // What a fault may end is the program's, and this is not.
                rt::spawn(push, false, name, Location::caller()).spare();
            });
        }
        self.node.token.child_token()
    }

    /// A new root that ends when `token` is cancelled. Cancelling the context leaves the token alone; for the link in
    /// both directions, use `Context::from(token)`.
    #[must_use]
    pub fn from_token(token: &CancellationToken) -> Self {
        Self::root(token.child_token())
    }

    pub(super) fn signal(&self) -> &CancellationToken {
        &self.node.token
    }

    fn root(token: CancellationToken) -> Self {
        Self { node: Arc::new(Node::new(token)) }
    }

    fn derive(&self, deadline: Option<Instant>, value: Option<Box<dyn Any + Send + Sync>>) -> Self {
        let mut node = Node::new(self.node.token.child_token());
        node.deadline = match (self.node.deadline, deadline) {
            (Some(theirs), Some(ours)) => Some(theirs.min(ours)),
            (theirs, ours) => theirs.or(ours),
        };
        node.parent = Some(self.clone());
        node.value = value;
        Self { node: Arc::new(node) }
    }

    fn end(&self, error: ContextError, cause: Option<Cause>) -> bool {
        // An end that came from above, or a deadline, was first.
        if self.ended().is_some() {
            return false;
        }
        let ended = self.node.end.set(End { error, cause, at: Instant::now() }).is_ok();
        // After `end` is written: who is woken finds it.
        self.node.token.cancel();
        ended
    }

    fn ended(&self) -> Option<&End> {
        let node = &*self.node;
        if let Some(end) = node.end.get() {
            return Some(end);
        }
        let signalled = node.token.is_cancelled();
        let now = match node.deadline {
            None if !signalled => return None,
            _ => Instant::now(),
        };
        let above = if signalled { Some(self.end_above().unwrap_or_else(|| End::cancelled(now))) } else { None };
        let end = match (above, node.deadline) {
            // What came first counts, though it is looked at only now.
            (Some(above), Some(deadline)) if deadline < above.at => End::too_late(deadline),
            (Some(above), _) => above,
            (None, Some(deadline)) if deadline <= now => End::too_late(deadline),
            (None, _) => return None,
        };
        let end = node.end.get_or_init(|| end);
        if !signalled {
            node.token.cancel();
        }
        Some(end)
    }

    /// The end of the nearest ancestor that has written one.
    fn end_above(&self) -> Option<End> {
        let mut node = &*self.node;
        while node.ends_with_parent {
            node = &*node.parent.as_ref()?.node;
            if let Some(end) = node.end.get() {
                return Some(end.clone());
            }
        }
        None
    }
}

impl End {
    /// By a token of somebody else's.
    fn cancelled(at: Instant) -> Self {
        Self { error: ContextError::Cancelled, cause: None, at }
    }

    fn too_late(deadline: Instant) -> Self {
        Self { error: ContextError::DeadlineExceeded, cause: None, at: deadline }
    }
}

impl Node {
    fn new(token: CancellationToken) -> Self {
        Self {
            parent: None,
            token,
            end: OnceLock::new(),
            deadline: None,
            value: None,
            ends_with_parent: true,
            pushed: OnceLock::new(),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // One by one: a long chain must not become a deep recursion.
        let mut next = self.parent.take();
        while let Some(parent) = next {
            next = Arc::into_inner(parent.node).and_then(|mut node| node.parent.take());
        }
    }
}

impl From<CancellationToken> for Context {
    /// A new root that shares the token: cancelling either cancels both.
    fn from(token: CancellationToken) -> Self {
        Self::root(token)
    }
}

impl Default for Context {
    /// [`Context::background`].
    fn default() -> Self {
        Self::background()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("err", &self.err()).field("deadline", &self.deadline()).finish_non_exhaustive()
    }
}
