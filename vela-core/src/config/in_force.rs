//! What is in force for each channel, and whether it fits together.

use std::collections::{BTreeMap, BTreeSet};

use ::config::Value;
use serde::de::DeserializeOwned;

use super::error::Mistake;
use super::key::{Key, Target};
use super::layer::Merged;
use super::place::{Origin, Place};
use crate::overflow::Overflow;
use crate::settings::written::{Time, duration};
use crate::settings::{Capacity, ChannelSettings, Sizing, UnboundedPolicy};

/// The whole configuration.
#[derive(Debug, Clone, Default)]
pub(super) struct Settled {
    pub(super) unbounded: UnboundedPolicy,
    pub(super) unbounded_from: Option<Origin>,
    pub(super) defaults: ChannelSettings,
    pub(super) channels: BTreeMap<String, InForce>,
}

/// The settings of one channel, and for each key its value as it is written and where that comes from.
#[derive(Debug, Clone)]
pub(super) struct InForce {
    pub(super) settings: ChannelSettings,
    pub(super) shown: BTreeMap<Key, (String, Origin)>,
}

/// Works out what is in force. What contradicts itself is reported, but not where there are mistakes already.
pub(super) fn settle(
    merged: &Merged,
    broken: &BTreeSet<&Target>,
    unreadable: bool,
    mistakes: &mut Vec<Mistake>,
) -> Settled {
    let mut settled = Settled::default();
    let mut forbidden = None;
    if let Some((value, place)) = merged.get(&Target::Root, Key::Unbounded) {
        settled.unbounded = typed(value, place, mistakes).unwrap_or_default();
        settled.unbounded_from = Some(place.origin());
        forbidden = (settled.unbounded == UnboundedPolicy::Forbid).then_some(place);
    }
    let names = merged.channels().map(|name| Target::Channel(name.to_owned()));
    for target in std::iter::once(Target::Defaults).chain(names) {
        let doubtful = unreadable || broken.contains(&target) || broken.contains(&Target::Defaults);
        let mut channel = Channel { merged, target, mistakes: Vec::new() };
        let settings = channel.settings();
        channel.contradictions(&settings, forbidden);
        if !doubtful {
            mistakes.append(&mut channel.mistakes);
        }
        match &channel.target {
            Target::Channel(name) => {
                let shown = channel.shown(&settings);
                settled.channels.insert(name.clone(), InForce { settings, shown });
            }
            _ => settled.defaults = settings,
        }
    }
    settled
}

/// Values were checked when they were read, so that this fails only where `config` and this disagree on a type.
fn typed<T: DeserializeOwned>(value: &Value, place: &Place, mistakes: &mut Vec<Mistake>) -> Option<T> {
    match value.clone().try_deserialize() {
        Ok(value) => Some(value),
        Err(error) => {
            mistakes.push(Mistake::new(place, error.to_string()));
            None
        }
    }
}

/// One channel, or what holds for all.
struct Channel<'a> {
    merged: &'a Merged,
    target: Target,
    mistakes: Vec<Mistake>,
}

/// A value that was set, by the channel itself or for all.
#[derive(Clone, Copy)]
struct Held<'a> {
    value: &'a Value,
    place: &'a Place,
    own: bool,
}

/// One of two settings that do not go together.
struct Side<'a> {
    key: Key,
    held: Option<Held<'a>>,
    value: String,
    /// What to say if this one is to blame; the other follows.
    reason: String,
}

impl<'a> Channel<'a> {
    fn own(&self, key: Key) -> Option<Held<'a>> {
        let (value, place) = self.merged.get(&self.target, key)?;
        Some(Held { value, place, own: true })
    }

    fn held(&self, key: Key) -> Option<Held<'a>> {
        let for_all = || {
            let (value, place) = self.merged.get(&Target::Defaults, key)?;
            Some(Held { value, place, own: false })
        };
        self.own(key).or_else(for_all)
    }

    /// The capacity that was set; a sizing of the channel's own goes before what holds for all.
    fn capacity(&self) -> Option<Held<'a>> {
        self.own(Key::Capacity).or_else(|| if self.is_sized() { None } else { self.held(Key::Capacity) })
    }

    /// Whether the channel has a sizing of its own.
    fn is_sized(&self) -> bool {
        self.target != Target::Defaults && Key::OF_SIZING.into_iter().any(|key| self.own(key).is_some())
    }

    fn get<T: DeserializeOwned>(&mut self, key: Key) -> Option<T> {
        let held = self.held(key)?;
        typed(held.value, held.place, &mut self.mistakes)
    }

    fn settings(&mut self) -> ChannelSettings {
        let mut settings = ChannelSettings { sizing: self.sizing(), ..ChannelSettings::default() };
        let capacity = self.capacity();
        settings.capacity = match (capacity, settings.sizing) {
            (Some(held), _) => typed(held.value, held.place, &mut self.mistakes).unwrap_or_default(),
            (None, Some(sizing)) => Capacity::Bounded(sizing.capacity()),
            (None, None) => Capacity::default(),
        };
        // In an array of one, see `value::overflow`.
        if let Some((overflow,)) = self.get::<(Overflow,)>(Key::Overflow) {
            settings.overflow = overflow;
        }
        settings.monitored = self.get(Key::Monitored).unwrap_or(settings.monitored);
        settings.saturated_at = self.get(Key::SaturatedAt).unwrap_or(settings.saturated_at);
        settings.relieved_at = self.get(Key::RelievedAt).unwrap_or(settings.relieved_at);
        if let Some(Time(every)) = self.get(Key::ReportEvery) {
            settings.report_every = every;
        }
        settings
    }

    fn sizing(&mut self) -> Option<Sizing> {
        let first = Key::OF_SIZING.into_iter().find_map(|key| self.own(key)).filter(|_| self.is_sized())?;
        let examples = [
            (Key::PeakRate, "peak_rate = 100` (messages per second)"),
            (Key::ProcessingTime, r#"processing_time = "50ms"`"#),
        ];
        for (key, example) in examples {
            if self.own(key).is_none() {
                let message = format!("`{}` is missing", key.name());
                let mistake = Mistake::new(first.place, message).about(self.target.key("sizing"));
                self.mistakes.push(mistake.with_help(format!("add `{example}")));
            }
        }
        let safety = self.get(Key::Safety).unwrap_or(Sizing::SAFETY);
        let Time(processing_time) = self.get(Key::ProcessingTime)?;
        Some(Sizing { peak_rate: self.get(Key::PeakRate)?, processing_time, safety })
    }

    /// Two settings that do not go together: blames the one that was set later, or for the channel alone.
    fn conflict(&mut self, a: Side<'a>, b: Side<'a>, help: &str) {
        let rank = |side: &Side<'_>| side.held.map(|held| (held.own, held.place.order()));
        let (blamed, other) = if rank(&a) > rank(&b) { (a, b) } else { (b, a) };
        let Some(held) = blamed.held else { return };
        let from = other.held.map_or("the default".to_owned(), |held| held.place.to_string());
        let message = format!("{} {} is {} ({from})", blamed.reason, other.key.name(), other.value);
        let mistake = Mistake::new(held.place, message).about(self.owner(held).key(blamed.key.path()));
        self.mistakes.push(mistake.with_help(help.to_owned()));
    }

    /// Who set a value.
    fn owner(&self, held: Held<'_>) -> &Target {
        if held.own { &self.target } else { &Target::Defaults }
    }

    fn contradictions(&mut self, settings: &ChannelSettings, forbidden: Option<&Place>) {
        let dropping = settings.overflow.drops();
        match settings.capacity {
            Capacity::Bounded(0) if dropping => self.policy_at_odds(
                settings,
                "a rendezvous has no buffer to drop from, but",
                "needs a buffer, but",
                r#"give the channel a capacity of at least 1, or choose "block", "reject", a timeout or a retry"#,
            ),
            Capacity::Bounded(_) => {}
            Capacity::Unbounded => {
                if settings.overflow != Overflow::Block {
                    self.policy_at_odds(
                        settings,
                        "a channel without a bound is never full, but",
                        "can never apply:",
                        r#"give the channel a bound, or write `overflow = "block"` for it"#,
                    );
                }
                if let (Some(forbidden), Some(held)) = (forbidden, self.capacity()) {
                    let by = format!(r#"`unbounded = "forbid"` ({forbidden})"#);
                    let help = "write the number of messages that the channel may hold".to_owned();
                    let mistake = Mistake::new(held.place, format!("channels without a bound are forbidden by {by}"));
                    let key = self.owner(held).key("capacity");
                    self.mistakes.push(mistake.about(key).with_help(help));
                }
            }
        }
        if settings.relieved_at >= settings.saturated_at {
            let (low, high) = (settings.relieved_at.to_string(), settings.saturated_at.to_string());
            let reason = format!("expected more than `relieved_at`, found {high};");
            let saturated = Side { key: Key::SaturatedAt, held: self.held(Key::SaturatedAt), value: high, reason };
            let reason = format!("expected less than `saturated_at`, found {low};");
            let relieved = Side { key: Key::RelievedAt, held: self.held(Key::RelievedAt), value: low, reason };
            let help =
                "set both so that `relieved_at` is the smaller one: down there a channel no longer counts as saturated";
            self.conflict(saturated, relieved, help);
        }
    }

    /// An overflow policy and a capacity that do not go together, and what to say if either is to blame.
    fn policy_at_odds(&mut self, settings: &ChannelSettings, for_capacity: &str, for_policy: &str, help: &str) {
        let value = match settings.capacity {
            Capacity::Bounded(messages) => messages.to_string(),
            Capacity::Unbounded => r#""unbounded""#.to_owned(),
        };
        let reason = for_capacity.to_owned();
        let capacity = Side { key: Key::Capacity, held: self.capacity(), value, reason };
        let value = policy(settings.overflow);
        let reason = format!("{value} {for_policy}");
        let overflow = Side { key: Key::Overflow, held: self.held(Key::Overflow), value, reason };
        self.conflict(capacity, overflow, help);
    }

    /// Each key in force as it is written.
    fn shown(&self, settings: &ChannelSettings) -> BTreeMap<Key, (String, Origin)> {
        let mut shown = BTreeMap::new();
        for key in Key::OF_CHANNEL {
            let held = if key == Key::Capacity { self.capacity() } else { self.held(key) };
            let mut origin = held.map_or(Origin::Default, |held| held.place.origin());
            if key == Key::Capacity
                && held.is_none()
                && let Some(rate) = self.own(Key::PeakRate)
            {
                origin = Origin::Sizing(Box::new(rate.place.origin()));
            }
            let Some(value) = written(settings, key) else { continue };
            shown.insert(key, (value, origin));
        }
        shown
    }
}

/// A key's value as it stands in a table of what is in force; None for the sizing of a channel that has none.
fn written(settings: &ChannelSettings, key: Key) -> Option<String> {
    Some(match key {
        Key::Unbounded => return None,
        Key::Capacity => settings.capacity.to_string(),
        Key::Overflow => policy(settings.overflow).trim_matches('"').to_owned(),
        Key::Monitored => settings.monitored.to_string(),
        Key::SaturatedAt => settings.saturated_at.to_string(),
        Key::RelievedAt => settings.relieved_at.to_string(),
        Key::ReportEvery => humantime::format_duration(settings.report_every).to_string(),
        Key::PeakRate => settings.sizing?.peak_rate.to_string(),
        Key::ProcessingTime => humantime::format_duration(settings.sizing?.processing_time).to_string(),
        Key::Safety => settings.sizing?.safety.to_string(),
    })
}

/// A policy as it is written in a file.
fn policy(overflow: Overflow) -> String {
    match overflow {
        Overflow::Block => r#""block""#.to_owned(),
        Overflow::Reject => r#""reject""#.to_owned(),
        Overflow::DropOldest => r#""drop-oldest""#.to_owned(),
        Overflow::DropNewest => r#""drop-newest""#.to_owned(),
        Overflow::Timeout(time) => format!("{{ timeout = {} }}", duration::quoted(time)),
        Overflow::Retry { attempts, backoff } => {
            format!("{{ retry = {{ attempts = {attempts}, backoff = {} }} }}", duration::quoted(backoff))
        }
    }
}
