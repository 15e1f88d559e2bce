//! The stage: a system, the journal of its actors, and probes that are put on it.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use vela::actor::{Address, ChildSpec, Children, Supervision, System};
use vela::prelude::*;

use crate::probe::{Echo, Journal, Probe, ProbeMsg};

pub(crate) struct Stage {
    pub(crate) system: System,
    pub(crate) journal: Journal,
}

impl Stage {
    /// An empty one, whose system is called `s`.
    pub(crate) fn new(supervision: impl Into<Supervision>) -> Self {
        Self { system: System::with("s", supervision).unwrap(), journal: Journal::new() }
    }

    /// With children of these names, which have all started.
    pub(crate) async fn with<const N: usize>(
        supervision: impl Into<Supervision>,
        names: [&'static str; N],
    ) -> (Self, [Address<Probe>; N]) {
        let stage = Self::new(supervision);
        let all = names.map(|name| stage.add(vela::actor::child(name)));
        stage.children().settled().await;
        stage.journal.take();
        (stage, all)
    }

    pub(crate) fn children(&self) -> Children {
        self.system.children()
    }

    pub(crate) fn add(&self, spec: ChildSpec) -> Address<Probe> {
        self.add_with(spec, |_, _| ())
    }

    pub(crate) fn keep(&self, spec: ChildSpec) -> Address<Probe> {
        self.keep_with(spec, |_, _| ())
    }

    /// `change` is given the number of the run, from 1.
    pub(crate) fn add_with(
        &self,
        spec: ChildSpec,
        change: impl Fn(u32, &mut Probe) + Send + Sync + 'static,
    ) -> Address<Probe> {
        let factory = maker(spec.name(), &self.journal, change);
        self.system.spawn(spec, factory).unwrap()
    }

    pub(crate) fn keep_with(
        &self,
        spec: ChildSpec,
        change: impl Fn(u32, &mut Probe) + Send + Sync + 'static,
    ) -> Address<Probe> {
        let factory = maker(spec.name(), &self.journal, change);
        self.children().spawn_kept(spec, factory).unwrap()
    }

    /// What was noted since the last time, in brief.
    pub(crate) fn notes(&self) -> Vec<String> {
        brief(self.journal.take())
    }

    pub(crate) async fn end(&self) {
        self.system.shutdown().await.unwrap();
        self.journal.check();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.journal.check();
        }
    }
}

/// A factory of probes.
pub(crate) fn maker<F>(name: &str, journal: &Journal, change: F) -> impl Fn() -> Probe + Send + Sync + use<F>
where
    F: Fn(u32, &mut Probe) + Send + Sync + 'static,
{
    let (name, journal, runs) = (name.to_owned(), journal.clone(), AtomicU32::new(0));
    move || {
        let mut probe = Probe::new(name.clone(), &journal);
        change(runs.fetch_add(1, Relaxed) + 1, &mut probe);
        probe
    }
}

/// A factory of probes that do nothing by themselves.
pub(crate) fn plain(name: &str, journal: &Journal) -> impl Fn() -> Probe + Send + Sync + use<> {
    maker(name, journal, |_, _| ())
}

/// Without reasons, and without those who say that they come back.
pub(crate) fn brief(notes: Vec<String>) -> Vec<String> {
    let brief = |note: String| note.split(" [").next().unwrap_or_default().to_owned();
    notes.into_iter().map(brief).filter(|note| !note.contains("restarting")).collect()
}

/// The names of those who noted `what`, in order.
pub(crate) fn who(notes: &[String], what: &str) -> Vec<String> {
    notes.iter().filter_map(|note| note.strip_suffix(&format!(": {what}"))).map(str::to_owned).collect()
}

/// Waits until nothing is left to be done but to wait: the simulation's clock goes on only then.
pub(crate) async fn calm() {
    sleep(ms(1)).await;
}

/// Sends, and waits until all that follows from it has happened.
pub(crate) async fn tell(to: &Address<Probe>, message: impl Into<ProbeMsg>) {
    assert!(to.send(message).await.is_ok());
    calm().await;
}

/// Whether it answers.
pub(crate) async fn answers(address: &Address<Probe>) -> bool {
    address.ask(Echo(7)).await.is_ok_and(|n| n == 7)
}
