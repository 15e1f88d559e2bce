//! Stub until the engine is merged.
use crate::exit::Exit;
use vela_core::Sender;

#[derive(Debug)]
pub(crate) enum Report { Started(u64), Exited(u64, Exit) }

/// Who supervises an actor, and which of its children it is.
#[derive(Clone, Debug)]
pub(crate) struct Parent { pub(crate) nursery: Sender<Report>, pub(crate) key: u64 }
impl Parent {
    pub(crate) fn stop(&self) {}
    pub(crate) fn started(&self) { let _ = self.nursery.try_send(Report::Started(self.key)); }
    pub(crate) fn exited(&self, exit: Exit) { let _ = self.nursery.try_send(Report::Exited(self.key, exit)); }
}
#[derive(Debug)]
pub struct Children;
impl Children {
    pub(crate) fn kill_and_then(self, then: impl FnOnce() + Send + 'static) { then() }
}
