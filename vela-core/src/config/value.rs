//! Values: what each key takes, and what to say if it is something else.
//!
//! A value that passes is handed on in the form that its type deserialises from.

use std::ops::Range;
use std::time::Duration;

use ::config::{Map, Value, ValueKind};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::key::Key;
use super::nearest;
use crate::settings::Capacity;
use crate::settings::written::duration;

/// A value, or a part of one, that is not what it should be.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) span: Range<usize>,
    /// The way from the key to the part: `.retry.attempts`.
    pub(super) part: String,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

type Found<'a, 'i> = &'a Spanned<DeValue<'i>>;
type Checked = Result<ValueKind, Vec<Wrong>>;

/// Holds a value against its key.
pub(super) fn check(key: Key, found: Found<'_, '_>) -> Checked {
    match key {
        Key::Unbounded => word(found, &["forbid", "warn", "allow"]),
        Key::Capacity => capacity(found),
        Key::Overflow => overflow(found),
        Key::Monitored => boolean(found),
        Key::SaturatedAt => share(found, "a number above 0 and at most 1", |share| share > 0.0 && share <= 1.0),
        Key::RelievedAt => share(found, "a number of at least 0 and below 1", |share| (0.0..1.0).contains(&share)),
        Key::ReportEvery => time(found, true, "30s").map(ValueKind::from),
        Key::ProcessingTime => time(found, false, "50ms").map(ValueKind::from),
        Key::PeakRate => {
            number(found, "a number of messages per second above 0", |rate| rate > 0.0 && rate.is_finite(), |_| None)
        }
        Key::Safety => number(
            found,
            "a factor of at least 1",
            |factor| factor >= 1.0 && factor.is_finite(),
            |_| Some("2 to 5 is usual: what arrives in a burst, as a multiple of the average".to_owned()),
        ),
    }
}

/// What was found, in words.
pub(super) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.is_empty() => "the empty string".to_owned(),
        DeValue::String(text) => format!("the string {:?}", shortened(text)),
        DeValue::Integer(n) => format!("the integer {}", shortened(&n.to_string())),
        DeValue::Float(x) => format!("the number {}", shortened(x.as_str())),
        DeValue::Boolean(flag) => format!("the boolean {flag}"),
        DeValue::Datetime(date) => format!("the date or time {date}"),
        DeValue::Array(_) => "an array".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

pub(super) fn shortened(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    text.chars().take(57).chain("...".chars()).collect()
}

fn wrong(found: Found<'_, '_>, expected: &str, help: Option<String>) -> Vec<Wrong> {
    let message = format!("expected {expected}, found {}", describe(found.get_ref()));
    vec![Wrong { span: found.span(), part: String::new(), message, help }]
}

/// Prefixes the parts.
fn inside(part: &str, mut wrongs: Vec<Wrong>) -> Vec<Wrong> {
    for wrong in &mut wrongs {
        wrong.part.insert_str(0, part);
    }
    wrongs
}

pub(super) fn integer(value: &DeValue<'_>) -> Option<i128> {
    let n = value.as_integer()?;
    i128::from_str_radix(n.as_str(), n.radix()).ok()
}

fn real(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(x) => x.as_str().parse().ok(),
        // TOML's integers have at most 64 bits; rates and shares need no more than a float has.
        _ => integer(value).map(|n| n as f64),
    }
}

fn word(found: Found<'_, '_>, known: &[&str]) -> Checked {
    if let Some(word) = found.get_ref().as_str().filter(|word| known.contains(word)) {
        return Ok(word.into());
    }
    let similar = found.get_ref().as_str().and_then(|word| nearest::name(word, known.iter().copied()));
    let list: Vec<_> = known.iter().map(|word| format!("{word:?}")).collect();
    Err(wrong(found, &format!("one of {}", list.join(", ")), similar.map(|name| format!("did you mean {name:?}?"))))
}

fn capacity(found: Found<'_, '_>) -> Checked {
    const UNBOUNDED: &str = r#"for a channel without a bound write `capacity = "unbounded"`"#;
    let expected = r#"an integer of at least 0 or "unbounded""#;
    let value = found.get_ref();
    if let Some(messages) = integer(value) {
        return match u64::try_from(messages) {
            Ok(messages) if messages <= Capacity::MAX as u64 => Ok(messages.into()),
            Ok(_) => Err(wrong(found, &format!("at most {} messages", Capacity::MAX), Some(UNBOUNDED.to_owned()))),
            Err(_) => Err(wrong(found, expected, Some(UNBOUNDED.to_owned()))),
        };
    }
    let help = match value {
        DeValue::String(text) if text == "unbounded" => return Ok("unbounded".into()),
        DeValue::String(text) => match text.parse::<u64>() {
            Ok(messages) => format!("without the quotes: `capacity = {messages}`"),
            Err(_) if nearest::name(text, ["unbounded", "infinite", "unlimited", "none"]).is_some() => {
                UNBOUNDED.to_owned()
            }
            Err(_) => "write the number of messages: `capacity = 1000`".to_owned(),
        },
        DeValue::Float(x) if x.as_str().parse::<f64>().is_ok_and(|x| x == f64::INFINITY) => UNBOUNDED.to_owned(),
        DeValue::Float(x) => match x.as_str().parse::<f64>().map(f64::ceil) {
            Ok(up) if (0.0..=Capacity::MAX as f64).contains(&up) => format!("messages are whole: `capacity = {up}`"),
            _ => UNBOUNDED.to_owned(),
        },
        _ => "write the number of messages: `capacity = 1000`".to_owned(),
    };
    Err(wrong(found, expected, Some(help)))
}

fn boolean(found: Found<'_, '_>) -> Checked {
    if let Some(flag) = found.get_ref().as_bool() {
        return Ok(flag.into());
    }
    let meant = match found.get_ref() {
        DeValue::String(text) => match text.to_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        },
        value => match integer(value) {
            Some(1) => Some(true),
            Some(0) => Some(false),
            _ => None,
        },
    };
    Err(wrong(found, "true or false", meant.map(|flag| format!("write `{flag}`, without quotes"))))
}

fn number(
    found: Found<'_, '_>,
    expected: &str,
    fits: impl Fn(f64) -> bool,
    help: impl Fn(f64) -> Option<String>,
) -> Checked {
    match real(found.get_ref()) {
        Some(x) if fits(x) => Ok(x.into()),
        Some(x) => Err(wrong(found, expected, help(x))),
        None => {
            let number = found.get_ref().as_str().and_then(|text| text.trim().parse::<f64>().ok());
            Err(wrong(found, expected, number.map(|x| format!("write `{x}`, without quotes"))))
        }
    }
}

/// A share of the capacity.
fn share(found: Found<'_, '_>, expected: &str, fits: impl Fn(f64) -> bool) -> Checked {
    let of_percent = |percent: f64| {
        let share = percent / 100.0;
        fits(share).then(|| format!("it is a share of the capacity, not a percentage: write `{share}`"))
    };
    let percent = found.get_ref().as_str().and_then(|text| text.trim().strip_suffix('%')?.trim().parse().ok());
    if let Some(help) = percent.and_then(of_percent) {
        return Err(wrong(found, expected, Some(help)));
    }
    number(found, expected, &fits, |x| if x > 1.0 { of_percent(x) } else { None })
}

/// A duration, as it is written.
fn time(found: Found<'_, '_>, zero: bool, example: &str) -> Result<String, Vec<Wrong>> {
    let more_than_zero = if zero { "" } else { ", and more than 0" };
    let expected = format!("{}{more_than_zero}", duration::EXPECTED);
    let bare = |number: &str| format!("add a unit: {:?} or {:?}", format!("{number}s"), format!("{number}ms"));
    let help = match found.get_ref() {
        DeValue::String(text) => match duration::parse(text) {
            Some(Duration::ZERO) if !zero => format!("such as {example:?}"),
            Some(_) => return Ok(text.to_string()),
            None if text.trim().parse::<f64>().is_ok_and(|x| x >= 0.0 && x.is_finite()) => bare(text.trim()),
            None if text.trim_start().starts_with('-') => "a duration cannot be negative".to_owned(),
            None if text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 10) => {
                "a number in it is too large: choose a larger unit".to_owned()
            }
            None => format!("units are ns, us, ms, s, m, h and d; for example {example:?}"),
        },
        value @ (DeValue::Integer(_) | DeValue::Float(_)) => match real(value) {
            Some(x) if x >= 0.0 && x.is_finite() => bare(&x.to_string()),
            Some(x) if x < 0.0 => "a duration cannot be negative".to_owned(),
            _ => format!("for example {example:?}"),
        },
        _ => format!("for example {example:?}"),
    };
    Err(wrong(found, &expected, Some(help)))
}

/// An overflow policy. The one element of the array that it is handed on in keeps two tables from being merged into one
/// with the keys of both.
fn overflow(found: Found<'_, '_>) -> Checked {
    const WORDS: [&str; 4] = ["block", "reject", "drop-oldest", "drop-newest"];
    let expected = r#""block", "reject", "drop-oldest", "drop-newest", { timeout = … } or { retry = … }"#;
    let timeout = r#"say how long: `overflow = { timeout = "5s" }`"#;
    let retry = r#"say how often: `overflow = { retry = { attempts = 3, backoff = "10ms" } }`"#;
    let policy = match found.get_ref() {
        DeValue::String(text) if WORDS.contains(&&**text) => Value::new(None, text.to_string()),
        DeValue::String(text) => {
            let help = match nearest::name(text, WORDS.into_iter().chain(["timeout", "retry", "drop", "wait"])) {
                Some("timeout") => timeout.to_owned(),
                Some("retry") => retry.to_owned(),
                Some("wait") => r#"to wait for room, write "block""#.to_owned(),
                Some("drop") => r#"write "drop-oldest" or "drop-newest""#.to_owned(),
                Some(word) => format!("did you mean {word:?}?"),
                None => r#""block" waits for room, "reject" fails at once; the others lose a message, or fail after a while"#.to_owned(),
            };
            return Err(wrong(found, expected, Some(help)));
        }
        DeValue::Table(table) => policy_table(found, table, expected)?,
        _ => return Err(wrong(found, expected, None)),
    };
    Ok(ValueKind::Array(vec![policy]))
}

fn policy_table(found: Found<'_, '_>, table: &DeTable<'_>, expected: &str) -> Result<Value, Vec<Wrong>> {
    let mut wrongs = unknown_keys(table, &["timeout", "retry"], "overflow", " or ");
    if !wrongs.is_empty() {
        return Err(wrongs);
    }
    match (table.get("timeout"), table.get("retry")) {
        (Some(timeout), None) => {
            let time = time(timeout, false, "5s").map_err(|wrongs| inside(".timeout", wrongs))?;
            Ok(Map::from_iter([("timeout".to_owned(), time)]).into())
        }
        (None, Some(retry)) => match retry.get_ref() {
            DeValue::Table(table) => {
                let retry = retry_table(retry, table).map_err(|wrongs| inside(".retry", wrongs))?;
                Ok(Map::from_iter([("retry".to_owned(), retry)]).into())
            }
            _ => {
                let help = r#"`retry = { attempts = 3, backoff = "10ms" }`"#;
                Err(inside(".retry", wrong(retry, "a table with `attempts` and `backoff`", Some(help.to_owned()))))
            }
        },
        (None, None) => Err(wrong(found, expected, Some(r#"for example `overflow = { timeout = "5s" }`"#.to_owned()))),
        (Some(_), Some(_)) => {
            wrongs = wrong(found, "one policy", Some("keep either `timeout` or `retry`".to_owned()));
            wrongs[0].message = "expected one policy, found both `timeout` and `retry`".to_owned();
            Err(wrongs)
        }
    }
}

fn retry_table(found: Found<'_, '_>, table: &DeTable<'_>) -> Result<Value, Vec<Wrong>> {
    let mut wrongs = unknown_keys(table, &["attempts", "backoff"], "retry", " and ");
    let mut retry = Map::new();
    match table.get("attempts") {
        None => wrongs.extend(missing(found, "attempts", "`attempts = 3`, the number of times to try again")),
        Some(attempts) => match integer(attempts.get_ref()) {
            Some(n @ 1..=0xFFFF_FFFF) => _ = retry.insert("attempts".to_owned(), Value::new(None, n as u64)),
            n => {
                let help = match n {
                    Some(0) => r#"to give up at once, write `overflow = "reject"`"#.to_owned(),
                    Some(1..) => r#"to wait as long as it takes, write `overflow = "block"`"#.to_owned(),
                    _ => "write the number of times to try again: `attempts = 3`".to_owned(),
                };
                let expected = format!("an integer from 1 to {}", u32::MAX);
                wrongs.extend(inside(".attempts", wrong(attempts, &expected, Some(help))));
            }
        },
    }
    match table.get("backoff").map(|backoff| time(backoff, false, "10ms")) {
        None => wrongs.extend(missing(found, "backoff", "`backoff = \"10ms\"`, the pause before the first retry")),
        Some(Ok(time)) => _ = retry.insert("backoff".to_owned(), time.into()),
        Some(Err(bad)) => wrongs.extend(inside(".backoff", bad)),
    }
    if wrongs.is_empty() { Ok(retry.into()) } else { Err(wrongs) }
}

fn missing(table: Found<'_, '_>, key: &str, example: &str) -> Vec<Wrong> {
    let message = format!("`{key}` is missing");
    vec![Wrong { span: table.span(), part: String::new(), message, help: Some(format!("add {example}")) }]
}

fn unknown_keys(table: &DeTable<'_>, known: &[&str], of: &str, and: &str) -> Vec<Wrong> {
    let unknown = table.keys().filter(|key| !known.contains(&&**key.get_ref()));
    unknown
        .map(|key| {
            let help = match nearest::name(key.get_ref(), known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => {
                    format!("`{of}` takes {}", known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(and))
                }
            };
            let part = format!(".{}", shortened(key.get_ref()));
            Wrong { span: key.span(), part, message: "unknown key".to_owned(), help: Some(help) }
        })
        .collect()
}
