//! Layers: what one source sets, and all of them merged.

use std::collections::{BTreeMap, BTreeSet};

use ::config::{ConfigError as Failure, Map, Source, Value, ValueKind};

use super::app::Node;
use super::error::Mistake;
use super::key::{Key, Target};
use super::place::Place;

/// What a source sets.
#[derive(Debug, Default)]
pub(super) struct Layer {
    entries: BTreeMap<(Target, Key), (ValueKind, Place)>,
    /// The channels that it names, and where it does so first.
    pub(super) channels: BTreeMap<String, Place>,
    /// What it sets of the program's own, and below which key.
    pub(super) app: Vec<(Vec<String>, Node)>,
    pub(super) mistakes: Vec<Mistake>,
    /// What has a mistake of its own: what follows from it must not be reported as others.
    pub(super) broken: BTreeSet<Target>,
    /// It could not be read as a whole, so nobody knows what it names.
    pub(super) unreadable: bool,
}

impl Layer {
    /// A source that cannot be read.
    pub(super) fn failed(mistakes: Vec<Mistake>) -> Self {
        Self { mistakes, unreadable: true, ..Self::default() }
    }

    pub(super) fn name_channel(&mut self, name: &str, place: &Place) {
        self.channels.entry(name.to_owned()).or_insert_with(|| place.clone());
    }

    /// Sets a key. Twice in one source is a mistake: nobody can say which one was meant.
    pub(super) fn set(&mut self, target: Target, key: Key, value: ValueKind, place: Place) {
        if let Some((_, first)) = self.entries.get(&(target.clone(), key)) {
            let mistake =
                Mistake::new(&place, format!("is set twice: here and at {first}")).about(target.key(key.path()));
            self.mistake(target, mistake.with_help("remove one of them".to_owned()));
            return;
        }
        self.entries.insert((target, key), (value, place));
    }

    pub(super) fn mistake(&mut self, target: Target, mistake: Mistake) {
        self.broken.insert(target);
        self.mistakes.push(mistake);
    }

    /// As `config` takes it. A value's origin is the number of its place among `places`.
    fn tables(&self, places: &mut Vec<Place>) -> Tables {
        let mut root = Map::new();
        let mut defaults = Map::new();
        let mut channels: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        for name in self.channels.keys() {
            channels.entry(name).or_default();
        }
        for ((target, key), (kind, place)) in &self.entries {
            let value = Value::new(Some(&places.len().to_string()), kind.clone());
            places.push(place.clone());
            let table = match target {
                Target::Root => &mut root,
                Target::Defaults => &mut defaults,
                Target::Channel(name) => channels.entry(name).or_default(),
            };
            table.insert(key.path().to_owned(), value);
        }
        let channels: Map<_, _> = channels.into_iter().map(|(name, table)| (name.to_owned(), table.into())).collect();
        root.insert("defaults".to_owned(), defaults.into());
        root.insert("channels".to_owned(), Value::new(None, ValueKind::Table(channels)));
        Tables(root)
    }
}

#[derive(Debug, Clone)]
struct Tables(Map<String, Value>);

impl Source for Tables {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, Failure> {
        Ok(self.0.clone())
    }
}

/// All layers as one; the later ones hold.
#[derive(Debug, Default)]
pub(super) struct Merged {
    values: BTreeMap<Target, Map<String, Value>>,
    places: Vec<Place>,
}

impl Merged {
    /// # Errors
    ///
    /// None that `config` has a reason for: the sources are in memory.
    pub(super) fn new(layers: &[Layer]) -> Result<Self, Failure> {
        let mut places = Vec::new();
        let mut builder = ::config::Config::builder();
        for layer in layers {
            builder = builder.add_source(layer.tables(&mut places));
        }
        let mut root = builder.build()?.collect()?;
        let mut table = |name: &str| root.remove(name).map_or(Ok(Map::new()), Value::into_table);
        let (defaults, channels) = (table("defaults")?, table("channels")?);
        let mut values = BTreeMap::from([(Target::Defaults, defaults), (Target::Root, root)]);
        for (name, table) in channels {
            values.insert(Target::Channel(name), table.into_table()?);
        }
        Ok(Self { values, places })
    }

    /// The channels that some layer names.
    pub(super) fn channels(&self) -> impl Iterator<Item = &str> {
        self.values.keys().filter_map(|target| match target {
            Target::Channel(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The value in force for a key that was set, and where it was.
    pub(super) fn get(&self, target: &Target, key: Key) -> Option<(&Value, &Place)> {
        let value = self.values.get(target)?.get(key.path())?;
        let place = self.places.get(value.origin()?.parse::<usize>().ok()?)?;
        Some((value, place))
    }
}
