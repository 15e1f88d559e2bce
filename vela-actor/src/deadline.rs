//! Stub until merged.
use std::sync::Arc;
use std::time::Duration;
pub(crate) trait Expire: Send + Sync {
    fn expire(&self);
}
#[derive(Debug)]
pub(crate) struct Wheel;
#[derive(Debug)]
pub(crate) struct Entry;
impl Wheel {
    pub(crate) fn current() -> Arc<Self> { Arc::new(Self) }
    pub(crate) fn enter(self: &Arc<Self>, _after: Duration, _who: Arc<dyn Expire>) -> Entry { Entry }
}
