//! The keys that there are.

/// A key of a channel's settings, or the policy at the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    Unbounded,
    Capacity,
    Overflow,
    Monitored,
    SaturatedAt,
    RelievedAt,
    ReportEvery,
    PeakRate,
    ProcessingTime,
    Safety,
}

impl Key {
    /// The keys of a channel, in the order of tables.
    pub(super) const OF_CHANNEL: [Self; 9] = [
        Self::Capacity,
        Self::Overflow,
        Self::Monitored,
        Self::SaturatedAt,
        Self::RelievedAt,
        Self::ReportEvery,
        Self::PeakRate,
        Self::ProcessingTime,
        Self::Safety,
    ];

    /// The keys inside `sizing`.
    pub(super) const OF_SIZING: [Self; 3] = [Self::PeakRate, Self::ProcessingTime, Self::Safety];

    /// From the table of the channel.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Unbounded => "unbounded",
            Self::Capacity => "capacity",
            Self::Overflow => "overflow",
            Self::Monitored => "monitored",
            Self::SaturatedAt => "saturated_at",
            Self::RelievedAt => "relieved_at",
            Self::ReportEvery => "report_every",
            Self::PeakRate => "sizing.peak_rate",
            Self::ProcessingTime => "sizing.processing_time",
            Self::Safety => "sizing.safety",
        }
    }

    /// From the table that holds it.
    pub(super) fn name(self) -> &'static str {
        let path = self.path();
        path.strip_prefix("sizing.").unwrap_or(path)
    }
}

/// What may stand in the table of a channel.
pub(super) const SETTINGS: [&str; 7] =
    ["capacity", "overflow", "monitored", "saturated_at", "relieved_at", "report_every", "sizing"];

/// What may stand at the root.
pub(super) const ROOT: [&str; 4] = ["unbounded", "defaults", "channels", "app"];

/// Whose key it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Target {
    Root,
    Defaults,
    Channel(String),
}

impl Target {
    /// A key of this from the root, as it is shown: `channels.orders.capacity`.
    pub(super) fn key(&self, key: &str) -> String {
        match self {
            Self::Root => key.to_owned(),
            Self::Defaults => format!("defaults.{key}"),
            Self::Channel(name) => format!("channels.{name}.{key}"),
        }
    }
}

/// What is wrong with a name for a channel; it is split at the dots already.
pub(super) fn name_fault(parts: &[String]) -> Option<(String, Option<String>)> {
    for part in parts {
        if part.is_empty() {
            let help = "write each part of the name once, with one dot between two: `[channels.worker.jobs]`";
            return Some(("a part of the channel's name is empty".to_owned(), Some(help.to_owned())));
        }
        if let Some(bad) = part.chars().find(|c| c.is_whitespace() || c.is_control()) {
            let help = format!("`{}` would do", part.replace(|c: char| c.is_whitespace() || c.is_control(), "_"));
            return Some((format!("a channel's name may not contain {bad:?}"), Some(help)));
        }
        if SETTINGS.contains(&part.as_str()) {
            let message = format!("`{part}` is a setting and cannot be part of a channel's name");
            return Some((message, Some("choose another name for the channel".to_owned())));
        }
    }
    None
}

/// Splits the key of a channel off the end of a name; gives what is before it.
pub(super) fn split<'a>(name: &'a str, separator: &str, form: impl Fn(&str) -> String) -> Option<(&'a str, Key)> {
    Key::OF_CHANNEL.into_iter().find_map(|key| {
        let rest = name.strip_suffix(&form(key.path()))?.strip_suffix(separator)?;
        Some((rest, key))
    })
}

/// A key from the root: `unbounded`, `defaults.capacity`, `channels.orders.sizing.safety`.
pub(super) fn parse(name: &str) -> Option<(Target, Key)> {
    if name == Key::Unbounded.path() {
        return Some((Target::Root, Key::Unbounded));
    }
    if let Some(rest) = name.strip_prefix("defaults.") {
        return Key::OF_CHANNEL.into_iter().find(|key| key.path() == rest).map(|key| (Target::Defaults, key));
    }
    let (channel, key) = split(name.strip_prefix("channels.")?, ".", str::to_owned)?;
    Some((Target::Channel(channel.to_owned()), key))
}
