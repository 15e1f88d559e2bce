//! A pool of resources that are lent out one by one: connections, buffers, licences.
//!
//! It is a [`Semaphore`] and a list. (The crate `deadpool` is a semaphore and a list, too, but drops idle resources under its
//! own lock when it is closed, and measures time on clocks that no simulation can replace.)
//!
//! - I1: whoever holds a permit has at most one resource, is making one, or is checking one; a resource comes back to the
//!   list before its permit does. So there are never more resources than permits.
//!
//! One lock, around the list. Resources are made, checked and dropped outside of it.

use std::fmt;
use std::future::Future;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::semaphore::{Permit, Semaphore};
use crate::error::{Error, Result as Fallible};
use crate::ops::Named;
use crate::rt;
use crate::time::timeout;

/// Resources that are lent out: [`get`](Self::get) waits for one, and the [`Pooled`] guard brings it back.
///
/// - Resources are made when they are needed, up to the limit. Who finds none and may make none waits in line.
/// - The one that came back last goes out first, so that those that are not needed stay untouched.
/// - With [`with_recycle`](Self::with_recycle), a resource that was used before is checked before it goes out again.
///
/// Clones are handles of the same pool.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::sync::Pool;
/// # async fn connect() -> Result<Vec<u8>, std::io::Error> { Ok(Vec::new()) }
///
/// # vela::block_on(async {
/// let pool = Pool::new(4, || connect());
/// let mut connection = pool.get().await?;          // `(<-pool.get())?` inside `vela!`
/// connection.push(1);
/// drop(connection);                                // back in the pool
/// assert_eq!(pool.get().await?.len(), 1);
/// # Ok::<(), vela::sync::PoolError>(())
/// # }).unwrap();
/// ```
pub struct Pool<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    permits: Semaphore,
    list: Mutex<List<T>>,
    /// `None`: it was given all that it will ever have.
    make: Option<Make<T>>,
    recycle: Option<Recycle<T>>,
}

struct List<T> {
    idle: Vec<T>,
    /// Most resources.
    limit: usize,
    closed: bool,
}

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Make<T> = Box<dyn Fn() -> Boxed<Fallible<T>> + Send + Sync>;
type Recycle<T> = Box<dyn Fn(T) -> Boxed<Option<T>> + Send + Sync>;

impl<T: Send + 'static> Pool<T> {
    /// A pool of at most `limit` resources (0 is taken as 1), each made by `make` when it is needed first.
    #[must_use]
    pub fn new<F, Fut, E>(limit: usize, make: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        Self::build(Vec::new(), limit.max(1), Some(making(make)), None)
    }

    /// As [`new`](Self::new), and a resource that was used before goes through `recycle` before it is used again: what gives
    /// `None` is replaced by a new one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_core as vela;
    /// # vela::block_on(async {
    /// let make = || async { Ok::<_, std::fmt::Error>(0) };
    /// let pool = vela::sync::Pool::with_recycle(1, make, |used| async move { (used < 2).then_some(used) });
    /// for expected in [0, 1, 0] {
    ///     let mut count = pool.get().await?;
    ///     assert_eq!(*count, expected);
    ///     *count += 1;
    /// }
    /// # Ok::<(), vela::sync::PoolError>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn with_recycle<F, Fut, E, R, Checked>(limit: usize, make: F, recycle: R) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
        R: Fn(T) -> Checked + Send + Sync + 'static,
        Checked: Future<Output = Option<T>> + Send + 'static,
    {
        let recycle: Recycle<T> = Box::new(move |resource| Box::pin(recycle(resource)));
        Self::build(Vec::new(), limit.max(1), Some(making(make)), Some(recycle))
    }

    /// A pool of these resources; it makes none. Once all of them were [detached](Pooled::detach) it is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use vela_core as vela;
    /// # vela::block_on(async {
    /// let ports = vela::sync::Pool::of([8000, 8001]);
    /// let (first, second) = (ports.get().await?, ports.get().await?);
    /// assert_eq!(*first + *second, 16001);
    /// # Ok::<(), vela::sync::PoolError>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn of(resources: impl IntoIterator<Item = T>) -> Self {
        let idle: Vec<T> = resources.into_iter().collect();
        let limit = idle.len();
        let pool = Self::build(idle, limit, None, None);
        if limit == 0 {
            pool.close();
        }
        pool
    }

    fn build(idle: Vec<T>, limit: usize, make: Option<Make<T>>, recycle: Option<Recycle<T>>) -> Self {
        let permits = Semaphore::new(limit);
        let list = Mutex::new(List { idle, limit, closed: false });
        Self { shared: Arc::new(Shared { permits, list, make, recycle }) }
    }

    /// Waits for a resource: an idle one, a new one while there are fewer than the limit, or else one that comes back. Also
    /// a source: `<-pool.get()`.
    ///
    /// First come, first served.
    ///
    /// # Errors
    ///
    /// [`PoolError`]: the pool was closed, or a resource could not be made. (The next `get` tries again.)
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the place in line, and no room in the pool. A resource that it is making or checking is
    /// dropped with it.
    #[track_caller]
    pub fn get(&self) -> Named<impl Future<Output = Result<Pooled<T>, PoolError>> + use<T>> {
        rt::operation("pool get", Arc::clone(&self.shared).check_out())
    }

    /// As [`get`](Self::get), for at most `limit`.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and [`PoolError::TimedOut`].
    ///
    /// # Cancel safety
    ///
    /// As [`get`](Self::get).
    #[track_caller]
    pub fn get_timeout(&self, limit: Duration) -> Named<impl Future<Output = Result<Pooled<T>, PoolError>> + use<T>> {
        let get = timeout(limit, Arc::clone(&self.shared).check_out());
        rt::operation("pool get", async move { get.await.unwrap_or(Err(PoolError::TimedOut)) })
    }
}

impl<T> Pool<T> {
    /// Lends out nothing more: those who wait get an error, idle resources are dropped now, the others when they come back.
    /// (A resource that is just being made or checked for somebody still goes out.) Says whether it was open.
    pub fn close(&self) -> bool {
        self.shared.close()
    }

    /// Whether it was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.list.lock().closed
    }

    /// Most resources there can be at a time.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.shared.list.lock().limit
    }

    /// How many resources are idle.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.shared.list.lock().idle.len()
    }
}

impl<T: Send + 'static> Shared<T> {
    async fn check_out(self: Arc<Self>) -> Result<Pooled<T>, PoolError> {
        let permit = self.permits.acquire_unnamed(1).await.map_err(|_| PoolError::Closed)?;
        while let Some(idle) = self.take_idle() {
            let checked = match &self.recycle {
                Some(recycle) => recycle(idle).await,
                None => Some(idle),
            };
            if let Some(resource) = checked {
                return Ok(self.lend(resource, permit));
            }
        }
        // A pool that makes none has one for every permit (I1), unless it was closed just now.
        let Some(make) = &self.make else { return Err(PoolError::Closed) };
        if self.list.lock().closed {
            // While the last one was checked.
            return Err(PoolError::Closed);
        }
        let resource = make().await.map_err(PoolError::Make)?;
        Ok(self.lend(resource, permit))
    }

    fn take_idle(&self) -> Option<T> {
        self.list.lock().idle.pop()
    }

    fn lend(self: &Arc<Self>, resource: T, permit: Permit) -> Pooled<T> {
        Pooled { out: Some((resource, permit)), pool: Arc::clone(self) }
    }
}

impl<T> Shared<T> {
    fn close(&self) -> bool {
        self.permits.close();
        let mut list = self.list.lock();
        let was_open = !mem::replace(&mut list.closed, true);
        let idle = mem::take(&mut list.idle);
        drop(list);
        drop(idle);
        was_open
    }

    fn give_back(&self, resource: T) {
        let mut list = self.list.lock();
        if !list.closed {
            return list.idle.push(resource);
        }
        drop(list);
        drop(resource);
    }
}

fn making<T, F, Fut, E>(make: F) -> Make<T>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    Box::new(move || {
        let made = make();
        Box::pin(async move { made.await.map_err(|error| Error::from_boxed(error.into())) })
    })
}

impl<T> Clone for Pool<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = self.shared.list.lock();
        let (idle, limit, closed) = (list.idle.len(), list.limit, list.closed);
        drop(list);
        f.debug_struct("Pool").field("idle", &idle).field("limit", &limit).field("closed", &closed).finish()
    }
}

/// A resource on loan from a [`Pool`]; dropping it brings it back, also while a panic unwinds.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::sync::{Pool, Pooled};
///
/// # vela::block_on(async {
/// let pool = Pool::of(["a", "b"]);
/// let mine = Pooled::detach(pool.get().await?);     // does not come back
/// assert_eq!((mine, pool.limit()), ("b", 1));
/// # Ok::<(), vela::sync::PoolError>(())
/// # }).unwrap();
/// ```
#[must_use = "the resource is back in the pool as soon as this is dropped"]
pub struct Pooled<T> {
    /// `None` only while it is dropped or detached.
    out: Option<(T, Permit)>,
    pool: Arc<Shared<T>>,
}

impl<T> Pooled<T> {
    /// Keeps the resource: the pool may make another one in its place, or, if it makes none, is smaller by one.
    pub fn detach(mut this: Self) -> T {
        let Some((resource, permit)) = this.out.take() else { unreachable!("it is here until it is dropped") };
        if this.pool.make.is_none() {
            permit.forget();
            let mut list = this.pool.list.lock();
            list.limit -= 1;
            let empty = list.limit == 0;
            drop(list);
            if empty {
                this.pool.close();
            }
        }
        resource
    }
}

impl<T> Deref for Pooled<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.out {
            Some((resource, _)) => resource,
            None => unreachable!("it is here until it is dropped"),
        }
    }
}

impl<T> DerefMut for Pooled<T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.out {
            Some((resource, _)) => resource,
            None => unreachable!("it is here until it is dropped"),
        }
    }
}

impl<T> Drop for Pooled<T> {
    fn drop(&mut self) {
        if let Some((resource, permit)) = self.out.take() {
            self.pool.give_back(resource);
            // After the resource (I1).
            drop(permit);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Pooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pooled").field(&**self).finish()
    }
}

/// Why a [`Pool`] lent out nothing.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::sync::{Pool, PoolError};
/// use vela::time::ms;
///
/// # vela::block_on(async {
/// let pool = Pool::of([1]);
/// let _only = pool.get().await?;
/// assert!(matches!(pool.get_timeout(ms(1)).await, Err(PoolError::TimedOut)));
/// # Ok::<(), PoolError>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum PoolError {
    /// It was closed.
    Closed,
    /// No resource was there in time.
    TimedOut,
    /// No resource could be made.
    Make(Error),
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the pool is closed"),
            Self::TimedOut => f.write_str("no resource of the pool was free in time"),
            Self::Make(error) => write!(f, "the pool could not make a resource: {error}"),
        }
    }
}

impl std::error::Error for PoolError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Make(error) => Some(&**error),
            Self::Closed | Self::TimedOut => None,
        }
    }
}
