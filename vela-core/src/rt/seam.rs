//! Where a deterministic executor takes Tokio's place. Not a public interface: `vela-sim` implements it.
//!
//! An executor is installed for a thread and a time ([`install`]). While it is there, everything on that thread that would
//! have gone to Tokio goes to it. Where none was ever installed in the process, each question costs one relaxed load.

pub use super::join::panic_text;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Instant;

/// A task to be polled.
pub type TaskFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Which operation somebody waits for, or has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name, as the user calls it: `recv`, `send`, `sleep`.
    pub name: &'static str,
    /// What it is done on.
    pub on: Subject,
    /// The user's line.
    pub site: &'static Location<'static>,
}

/// What an operation is done on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The receiving end of the channel at this address.
    Receiving(usize),
    /// The sending end of the channel at this address.
    Sending(usize),
    /// The channel at this address, neither end of it.
    Channel(usize),
    /// A task, by the number that [`Executor::spawn`] gave.
    Task(u64),
    /// The clock.
    Time,
    /// Something else.
    Other,
}

/// What has happened to the channel at an address.
#[derive(Clone, Copy, Debug)]
pub enum ChannelEvent<'a> {
    /// It was made.
    Made {
        /// Most values in its buffer; 0 = rendezvous, `usize::MAX` = unbounded.
        capacity: usize,
        /// Its name.
        name: Option<&'a str>,
        /// Where.
        site: &'static Location<'static>,
    },
    /// What is in it.
    State {
        /// The number of values.
        len: usize,
        /// Whether it is closed.
        closed: bool,
    },
    /// How many handles there are.
    Ends {
        /// Of the sending end.
        senders: usize,
        /// Of the receiving end.
        receivers: usize,
    },
}

/// An executor that runs all of its tasks on the thread it is installed for.
pub trait Executor {
    /// Takes a task. The number is never used again in this process.
    fn spawn(&self, task: TaskFuture, name: Option<&str>, site: &'static Location<'static>) -> u64;

    /// Asks for a task to be dropped instead of polled.
    fn abort(&self, task: u64);

    /// No fault is to end a task: it is of the machinery's.
    fn spare(&self, task: u64);

    /// The running task.
    fn current(&self) -> Option<u64>;

    /// What the clock shows.
    fn now(&self) -> Instant;

    /// Has `waker` woken at `deadline`; `timer` is what an earlier call for the same timer gave.
    fn arm(&self, timer: Option<u64>, deadline: Instant, waker: &Waker) -> u64;

    /// Forgets a timer.
    fn disarm(&self, timer: u64);

    /// Whether an operation may complete now. False: the task gives way first, and has been woken.
    fn may_proceed(&self, cx: &mut Context<'_>) -> bool;

    /// An operation has completed.
    fn proceeded(&self);

    /// The task gives way of its own accord, and has not been woken yet.
    fn give_way(&self);

    /// A number below `n`, at least 1, for the order in which a select looks at its arms.
    fn draw(&self, n: usize) -> usize;

    /// The running task has done `operation`, or waits for it. Only if it was installed as `detailed`.
    fn polled(&self, operation: Operation, done: bool);

    /// News of a channel. Only if it was installed as `detailed`.
    fn channel(&self, address: usize, event: ChannelEvent<'_>);

    /// The running task has panicked.
    fn panicked(&self, message: &str);

    /// Somebody has got to know that `task` panicked.
    fn panic_seen(&self, task: u64);
}

/// Whether any executor was ever installed in this process.
static ANY: AtomicBool = AtomicBool::new(false);

/// How many installed executors want details.
static DETAILED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static HERE: RefCell<Option<Rc<dyn Executor>>> = const { RefCell::new(None) };
    /// By their numbers, in the simulation of this thread.
    static ACTORS: RefCell<BTreeMap<u64, Known>> = const { RefCell::new(BTreeMap::new()) };
}

/// What is known of an actor, for reports: its tasks come and go.
#[derive(Clone, Copy)]
struct Known {
    /// The user's line.
    spawned_at: &'static Location<'static>,
    /// The task that it runs in.
    task: Option<u64>,
}

/// An actor of this number was spawned on the user's line `site`. Only under a simulation is that remembered.
pub fn actor_spawned(actor: u64, site: &'static Location<'static>) {
    if simulated() {
        ACTORS.with(|actors| actors.borrow_mut().insert(actor, Known { spawned_at: site, task: None }));
    }
}

/// Where the actor was spawned, if that is known.
#[must_use]
pub fn actor_spawned_at(actor: u64) -> Option<&'static Location<'static>> {
    ACTORS.with(|actors| actors.borrow().get(&actor).map(|known| known.spawned_at))
}

/// The actor runs in `task` from now on.
pub fn actor_runs_in(actor: u64, task: Subject) {
    ACTORS.with(|actors| {
        if let (Some(known), Subject::Task(task)) = (actors.borrow_mut().get_mut(&actor), task) {
            known.task = Some(task);
        }
    });
}

/// What waits for an actor waits for its task.
#[must_use]
pub fn actor(actor: u64) -> Subject {
    let task = ACTORS.with(|actors| actors.borrow().get(&actor)?.task);
    task.map_or(Subject::Other, Subject::Task)
}

/// Calls `f` with this thread's executor, if there is one.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&dyn Executor) -> R) -> Option<R> {
    // Relaxed: who installed one on this thread has done so before.
    if !ANY.load(Ordering::Relaxed) { None } else { with_installed(f) }
}

#[cold]
#[inline(never)]
fn with_installed<R>(f: impl FnOnce(&dyn Executor) -> R) -> Option<R> {
    // A thread that is ending has lost its slot.
    HERE.try_with(|here| here.borrow().as_deref().map(f)).ok().flatten()
}

/// Whether some thread may be running a simulation.
#[inline]
pub(crate) fn any() -> bool {
    // Relaxed: as in `with`.
    ANY.load(Ordering::Relaxed)
}

/// Whether this thread runs a simulation.
#[inline]
pub fn simulated() -> bool {
    any() && with_installed(|_| ()).is_some()
}

/// Whether some executor wants to hear of operations and channels.
#[inline]
pub(crate) fn detailed() -> bool {
    // Relaxed: as in `with`.
    DETAILED.load(Ordering::Relaxed) != 0
}

/// Tells this thread's executor about a channel. Only if [`detailed`].
#[cold]
#[inline(never)]
pub(crate) fn channel(address: usize, event: ChannelEvent<'_>) {
    with(|executor| executor.channel(address, event));
}

/// A future that sees no budget of a Tokio runtime that may be around the simulation.
pub fn unconstrained<F: Future>(future: F) -> impl Future<Output = F::Output> {
    tokio::task::coop::unconstrained(future)
}

/// Keeps an executor installed.
#[must_use = "the executor is there until this is dropped"]
pub struct Installed {
    before: Option<Rc<dyn Executor>>,
    detailed: bool,
}

impl std::fmt::Debug for Installed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Installed").field("detailed", &self.detailed).finish_non_exhaustive()
    }
}

/// Makes `executor` that of this thread, until the result is dropped. `detailed`: it wants to hear of every operation.
pub fn install(executor: Rc<dyn Executor>, detailed: bool) -> Installed {
    ANY.store(true, Ordering::Relaxed);
    super::budget::forget_free();
    DETAILED.fetch_add(usize::from(detailed), Ordering::Relaxed);
    Installed { before: HERE.with(|here| here.replace(Some(executor))), detailed }
}

impl Drop for Installed {
    fn drop(&mut self) {
        DETAILED.fetch_sub(usize::from(self.detailed), Ordering::Relaxed);
        let ours = HERE.with(|here| here.replace(self.before.take()));
        let actors = ACTORS.try_with(RefCell::take);
        drop(actors);
        drop(ours);
    }
}

/// What `#[vela::test]` was given.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the options of the attribute, whose documentation explains them")]
pub struct TestOptions {
    /// The path of the test's function, with its crate.
    pub name: &'static str,
    pub schedules: Option<u64>,
    pub strategy: Option<&'static str>,
    pub depth: Option<u32>,
    pub preemptions: Option<u32>,
    pub seed: Option<u64>,
    pub faults: &'static [&'static str],
    pub time_limit: Option<std::time::Duration>,
    pub max_steps: Option<u64>,
    pub allow_leaks: bool,
}

impl TestOptions {
    /// No option is given.
    pub const NONE: Self = Self {
        name: "",
        schedules: None,
        strategy: None,
        depth: None,
        preemptions: None,
        seed: None,
        faults: &[],
        time_limit: None,
        max_steps: None,
        allow_leaks: false,
    };
}
