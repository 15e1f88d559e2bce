//! The figures as Markdown tables.

use std::fmt::Write as _;

use super::{Report, Result, grouped, is_vela, optional};
use crate::floor::Floor;
use crate::harness::short;

pub(crate) const HEAD: &str = "\
| cell | unit | vela: median (min..max) | best peer | × best | × cancel-safe | × Go | others |
|---|---|---:|---|---:|---:|---:|---|";

/// The cell's line.
pub(crate) fn row(result: &Result) -> String {
    let mut row = format!("| {} | {} | ", result.name, result.unit.name());
    match result.vela() {
        Some(vela) if vela.failure.is_none() && vela.median().is_some() => {
            let _ = write!(row, "{} ({}..{})", optional(vela.median()), short(vela.min()), short(vela.max()));
        }
        vela => row.push_str(vela.and_then(|vela| vela.failure.as_deref()).unwrap_or("–")),
    }
    let ranked = result.ranked();
    let best =
        ranked.first().map_or_else(|| "–".to_owned(), |(best, figure)| format!("{} {}", best.name, short(*figure)));
    let ratios = [result.to_best(), result.to_cancel_safe(), result.to_go()].map(optional);
    let _ = write!(row, " | {best} | {} | {} |", ratios.join(" | "), others(result));
    row
}

/// Vela's other ways, the other peers, and what went wrong.
fn others(result: &Result) -> String {
    let mut others = Vec::new();
    for series in result.all.iter().filter(|series| is_vela(series.name) && series.name != "vela") {
        if let (None, Some(median)) = (&series.failure, series.median()) {
            others.push(format!("*{}* {}", series.name, short(median)));
        }
    }
    others.extend(result.ranked().iter().skip(1).map(|(series, median)| format!("{} {}", series.name, short(*median))));
    for series in result.all.iter().filter(|series| series.name != "vela") {
        if let Some(failure) = &series.failure {
            others.push(format!("{} **{failure}**", series.name));
        }
    }
    others.join(", ")
}

/// All cells, under their headings.
pub(super) fn cells(report: &Report) -> String {
    let mut text = String::new();
    let mut group = "";
    for result in report.cells() {
        if result.group != group {
            group = result.group;
            let _ = write!(text, "\n### {group}\n\n{HEAD}\n");
        }
        let _ = writeln!(text, "{}", row(result));
    }
    text
}

/// Each curve, a line for each point.
pub(super) fn curves(report: &Report) -> String {
    let mut text = String::new();
    for curve in report.curves() {
        let mut names: Vec<&str> = Vec::new();
        for series in report.points(curve).flat_map(|(_, result)| &result.all) {
            if !names.contains(&series.name) {
                names.push(series.name);
            }
        }
        let _ = write!(text, "\n### {}\n\n| | {} |\n|---:|", capital(curve), names.join(" | "));
        text.push_str(&"---:|".repeat(names.len()));
        text.push('\n');
        for (x, result) in report.points(curve) {
            let figures: Vec<String> = names.iter().map(|name| optional(result.median(name))).collect();
            let _ = writeln!(text, "| {} | {} |", grouped(x), figures.join(" | "));
        }
    }
    text
}

pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

pub(super) fn floors(floors: &[Floor], trip_at_end: Option<f64>) -> String {
    if floors.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n| the machine itself, least of three | ns |\n|---|---:|\n");
    for floor in floors {
        let figure = floor.figure.as_ref().map_or_else(Clone::clone, |figure| short(*figure));
        let _ = writeln!(text, "| {} | {figure} |", floor.name);
    }
    if let Some(trip) = trip_at_end {
        let _ = writeln!(text, "| {}, at the end of the run | {} |", crate::floor::ROUND_TRIP, short(trip));
    }
    text
}
