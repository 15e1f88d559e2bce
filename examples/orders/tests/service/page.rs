//! A page in Prometheus' text format, read strictly: what is not in the format is a failure of the test.

use std::collections::BTreeMap;

/// The samples of a scrape.
#[derive(Debug)]
pub(crate) struct Page {
    /// By name and channel.
    samples: BTreeMap<(String, String), f64>,
}

impl Page {
    pub(crate) fn parse(text: &str) -> Self {
        let mut kinds = BTreeMap::new();
        let mut samples = BTreeMap::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(typed) = line.strip_prefix("# TYPE ") {
                let (name, kind) = typed.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(matches!(kind, "counter" | "gauge" | "histogram"), "{line}");
                assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "two types: {line}");
                continue;
            }
            if line.starts_with("# HELP ") {
                continue;
            }
            let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
            let (name, labels) = series.split_once('{').unwrap_or_else(|| panic!("no labels: {line}"));
            let labels = labels.strip_suffix('}').unwrap_or_else(|| panic!("{line}"));
            let labels: BTreeMap<&str, &str> = labels.split(',').map(|pair| label(pair, line)).collect();
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let histogram = family.is_some_and(|family| kinds.get(family).is_some_and(|kind| kind == "histogram"));
            assert!(histogram || kinds.contains_key(name), "no type: {line}");
            let value: f64 = value.parse().unwrap_or_else(|error| panic!("{error}: {line}"));
            if name.starts_with("vela_channel_") {
                let channel = labels["channel"];
                assert_eq!(labels["component"], channel.split('.').next().unwrap(), "{line}");
                if !labels.contains_key("le") {
                    let again = samples.insert((name.to_owned(), channel.to_owned()), value);
                    assert!(again.is_none(), "twice: {line}");
                }
            }
        }
        Self { samples }
    }

    /// `vela_channel_<name>` of this channel.
    #[track_caller]
    pub(crate) fn of(&self, channel: &str, name: &str) -> f64 {
        let key = (format!("vela_channel_{name}"), channel.to_owned());
        *self.samples.get(&key).unwrap_or_else(|| panic!("there is no {key:?} in {self:#?}"))
    }

    /// As `of`, for what is counted.
    #[track_caller]
    pub(crate) fn count(&self, channel: &str, name: &str) -> usize {
        let value = self.of(channel, name);
        assert!(value >= 0.0 && value.fract() == 0.0, "{channel} {name}: {value}");
        value as usize
    }
}

fn label<'a>(pair: &'a str, line: &str) -> (&'a str, &'a str) {
    let quoted = pair.split_once('=').and_then(|(name, value)| {
        Some((name, value.strip_prefix('"')?.strip_suffix('"')?)) // our names need no escapes
    });
    quoted.unwrap_or_else(|| panic!("{pair} in {line}"))
}
