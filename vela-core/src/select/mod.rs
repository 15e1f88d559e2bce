//! The select engine: it waits for several cases at once, and exactly one of them happens. See the README beside it.

mod case;
mod dynamic;
mod engine;
mod locks;
mod mapped;
mod one;
mod order;
mod quick;
mod slot;

pub use case::{Begun, Case, Peek, Plain, Polled, Seat};
pub use dynamic::{Any, AnyCase, Select, any};
pub use engine::{CLOSED, ELSE, Selector, unreachable_arm};
pub use locks::LockSet;
pub use mapped::{Mapped, Mapping};
pub use one::{One, one};
pub(crate) use order::{Likely, below, likely};
pub use order::{Mode, seed_fairness};
pub use quick::{AGAIN, ForeignPlace, OwnPlace, Place, Quick, TryReceive, quick};
pub use slot::{Arm, Every, Keep, LendSlot, Lends, Sent, Slot, Values, every, lend, lend_every, sent, values};
