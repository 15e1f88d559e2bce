//! What was decided in a schedule, one entry after the other: enough to make it again.

use std::fmt;
use std::str::FromStr;

/// One decision. Tasks are numbered in the order of their start; the test's body is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Decision {
    /// This task takes a step.
    Run(u32),
    /// A select looks at this one of the arms that may be ready first.
    Draw(u32),
    /// This task, which nobody has woken, is polled.
    Poll(u32),
    /// This task is dropped where it waits.
    Cancel(u32),
    /// This task panics at its next operation.
    Panic(u32),
    /// This task's next operation is delayed.
    Delay(u32),
}

impl Decision {
    pub(crate) fn is_fault(self) -> bool {
        !matches!(self, Self::Run(_) | Self::Draw(_))
    }

    /// A number that differs for different decisions.
    pub(crate) fn code(self) -> u64 {
        let (kind, n) = match self {
            Self::Run(n) => (0, n),
            Self::Draw(n) => (1, n),
            Self::Poll(n) => (2, n),
            Self::Cancel(n) => (3, n),
            Self::Panic(n) => (4, n),
            Self::Delay(n) => (5, n),
        };
        kind << 32 | u64::from(n)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(n) => write!(f, "{n}"),
            Self::Draw(n) => write!(f, "arm:{n}"),
            Self::Poll(n) => write!(f, "poll:{n}"),
            Self::Cancel(n) => write!(f, "cancel:{n}"),
            Self::Panic(n) => write!(f, "panic:{n}"),
            Self::Delay(n) => write!(f, "delay:{n}"),
        }
    }
}

impl FromStr for Decision {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let (kind, number) = word.split_once(':').unwrap_or(("", word));
        let n = number.parse().map_err(|_| format!("`{word}` is no decision: `{number}` is no number"))?;
        Ok(match kind {
            "" => Self::Run(n),
            "arm" => Self::Draw(n),
            "poll" => Self::Poll(n),
            "cancel" => Self::Cancel(n),
            "panic" => Self::Panic(n),
            "delay" => Self::Delay(n),
            _ => {
                return Err(format!("`{word}` is no decision: `{kind}` is not one of arm, poll, cancel, panic, delay"));
            }
        })
    }
}

/// A list of decisions, as text: `0 0 1 arm:1 0`.
pub(crate) fn to_text(decisions: &[Decision]) -> String {
    decisions.iter().map(Decision::to_string).collect::<Vec<_>>().join(" ")
}

/// Reads what [`to_text`] wrote; lines that begin with `#` are left out.
pub(crate) fn from_text(text: &str) -> Result<Vec<Decision>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'));
    lines
        .flat_map(|(number, line)| line.split_whitespace().map(move |word| (number, word)))
        .map(|(number, word)| word.parse().map_err(|error| format!("line {}: {error}", number + 1)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        use Decision::*;
        let list = [Run(0), Draw(2), Poll(1), Cancel(3), Panic(4), Delay(0), Run(12)];
        assert_eq!(to_text(&list), "0 arm:2 poll:1 cancel:3 panic:4 delay:0 12");
        assert_eq!(from_text(&format!("# a comment\n{}\n", to_text(&list))), Ok(list.to_vec()));
    }

    #[test]
    fn bad_text_is_named_with_its_line() {
        let error = from_text("0 1\nsleep:3").unwrap_err();
        assert!(error.contains("line 2") && error.contains("`sleep:3`"), "{error}");
    }
}
