//! Settings through serde: the same as in a file of a configuration.

use std::time::Duration;

use vela_core::Overflow;
use vela_core::config::Config;
use vela_core::settings::{Capacity, ChannelSettings, Sizing, UnboundedPolicy};

fn all() -> Vec<ChannelSettings> {
    let policies = [
        Overflow::Block,
        Overflow::Reject,
        Overflow::DropOldest,
        Overflow::DropNewest,
        Overflow::Timeout(Duration::from_millis(1500)),
        Overflow::Retry { attempts: 3, backoff: Duration::from_micros(10) },
    ];
    let settings = |overflow| {
        let mut settings = ChannelSettings::default();
        settings.overflow = overflow;
        settings.capacity = Capacity::Bounded(5);
        settings.monitored = false;
        (settings.saturated_at, settings.relieved_at) = (0.75, 0.25);
        settings.report_every = Duration::from_secs(3 * 3600 + 1);
        settings.sizing = Some(Sizing { peak_rate: 0.5, processing_time: Duration::from_secs(3), safety: 2.5 });
        settings
    };
    let mut all: Vec<_> = policies.into_iter().map(settings).collect();
    let mut unbounded = ChannelSettings::default();
    unbounded.capacity = Capacity::Unbounded;
    all.extend([unbounded, ChannelSettings::default()]);
    all
}

#[test]
fn settings_come_back_as_they_were() {
    for settings in all() {
        let text = toml::to_string(&settings).unwrap();
        assert_eq!(toml::from_str::<ChannelSettings>(&text).unwrap(), settings, "{text}");
        // And it is what a configuration reads.
        let table: String = text.lines().map(|line| line.replacen('[', "[channels.a.", 1) + "\n").collect();
        let config = Config::from_toml(&format!("[channels.a]\n{table}")).unwrap();
        assert_eq!(config.channel("a").unwrap(), settings, "{table}");
    }
}

#[test]
fn settings_are_written_for_people() {
    let text = toml::to_string(&all()[5]).unwrap();
    let expected = "\
capacity = 5
monitored = false
saturated_at = 0.75
relieved_at = 0.25
report_every = \"3h 1s\"

[overflow.retry]
attempts = 3
backoff = \"10us\"

[sizing]
peak_rate = 0.5
processing_time = \"3s\"
safety = 2.5
";
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn what_is_left_out_has_its_default() {
    assert_eq!(toml::from_str::<ChannelSettings>("").unwrap(), ChannelSettings::default());
    let settings: ChannelSettings =
        toml::from_str("sizing = { peak_rate = 100.0, processing_time = \"50ms\" }").unwrap();
    assert_eq!(settings.capacity, Capacity::Bounded(15));
    assert_eq!(toml::from_str::<Policy>("unbounded = \"forbid\"").unwrap().unbounded, UnboundedPolicy::Forbid);
}

#[derive(serde::Deserialize)]
struct Policy {
    unbounded: UnboundedPolicy,
}

#[test]
fn wrong_values_are_refused() {
    for (text, expected) in [
        ("capacity = -1", "an integer from 0 to 2147483647 or \"unbounded\""),
        ("capacity = 2147483648", "an integer from 0 to 2147483647 or \"unbounded\""),
        ("capacity = \"lots\"", "an integer from 0 to 2147483647 or \"unbounded\""),
        ("report_every = \"30\"", "a duration with its unit"),
        ("report_every = 30", "expected a string"),
        ("overflow = \"drop_oldest\"", "unknown variant"),
        ("overflow = { timeout = \"\" }", "a duration with its unit"),
        ("capcity = 5", "unknown field"),
        ("sizing = { peak_rate = 1.0, processing_time = \"1s\", burst = 2 }", "unknown field"),
    ] {
        let error = toml::from_str::<ChannelSettings>(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
