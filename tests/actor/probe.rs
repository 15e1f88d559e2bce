//! An actor that does what it is told, and writes down what happens to it.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vela::actor::{Actor, ActorContext, Call, Exit, Failure, Request, Terminated};

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<String>>>, Arc<AtomicBool>);

impl Journal {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// What was noted since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// An actor that panics is restarted: so an assertion in a deed would fail unseen.
    pub(crate) fn check(&self) {
        assert!(!self.1.load(Relaxed), "a deed has panicked: see its message above");
    }
}

/// Notes that a deed panics.
struct Watched(Arc<AtomicBool>);

impl Drop for Watched {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Relaxed);
        }
    }
}

/// An error with a text.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) &'static str);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Fault {}

impl From<Infallible> for Fault {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

pub(crate) type Doing<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;
type Deed = Box<dyn for<'a> FnOnce(&'a mut Probe, &'a mut ActorContext<Probe>) -> Doing<'a> + Send>;

/// What a [`Probe`] understands.
pub(crate) enum ProbeMsg {
    /// Notes it.
    Note(String),
    Do(Deed),
    /// The same, and it may panic.
    DoWildly(Deed),
    Echo(Call<Echo>),
    /// Fails, with the question unanswered.
    Poison(Call<Poison>),
}

pub(crate) struct Echo(pub(crate) u32);

impl Request for Echo {
    type Reply = u32;
}

/// A request at which the probe fails.
pub(crate) struct Poison;

impl Request for Poison {
    type Reply = ();
}

impl From<Call<Poison>> for ProbeMsg {
    fn from(call: Call<Poison>) -> Self {
        Self::Poison(call)
    }
}

impl From<&str> for ProbeMsg {
    fn from(text: &str) -> Self {
        Self::Note(text.to_owned())
    }
}

impl From<Call<Echo>> for ProbeMsg {
    fn from(call: Call<Echo>) -> Self {
        Self::Echo(call)
    }
}

/// A message that has the probe do something. If that panics the test fails, once its [`Stage`](crate::stage::Stage) ends.
pub(crate) fn deed(
    what: impl for<'a> FnOnce(&'a mut Probe, &'a mut ActorContext<Probe>) -> Doing<'a> + Send + 'static,
) -> ProbeMsg {
    ProbeMsg::Do(Box::new(what))
}

/// As [`deed`], and that it panics is what is tested.
pub(crate) fn wild_deed(
    what: impl for<'a> FnOnce(&'a mut Probe, &'a mut ActorContext<Probe>) -> Doing<'a> + Send + 'static,
) -> ProbeMsg {
    ProbeMsg::DoWildly(Box::new(what))
}

/// A message at which the probe fails.
pub(crate) fn fail(why: &'static str) -> ProbeMsg {
    deed(move |_, _| Box::pin(async move { Err(Fault(why)) }))
}

/// A message at which the probe panics.
pub(crate) fn panic(why: &'static str) -> ProbeMsg {
    wild_deed(move |_, _| Box::pin(async move { panic!("{why}") }))
}

/// A message at which the probe waits for ever.
pub(crate) fn hang() -> ProbeMsg {
    deed(|_, _| Box::pin(std::future::pending()))
}

/// A message at which the probe ends this run normally.
pub(crate) fn leave() -> ProbeMsg {
    deed(|_, cx| {
        Box::pin(async move {
            cx.stop();
            Ok(())
        })
    })
}

/// Panics when it is dropped.
#[derive(Debug)]
pub(crate) struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "the bomb");
    }
}

/// A message that panics when it is dropped, handled or not.
pub(crate) fn bomb() -> ProbeMsg {
    let bomb = Bomb;
    wild_deed(move |_, _| {
        Box::pin(async move {
            drop(bomb);
            Ok(())
        })
    })
}

/// What a [`Probe`] does in its hooks: nothing, unless it is told.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) enum Hook {
    #[default]
    Ok,
    Err,
    Panic,
    Hang,
    /// Takes so long.
    Slow(Duration),
}

impl Hook {
    async fn run(self, text: &'static str) -> Result<(), Fault> {
        match self {
            Self::Ok => Ok(()),
            Self::Err => Err(Fault(text)),
            Self::Panic => panic!("{text}"),
            Self::Hang => std::future::pending().await,
            Self::Slow(time) => {
                vela::time::sleep(time).await;
                Ok(())
            }
        }
    }
}

pub(crate) struct Probe {
    pub(crate) name: String,
    pub(crate) journal: Journal,
    pub(crate) in_restarting: Hook,
    pub(crate) in_started: Hook,
    pub(crate) in_stopped: Hook,
    pub(crate) in_drop: Hook,
}

impl Probe {
    pub(crate) fn new(name: impl Into<String>, journal: &Journal) -> Self {
        Self {
            name: name.into(),
            journal: journal.clone(),
            in_restarting: Hook::Ok,
            in_started: Hook::Ok,
            in_stopped: Hook::Ok,
            in_drop: Hook::Ok,
        }
    }

    pub(crate) fn note(&self, what: impl fmt::Display) {
        self.journal.note(format!("{}: {what}", self.name));
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.note("dropped");
        assert!(self.in_drop != Hook::Panic || std::thread::panicking(), "in drop");
    }
}

impl Actor for Probe {
    type Message = ProbeMsg;
    type Error = Fault;

    async fn started(&mut self, _: &mut ActorContext<Self>) -> Result<(), Fault> {
        self.note("started");
        self.in_started.run("in started").await
    }

    async fn restarting(&mut self, failure: &Failure, _: &mut ActorContext<Self>) -> Result<(), Fault> {
        self.note(format_args!("restarting after [{failure}]"));
        self.in_restarting.run("in restarting").await
    }

    async fn stopped(&mut self, exit: &Exit, _: &mut ActorContext<Self>) -> Result<(), Fault> {
        self.note(format_args!("stopped [{exit}]"));
        self.in_stopped.run("in stopped").await
    }

    async fn handle(&mut self, message: ProbeMsg, cx: &mut ActorContext<Self>) -> Result<(), Fault> {
        match message {
            ProbeMsg::Note(text) => self.note(text),
            ProbeMsg::Do(deed) => {
                let _watched = Watched(Arc::clone(&self.journal.1));
                return deed(self, cx).await;
            }
            ProbeMsg::DoWildly(deed) => return deed(self, cx).await,
            ProbeMsg::Echo(call) => call.reply_with(|Echo(n)| n),
            ProbeMsg::Poison(_call) => return Err(Fault("poison")),
        }
        Ok(())
    }

    async fn on_terminated(&mut self, terminated: Terminated, _: &mut ActorContext<Self>) -> Result<(), Fault> {
        self.note(format_args!("{} terminated [{}]", terminated.path, terminated.exit));
        Ok(())
    }

    async fn on_lagged(&mut self, missed: u64, _: &mut ActorContext<Self>) -> Result<(), Fault> {
        self.note(format_args!("lagged {missed}"));
        Ok(())
    }
}

/// An error that cannot be shown.
#[derive(Debug)]
pub(crate) struct Unspeakable;

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no words")
    }
}

impl std::error::Error for Unspeakable {}
