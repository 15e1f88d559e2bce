//! A TOML document, held against what may stand in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::app::Node;
use super::error::Mistake;
use super::key::{Key, ROOT, SETTINGS, Target, name_fault};
use super::layer::Layer;
use super::nearest;
use super::place::{Kind, Place, Source};
use super::value::{self, describe, shortened};

/// Reads a file's text; a syntax error hides all else in it.
pub(super) fn read(source: &Arc<Source>) -> Layer {
    let Kind::File { text, .. } = &source.kind else { return Layer::default() };
    let (root, errors) = DeTable::parse_recoverable(text);
    let place = |span| Place { source: Arc::clone(source), span };
    if !errors.is_empty() {
        // After the first error of a line, those that follow from it would only confuse.
        let mut lines = BTreeSet::new();
        let mut mistakes = Vec::new();
        for error in errors {
            let place = place(within(text, error.span()));
            let line = place.line_and_column().map(|(line, _)| line);
            if lines.insert(line) {
                let (message, help) = syntax(error.message(), text.get(place.span.clone()).unwrap_or_default());
                mistakes.push(Mistake::new(&place, format!("not valid TOML: {message}")).with_help(help));
            }
        }
        return Layer::failed(mistakes);
    }
    let mut document = Document { source, layer: Layer::default() };
    document.root(root.get_ref());
    document.layer
}

/// A span with at least one byte of the text before it or in it, so that it has a line.
fn within(text: &str, span: Option<std::ops::Range<usize>>) -> std::ops::Range<usize> {
    let span = span.unwrap_or(0..0);
    let start = span.start.min(text.len());
    if start == 0 && span.end == 0 {
        0..text.chars().next().map_or(0, char::len_utf8)
    } else {
        start..span.end.min(text.len())
    }
}

/// An error of the parser in words for who wrote the text, and what to do about it.
fn syntax<'a>(message: &'a str, marked: &str) -> (&'a str, Option<String>) {
    let missing = marked.trim().is_empty();
    let (message, help) = match message {
        m if m.starts_with("string values must be quoted") && missing => {
            ("a value is missing", "write one after the `=`")
        }
        m if m.starts_with("string values must be quoted") => match marked.trim().to_lowercase().as_str() {
            "yes" | "on" | "true" => ("this is no value", "write `true`"),
            "no" | "off" | "false" => ("this is no value", "write `false`"),
            n if n.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => {
                ("this is no number", r#"a number stands alone, and a duration in quotes: "30s""#)
            }
            _ => ("a string must be in quotes", r#"put the value in quotes: "…""#),
        },
        m if m.starts_with("duplicate key") => {
            ("this stands in the file already", "a key or a table may stand in a file once: put the two together")
        }
        m if m.starts_with("key with no value") => (m, "settings are written `name = value`, and tables `[name]`"),
        m => return (m.trim_end_matches(", expected nothing"), None),
    };
    (message, Some(help.to_owned()))
}

type Field<'a, 'i> = (&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>);

struct Document<'a> {
    source: &'a Arc<Source>,
    layer: Layer,
}

impl Document<'_> {
    fn place(&self, span: std::ops::Range<usize>) -> Place {
        Place { source: Arc::clone(self.source), span }
    }

    fn root(&mut self, table: &DeTable<'_>) {
        for (key, found) in table {
            match (&**key.get_ref(), found.get_ref()) {
                ("unbounded", _) => self.leaf(&Target::Root, Key::Unbounded, found),
                ("defaults", DeValue::Table(table)) => self.settings(&Target::Defaults, table),
                ("channels", DeValue::Table(table)) => self.group(table),
                ("app", DeValue::Table(_)) => {
                    let node = Node::read(found, &|span| self.place(span));
                    self.layer.app.push((Vec::new(), node));
                }
                ("defaults" | "channels" | "app", value) => {
                    let message = format!("expected a table, found {}", describe(value));
                    let help = match &**key.get_ref() {
                        "defaults" => "write `[defaults]` and below it the settings, one a line",
                        "app" => "write `[app]` and below it the program's own settings, one a line",
                        _ => "write `[channels.<name>]` and below it the settings, one a line",
                    };
                    self.complain(&Target::Root, key, key.get_ref(), message, Some(help.to_owned()), Some(found));
                }
                _ => {
                    let help = stray((key, found));
                    self.complain(&Target::Root, key, key.get_ref(), "unknown key".to_owned(), Some(help), None);
                }
            }
        }
    }

    /// Reports something about a key, or about its value.
    fn complain(
        &mut self,
        target: &Target,
        key: &Spanned<DeString<'_>>,
        path: &str,
        message: String,
        help: Option<String>,
        value: Option<&Spanned<DeValue<'_>>>,
    ) {
        let place = self.place(value.map_or_else(|| key.span(), Spanned::span));
        let mistake = Mistake::new(&place, message).about(target.key(&shortened(path))).with_help(help);
        self.layer.mistake(target.clone(), mistake);
    }

    /// The table `channels` itself.
    fn group(&mut self, table: &DeTable<'_>) {
        for (key, found) in table {
            if let DeValue::Table(inner) = found.get_ref()
                && !SETTINGS.contains(&&**key.get_ref())
            {
                self.channel(&[], key, inner);
                continue;
            }
            let name = shortened(key.get_ref());
            let (message, help) = if SETTINGS.contains(&name.as_str()) {
                let help =
                    format!("for every channel, put `{name}` below `[defaults]`; for one, below `[channels.<name>]`");
                ("a setting outside of any channel".to_owned(), help)
            } else {
                let message = format!("expected a table of settings, found {}", describe(found.get_ref()));
                let below = match found.get_ref() {
                    DeValue::Integer(n) => format!("`capacity = {n}`"),
                    _ => "the settings, one a line".to_owned(),
                };
                (message, format!("write `[channels.{name}]` and below it {below}"))
            };
            self.complain(&Target::Root, key, &format!("channels.{name}"), message, Some(help), None);
        }
    }

    /// A table below `channels`: of a channel, if it has settings or nothing at all; or only the first part of names.
    fn channel(&mut self, before: &[String], key: &Spanned<DeString<'_>>, table: &DeTable<'_>) {
        let mut parts = before.to_vec();
        parts.extend(key.get_ref().split('.').map(str::to_owned));
        let name = parts.join(".");
        let target = Target::Channel(name.clone());
        if let Some((message, help)) = name_fault(&parts) {
            let path = format!("channels.{name}");
            return self.complain(&Target::Root, key, &path, message, help, None);
        }
        let has_settings =
            |(key, found): Field<'_, '_>| SETTINGS.contains(&&**key.get_ref()) || !found.get_ref().is_table();
        if table.is_empty() || table.iter().any(has_settings) {
            let place = self.place(key.span());
            self.layer.name_channel(&name, &place);
        }
        self.settings_and(&target, table, &mut |document, (key, _), table| document.channel(&parts, key, table));
    }

    /// The table `defaults`.
    fn settings(&mut self, target: &Target, table: &DeTable<'_>) {
        self.settings_and(target, table, &mut |document, (key, _), _| {
            let help = format!("the settings of one channel lie below `[channels.{}]`", shortened(key.get_ref()));
            document.complain(target, key, key.get_ref(), "unknown key".to_owned(), Some(help), None);
        });
    }

    /// The settings in a table, and what to do with a table that is none.
    fn settings_and(
        &mut self,
        target: &Target,
        table: &DeTable<'_>,
        other: &mut dyn FnMut(&mut Self, Field<'_, '_>, &DeTable<'_>),
    ) {
        for (key, found) in table {
            let known = Key::OF_CHANNEL.into_iter().find(|known| known.path() == key.get_ref());
            match (known, found.get_ref()) {
                (Some(known), _) => self.leaf(target, known, found),
                (None, value) if key.get_ref() == "sizing" => self.sizing(target, (key, found), value),
                (None, DeValue::Table(inner)) => other(self, (key, found), inner),
                (None, _) => {
                    let help = unknown_setting(key.get_ref());
                    self.complain(target, key, key.get_ref(), "unknown key".to_owned(), Some(help), None);
                }
            }
        }
    }

    fn sizing(&mut self, target: &Target, (key, found): Field<'_, '_>, value: &DeValue<'_>) {
        let DeValue::Table(table) = value else {
            let message = format!("expected a table, found {}", describe(value));
            let help = r#"`sizing = { peak_rate = 100, processing_time = "50ms" }`, the rate in messages per second"#;
            return self.complain(target, key, "sizing", message, Some(help.to_owned()), Some(found));
        };
        for (key, found) in table {
            match Key::OF_SIZING.into_iter().find(|known| known.name() == key.get_ref()) {
                Some(known) => self.leaf(target, known, found),
                None => {
                    let help = match nearest::name(key.get_ref(), Key::OF_SIZING.map(Key::name)) {
                        Some(name) => format!("did you mean `{name}`?"),
                        None => "`sizing` takes `peak_rate`, `processing_time` and `safety`".to_owned(),
                    };
                    let path = format!("sizing.{}", key.get_ref());
                    self.complain(target, key, &path, "unknown key".to_owned(), Some(help), None);
                }
            }
        }
    }

    fn leaf(&mut self, target: &Target, key: Key, found: &Spanned<DeValue<'_>>) {
        let place = self.place(found.span());
        self.layer.check(target, key, found, &place, |span| Place { source: Arc::clone(self.source), span });
    }
}

impl Layer {
    /// Sets a key to a value that was found at a place, if it is one that the key takes.
    pub(super) fn check(
        &mut self,
        target: &Target,
        key: Key,
        found: &Spanned<DeValue<'_>>,
        place: &Place,
        part: impl Fn(std::ops::Range<usize>) -> Place,
    ) {
        if *target == Target::Defaults && matches!(key, Key::PeakRate | Key::ProcessingTime) {
            let help = "put it into the `sizing` of each channel; `[defaults]` may have `sizing.safety`";
            let message = "cannot be set for all channels: rates and times differ from one to the other";
            let mistake = Mistake::new(place, message).about(target.key(key.path())).with_help(help.to_owned());
            return self.mistake(target.clone(), mistake);
        }
        match value::check(key, found) {
            Ok(value) => self.set(target.clone(), key, value, place.clone()),
            Err(wrongs) => {
                for wrong in wrongs {
                    let path = target.key(key.path()) + &wrong.part;
                    let mistake = Mistake::new(&part(wrong.span), wrong.message).about(path).with_help(wrong.help);
                    self.mistake(target.clone(), mistake);
                }
            }
        }
    }
}

/// What to do about a key at the root that is none.
fn stray((key, found): Field<'_, '_>) -> String {
    let name = &**key.get_ref();
    let table = match found.get_ref() {
        DeValue::Table(table) => table,
        _ if SETTINGS.contains(&name) => {
            return format!("for every channel, put `{name}` below `[defaults]`; for one, below `[channels.<name>]`");
        }
        _ => {
            return match nearest::name(name, ROOT) {
                Some(known) => format!("did you mean `{known}`?"),
                None => {
                    "at the root there are `unbounded`, `[defaults]`, `[channels.<name>]` and the program's own `[app]`"
                        .to_owned()
                }
            };
        }
    };
    if let Some(known) = nearest::name(name, ROOT).or(name.ends_with("channels").then_some("channels")) {
        return format!("did you mean `{known}`?");
    }
    let mut path = name.to_owned();
    let mut inner = table;
    while let [(key, only)] = inner.iter().collect::<Vec<_>>()[..]
        && let DeValue::Table(table) = only.get_ref()
    {
        path += ".";
        path += key.get_ref();
        inner = table;
    }
    format!("channels lie below `channels`: write `[channels.{}]`", shortened(&path))
}

/// What to do about a setting that is none.
pub(super) fn unknown_setting(name: &str) -> String {
    let name = name.to_lowercase();
    if let Some(known) = nearest::name(&name, SETTINGS) {
        return format!("did you mean `{known}`?");
    }
    if Key::OF_SIZING.iter().any(|key| key.name() == name) {
        return format!("`{name}` belongs into `sizing`: `sizing = {{ {name} = … }}`");
    }
    match name.as_str() {
        "timeout" => r#"write `overflow = { timeout = "5s" }`"#.to_owned(),
        "retry" | "retries" | "attempts" | "backoff" => {
            r#"write `overflow = { retry = { attempts = 3, backoff = "10ms" } }`"#.to_owned()
        }
        "policy" | "on_full" => "what a full channel does is `overflow`".to_owned(),
        "unbounded" => r#"for a channel without a bound write `capacity = "unbounded"`"#.to_owned(),
        n if n.contains("buffer") || n.contains("size") || n == "bound" || n == "limit" => {
            "the number of messages that a channel holds is `capacity`".to_owned()
        }
        _ => format!("the settings are {}", SETTINGS.map(|name| format!("`{name}`")).join(", ")),
    }
}
