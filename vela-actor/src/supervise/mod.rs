//! Supervision: what is said about children and their supervisor, the engine that decides, the nursery that does it.

mod backoff;
mod budget;
mod children;
pub(crate) mod engine;
mod escalation;
mod key;
mod nursery;
mod spec;
mod spec_error;
mod strategy;
mod supervision;
mod supervisor;

pub use children::{ChildError, Children, SpawnError};
pub(crate) use engine::Over;
pub(crate) use escalation::escalated;
pub use escalation::{Cause, Escalation};
pub(crate) use key::Key;
pub(crate) use nursery::Parent;
pub(crate) use spec::Mailbox;
pub use spec::{ChildSpec, RestartType, Shutdown, child};
pub use spec_error::SpecError;
pub use strategy::{AutoShutdown, Decision, Strategy};
pub use supervision::Supervision;
pub use supervisor::{GetChildren, Supervisor, SupervisorMessage};
