//! The words after the command's name.

use anyhow::{Result, bail};

/// Options are taken out one by one; what is left is either passed on or an error.
#[derive(Debug)]
pub(crate) struct Args(Vec<String>);

impl Args {
    pub(crate) fn new(words: Vec<String>) -> Self {
        Self(words)
    }

    /// Takes `name` out; true if it was there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|word| word != name);
        self.0.len() < before
    }

    /// Takes `name N` or `name=N` out. Digits may be grouped with `_`.
    pub(crate) fn number(&mut self, name: &str) -> Result<Option<u64>> {
        let Some(at) = self.0.iter().position(|word| word.split('=').next() == Some(name)) else {
            return Ok(None);
        };
        let word = self.0.remove(at);
        let value = match word.split_once('=') {
            Some((_, value)) => value.to_owned(),
            None if at < self.0.len() => self.0.remove(at),
            None => bail!("`{name}` wants a number after it"),
        };
        match value.replace('_', "").parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => bail!("`{name}` wants a whole number, not `{value}`"),
        }
    }

    /// Takes the first word that is no option.
    pub(crate) fn word(&mut self) -> Option<String> {
        let at = self.0.iter().position(|word| !word.starts_with('-'))?;
        Some(self.0.remove(at))
    }

    /// All that is left, to be passed on; a leading `--` is dropped.
    pub(crate) fn rest(mut self) -> Vec<String> {
        if self.0.first().is_some_and(|word| word == "--") {
            self.0.remove(0);
        }
        self.0
    }

    /// Nothing may be left.
    pub(crate) fn finish(self) -> Result<()> {
        match self.0.first() {
            None => Ok(()),
            Some(word) => bail!("`{word}` is not an option here; see --help"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Args {
        Args::new(line.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn numbers_come_in_both_spellings_and_with_groups() {
        let mut a = args("--ops 100_000 --seed=7");
        assert_eq!(a.number("--ops").unwrap(), Some(100_000));
        assert_eq!(a.number("--seed").unwrap(), Some(7));
        assert_eq!(a.number("--seconds").unwrap(), None);
        a.finish().unwrap();
    }

    #[test]
    fn bad_numbers_say_what_was_expected() {
        assert!(args("--ops many").number("--ops").unwrap_err().to_string().contains("not `many`"));
        assert!(args("--ops").number("--ops").unwrap_err().to_string().contains("wants a number"));
        assert!(args("--ops -3").number("--ops").is_err());
    }

    #[test]
    fn left_over_words_are_an_error_or_are_passed_on() {
        let mut a = args("thread --require");
        assert!(a.flag("--require"));
        assert_eq!(a.word().as_deref(), Some("thread"));
        assert_eq!(a.word(), None);
        a.finish().unwrap();
        assert!(args("--typo").finish().unwrap_err().to_string().contains("--typo"));
        assert_eq!(args("-- --smoke x").rest(), ["--smoke", "x"]);
    }
}
