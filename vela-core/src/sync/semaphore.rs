//! A weighted semaphore: Tokio's, with permits that own their handle.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::ops::Named;
use crate::rt;

/// A number of permits that tasks take and give back; one `acquire` may take several.
///
/// Fair: who waits is served first come, first served, and a large request is not overtaken by small ones.
/// Clones are handles of the same semaphore.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::sync::Semaphore;
///
/// # vela::block_on(async {
/// let memory = Semaphore::new(100);       // say, MiB
/// let large = memory.acquire(80).await?;
/// assert!(memory.try_acquire(30).is_err());
/// drop(large);                            // gives the 80 back
/// assert!(memory.try_acquire(30).is_ok());
/// # Ok::<(), vela::sync::SemaphoreClosed>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Semaphore {
    inner: Arc<tokio::sync::Semaphore>,
}

impl Semaphore {
    /// A semaphore with `permits` permits, at most `usize::MAX >> 3`; more is taken as that.
    #[must_use]
    pub fn new(permits: usize) -> Self {
        let permits = permits.min(tokio::sync::Semaphore::MAX_PERMITS);
        Self { inner: Arc::new(tokio::sync::Semaphore::new(permits)) }
    }

    /// Waits for `n` permits at once. Also a source: `<-semaphore.acquire(2)`, alone and as an arm of `select!`.
    ///
    /// More permits than there will ever be are waited for for ever.
    ///
    /// # Errors
    ///
    /// [`SemaphoreClosed`] after [`close`](Self::close).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the place in the queue, and no permit.
    #[track_caller]
    pub fn acquire(&self, n: u32) -> Named<impl Future<Output = Result<Permit, SemaphoreClosed>> + use<>> {
        rt::operation("acquire", self.acquire_unnamed(n))
    }

    /// As [`acquire`](Self::acquire), for a part of an operation that has a name.
    pub(crate) fn acquire_unnamed(&self, n: u32) -> impl Future<Output = Result<Permit, SemaphoreClosed>> + use<> {
        let acquire = Arc::clone(&self.inner).acquire_many_owned(n);
        async move {
            match acquire.await {
                Ok(inner) => Ok(Permit { inner }),
                Err(_) => Err(SemaphoreClosed(())),
            }
        }
    }

    /// Takes `n` permits if they are there and nobody waits for them.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError`] says whether there are too few or the semaphore is closed.
    pub fn try_acquire(&self, n: u32) -> Result<Permit, TryAcquireError> {
        match Arc::clone(&self.inner).try_acquire_many_owned(n) {
            Ok(inner) => Ok(Permit { inner }),
            Err(tokio::sync::TryAcquireError::Closed) => Err(TryAcquireError::Closed),
            Err(tokio::sync::TryAcquireError::NoPermits) => Err(TryAcquireError::TooFew),
        }
    }

    /// Adds `n` permits for good; what would go beyond `usize::MAX >> 3` is left out.
    pub fn add_permits(&self, n: usize) {
        let room = tokio::sync::Semaphore::MAX_PERMITS.saturating_sub(self.inner.available_permits());
        self.inner.add_permits(n.min(room));
    }

    /// How many permits are free at this moment.
    #[must_use]
    pub fn available(&self) -> usize {
        self.inner.available_permits()
    }

    /// No more permits: those who wait, and those who come, get an error. Permits that are out stay valid.
    pub fn close(&self) {
        self.inner.close();
    }

    /// Whether it was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }
}

/// Permits taken from a [`Semaphore`]; dropping gives them back.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let slots = vela::sync::Semaphore::new(3);
/// let mut two = slots.try_acquire(2)?;
/// drop(two.split(1));
/// assert_eq!((two.count(), slots.available()), (1, 2));
/// # Ok::<(), vela::sync::TryAcquireError>(())
/// ```
#[derive(Debug)]
#[must_use = "the permits are given back as soon as this is dropped"]
pub struct Permit {
    inner: tokio::sync::OwnedSemaphorePermit,
}

impl Permit {
    /// How many permits these are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.inner.num_permits()
    }

    /// Splits `n` of them off, if there are as many.
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.inner.split(n).map(|inner| Self { inner })
    }

    /// Keeps the permits out for good.
    pub fn forget(self) {
        self.inner.forget();
    }
}

/// The semaphore was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SemaphoreClosed(());

impl fmt::Display for SemaphoreClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the semaphore is closed")
    }
}

impl std::error::Error for SemaphoreClosed {}

/// Why [`Semaphore::try_acquire`] took nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryAcquireError {
    /// Fewer permits are free than were asked for.
    TooFew,
    /// The semaphore was closed.
    Closed,
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooFew => "too few permits are free",
            Self::Closed => "the semaphore is closed",
        })
    }
}

impl std::error::Error for TryAcquireError {}
