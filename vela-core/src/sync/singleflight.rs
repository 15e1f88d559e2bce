//! Calls with the same key share one execution: Go's `singleflight`.
//!
//! The work belongs to those who wait for it: a future that they share (`Shared` of futures-util), polled by whichever of
//! them is woken. So it needs no task of its own, runs on as long as one of them is there, and is dropped with the last.
//! (The crate `async_singleflight` gives the followers an error when the leader is dropped.)
//!
//! - I1: an entry's number is that of the flight in it; a flight removes the entry of its own number only.
//! - I2: a flight removes its entry before it gives its outcome: who comes then starts anew.
//!
//! One lock, around the map. The key's `Hash` and `Eq` run under it: they must not use the same `Singleflight`.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};
use parking_lot::Mutex;

use crate::ops::Named;
use crate::rt;

/// Calls with the same key share one execution: whoever comes while it runs waits for its outcome, of which each gets a clone.
///
/// - **No leader.** The work runs as long as anybody waits for it, whoever came first; it is dropped when nobody does.
/// - **Failure.** Let `V` be `Result<T, Arc<E>>` for work that can fail. A panic of the work reaches everybody, as an error.
/// - **Overload.** However many wait for a key, the work is done once; what limits the number of keys is yours to choose
///   (a [`Semaphore`](super::Semaphore) in the work, say). Nothing is kept after the outcome: this is no cache.
///
/// The work must not wait for its own key: that would be for ever. Clones are handles of the same set of keys.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// use vela::sync::Singleflight;
///
/// # vela::block_on(async {
/// let users = Singleflight::new();
/// let load = |id: u32| users.run(id, move || async move { format!("user {id}") });
/// let (a, b) = tokio::join!(load(7), load(7));          // one execution; `<-users.run(…)` inside `vela!`
/// assert_eq!((a?, b?), ("user 7".to_string(), "user 7".to_string()));
/// # Ok::<(), vela::sync::FlightPanicked>(())
/// # }).unwrap();
/// ```
pub struct Singleflight<K, V> {
    flights: Arc<Flights<K, V>>,
}

struct Flights<K, V> {
    state: Mutex<State<K, V>>,
}

struct State<K, V> {
    flights: HashMap<Arc<K>, Flight<V>>,
    last: u64,
}

struct Flight<V> {
    number: u64,
    work: WeakShared<Work<V>>,
    bell: Bell,
}

/// Wakes all who wait for a flight, once it has begun.
type Bell = Arc<OnceLock<Waker>>;

/// A share in a flight.
///
/// Of those who wait, one polls the work; when that is woken meanwhile, all are woken, and who finds it being polled goes back to
/// sleep. So whoever leaves may be the only one who would have polled it: he wakes the others.
struct Ride<V: Clone> {
    share: Option<Shared<Work<V>>>,
    bell: Bell,
}

impl<V: Clone> Future for Ride<V> {
    type Output = Outcome<V>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<V>> {
        let Some(share) = &mut self.share else { return Poll::Pending };
        share.poll_unpin(cx)
    }
}

impl<V: Clone> Drop for Ride<V> {
    fn drop(&mut self) {
        drop(self.share.take());
        if let Some(bell) = self.bell.get() {
            bell.wake_by_ref();
        }
    }
}

type Work<V> = Pin<Box<dyn Future<Output = Outcome<V>> + Send>>;
type Outcome<V> = Result<V, FlightPanicked>;

impl<K, V> Singleflight<K, V> {
    /// No work yet.
    #[must_use]
    pub fn new() -> Self {
        let state = State { flights: HashMap::new(), last: 0 };
        Self { flights: Arc::new(Flights { state: Mutex::new(state) }) }
    }

    /// How many keys are being worked on.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.flights.state.lock().flights.len()
    }
}

impl<K, V> Singleflight<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// The outcome of the work for `key`: that which is going on, or else `work`, which starts when this is first polled.
    ///
    /// # Errors
    ///
    /// [`FlightPanicked`], if the work panicked.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future harms nobody else: the work goes on if somebody else waits for it, and is dropped otherwise.
    #[track_caller]
    pub fn run<F, Fut>(
        &self,
        key: K,
        work: F,
    ) -> Named<impl Future<Output = Result<V, FlightPanicked>> + use<K, V, F, Fut>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        let flights = Arc::clone(&self.flights);
        rt::operation("singleflight", async move { flights.board(key, work).await })
    }

    /// Lets the next call for `key` start anew; those who wait now wait on. True if there was something to forget.
    pub fn forget(&self, key: &K) -> bool {
        let entry = self.flights.state.lock().flights.remove_entry(key);
        // Dropped outside the lock.
        entry.is_some()
    }
}

impl<K, V> Flights<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// A share in the flight for `key`.
    fn board<F, Fut>(self: &Arc<Self>, key: K, work: F) -> Ride<V>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        let key = Arc::new(key);
        let mut state = self.state.lock();
        let under_way = state.flights.get(&key).and_then(|flight| {
            let share = Some(flight.work.upgrade()?);
            Some(Ride { share, bell: Arc::clone(&flight.bell) })
        });
        if let Some(under_way) = under_way {
            // Before the key and the work, which are dropped outside the lock.
            drop(state);
            return under_way;
        }
        state.last += 1;
        let number = state.last;
        let landing = Landing { flights: Arc::clone(self), key: Arc::clone(&key), number };
        let bell = Bell::default();
        let work: Work<V> = Box::pin(fly(work, landing, Arc::clone(&bell)));
        let share = work.shared();
        let ride = Ride { bell: Arc::clone(&bell), share: Some(share.clone()) };
        let left = share.downgrade().and_then(|work| state.flights.insert(key, Flight { number, work, bell }));
        drop(state);
        // What nobody waited for any more, and has not removed itself yet (I1).
        drop((left, share));
        ride
    }
}

async fn fly<K, V, F, Fut>(work: F, landing: Landing<K, V>, bell: Bell) -> Outcome<V>
where
    K: Eq + Hash,
    F: FnOnce() -> Fut,
    Fut: Future<Output = V>,
{
    poll_fn(|cx| {
        bell.get_or_init(|| cx.waker().clone());
        Poll::Ready(())
    })
    .await;
    let outcome = AssertUnwindSafe(async move { work().await }).catch_unwind().await;
    drop(landing);
    outcome.map_err(|payload| FlightPanicked { message: rt::panic_text(&*payload).into() })
}

/// Removes the entry of a flight that is over, or was dropped.
struct Landing<K: Eq + Hash, V> {
    flights: Arc<Flights<K, V>>,
    key: Arc<K>,
    number: u64,
}

impl<K: Eq + Hash, V> Drop for Landing<K, V> {
    fn drop(&mut self) {
        let mut state = self.flights.state.lock();
        let own = state.flights.get(&self.key).is_some_and(|flight| flight.number == self.number);
        let entry = if own { state.flights.remove_entry(&self.key) } else { None };
        drop(state);
        drop(entry);
    }
}

impl<K, V> Clone for Singleflight<K, V> {
    fn clone(&self) -> Self {
        Self { flights: Arc::clone(&self.flights) }
    }
}

impl<K, V> Default for Singleflight<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> fmt::Debug for Singleflight<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Singleflight").field("in_flight", &self.in_flight()).finish()
    }
}

/// The work that was shared has panicked.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// # vela::block_on(async {
/// let loads = vela::sync::Singleflight::<&str, u32>::new();
/// let error = loads.run("a", || async { panic!("no such file") }).await.unwrap_err();
/// assert_eq!(error.message(), "no such file");
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlightPanicked {
    message: Arc<str>,
}

impl FlightPanicked {
    /// The message, if the payload is text; otherwise a word that it is not.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for FlightPanicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the work that several waited for panicked: {}", self.message)
    }
}

impl std::error::Error for FlightPanicked {}
