//! Single values: variables of the environment, and what the program sets.
//!
//! A value is read as a value of TOML, and as a string if it is none: `10`, `true`, `5s`, `drop-oldest`,
//! `{ timeout = "5s" }`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeValue;

use super::app::Node;
use super::document::unknown_setting;
use super::error::Mistake;
use super::key::{self, Key, Target, split};
use super::layer::Layer;
use super::nearest;
use super::place::{Kind, Place, Source};

const CHANNELS: &str = "VELA_CHANNELS_";
const DEFAULTS: &str = "VELA_DEFAULTS_";
const APP: &str = "VELA_APP_";
const UNBOUNDED: &str = "VELA_UNBOUNDED";
/// As deep as tables of a file may be: what goes through them has a stack.
const DEEPEST: usize = 64;
/// The variable that names the environment.
pub(super) const ENVIRONMENT: &str = "VELA_ENV";

/// Whether a variable sets something of a configuration, or was meant to. All others are somebody else's.
pub(super) fn is_ours(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name == UNBOUNDED || [CHANNELS, DEFAULTS, APP].iter().any(|prefix| name.starts_with(prefix))
}

/// The channels that there are, as far as is known.
pub(super) struct Declared {
    /// Sorted; None if the base could not be read.
    pub(super) channels: Option<Vec<String>>,
    /// What declares them.
    pub(super) by: String,
    /// How many names are still to be guessed at: where thousands are wrong, guesses for all would take minutes.
    pub(super) guesses: Cell<usize>,
}

impl Declared {
    /// “no channel … is declared”, unless there may be one.
    pub(super) fn unknown(&self, name: &str, place: &Place) -> Option<Mistake> {
        let channels =
            self.channels.as_ref().filter(|known| known.binary_search_by(|known| known.as_str().cmp(name)).is_err())?;
        let guess = self.guesses.replace(self.guesses.get().saturating_sub(1)) > 0;
        let similar = if guess { nearest::channels(name, channels.iter().map(String::as_str)) } else { Vec::new() };
        let elsewhere = || format!("channels are declared in {}: add it there, or remove it here", self.by);
        let help = nearest::question(&similar).unwrap_or_else(elsewhere);
        let message = format!("no channel {name:?} is declared in {}", self.by);
        Some(Mistake::new(place, message).about(format!("channels.{name}")).with_help(help))
    }
}

/// The name of a channel, as the name of a variable has it.
pub(super) fn in_variable(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    name.replace('.', "__").chars().map(plain).collect()
}

/// Reads one variable of those that are ours.
pub(super) fn variable(source: &Arc<Source>, value: Option<&str>, declared: &Declared, layer: &mut Layer) {
    let Kind::Variable(name) = &source.kind else { return };
    let place = Place::whole(source);
    let upper = name.to_ascii_uppercase();
    let Some(value) = value else {
        let mistake = Mistake::new(&place, "its value is not valid UTF-8").with_help("set it anew".to_owned());
        return layer.mistake(Target::Root, mistake);
    };
    if let Some(rest) = upper.strip_prefix(APP) {
        let parts: Vec<_> = rest.strip_prefix('_').unwrap_or_default().split("__").map(str::to_owned).collect();
        return own(parts, "names are VELA_APP__<KEY>, or VELA_APP__<TABLE>__<KEY>", value, &place, layer);
    }
    let located = if upper == UNBOUNDED {
        Ok((Target::Root, Key::Unbounded))
    } else if let Some(rest) = upper.strip_prefix(DEFAULTS) {
        in_defaults(rest, &place)
    } else {
        in_channel(upper.strip_prefix(CHANNELS).unwrap_or(&upper), &place, declared)
    };
    match located {
        Ok((target, key)) => assign(&target, key, value, &place, layer),
        Err(mistake) => layer.mistake(Target::Root, *mistake),
    }
}

/// Sets a key of the program's own.
fn own(parts: Vec<String>, form: &str, text: &str, place: &Place, layer: &mut Layer) {
    let mut wrong = |mistake: Mistake, help: &str| layer.mistake(Target::Root, mistake.with_help(help.to_owned()));
    if parts.iter().any(String::is_empty) {
        return wrong(Mistake::new(place, "names no key"), form);
    }
    if parts.len() > DEEPEST {
        return wrong(Mistake::new(place, format!("is more than {DEEPEST} tables deep")), form);
    }
    let key = format!("app.{}", parts.join(".").to_lowercase());
    let (message, help) = if text.trim().is_empty() {
        ("has an empty value".to_owned(), r#"give it a value, if need be `""`, or do not set it"#)
    } else {
        match Node::written(text, place) {
            Ok(node) => return layer.app.push((parts, node)),
            Err(message) => (message, r#"a text that begins like this goes into quotes: '"[…"'"#),
        }
    };
    wrong(Mistake::new(place, message).about(key), help);
}

/// What is wrong with the name of a variable that lies right below VELA_DEFAULTS_ or VELA_CHANNELS_.
fn misnamed(place: &Place, message: &str, help: String) -> Box<Mistake> {
    Box::new(Mistake::new(place, message).with_help(help))
}

fn in_defaults(rest: &str, place: &Place) -> Result<(Target, Key), Box<Mistake>> {
    let key =
        rest.strip_prefix('_').and_then(|rest| Key::OF_CHANNEL.into_iter().find(|key| in_variable(key.path()) == rest));
    key.map(|key| (Target::Defaults, key)).ok_or_else(|| {
        let given = rest.trim_start_matches('_').to_lowercase();
        let known = Key::OF_CHANNEL.map(|key| in_variable(key.path()).to_lowercase());
        let help = match nearest::name(&given, known.iter().map(String::as_str)) {
            Some(known) => format!("did you mean VELA_DEFAULTS__{}?", known.to_uppercase()),
            None => below(&given).unwrap_or_else(|| unknown_setting(&given)),
        };
        misnamed(place, "no setting has this name", help)
    })
}

/// For keys inside an overflow policy, which is set as a whole.
fn below(key: &str) -> Option<String> {
    let inner = key.rsplit_once("overflow__")?.1;
    let value = match inner {
        "timeout" => r#"{ timeout = "5s" }"#,
        _ => r#"{ retry = { attempts = 3, backoff = "10ms" } }"#,
    };
    Some(format!("a policy is set as a whole: …__OVERFLOW='{value}'"))
}

fn in_channel(rest: &str, place: &Place, declared: &Declared) -> Result<(Target, Key), Box<Mistake>> {
    let known = declared.channels.as_deref().unwrap_or_default();
    let Some(rest) = rest.strip_prefix('_') else {
        let help = match split(rest, "_", in_variable).and_then(|(name, key)| Some((suggestion(name, known)?, key))) {
            Some((channel, key)) => format!("did you mean {}?", full(&channel, key)),
            None => format!("parts are separated by two underscores: {}", full("<channel>", Key::Capacity)),
        };
        return Err(misnamed(place, "one underscore after VELA_CHANNELS, where two belong", help));
    };
    let Some((name, key)) = split(rest, "__", in_variable) else {
        return Err(misnamed(place, "names no setting of a channel", no_setting(rest, known)));
    };
    let fitting: Vec<_> = known.iter().filter(|channel| in_variable(channel) == name).collect();
    match fitting[..] {
        [channel] => Ok((Target::Channel(channel.clone()), key)),
        [first, second, ..] => {
            let message = format!("fits more than one channel: {first:?} and {second:?}");
            Err(misnamed(place, &message, "set the value in a file, or rename one of the channels".to_owned()))
        }
        [] if declared.channels.is_none() => Ok((Target::Channel(name.to_lowercase()), key)),
        [] => {
            let help = match suggestion(name, known) {
                Some(channel) => format!("did you mean {}?", full(&channel, key)),
                None => format!("channels are declared in {}: add it there, or unset the variable", declared.by),
            };
            let message = format!("fits no channel that is declared in {}", declared.by);
            Err(misnamed(place, &message, help))
        }
    }
}

/// The whole name of a variable.
fn full(channel: &str, key: Key) -> String {
    let channel = if channel.starts_with('<') { channel.to_owned() } else { in_variable(channel) };
    format!("{CHANNELS}_{channel}__{}", in_variable(key.path()))
}

/// The channel that is most like this one, which is written as in a variable.
fn suggestion(name: &str, known: &[String]) -> Option<String> {
    let dotted = name.to_lowercase().replace("__", ".");
    let single = name.to_lowercase();
    nearest::channels(&dotted, known.iter().map(String::as_str)).into_iter().next().or_else(|| {
        // `WORKER_JOBS` for worker.jobs: one underscore where there should be two.
        let flat = |channel: &&String| in_variable(channel).replace("__", "_").to_lowercase() == single;
        known.iter().find(flat).cloned()
    })
}

fn no_setting(rest: &str, known: &[String]) -> String {
    let lower = rest.to_lowercase();
    if let Some(help) = below(&lower) {
        return help;
    }
    let of = known.iter().find(|channel| rest.starts_with(&format!("{}__", in_variable(channel))));
    let Some(channel) = of else {
        let named = known.iter().find(|channel| in_variable(channel) == rest);
        let channel = named.map_or("<channel>", String::as_str);
        return format!("names end in the setting: {}", full(channel, Key::Capacity));
    };
    let setting = &lower[(in_variable(channel).len() + 2).min(lower.len())..];
    let paths = Key::OF_CHANNEL.map(|key| in_variable(key.path()).to_lowercase());
    match Key::OF_CHANNEL.into_iter().zip(&paths).find(|(_, path)| nearest::name(setting, [path.as_str()]).is_some()) {
        Some((key, _)) => format!("did you mean {}?", full(channel, key)),
        None => unknown_setting(setting),
    }
}

/// Reads one value that the program sets; the key is as in [`Config::origin`](super::Config::origin).
pub(super) fn set(source: &Arc<Source>, value: &str, declared: &Declared, layer: &mut Layer) {
    let Kind::Set(name) = &source.kind else { return };
    let place = Place::whole(source);
    if let Some(path) = name.strip_prefix("app.") {
        let parts = path.split('.').map(str::to_owned).collect();
        return own(parts, "keys are `app.<key>`, or `app.<table>.<key>`", value, &place, layer);
    }
    let (target, key) = match key::parse(name) {
        Some(meant) => meant,
        None => {
            let help = match name.rsplit_once('.') {
                Some((table, setting)) if table == "defaults" || table.starts_with("channels.") => {
                    unknown_setting(setting)
                }
                _ => {
                    "keys are `unbounded`, `defaults.<setting>`, `channels.<name>.<setting>` and `app.<key>`".to_owned()
                }
            };
            return layer.mistake(Target::Root, Mistake::new(&place, "unknown key").with_help(help));
        }
    };
    if let Target::Channel(channel) = &target
        && let Some(mistake) = declared.unknown(channel, &place)
    {
        return layer.mistake(target, mistake);
    }
    assign(&target, key, value, &place, layer);
}

fn assign(target: &Target, key: Key, text: &str, place: &Place, layer: &mut Layer) {
    if text.trim().is_empty() {
        let mistake = Mistake::new(place, "has an empty value").about(target.key(key.path()));
        return layer.mistake(target.clone(), mistake.with_help("give it a value, or do not set it".to_owned()));
    }
    let found = match DeValue::parse(text.trim()) {
        Ok(found) => found,
        Err(error) if text.trim_start().starts_with(['{', '[', '"', '\'']) => {
            let message = format!("not a valid value of TOML: {}", error.message());
            let help = r#"a policy, for example: { timeout = "5s" }"#;
            let mistake = Mistake::new(place, message).about(target.key(key.path()));
            return layer.mistake(target.clone(), mistake.with_help((key == Key::Overflow).then(|| help.to_owned())));
        }
        Err(_) => Spanned::new(0..0, DeValue::String(text.into())),
    };
    layer.check(target, key, &found, place, |_| place.clone());
}

/// The variables that are ours, by name; of several spellings of one, all.
pub(super) fn ours(variables: &[(String, Option<String>)]) -> BTreeMap<&str, Option<&str>> {
    variables.iter().filter(|(name, _)| is_ours(name)).map(|(name, value)| (name.as_str(), value.as_deref())).collect()
}
