//! A run's figures, and how Vela stands to its peers in each cell.

mod goals;
mod json;
mod page;
mod svg;
mod table;

use crate::compile::Compile;
use crate::floor::Floor;
use crate::harness::{Cell, Point, Scale, Series, Unit, short};

pub(crate) use page::write as write_page;
pub(crate) use table::{HEAD, row};

/// Everything that a run has measured.
pub(crate) struct Report {
    pub(crate) scale: Scale,
    pub(crate) go: String,
    pub(crate) floors: Vec<Floor>,
    /// The cache-line round trip once more: whether the host has moved the cores meanwhile.
    pub(crate) trip_at_end: Option<f64>,
    pub(crate) results: Vec<Result>,
    pub(crate) compile: Option<Compile>,
}

impl Report {
    /// The goals, and what was reached, as Markdown.
    pub(crate) fn goals(&self) -> String {
        goals::markdown(self)
    }

    pub(crate) fn floors(&self) -> String {
        table::floors(&self.floors, self.trip_at_end)
    }

    pub(crate) fn json(&self) -> String {
        json::of(self)
    }

    /// The cells that are no points of curves.
    fn cells(&self) -> impl Iterator<Item = &Result> {
        self.results.iter().filter(|result| result.point.is_none())
    }

    fn cell(&self, name: &str) -> Option<&Result> {
        self.results.iter().find(|result| result.name == name)
    }

    /// The curves' names, in order.
    fn curves(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.results.iter().filter_map(|result| Some(result.point?.curve)).collect();
        names.dedup();
        names
    }

    /// The points of a curve.
    fn points(&self, curve: &str) -> impl Iterator<Item = (usize, &Result)> {
        self.results.iter().filter_map(move |result| {
            let point = result.point.filter(|point| point.curve == curve)?;
            Some((point.x, result))
        })
    }
}

/// A cell with its figures.
pub(crate) struct Result {
    group: &'static str,
    name: String,
    unit: Unit,
    point: Option<Point>,
    all: Vec<Series>,
}

/// The peers that promise what Vela promises when a future is dropped.
const CANCEL_SAFE: [&str; 6] = ["tokio", "async-channel", "flume", "loole", "crossfire", "tachyonix"];

/// Vela, or one of its other ways (`vela on tokio`, `vela SelectSet`, `vela monitored`).
fn is_vela(name: &str) -> bool {
    name.split(' ').next() == Some("vela")
}

fn is_cancel_safe(name: &str) -> bool {
    name.split([' ', ',']).next().is_some_and(|family| CANCEL_SAFE.contains(&family)) && !name.ends_with("on threads")
}

impl Result {
    pub(crate) fn new(cell: &Cell, all: Vec<Series>) -> Self {
        Self { group: cell.group, name: cell.name.clone(), unit: cell.unit, point: cell.point, all }
    }

    fn vela(&self) -> Option<&Series> {
        self.all.iter().find(|series| series.name == "vela")
    }

    /// Whether Vela lost messages, hung or panicked.
    pub(crate) fn vela_failed(&self) -> bool {
        self.all.iter().any(|series| is_vela(series.name) && series.failure.is_some())
    }

    /// The median of a contender that has not failed.
    fn median(&self, name: &str) -> Option<f64> {
        self.all.iter().find(|series| series.name == name && series.failure.is_none())?.median()
    }

    /// The peers that have a figure, best first.
    fn ranked(&self) -> Vec<(&Series, f64)> {
        let peers = self.all.iter().filter(|series| !is_vela(series.name) && series.failure.is_none());
        let mut ranked: Vec<_> = peers.filter_map(|series| Some((series, series.median()?))).collect();
        ranked.sort_by(|(_, a), (_, b)| a.total_cmp(b));
        if self.unit.more_is_better() {
            ranked.reverse();
        }
        ranked
    }

    /// Vela to the best of the peers that `which` chooses. Above 1: Vela is ahead.
    fn ratio(&self, which: impl Fn(&str) -> bool) -> Option<f64> {
        let vela = self.median("vela")?;
        let (_, peer) = self.ranked().into_iter().find(|(series, _)| which(series.name))?;
        Some(if self.unit.more_is_better() { vela / peer } else { peer / vela })
    }

    fn to_best(&self) -> Option<f64> {
        self.ratio(|_| true)
    }

    fn to_cancel_safe(&self) -> Option<f64> {
        self.ratio(is_cancel_safe)
    }

    fn to_go(&self) -> Option<f64> {
        self.ratio(|name| name == "Go")
    }
}

fn optional(figure: Option<f64>) -> String {
    figure.map_or_else(|| "–".to_owned(), short)
}

/// `1000000` as `1,000,000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(unit: Unit, medians: &[(&'static str, f64)]) -> Result {
        let series = |&(name, figure)| Series { name, figures: vec![figure], failure: None };
        Result::new(&Cell::new("Group", "cell", unit), medians.iter().map(series).collect())
    }

    #[test]
    fn above_one_vela_is_ahead_whatever_the_unit() {
        let rates = result(Unit::MillionPerSecond, &[("vela", 20.0), ("kanal", 40.0), ("tokio", 10.0), ("Go", 5.0)]);
        assert_eq!((rates.to_best(), rates.to_cancel_safe(), rates.to_go()), (Some(0.5), Some(2.0), Some(4.0)));
        let times = result(Unit::Nanoseconds, &[("vela", 20.0), ("kanal", 10.0), ("tokio", 30.0)]);
        assert_eq!((times.to_best(), times.to_cancel_safe(), times.to_go()), (Some(0.5), Some(1.5), None));
    }

    #[test]
    fn who_fails_is_no_peer() {
        let mut cell = result(Unit::Nanoseconds, &[("vela", 20.0), ("kanal", 10.0), ("loole", 30.0)]);
        cell.all[1].failure = Some("loses messages".to_owned());
        assert_eq!(cell.to_best(), Some(1.5));
        assert!(row(&cell).contains("kanal **loses messages**"), "{}", row(&cell));
    }

    #[test]
    fn ways_of_vela_are_no_peers_and_threads_are_not_cancel_safe() {
        assert!(["vela", "vela on tokio", "vela SelectSet"].into_iter().all(is_vela));
        assert!(["tokio", "tokio, poll loop", "async-channel", "tokio single"].into_iter().all(is_cancel_safe));
        let others = ["kanal", "Go", "crossbeam on threads", "crossfire multiplex on threads", "vela"];
        assert!(!others.into_iter().any(is_cancel_safe));
    }

    #[test]
    fn digits_are_grouped() {
        assert_eq!([1, 999, 1_000, 1_000_000].map(grouped), ["1", "999", "1,000", "1,000,000"]);
    }
}
