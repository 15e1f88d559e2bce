//! What was expected beside what was found.

use super::expected::Expected;
use super::found::Found;

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    file: String,
    line: u64,
    lint: String,
    verdict: Verdict,
    /// Of the message; of the comment, where there is no message.
    words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Seen,
    /// Expected, and not found.
    Missing,
    /// Found, and not expected.
    Additional,
}

impl Row {
    pub(super) fn is_good(&self) -> bool {
        self.verdict == Verdict::Seen
    }
}

/// Each lint that was found answers one expectation at most: of its file, its line and its name, whose words are in its message.
pub(super) fn compare<'a>(expected: impl IntoIterator<Item = &'a Expected>, mut found: Vec<Found>) -> Vec<Row> {
    let mut rows = Vec::new();
    for Expected { file, line, lint, words, .. } in expected {
        let answers = |found: &Found| {
            (&found.file, found.line, &found.lint) == (file, *line, lint) && found.message.contains(words.as_str())
        };
        let (verdict, words) = match found.iter().position(answers) {
            Some(at) => (Verdict::Seen, found.remove(at).message),
            None => (Verdict::Missing, words.clone()),
        };
        rows.push(Row { file: file.clone(), line: *line, lint: lint.clone(), verdict, words });
    }
    rows.extend(found.into_iter().map(|Found { file, line, lint, message }| Row {
        file,
        line,
        lint,
        verdict: Verdict::Additional,
        words: message,
    }));
    rows.sort_by(|a, b| (&a.file, a.line, &a.lint).cmp(&(&b.file, b.line, &b.lint)));
    rows
}

/// For a person's eyes.
pub(super) fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    for Row { file, line, lint, verdict, words } in rows {
        let verdict = match verdict {
            Verdict::Seen => "ok",
            Verdict::Missing => "MISSING",
            Verdict::Additional => "ADDITIONAL",
        };
        let words: String = words.lines().next().unwrap_or_default().chars().take(90).collect();
        text += &format!("{:<24} {verdict:<11} {lint:<27} {words}\n", format!("{file}:{line}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(line: u64, lint: &str, words: &str) -> Expected {
        Expected { file: "src/x.rs".to_owned(), line, lint: lint.to_owned(), words: words.to_owned(), optional: false }
    }

    fn found(line: u64, lint: &str, message: &str) -> Found {
        Found { file: "src/x.rs".to_owned(), line, lint: lint.to_owned(), message: message.to_owned() }
    }

    fn verdicts(expected: &[Expected], found: Vec<Found>) -> Vec<(u64, Verdict)> {
        compare(expected, found).iter().map(|row| (row.line, row.verdict)).collect()
    }

    #[test]
    fn what_is_as_expected_is_good() {
        let rows = compare(&[expected(3, "a", "not so")], vec![found(3, "a", "this is not so good")]);
        assert!(rows.len() == 1 && rows[0].is_good(), "{rows:?}");
    }

    #[test]
    fn what_is_missing_or_additional_is_bad() {
        use Verdict::{Additional, Missing};
        assert_eq!(verdicts(&[expected(3, "a", "b")], vec![]), [(3, Missing)]);
        assert_eq!(verdicts(&[], vec![found(3, "a", "b")]), [(3, Additional)]);
        let other_lint = verdicts(&[expected(3, "a", "b")], vec![found(3, "c", "b")]);
        assert_eq!(other_lint, [(3, Missing), (3, Additional)]);
        let other_line = verdicts(&[expected(3, "a", "b")], vec![found(4, "a", "b")]);
        assert_eq!(other_line, [(3, Missing), (4, Additional)]);
        let other_words = verdicts(&[expected(3, "a", "b")], vec![found(3, "a", "d")]);
        assert_eq!(other_words, [(3, Missing), (3, Additional)]);
    }

    #[test]
    fn a_lint_answers_one_expectation_only() {
        let twice = [expected(3, "a", "b"), expected(3, "a", "b")];
        assert_eq!(verdicts(&twice, vec![found(3, "a", "b")]), [(3, Verdict::Seen), (3, Verdict::Missing)]);
        let more = vec![found(3, "a", "b"), found(3, "a", "b and c")];
        assert_eq!(verdicts(&twice[..1], more), [(3, Verdict::Seen), (3, Verdict::Additional)]);
    }

    #[test]
    fn the_table_says_what_is_wrong() {
        let text = table(&compare(&[expected(3, "a", "b")], vec![found(12, "c", "why\nand more")]));
        assert_eq!(
            text,
            "src/x.rs:3               MISSING     a                           b\n\
             src/x.rs:12              ADDITIONAL  c                           why\n"
        );
    }
}
