//! The libraries, each behind the same trait: an actor that counts, its life, a ring of actors, and supervised ones.

mod actix;
mod bare;
mod kameo;
mod ractor;
mod vela;
mod xtra;

use std::time::{Duration, Instant};

use vela_benches::harness::{Flavor, Scale, on_runtime_as};

pub(crate) use self::actix::{OneThread, TwoThreads};
pub(crate) use self::bare::Bare;
pub(crate) use self::kameo::Kameo;
pub(crate) use self::ractor::Ractor;
pub(crate) use self::vela::Vela;
pub(crate) use self::xtra::Xtra;

/// `None`: unbounded.
pub(crate) type Capacity = Option<usize>;

/// The time limit of asks where the library has none by default; Vela's own is the same.
const LIMIT: Duration = Duration::from_secs(5);

/// So many restarts are allowed within so long a time: more than there are, and few to remember.
const RESTARTS: u32 = 1_000_000;
const WITHIN: Duration = Duration::from_millis(1);

/// A library, or a way to use one. Its counter adds what it is told, and says the sum when it is asked.
pub(crate) trait Peer: 'static {
    const NAME: &'static str;
    /// Its tasks are Vela's.
    const GO: bool = false;
    /// The address of a counter.
    type To: Clone + Send + Sync + 'static;

    /// Runs `work` on a runtime with pinned workers.
    fn run<F>(flavor: Flavor, scale: Scale, work: F) -> Result<F::Output, String>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        on_runtime_as(Self::GO, flavor, scale, work)
    }

    /// Starts a counter. Where mailboxes cannot be bounded, its own grows.
    fn start(mailbox: Capacity) -> impl Future<Output = Self::To> + Send;

    /// Whether it went well, as everywhere here.
    fn tell(to: &Self::To, n: u64) -> impl Future<Output = bool> + Send;

    /// Without a time limit.
    fn ask(to: &Self::To) -> impl Future<Output = Option<u64>> + Send;

    /// With the usual time limit.
    fn ask_in_time(to: &Self::To) -> impl Future<Output = Option<u64>> + Send;

    /// Starts a counter, stops it, and waits until it has ended.
    fn live() -> impl Future<Output = bool> + Send;

    /// Starts a ring of actors, each of which tells the next what it was told, less one; ends when the last of `hops` has been
    /// taken.
    fn ring(nodes: usize, hops: u64) -> impl Future<Output = Option<Duration>> + Send;
}

/// A library with supervisors.
pub(crate) trait Supervised: Peer {
    /// A counter fails and is asked, so many times: from the failure to the answer of the next incarnation.
    fn restarts(times: usize) -> impl Future<Output = Option<Duration>> + Send;

    /// Starts so many children of one supervisor, and stops it with them: until all have started, and until all have ended.
    fn children(count: usize) -> impl Future<Output = Option<(Duration, Duration)>> + Send;
}

/// A task of the library's kind.
pub(crate) async fn join_all<P: Peer>(
    tasks: impl Iterator<Item = impl Future<Output = bool> + Send + 'static>,
) -> bool {
    let mut well = true;
    if P::GO {
        let tasks: Vec<_> = tasks.map(::vela::task::spawn).collect();
        for task in tasks {
            well &= task.await.unwrap_or(false);
        }
    } else {
        let tasks: Vec<_> = tasks.map(tokio::spawn).collect();
        for task in tasks {
            well &= task.await.unwrap_or(false);
        }
    }
    well
}

/// What a failing actor fails with.
#[derive(Debug)]
pub(crate) struct Failed;

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("told to")
    }
}

impl std::error::Error for Failed {}

/// The time that a part of a run takes.
async fn timed(part: impl Future<Output = bool>) -> Option<Duration> {
    let start = Instant::now();
    part.await.then(|| start.elapsed())
}
