//! Who an actor is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// The number of an actor, unique in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ActorId(u64);

impl ActorId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Relaxed: a counter on its own.
        Self(NEXT.fetch_add(1, Relaxed))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

/// As it was written down, in a log say: it names an actor, and gives no access to it.
impl From<u64> for ActorId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is wrong with a name, and how to mend it.
pub(crate) const SLASH_IN_NAME: &str =
    "the name contains `/`, which stands between the names of a path: use another sign";

/// Who an actor is: its number and its path. Two are equal if the numbers are.
#[derive(Clone)]
pub(crate) struct Identity {
    id: ActorId,
    path: Path,
}

#[derive(Clone)]
enum Path {
    Given(Arc<str>),
    /// Of a type: no allocation for each of many actors.
    Kind(fn() -> &'static str),
}

impl Identity {
    pub(crate) fn new(path: Arc<str>) -> Self {
        Self { id: ActorId::next(), path: Path::Given(path) }
    }

    /// One that is called what `kind` says.
    pub(crate) fn of_kind(kind: fn() -> &'static str) -> Self {
        Self { id: ActorId::next(), path: Path::Kind(kind) }
    }

    pub(crate) fn id(&self) -> ActorId {
        self.id
    }

    pub(crate) fn path(&self) -> &str {
        match &self.path {
            Path::Given(path) => path,
            Path::Kind(kind) => kind(),
        }
    }

    /// As [`path`](Self::path), to keep.
    pub(crate) fn shared_path(&self) -> Arc<str> {
        match &self.path {
            Path::Given(path) => Arc::clone(path),
            Path::Kind(kind) => kind().into(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.path().rsplit('/').next().unwrap_or_default()
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Identity {}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}", self.path(), self.id)
    }
}
