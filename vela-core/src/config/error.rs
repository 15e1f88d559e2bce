//! Errors: every mistake of every source, each with its place and what to do about it.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use super::nearest;
use super::place::{Kind, Place};

/// What is wrong with a configuration: all of it, not the first only.
///
/// `Display` has one block for each [`Mistake`].
///
/// # Examples
///
/// ```
/// use vela_core::config::Config;
///
/// let error = Config::from_toml("[channels.orders]\ncapacity = -1\nmonitord = true\n").unwrap_err();
/// let keys: Vec<_> = error.errors().filter_map(|mistake| mistake.key()).collect();
/// assert_eq!(keys, ["channels.orders.capacity", "channels.orders.monitord"]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError {
    mistakes: Vec<Mistake>,
}

impl ConfigError {
    /// In the order of the sources and of the places in them, and none twice.
    pub(super) fn new(mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by(|a, b| (a.order, &a.key, &a.message).cmp(&(b.order, &b.key, &b.message)));
        mistakes.dedup();
        Self { mistakes }
    }

    /// The mistakes, in the order in which the sources are read.
    pub fn errors(&self) -> impl ExactSizeIterator<Item = &Mistake> {
        self.mistakes.iter()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, mistake) in self.mistakes.iter().enumerate() {
            let gap = if n == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{mistake}")?;
        }
        Ok(())
    }
}

/// As it is displayed, so that a `main` that returns it shows what an operator can read.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for ConfigError {}

/// One mistake in a configuration.
///
/// # Examples
///
/// ```
/// use vela_core::config::Config;
///
/// let error = Config::from_toml("[channels.orders]\ncapacity = \"lots\"\n").unwrap_err();
/// let mistake = error.errors().next().unwrap();
/// assert_eq!((mistake.line(), mistake.column()), (Some(2), Some(12)));
/// assert_eq!(mistake.message(), r#"expected an integer of at least 0 or "unbounded", found the string "lots""#);
/// assert_eq!(
///     mistake.to_string(),
///     r#"text:2:12: channels.orders.capacity: expected an integer of at least 0 or "unbounded", found the string "lots"
///   |
/// 2 | capacity = "lots"
///   |            ^^^^^^
///   = help: write the number of messages: `capacity = 1000`"#
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    order: (usize, usize),
    source: String,
    file: Option<PathBuf>,
    at: Option<(usize, usize)>,
    key: Option<String>,
    message: String,
    excerpt: Option<String>,
    help: Option<String>,
}

impl Mistake {
    pub(super) fn new(place: &Place, message: impl Into<String>) -> Self {
        let (source, file) = match &place.source.kind {
            Kind::File { path, .. } => (path.display().to_string(), Some(path.clone())),
            _ => (place.to_string(), None),
        };
        Self {
            order: place.order(),
            source,
            file,
            at: place.line_and_column(),
            key: None,
            message: message.into(),
            excerpt: place.excerpt(),
            help: None,
        }
    }

    pub(super) fn about(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    pub(super) fn with_help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }
}

impl Mistake {
    /// The file, if it is in one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The file, the variable or the call of [`Builder::set`](super::Builder::set) that it is in.
    pub fn origin(&self) -> &str {
        &self.source
    }

    /// The line, from 1.
    pub fn line(&self) -> Option<usize> {
        self.at.map(|(line, _)| line)
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> Option<usize> {
        self.at.map(|(_, column)| column)
    }

    /// The key it is about, from the root: `channels.orders.capacity`.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// What was expected and what was found.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.source)?;
        if let Some((line, column)) = self.at {
            write!(f, "{line}:{column}:")?;
        }
        if let Some(key) = &self.key {
            write!(f, " {key}:")?;
        }
        write!(f, " {}", self.message)?;
        if let Some(excerpt) = &self.excerpt {
            write!(f, "\n{excerpt}")?;
        }
        if let Some(help) = &self.help {
            let margin = " ".repeat(self.at.map_or(1, |(line, _)| line.to_string().len()));
            write!(f, "\n{margin} = help: {help}")?;
        }
        Ok(())
    }
}

impl Error for Mistake {}

/// No configuration has a channel of that name.
///
/// # Examples
///
/// ```
/// use vela_core::config::Config;
///
/// let config = Config::from_toml("[channels.orders]\ncapacity = 5\n")?;
/// assert_eq!(
///     config.channel("order").unwrap_err().to_string(),
///     r#"no channel "order" is configured in text; did you mean "orders"?"#
/// );
/// # Ok::<(), vela_core::config::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownChannel {
    name: String,
    similar: Vec<String>,
    files: Vec<PathBuf>,
}

impl UnknownChannel {
    pub(super) fn new<'a>(name: &str, known: impl Iterator<Item = &'a str>, files: Vec<PathBuf>) -> Self {
        Self { name: name.to_owned(), similar: nearest::channels(name, known), files }
    }

    /// The name that was asked for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Names that are configured and look like it, the most similar first.
    pub fn similar(&self) -> impl ExactSizeIterator<Item = &str> {
        self.similar.iter().map(String::as_str)
    }

    /// The files that were read.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }
}

impl fmt::Display for UnknownChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no channel {:?} is configured", self.name)?;
        if !self.files.is_empty() {
            let files: Vec<_> = self.files.iter().map(|path| path.display().to_string()).collect();
            write!(f, " in {}", files.join(", "))?;
        }
        match nearest::question(&self.similar) {
            Some(question) => write!(f, "; {question}"),
            None => Ok(()),
        }
    }
}

impl Error for UnknownChannel {}
