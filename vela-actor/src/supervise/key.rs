//! The number of a child.

/// A child of a supervisor. Keys grow in the order in which children are to start; none is used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(pub(crate) u64);
