//! The words of a command line that the binaries share: how much is done, and of what.

use anyhow::{Result, bail};

use crate::harness::{Cell, Scale};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// `--smoke`, `--quick`, or all.
    pub scale: Scale,
    /// `--list`: names are to be shown, and nothing is run.
    pub list: bool,
    filters: Vec<String>,
}

/// The words that are left.
pub type Rest<'a> = &'a mut dyn Iterator<Item = String>;

impl Words {
    /// Reads the program's words. `None`: there was `--help`, and `usage` is shown.
    ///
    /// # Errors
    ///
    /// An option that there is not; `usage` is in the message.
    pub fn read(usage: &str) -> Result<Option<Self>> {
        Self::read_with(usage, |_, _| Ok(false))
    }

    /// As [`read`](Self::read), for a program with options of its own: `own` takes one, and what belongs to it, and says whether it is
    /// one.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read); those of `own`.
    pub fn read_with(usage: &str, own: impl FnMut(&str, Rest<'_>) -> Result<bool>) -> Result<Option<Self>> {
        let words = Self::parse(std::env::args().skip(1), usage, own)?;
        if words.is_none() {
            println!("{usage}");
        }
        Ok(words)
    }

    fn parse(
        mut words: impl Iterator<Item = String>,
        usage: &str,
        mut own: impl FnMut(&str, Rest<'_>) -> Result<bool>,
    ) -> Result<Option<Self>> {
        let mut asked = Self { scale: Scale::Full, list: false, filters: Vec::new() };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--help" => return Ok(None),
                "--smoke" => asked.scale = Scale::Smoke,
                "--quick" => asked.scale = Scale::Quick,
                "--list" => asked.list = true,
                option if own(option, &mut words)? => {}
                option if option.starts_with('-') => bail!("`{option}` is not an option\n{usage}"),
                _ => asked.filters.push(word),
            }
        }
        Ok(Some(asked))
    }

    /// Whether a filter is part of `name`, or there is none.
    pub fn want(&self, name: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| name.contains(filter.as_str()))
    }

    /// The cells and contenders that are asked for: a filter is part of `cell@contender`.
    pub fn choose(&self, mut cells: Vec<Cell>) -> Vec<Cell> {
        cells.retain_mut(|cell| {
            cell.contenders.retain(|contender| self.want(&format!("{}@{}", cell.name, contender.name)));
            !cell.contenders.is_empty()
        });
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Words>> {
        let words = line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned);
        Words::parse(words, "usage: …", |word, rest| Ok(word == "--json" && rest.next().is_some()))
    }

    #[test]
    fn scale_list_and_filters_are_read_in_any_order() {
        let words = parse("ask --quick --list tell").unwrap().unwrap();
        assert_eq!((words.scale, words.list), (Scale::Quick, true));
        assert!(words.want("tell 1→1") && words.want("ask p50") && !words.want("restart"));
        let words = parse("").unwrap().unwrap();
        assert_eq!((words.scale, words.list), (Scale::Full, false));
        assert!(words.want("anything"));
    }

    #[test]
    fn options_of_ones_own_take_what_belongs_to_them() {
        let words = parse("--json file --smoke").unwrap().unwrap();
        assert_eq!(words.scale, Scale::Smoke);
        assert!(words.want("no filter"));
    }

    #[test]
    fn help_is_no_error_and_what_is_unknown_is() {
        assert_eq!(parse("--help --nonsense").unwrap(), None);
        let error = parse("--nonsense").unwrap_err().to_string();
        assert!(error.contains("`--nonsense` is not an option\nusage: …"), "{error}");
    }
}
