//! Places: where in a file, or in which variable, something is written.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is read: a file with its text, or a single value.
#[derive(Debug)]
pub(super) struct Source {
    /// Sources that are read later have the larger number, and win.
    pub(super) number: usize,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    File {
        path: PathBuf,
        text: String,
        /// Where each line starts.
        lines: Vec<usize>,
    },
    Variable(String),
    /// A key that the program sets.
    Set(String),
    /// The environment that the program asks for.
    Environment(String),
}

impl Kind {
    pub(super) fn file(path: PathBuf, text: String) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1)).collect();
        Self::File { path, text, lines }
    }
}

/// A stretch of a source.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) source: Arc<Source>,
    /// In bytes; empty where the source as a whole is meant.
    pub(super) span: Range<usize>,
}

impl Place {
    /// The source as a whole.
    pub(super) fn whole(source: &Arc<Source>) -> Self {
        Self { source: Arc::clone(source), span: 0..0 }
    }

    /// Orders places as they are read: of two values, the later holds.
    pub(super) fn order(&self) -> (usize, usize) {
        (self.source.number, self.span.start)
    }

    /// Line and column, from 1; the column in characters.
    pub(super) fn line_and_column(&self) -> Option<(usize, usize)> {
        let Kind::File { text, lines, .. } = &self.source.kind else { return None };
        let line = self.line()?;
        let before = text.get(lines[line - 1]..self.span.start)?;
        Some((line, before.chars().count() + 1))
    }

    /// The line, from 1.
    fn line(&self) -> Option<usize> {
        let Kind::File { lines, .. } = &self.source.kind else { return None };
        let is_whole = self.span.is_empty() && self.span.start == 0;
        (!is_whole).then(|| lines.partition_point(|&start| start <= self.span.start))
    }

    /// The line of a file with carets below the stretch, as rustc shows it. None for a line too long to look at.
    pub(super) fn excerpt(&self) -> Option<String> {
        let (number, column) = self.line_and_column()?;
        let Kind::File { text, lines, .. } = &self.source.kind else { return None };
        let line = text[lines[number - 1]..].split('\n').next()?.trim_end_matches('\r');
        // In bytes first: to go through a very long line for each mistake in it would take minutes.
        if line.len() > 4 * 160 || line.chars().count() > 160 {
            return None;
        }
        let line = line.replace(char::is_control, " ");
        let length = line.chars().count();
        let width = text.get(self.span.clone()).map_or(1, |marked| marked.chars().count());
        let carets = "^".repeat(width.min((length + 1).saturating_sub(column)).max(1));
        let margin = " ".repeat(number.to_string().len());
        let indent = " ".repeat(column - 1);
        Some(format!("{margin} |\n{number} | {line}\n{margin} | {indent}{carets}"))
    }

    pub(super) fn origin(&self) -> Origin {
        match &self.source.kind {
            Kind::File { path, .. } => Origin::File { path: path.clone(), line: self.line().unwrap_or(1) },
            Kind::Variable(name) => Origin::Variable(name.clone()),
            Kind::Set(_) | Kind::Environment(_) => Origin::Program,
        }
    }
}

/// Path and line of a file, or the name of a variable.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source.kind {
            Kind::File { path, .. } => match self.line() {
                Some(line) => write!(f, "{}:{line}", path.display()),
                None => path.display().fmt(f),
            },
            Kind::Variable(name) => name.fmt(f),
            Kind::Set(key) => write!(f, "set({key:?})"),
            Kind::Environment(name) => write!(f, "environment({name:?})"),
        }
    }
}

/// Where a value comes from; see [`Config::origin`](super::Config::origin).
///
/// # Examples
///
/// ```
/// use vela_core::config::Config;
///
/// let config = Config::from_toml("[channels.orders]\ncapacity = 500\n")?;
/// let origin = config.origin("channels.orders.capacity").unwrap();
/// assert_eq!(origin.to_string(), "text:2");
/// assert_eq!(config.origin("channels.orders.overflow").unwrap().to_string(), "default");
/// # Ok::<(), vela_core::config::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A file.
    File {
        /// Where it was read from.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of the environment.
    Variable(String),
    /// The program, with [`Builder::set`](super::Builder::set).
    Program,
    /// A capacity computed from the sizing, whose peak rate comes from there.
    Sizing(Box<Origin>),
}

/// In short: the name of a file without its directories.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => "default".fmt(f),
            Self::File { path, line } => {
                let name = path.file_name().map_or(path.as_path(), Path::new);
                write!(f, "{}:{line}", name.display())
            }
            Self::Variable(name) => name.fmt(f),
            Self::Program => "set by the program".fmt(f),
            Self::Sizing(origin) => write!(f, "sizing, {origin}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, marked: &str) -> Place {
        let start = text.find(marked).unwrap();
        let kind = Kind::file("a.toml".into(), text.to_owned());
        Place { source: Arc::new(Source { number: 0, kind }), span: start..start + marked.len() }
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(place("x = 1\nü = \"é\" # here", "# h").line_and_column(), Some((2, 9)));
    }

    #[test]
    fn carets_stay_on_the_line_and_below_what_they_mean() {
        let excerpt = place("a = [\n\tb,\r\n c ]", "b,\r\n c").excerpt();
        assert_eq!(excerpt.as_deref(), Some("  |\n2 |  b,\n  |  ^^"));
    }
}
