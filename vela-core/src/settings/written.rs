//! How settings are written: the same in TOML and in any other format of serde.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Capacity, ChannelSettings, Overflow, Sizing};

/// The settings of a channel with everything optional; without a capacity, that of the sizing holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "ChannelSettings")]
pub(crate) struct Written {
    capacity: Option<Capacity>,
    overflow: Option<Overflow>,
    monitored: Option<bool>,
    saturated_at: Option<f64>,
    relieved_at: Option<f64>,
    report_every: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sizing: Option<Sizing>,
}

impl From<Written> for ChannelSettings {
    fn from(written: Written) -> Self {
        let usual = Self::default();
        let computed = written.sizing.map(|sizing| Capacity::Bounded(sizing.capacity()));
        Self {
            capacity: written.capacity.or(computed).unwrap_or(usual.capacity),
            overflow: written.overflow.unwrap_or(usual.overflow),
            monitored: written.monitored.unwrap_or(usual.monitored),
            saturated_at: written.saturated_at.unwrap_or(usual.saturated_at),
            relieved_at: written.relieved_at.unwrap_or(usual.relieved_at),
            report_every: written.report_every.map_or(usual.report_every, |time| time.0),
            sizing: written.sizing,
        }
    }
}

impl From<ChannelSettings> for Written {
    fn from(settings: ChannelSettings) -> Self {
        Self {
            capacity: Some(settings.capacity),
            overflow: Some(settings.overflow),
            monitored: Some(settings.monitored),
            saturated_at: Some(settings.saturated_at),
            relieved_at: Some(settings.relieved_at),
            report_every: Some(Time(settings.report_every)),
            sizing: settings.sizing,
        }
    }
}

/// A duration with its unit: `"1m 30s"`.
pub(crate) struct Time(pub(crate) Duration);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(self.0))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        duration::parse(&text)
            .map(Self)
            .ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &duration::EXPECTED))
    }
}

/// For `#[serde(with)]`.
pub(crate) mod duration {
    use super::*;

    pub(crate) const EXPECTED: &str = r#"a duration with its unit, such as "5s", "10ms" or "1m 30s""#;

    /// What a duration with its unit says. At most 64 bytes, with at most 10 digits in a row: what is longer is a mistake,
    /// and sums up to more seconds than humantime can bear.
    pub(crate) fn parse(text: &str) -> Option<Duration> {
        let long = text.len() > 64 || text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 10);
        if long { None } else { humantime::parse_duration(text).ok() }
    }

    /// As it is written in a file.
    #[cfg(feature = "config")]
    pub(crate) fn quoted(duration: Duration) -> String {
        format!("\"{}\"", humantime::format_duration(duration))
    }

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        Time(*duration).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Ok(Time::deserialize(deserializer)?.0)
    }
}

impl Serialize for Capacity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bounded(messages) => serializer.serialize_u64(*messages as u64),
            Self::Unbounded => serializer.serialize_str("unbounded"),
        }
    }
}

impl<'de> Deserialize<'de> for Capacity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Messages;

        impl Visitor<'_> for Messages {
            type Value = Capacity;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, r#"an integer from 0 to {} or "unbounded""#, Capacity::MAX)
            }

            fn visit_u64<E: Error>(self, messages: u64) -> Result<Capacity, E> {
                match usize::try_from(messages) {
                    Ok(messages) if messages <= Capacity::MAX => Ok(Capacity::Bounded(messages)),
                    _ => Err(E::invalid_value(Unexpected::Unsigned(messages), &self)),
                }
            }

            fn visit_i64<E: Error>(self, messages: i64) -> Result<Capacity, E> {
                match u64::try_from(messages) {
                    Ok(messages) => self.visit_u64(messages),
                    Err(_) => Err(E::invalid_value(Unexpected::Signed(messages), &self)),
                }
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Capacity, E> {
                if text == "unbounded" {
                    return Ok(Capacity::Unbounded);
                }
                Err(E::invalid_value(Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Messages)
    }
}

/// [`Overflow`], which lies lower and does not know how it is written.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Overflow", rename_all = "kebab-case")]
enum Policy {
    Block,
    Reject,
    DropOldest,
    DropNewest,
    Timeout(Time),
    Retry { attempts: u32, backoff: Time },
}

impl Serialize for Overflow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Block => Policy::Block,
            Self::Reject => Policy::Reject,
            Self::DropOldest => Policy::DropOldest,
            Self::DropNewest => Policy::DropNewest,
            Self::Timeout(time) => Policy::Timeout(Time(time)),
            Self::Retry { attempts, backoff } => Policy::Retry { attempts, backoff: Time(backoff) },
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Overflow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Policy::deserialize(deserializer)? {
            Policy::Block => Self::Block,
            Policy::Reject => Self::Reject,
            Policy::DropOldest => Self::DropOldest,
            Policy::DropNewest => Self::DropNewest,
            Policy::Timeout(time) => Self::Timeout(time.0),
            Policy::Retry { attempts, backoff } => Self::Retry { attempts, backoff: backoff.0 },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_duration_makes_humantime_panic() {
        // Together they are just as many seconds as fit, and the nanoseconds are one more.
        let years = "9999999999y ".repeat(58) + "4542046148y 19767615s";
        assert_eq!(duration::parse(&format!("{years} 1000000000ns")), None);
        assert_eq!(duration::parse("18446744073709551615s 1000000000ns"), None);
        assert_eq!(duration::parse("1m 30s"), Some(Duration::from_secs(90)));
    }
}
