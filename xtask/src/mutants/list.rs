//! cargo-mutants' list, and how a change is made to a source.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::ENGINE;
use crate::process;

/// One entry of cargo-mutants' list.
#[derive(Debug)]
pub(super) struct Mutant {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) diff: String,
    /// Where its function begins and ends: line and column, from 1.
    pub(super) function: Option<[(usize, usize); 2]>,
}

pub(super) fn listed(root: &Path) -> Result<Vec<Mutant>> {
    let mut cargo = process::cargo(root);
    cargo.args(["mutants", "--list", "--json"]).args(ENGINE);
    let list: Value = serde_json::from_str(&process::output(cargo)?)?;
    list.as_array().context("cargo-mutants gives no list")?.iter().map(Mutant::parse).collect()
}

impl Mutant {
    pub(super) fn parse(json: &Value) -> Result<Self> {
        let text =
            |key: &str| json[key].as_str().map(str::to_owned).with_context(|| format!("a mutant has no `{key}`"));
        let place = |place: &Value| -> Option<(usize, usize)> {
            let number = |key: &str| place[key].as_u64().and_then(|n| usize::try_from(n).ok());
            Some((number("line")?, number("column")?))
        };
        let span = &json["function"]["span"];
        Ok(Self {
            name: text("name")?,
            file: text("file")?,
            diff: text("diff")?,
            function: place(&span["start"]).zip(place(&span["end"])).map(|(start, end)| [start, end]),
        })
    }

    /// The text of the file with the change.
    pub(super) fn applied(&self, source: &str) -> Result<String> {
        let mut lines: Vec<_> = source.split('\n').collect();
        let mut hunk = self.diff.lines().skip_while(|line| !line.starts_with("@@ -"));
        let head = hunk.next().and_then(|head| head["@@ -".len()..].split([',', ' ']).next()?.parse::<usize>().ok());
        let start = head.with_context(|| format!("no diff: {}", self.name))? - 1;
        let hunk: Vec<_> = hunk.filter(|line| !line.starts_with('\\')).collect();
        let side =
            |other: char| hunk.iter().filter(move |line| !line.starts_with(other)).filter_map(|line| line.get(1..));
        let end = start + side('+').count();
        ensure!(lines.get(start..end).is_some_and(|old| old.iter().copied().eq(side('+'))), "stale: {}", self.name);
        lines.splice(start..end, side('-'));
        Ok(lines.join("\n"))
    }

    /// Where its function begins and ends in the source.
    pub(super) fn function(&self, source: &str) -> Option<(usize, usize)> {
        let offset = |(line, column): (usize, usize)| -> usize {
            let before = source.split_inclusive('\n').take(line - 1).map(str::len).sum::<usize>();
            before + source[before..].chars().take(column - 1).map(char::len_utf8).sum::<usize>()
        };
        self.function.map(|[start, end]| (offset(start), offset(end)))
    }
}

/// Where the body of the function at `start` begins.
pub(super) fn body_at(source: &str, start: usize) -> usize {
    let (mut at, mut depth, mut word) = (start, 0_u32, false);
    while at < source.len() {
        let rest = &source[at..];
        let next = rest.chars().next().map_or(1, char::len_utf8);
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        if let Some(text) = rest.strip_prefix('"') {
            // An attribute's text, without an escaped quote.
            at += text.find('"').map_or(rest.len(), |length| length + 2);
            continue;
        }
        match rest.as_bytes()[0] {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'{' if depth == 0 && word => return at,
            b'f' if depth == 0 && rest.starts_with("fn ") => word = true,
            _ => {}
        }
        at += next;
    }
    source.len()
}
