//! Why there is nothing under a name, or nothing came under it; and what was meant.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Weak};

use super::{Inner, Registry};

/// Up to three names that are like this one, the most similar first.
pub(crate) fn similar(given: &str, known: &[Arc<str>]) -> Vec<Arc<str>> {
    // Longer than any that is meant: the comparison takes time by the product of the lengths.
    const LONGEST: usize = 256;
    if given.len() > LONGEST {
        return Vec::new();
    }
    let given = given.to_lowercase();
    let near = known.iter().filter(|known| known.len() <= LONGEST).filter_map(|known| {
        let lower = known.to_lowercase();
        let distance = strsim::damerau_levenshtein(&given, &lower);
        (distance <= (lower.chars().count() / 3).max(1)).then_some((distance, known))
    });
    let mut near: Vec<_> = near.collect();
    near.sort_unstable();
    near.into_iter().take(3).map(|(_, name)| Arc::clone(name)).collect()
}

/// `; did you mean …?`, if there is something like it.
pub(crate) fn did_you_mean(similar: &[Arc<str>], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut before = "; did you mean";
    for (left, like) in similar.iter().enumerate().map(|(i, like)| (similar.len() - i - 1, like)) {
        write!(f, "{before} `{like}`")?;
        before = if left == 1 { " or" } else { "," };
    }
    f.write_str(if similar.is_empty() { "" } else { "?" })
}

/// Why a name was not given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// Another actor has it.
    #[non_exhaustive]
    NameTaken {
        /// The name.
        name: Arc<str>,
        /// The path of the actor that has it.
        by: Arc<str>,
        /// The type of what is registered.
        registered: &'static str,
    },
    /// The actor has ended for good.
    #[non_exhaustive]
    Ended {
        /// The name.
        name: Arc<str>,
        /// The path of the actor.
        actor: Arc<str>,
    },
    /// The actor belongs to no system, so there is no registry to [register](crate::ActorContext::register) in.
    #[non_exhaustive]
    NoSystem {
        /// The name.
        name: Arc<str>,
        /// The path of the actor.
        actor: Arc<str>,
    },
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameTaken { name, by, .. } => {
                write!(f, "the name `{name}` is taken by `{by}`: choose another one, or have that one give it up first")
            }
            Self::Ended { name, actor } => write!(
                f,
                "`{actor}` has ended, so that it can have no name `{name}`: register it while it is there, `cx.register` in `started`"
            ),
            Self::NoSystem { name, actor } => write!(
                f,
                "`{actor}` belongs to no system whose registry could keep the name `{name}`: start it by `system.spawn`, or \
                 below an actor of a system"
            ),
        }
    }
}

impl Error for RegisterError {}

/// The names that are like one that was not found. They are looked for by who wants to see them: that takes time with each name there
/// is, and many a program just makes what it does not find.
#[derive(Clone)]
pub struct Similar {
    pub(super) registry: Weak<Inner>,
    pub(super) name: Arc<str>,
}

impl Similar {
    /// Up to three of those that there are now, the most similar first.
    #[must_use]
    pub fn names(&self) -> Vec<Arc<str>> {
        let Some(inner) = self.registry.upgrade() else { return Vec::new() };
        let mut known = Registry { inner }.names();
        // It may have come meanwhile.
        known.retain(|name| *name != self.name);
        similar(&self.name, &known)
    }
}

/// Of the same name in the same registry.
impl PartialEq for Similar {
    fn eq(&self, other: &Self) -> bool {
        self.registry.ptr_eq(&other.registry) && self.name == other.name
    }
}

impl Eq for Similar {}

impl fmt::Debug for Similar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// Nothing of that name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupError {
    /// There is no such name.
    #[non_exhaustive]
    Unknown {
        /// The name that was looked up.
        name: Arc<str>,
        /// Names that are like it.
        similar: Similar,
    },
    /// There is one, of a value of another type.
    #[non_exhaustive]
    OtherType {
        /// The name.
        name: Arc<str>,
        /// The type of what is registered.
        registered: &'static str,
        /// The type that was asked for.
        wanted: &'static str,
    },
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, similar } => {
                write!(f, "no `{name}` is registered")?;
                did_you_mean(&similar.names(), f)
            }
            Self::OtherType { name, registered, wanted } => {
                write!(
                    f,
                    "`{name}` is registered as a `{registered}`, and was looked up as a `{wanted}`: look it up as what it is, or \
                     register that under a name of its own"
                )
            }
        }
    }
}

impl Error for LookupError {}
