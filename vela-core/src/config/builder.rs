//! Where a configuration is read from.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Config;
use super::app::Node;
use super::error::{ConfigError, Mistake};
use super::in_force;
use super::key::Target;
use super::layer::{Layer, Merged};
use super::place::{Kind, Place, Source};
use super::variable::{self, Declared, ENVIRONMENT};
use super::{document, file, nearest};

/// The environment if nobody names one.
const USUAL: &str = "development";

/// Names what a configuration is read from; made by [`Config::builder`].
///
/// The layers, of which a later one wins: `base.toml` of the directory, the file of the environment, further files in the
/// order in which they are named, variables, [`set`](Self::set). The first file declares the channels; all others can only
/// change them.
///
/// # Examples
///
/// ```
/// use vela_core::config::Config;
/// use vela_core::settings::Capacity;
///
/// let config = Config::builder()
///     .text("base.toml", "[channels.orders]\ncapacity = 1000\n[channels.audit]\n")
///     .variables([("VELA_CHANNELS__ORDERS__CAPACITY", "200")])
///     .set("channels.audit.capacity", 7)
///     .load()?;
/// assert_eq!(config.channel("orders").unwrap().capacity, Capacity::Bounded(200));
/// assert_eq!(config.channel("audit").unwrap().capacity, Capacity::Bounded(7));
/// # Ok::<(), vela_core::config::ConfigError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder reads nothing until `load`"]
pub struct Builder {
    directory: Option<PathBuf>,
    environment: Option<String>,
    inputs: Vec<Input>,
    /// None: those of the process.
    variables: Option<Pairs>,
    set: Pairs,
}

/// Names and values.
#[derive(Clone, Default)]
struct Pairs(Vec<(String, String)>);

/// The names alone: a value of the program's own may be secret.
impl fmt::Debug for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[derive(Debug, Clone)]
enum Input {
    File(PathBuf),
    Text(PathBuf, String),
}

impl Builder {
    /// The directory with `base.toml` and one file for each environment.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// The environment, whatever `VELA_ENV` says.
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.environment = Some(name.into());
        self
    }

    /// One more file.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.inputs.push(Input::File(path.into()));
        self
    }

    /// One more file whose text is in memory: part of the program, or in a test. Errors show it by its name.
    pub fn text(mut self, name: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        self.inputs.push(Input::Text(name.into(), text.into()));
        self
    }

    /// These variables instead of those of the process; `VELA_ENV` is looked up in them, too.
    pub fn variables<N: Into<String>, V: Into<String>>(mut self, variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let pairs = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        // The others may be secrets, and this is shown by `Debug`.
        let ours = |(name, _): &(String, String)| variable::is_ours(name) || name.eq_ignore_ascii_case(ENVIRONMENT);
        self.variables = Some(Pairs(pairs.filter(ours).collect()));
        self
    }

    /// Sets a key, whatever all else says: `unbounded`, `defaults.capacity`, `channels.orders.overflow`, `app.<key>`. Values are written
    /// as in a file or as in a variable: `10`, `true`, `"5s"`, `"drop-oldest"`, `"{ timeout = \"5s\" }"`.
    pub fn set(mut self, key: impl Into<String>, value: impl fmt::Display) -> Self {
        let key = key.into();
        self.set.0.retain(|(known, _)| *known != key);
        self.set.0.push((key, value.to_string()));
        self
    }

    /// Reads everything. Files are read on the spot, so do it before the program gets busy.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all mistakes of all sources.
    pub fn load(self) -> Result<Config, ConfigError> {
        self.read()
    }

    /// As [`load`](Self::load), and once more whenever it is wanted.
    pub(super) fn read(&self) -> Result<Config, ConfigError> {
        let variables = self.all_variables();
        let mut reading = Reading::default();
        let environment = self.files(&variables, &mut reading);
        let declared = reading.hold_against_the_first();
        reading.values(&variables, &self.set.0, &declared);
        let last = reading.next();
        let mut mistakes: Vec<_> = reading.layers.iter_mut().flat_map(|layer| layer.mistakes.drain(..)).collect();
        let broken: BTreeSet<_> = reading.layers.iter().flat_map(|layer| &layer.broken).collect();
        let unreadable = reading.layers.iter().any(|layer| layer.unreadable);
        let merged = Merged::new(&reading.layers).unwrap_or_else(|failure| {
            let place = Place::whole(&file::source("configuration".into(), String::new(), last));
            mistakes.push(Mistake::new(&place, failure.to_string()));
            Merged::default()
        });
        // What is not known cannot contradict anything.
        let settled = in_force::settle(&merged, &broken, unreadable, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(ConfigError::new(mistakes));
        }
        let app = reading.app(last);
        Ok(Config { environment, settled, app, files: reading.files, from: self.clone() })
    }

    /// Names and values; a value that is not valid UTF-8 is None.
    fn all_variables(&self) -> Vec<(String, Option<String>)> {
        // Of two of one name the later holds.
        let variables: BTreeMap<_, _> = match &self.variables {
            Some(given) => given.0.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect(),
            None => std::env::vars_os()
                // A name that is not UTF-8 fits nothing, which is to be said if it is one of ours.
                .map(|(name, value)| (name.to_string_lossy().into_owned(), value.into_string().ok()))
                .collect(),
        };
        variables.into_iter().collect()
    }

    /// Reads the files; returns the name of the environment.
    fn files(&self, variables: &[(String, Option<String>)], reading: &mut Reading) -> String {
        let asked = self.asked_environment(variables);
        let name = asked.as_ref().map_or(USUAL, |asked| &asked.0).to_owned();
        if let Some(directory) = &self.directory {
            reading.file(&directory.join("base.toml"));
            let path = directory.join(format!("{name}.toml"));
            match asked {
                Some((_, kind)) => match refusal(directory, &name, &path) {
                    Some((message, help)) => {
                        let place = Place::whole(&Arc::new(Source { number: reading.next(), kind }));
                        reading.layers.push(Layer::failed(vec![Mistake::new(&place, message).with_help(help)]));
                    }
                    None => reading.file(&path),
                },
                // Also a link that leads nowhere: reading it says what is wrong.
                None if path.symlink_metadata().is_ok() => reading.file(&path),
                None => {}
            }
        }
        for input in &self.inputs {
            match input {
                Input::File(path) => reading.file(path),
                Input::Text(name, text) => reading.text(name, text),
            }
        }
        name
    }

    /// The environment, if somebody asks for one, and who does.
    fn asked_environment(&self, variables: &[(String, Option<String>)]) -> Option<(String, Kind)> {
        if let Some(name) = &self.environment {
            return Some((name.clone(), Kind::Environment(name.clone())));
        }
        let (variable, value) = variables.iter().find(|(name, _)| name.eq_ignore_ascii_case(ENVIRONMENT))?;
        let value = value.as_deref().unwrap_or("\u{FFFD}");
        (!value.is_empty()).then(|| (value.to_owned(), Kind::Variable(variable.clone())))
    }
}

/// Why there is no such environment, and what to do.
fn refusal(directory: &Path, name: &str, path: &Path) -> Option<(String, Option<String>)> {
    let there_are = environments(directory);
    let list = match &there_are[..] {
        [] => format!("there is no file for any environment in {}", directory.display()),
        names => format!("environments in {}: {}", directory.display(), names.join(", ")),
    };
    if name == "base" {
        return Some(("`base` is what all environments have in common, and none itself".to_owned(), Some(list)));
    }
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || "-_".contains(c)) {
        let message = format!("{name:?} cannot be the name of an environment: only letters, digits, - and _ can");
        return Some((message, Some(list)));
    }
    if path.exists() {
        return None;
    }
    let help = match nearest::name(name, there_are.iter().map(String::as_str)) {
        Some(similar) => format!("did you mean {similar:?}? {list}"),
        None => list,
    };
    Some((format!("there is no {} for the environment {name:?}", path.display()), Some(help)))
}

/// The names of the environments that have a file, sorted.
fn environments(directory: &Path) -> Vec<String> {
    let entries = directory.read_dir().into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
        .filter(|name| name != "base" && !name.is_empty())
        .collect();
    names.sort();
    names
}

/// What was read so far.
#[derive(Debug, Default)]
struct Reading {
    layers: Vec<Layer>,
    files: Vec<PathBuf>,
    /// How many sources there were.
    count: usize,
}

impl Reading {
    fn next(&mut self) -> usize {
        self.count += 1;
        self.count
    }

    fn file(&mut self, path: &Path) {
        let layer = file::layer(path, self.next());
        self.layers.push(layer);
        self.files.push(path.to_owned());
    }

    fn text(&mut self, name: &Path, text: &str) {
        let source = file::source(name.to_owned(), text.to_owned(), self.next());
        self.layers.push(document::read(&source));
        self.files.push(name.to_owned());
    }

    /// The channels of the first file; a later one that names others is mistaken.
    fn hold_against_the_first(&mut self) -> Declared {
        let by = self.files.first().map_or("any file".to_owned(), |path| path.display().to_string());
        let guesses = Cell::new(20);
        let Some((first, later)) = self.layers.split_first_mut() else {
            return Declared { channels: Some(Vec::new()), by, guesses };
        };
        let known = (!first.unreadable).then(|| first.channels.keys().cloned().collect());
        let declared = Declared { channels: known, by, guesses };
        for layer in later {
            for (name, place) in std::mem::take(&mut layer.channels) {
                if let Some(mistake) = declared.unknown(&name, &place) {
                    layer.mistake(Target::Channel(name), mistake);
                }
            }
        }
        declared
    }

    /// The program's own settings, of all layers.
    fn app(&mut self, number: usize) -> Node {
        let named = self.files.first().cloned().unwrap_or_else(|| "configuration".into());
        let mut app = Node::empty(&file::source(named, String::new(), number));
        for (path, node) in self.layers.iter_mut().flat_map(|layer| layer.app.drain(..)) {
            app.put(&path, node);
        }
        app
    }

    /// Reads what is no file.
    fn values(&mut self, variables: &[(String, Option<String>)], set: &[(String, String)], declared: &Declared) {
        let mut layer = Layer::default();
        for (name, value) in variable::ours(variables) {
            let source = Arc::new(Source { number: self.next(), kind: Kind::Variable(name.to_owned()) });
            variable::variable(&source, value, declared, &mut layer);
        }
        self.layers.push(layer);
        let mut layer = Layer::default();
        for (key, value) in set {
            let source = Arc::new(Source { number: self.next(), kind: Kind::Set(key.clone()) });
            variable::set(&source, value, declared, &mut layer);
        }
        self.layers.push(layer);
    }
}
