//! The table `app`: the program's own settings, which Vela layers and does not look into.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::Arc;

use ::config::{ConfigError as Failure, Map, Value, ValueKind};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeString, DeValue};

use super::error::{ConfigError, Mistake};
use super::place::{Kind, Place, Source};
use super::value;
use super::variable::in_variable;

/// What was set, and where it was set first.
#[derive(Clone)]
pub(super) struct Node {
    place: Place,
    what: What,
}

#[derive(Clone)]
enum What {
    Table(BTreeMap<String, Node>),
    List(Vec<Node>),
    Plain(ValueKind),
}

/// Not what is in it: that may be secret.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl Node {
    /// Nothing but a place.
    pub(super) fn empty(source: &Arc<Source>) -> Self {
        Self { place: Place::whole(source), what: What::Table(BTreeMap::new()) }
    }

    pub(super) fn is_table(&self) -> bool {
        matches!(self.what, What::Table(_))
    }

    /// A value of TOML; `place` knows where it is.
    pub(super) fn read(found: &Spanned<DeValue<'_>>, place: &impl Fn(std::ops::Range<usize>) -> Place) -> Self {
        let what = match found.get_ref() {
            DeValue::Table(table) => {
                let entry =
                    |(key, found): (&Spanned<DeString<'_>>, _)| (key.get_ref().to_string(), Self::read(found, place));
                What::Table(table.iter().map(entry).collect())
            }
            DeValue::Array(items) => What::List(items.iter().map(|item| Self::read(item, place)).collect()),
            DeValue::String(text) => What::Plain(ValueKind::String(text.to_string())),
            DeValue::Boolean(flag) => What::Plain(ValueKind::Boolean(*flag)),
            DeValue::Datetime(time) => What::Plain(ValueKind::String(time.to_string())),
            number => What::Plain(number_of(number)),
        };
        Self { place: place(found.span()), what }
    }

    /// A value that is no file's. A plain one stays as it is written, so that `1.10` is not 1.1 to who wants a text; numbers are
    /// made of it where they are wanted.
    pub(super) fn written(text: &str, place: &Place) -> Result<Self, String> {
        let text = text.trim();
        if !text.starts_with(['{', '[', '"', '\'']) {
            return Ok(Self { place: place.clone(), what: What::Plain(ValueKind::String(text.to_owned())) });
        }
        match DeValue::parse(text) {
            Ok(found) => Ok(Self::read(&found, &|_| place.clone())),
            Err(error) => Err(format!("not a valid value of TOML: {}", error.message())),
        }
    }

    /// Puts what a later layer sets in its place.
    pub(super) fn put(&mut self, path: &[String], later: Self) {
        let Some((part, rest)) = path.split_first() else { return self.merge(later) };
        if !self.is_table() {
            *self = Self { place: later.place.clone(), what: What::Table(BTreeMap::new()) };
        }
        let What::Table(table) = &mut self.what else { unreachable!("it is a table now") };
        let is_variable = matches!(later.place.source.kind, Kind::Variable(_));
        let meant = |key: &&String| *key == part || is_variable && in_variable(key) == *part;
        let key = table.keys().find(meant).cloned();
        let key = key.unwrap_or_else(|| if is_variable { part.to_lowercase() } else { part.clone() });
        let empty = || Self { place: later.place.clone(), what: What::Table(BTreeMap::new()) };
        table.entry(key).or_insert_with(empty).put(rest, later);
    }

    /// Tables key by key; all else as a whole.
    fn merge(&mut self, later: Self) {
        match (&mut self.what, later.what) {
            (What::Table(table), What::Table(more)) => {
                for (key, node) in more {
                    match table.entry(key) {
                        Entry::Occupied(mut there) => there.get_mut().merge(node),
                        Entry::Vacant(free) => drop(free.insert(node)),
                    }
                }
            }
            (_, what) => *self = Self { place: later.place, what },
        }
    }

    /// As `config` takes it.
    fn value(&self) -> Value {
        let kind = match &self.what {
            What::Table(table) => {
                ValueKind::Table(table.iter().map(|(key, node)| (key.clone(), node.value())).collect::<Map<_, _>>())
            }
            What::List(items) => ValueKind::Array(items.iter().map(Self::value).collect()),
            What::Plain(kind) => kind.clone(),
        };
        Value::new(None, kind)
    }

    /// The place of a key such as `server.ports[2]`, as far as there is one.
    fn place_of(&self, key: &str) -> &Place {
        let inner = match &self.what {
            // Keys may have dots in them: the longest that fits.
            What::Table(table) => {
                let below = |(name, node): (&String, _)| {
                    let rest = key.strip_prefix(name.as_str())?;
                    let ends = rest.is_empty() || rest.starts_with(['.', '[']);
                    ends.then(|| (name.len(), node, rest.strip_prefix('.').unwrap_or(rest).to_owned()))
                };
                table.iter().filter_map(below).max_by_key(|(length, ..)| *length).map(|(_, node, rest)| (node, rest))
            }
            What::List(items) => key.strip_prefix('[').and_then(|rest| {
                let (n, rest) = rest.split_once(']')?;
                let node = items.get(n.parse::<usize>().ok()?)?;
                Some((node, rest.strip_prefix('.').unwrap_or(rest).to_owned()))
            }),
            What::Plain(_) => None,
        };
        inner.map_or(&self.place, |(node, rest): (&Self, String)| node.place_of(&rest))
    }

    /// All of it, as the program's type has it.
    pub(super) fn typed<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        T::deserialize(self.value()).map_err(|failure| {
            let (key, message) = explained(failure);
            let key = key.unwrap_or_default();
            let mut shown = "app".to_owned();
            // `config` leaves out the dot behind an index.
            for part in key.split_inclusive(']') {
                shown += if part.starts_with(['[', '.']) || shown != "app" && !shown.ends_with(']') { "" } else { "." };
                shown += part;
            }
            ConfigError::new(vec![Mistake::new(self.place_of(&key), message).about(shown)])
        })
    }
}

/// What is too large stays a text, which no type takes for a number.
fn number_of(value: &DeValue<'_>) -> ValueKind {
    let text = |text: &str| ValueKind::String(text.to_owned());
    match (value::integer(value), value) {
        (Some(n), _) => match (i64::try_from(n), u64::try_from(n)) {
            (Ok(n), _) => ValueKind::I64(n),
            (_, Ok(n)) => ValueKind::U64(n),
            _ => ValueKind::I128(n),
        },
        (None, DeValue::Float(x)) => x.as_str().parse().map_or_else(|_| text(x.as_str()), ValueKind::Float),
        (None, DeValue::Integer(n)) => text(n.as_str()),
        (None, _) => ValueKind::Nil,
    }
}

/// Key and message of a failure.
fn explained(failure: Failure) -> (Option<String>, String) {
    match failure {
        Failure::NotFound(key) => (Some(key), "is missing".to_owned()),
        Failure::Type { unexpected, expected, key, .. } => (key, format!("expected {expected}, found {unexpected}")),
        Failure::At { error, key, .. } => (key, explained(*error).1),
        other => (None, other.to_string()),
    }
}
