//! What the tests look through: futures polled by hand, each kind of runtime, each kind of channel, values that are
//! counted, logs of effects.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use vela::{Receiver, Sender};

/// Counts how often it was woken.
#[derive(Default)]
pub(crate) struct Bell(AtomicUsize);

impl Bell {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    pub(crate) fn rings(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A future that is polled by hand. Outside a runtime, so without a cooperative budget.
pub(crate) struct Hand<F> {
    future: Pin<Box<F>>,
    bell: Arc<Bell>,
}

impl<F: Future> Hand<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future: Box::pin(future), bell: Bell::new() }
    }

    /// One that has been polled once and waits.
    #[track_caller]
    pub(crate) fn waiting(future: F) -> Self {
        let mut hand = Self::new(future);
        assert!(hand.poll().is_pending(), "it was to wait");
        hand
    }

    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(&self.bell));
        self.poll_with(&waker)
    }

    pub(crate) fn poll_with(&mut self, waker: &Waker) -> Poll<F::Output> {
        self.future.as_mut().poll(&mut Context::from_waker(waker))
    }

    pub(crate) fn poll_ringing(&mut self, bell: &Arc<Bell>) -> Poll<F::Output> {
        self.poll_with(&Waker::from(Arc::clone(bell)))
    }

    /// How often it was woken.
    pub(crate) fn rings(&self) -> usize {
        self.bell.rings()
    }

    /// Polls it as an executor would: again as long as it was woken. `None`: it sleeps.
    pub(crate) fn run(&mut self) -> Option<F::Output> {
        loop {
            let before = self.rings();
            match self.poll() {
                Poll::Ready(output) => return Some(output),
                Poll::Pending if self.rings() > before => {}
                Poll::Pending => return None,
            }
        }
    }

    /// As [`run`](Self::run), and it was woken since it was polled last.
    #[track_caller]
    pub(crate) fn woken(&mut self) -> F::Output {
        assert!(self.rings() > 0, "nobody has woken it");
        self.run().expect("it was woken for something")
    }
}

/// Polls a future once, outside a runtime.
pub(crate) fn once<F: Future>(future: F) -> Poll<F::Output> {
    std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// The output of a future that needs no waiting.
#[track_caller]
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    match once(future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it was to be ready at once"),
    }
}

/// Longer than any test takes: a test that hangs fails and says so.
const STUCK: Duration = Duration::from_secs(120);

fn run_on(mut builder: tokio::runtime::Builder, kind: &str, body: impl Future<Output = ()>) {
    eprintln!("on a {kind} runtime");
    let runtime = builder.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        tokio::time::timeout(STUCK, body).await.unwrap_or_else(|_| panic!("stuck on a {kind} runtime"));
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
}

/// Runs `body` on a current-thread and on a multi-thread runtime.
pub(crate) fn on_each_runtime<F: Future<Output = ()>>(body: impl Fn() -> F) {
    run_on(tokio::runtime::Builder::new_current_thread(), "current-thread", body());
    on_many_threads(&body);
}

/// Runs `body` on a multi-thread runtime.
pub(crate) fn on_many_threads<F: Future<Output = ()>>(body: impl Fn() -> F) {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2);
    run_on(builder, "multi-thread", body());
}

/// Runs `body` on a current-thread runtime whose clock stands still and jumps to the next timer when all wait.
pub(crate) fn with_paused_clock<F: Future<Output = ()>>(body: F) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(true);
    builder.build().expect("a runtime").block_on(async {
        // A clock that jumps gets there at once if all wait for ever.
        tokio::time::timeout(Duration::from_secs(86_400), body).await.expect("stuck");
    });
}

/// Rendezvous, one place, some places, without a bound.
pub(crate) const CAPACITIES: [usize; 4] = [0, 1, 7, usize::MAX];

/// Those of them that keep a value.
pub(crate) const BUFFERED: [usize; 3] = [1, 7, usize::MAX];

pub(crate) fn of_capacity<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    if capacity == usize::MAX { vela::unbounded() } else { vela::channel(capacity) }
}

/// Gives way until `condition` holds.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

/// Effects, in the order in which they happen.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    /// Notes an effect, and passes a value on.
    pub(crate) fn note<T>(&self, effect: &'static str, value: T) -> T {
        self.0.lock().expect("no test panics here").push(effect);
        value
    }

    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().expect("no test panics here"))
    }

    /// Notes when it is dropped.
    pub(crate) fn guard(&self, effect: &'static str) -> Noted {
        Noted { log: self.clone(), effect }
    }
}

/// See [`Log::guard`].
pub(crate) struct Noted {
    log: Log,
    effect: &'static str,
}

impl Drop for Noted {
    fn drop(&mut self) {
        self.log.note(self.effect, ());
    }
}

/// A value of which it is known how many there are.
#[derive(Debug)]
pub(crate) struct Counted {
    _counter: Arc<()>,
}

/// How many values were made of this counter and not dropped.
pub(crate) fn alive(counter: &Arc<()>) -> usize {
    Arc::strong_count(counter) - 1
}

pub(crate) fn counted(counter: &Arc<()>) -> Counted {
    Counted { _counter: Arc::clone(counter) }
}
