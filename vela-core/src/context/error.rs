//! Why a context has ended.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// How a context has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContextError {
    /// Somebody cancelled it, or one it is derived from.
    Cancelled,
    /// Its deadline, or that of one it is derived from, has passed.
    DeadlineExceeded,
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "the context was cancelled",
            Self::DeadlineExceeded => "the deadline of the context has passed",
        })
    }
}

impl StdError for ContextError {}

/// Why a context has ended: the error that was given to [`Context::cancel_with`](super::Context::cancel_with), or else the
/// [`ContextError`]. Clones share it.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::context::Context;
///
/// let ctx = Context::background();
/// ctx.cancel_with(std::io::Error::other("disk is full"));
/// let cause = ctx.with_cancel().cause();
/// assert!(cause.is_some_and(|cause| cause.is::<std::io::Error>()));
/// ```
#[derive(Clone)]
pub struct Cause(Arc<dyn StdError + Send + Sync>);

impl Cause {
    pub(super) fn new(error: crate::Error) -> Self {
        Self(Arc::from(Box::<dyn StdError + Send + Sync>::from(error)))
    }

    /// The cause as an `E`, if it is one.
    #[must_use]
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }

    /// Whether the cause is an `E`.
    #[must_use]
    pub fn is<E: StdError + 'static>(&self) -> bool {
        self.0.is::<E>()
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}
