//! What clippy has found, from cargo's messages.

use anyhow::{Context, Result};
use serde_json::Value;

/// One lint, or any other error, on one line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) file: String,
    pub(super) line: u64,
    /// Without `clippy::`; `error` or the like, where it is no lint.
    pub(super) lint: String,
    /// The message, its notes and its suggestions.
    pub(super) message: String,
}

/// Of the messages, what says nothing about the program, and is not the same for each step into a macro.
const NOTHING_NEW: &[&str] =
    &["this error originates in the macro", "for further information visit", "requested on the command line", "`#["];

/// What a line of `--message-format json` says of the sources.
///
/// # Errors
///
/// When it is no JSON.
pub(super) fn read(line: &str) -> Result<Option<Found>> {
    let json: Value = serde_json::from_str(line).context("cargo's message")?;
    if json["reason"] != "compiler-message" {
        return Ok(None);
    }
    let message = &json["message"];
    let spans = list(&message["spans"]);
    let Some(span) = spans.iter().find(|span| span["is_primary"] == true).or(spans.first()) else {
        // "aborting due to 3 previous errors"
        return Ok(None);
    };
    let span = in_the_sample(span);
    let level = text(&message["level"]);
    let lint = message["code"]["code"].as_str().map_or(level, |code| code.trim_start_matches("clippy::"));
    let mut words = vec![text(&message["message"])];
    for part in std::iter::once(message).chain(list(&message["children"])) {
        words.push(text(&part["message"]));
        for span in list(&part["spans"]) {
            words.extend([text(&span["label"]), text(&span["suggested_replacement"])]);
        }
    }
    words.dedup();
    words.retain(|words| !words.is_empty() && !NOTHING_NEW.iter().any(|nothing| words.starts_with(nothing)));
    Ok(Some(Found {
        file: text(&span["file_name"]).replace('\\', "/"),
        line: span["line_start"].as_u64().unwrap_or(0),
        lint: lint.to_owned(),
        message: words.join("; "),
    }))
}

/// What is inside a macro of another crate is where the macro is used.
fn in_the_sample(span: &Value) -> &Value {
    let used = &span["expansion"]["span"];
    let elsewhere = std::path::Path::new(text(&span["file_name"])).is_absolute();
    if elsewhere && used.is_object() { in_the_sample(used) } else { span }
}

fn text(json: &Value) -> &str {
    json.as_str().unwrap_or_default()
}

fn list(json: &Value) -> &[Value] {
    json.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lints_have_their_place_and_all_their_words() {
        let line = r#"{"reason": "compiler-message", "message": {
            "code": {"code": "clippy::disallowed_methods"}, "level": "error", "message": "use of a disallowed method `a::b`",
            "spans": [{"is_primary": true, "file_name": "src/x.rs", "line_start": 7, "label": null}],
            "children": [{"message": "because", "spans": [{"suggested_replacement": "c::d"}]}]}}"#;
        let found = read(line).unwrap().unwrap();
        assert_eq!((found.file.as_str(), found.line, found.lint.as_str()), ("src/x.rs", 7, "disallowed_methods"));
        assert_eq!(found.message, "use of a disallowed method `a::b`; because; c::d");
    }

    #[test]
    fn what_is_in_a_macro_of_another_crate_is_where_the_macro_is_used() {
        let line = r#"{"reason": "compiler-message", "message": {"code": {"code": "a"}, "message": "b", "children": [], "spans": [
            {"is_primary": true, "file_name": "/crates/t/m.rs", "line_start": 9, "expansion": {"span":
            {"file_name": "/crates/t/n.rs", "line_start": 8, "expansion": {"span":
            {"file_name": "src/x.rs", "line_start": 7, "expansion": null}}}}}]}}"#;
        let found = read(line).unwrap().unwrap();
        assert_eq!((found.file.as_str(), found.line), ("src/x.rs", 7));
    }

    #[test]
    fn errors_that_are_no_lints_are_found_as_well() {
        let line = r#"{"reason": "compiler-message", "message": {"code": null, "level": "warning", "message": "no such path",
            "spans": [{"is_primary": true, "file_name": "clippy.toml", "line_start": 3}], "children": []}}"#;
        assert_eq!(read(line).unwrap().unwrap().lint, "warning");
    }

    #[test]
    fn messages_about_no_place_are_nothing() {
        assert_eq!(read(r#"{"reason": "build-finished", "success": false}"#).unwrap(), None);
        let sum = r#"{"reason": "compiler-message", "message": {"code": null, "message": "aborting", "spans": []}}"#;
        assert_eq!(read(sum).unwrap(), None);
        assert!(read("{nothing").is_err());
    }
}
