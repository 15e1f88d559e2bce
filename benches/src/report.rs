//! The figures as a Markdown table, and as JSON.

use std::fmt::Write as _;

use crate::harness::{Cell, Series, Unit};

/// A cell with its figures.
pub(crate) struct Result {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) all: Vec<Series>,
}

impl Result {
    pub(crate) fn new(cell: &Cell, all: Vec<Series>) -> Self {
        Self { name: cell.name.clone(), unit: cell.unit, all }
    }

    fn vela(&self) -> Option<&Series> {
        self.all.iter().find(|series| series.name == "vela")
    }

    /// Whether Vela lost messages, hung or panicked.
    pub(crate) fn vela_failed(&self) -> bool {
        self.all.iter().any(|series| series.name.starts_with("vela") && series.failure.is_some())
    }

    /// The peers that have a figure, best first.
    fn ranked(&self) -> Vec<(&Series, f64)> {
        let peers = self.all.iter().filter(|series| !series.name.starts_with("vela") && series.failure.is_none());
        let mut ranked: Vec<_> = peers.filter_map(|series| Some((series, series.median()?))).collect();
        ranked.sort_by(|(_, a), (_, b)| a.total_cmp(b));
        if self.unit.more_is_better() {
            ranked.reverse();
        }
        ranked
    }

    /// Above 1: Vela is ahead.
    fn ratio(&self, peer: f64) -> Option<f64> {
        let vela = self.vela()?.median()?;
        Some(if self.unit.more_is_better() { vela / peer } else { peer / vela })
    }

    /// The cell's line of the table.
    pub(crate) fn row(&self) -> String {
        let mut row = format!("| {} | {} | ", self.name, self.unit.name());
        match self.vela() {
            Some(vela) if vela.failure.is_none() && vela.median().is_some() => {
                let median = vela.median().unwrap_or_default();
                let _ = write!(row, "{} ({}..{})", short(median), short(vela.min()), short(vela.max()));
            }
            vela => row.push_str(vela.and_then(|vela| vela.failure.as_deref()).unwrap_or("–")),
        }
        let ranked = self.ranked();
        match ranked.first() {
            Some((best, median)) => {
                let ratio = self.ratio(*median).map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"));
                let _ = write!(row, " | {} {} | {ratio} | ", best.name, short(*median));
            }
            None => row.push_str(" | – | – | "),
        }
        let mut others: Vec<String> =
            ranked.iter().skip(1).map(|(series, median)| format!("{} {}", series.name, short(*median))).collect();
        for series in &self.all {
            match (&series.failure, series.median()) {
                (Some(failure), _) if series.name != "vela" => others.push(format!("{} **{failure}**", series.name)),
                (None, Some(median)) if series.name.starts_with("vela ") => {
                    others.insert(0, format!("{} {}", series.name, short(median)));
                }
                _ => {}
            }
        }
        row.push_str(&others.join(", "));
        row.push_str(" |");
        row
    }

    fn json(&self) -> String {
        let all: Vec<String> = self
            .all
            .iter()
            .map(|series| {
                let failure =
                    series.failure.as_ref().map_or_else(|| "null".to_owned(), |failure| format!("{failure:?}"));
                format!("{{\"name\":{:?},\"figures\":{:?},\"failure\":{failure}}}", series.name, series.figures)
            })
            .collect();
        format!("{{\"cell\":{:?},\"unit\":{:?},\"series\":[{}]}}", self.name, self.unit.name(), all.join(","))
    }
}

pub(crate) const HEAD: &str = "| cell | unit | vela: median (min..max) | best peer | ratio, > 1: vela ahead | others |\n\
                               |---|---|---|---|---|---|";

/// Geometric means over the cells, of the ratio to the best peer and to Go.
pub(crate) fn summary(results: &[Result]) -> String {
    let mean = |ratios: &[f64]| match ratios.len() {
        0 => "–".to_owned(),
        n => format!("{:.2}", (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / n as f64).exp()),
    };
    let best = |result: &Result| result.ratio(result.ranked().first()?.1);
    let go = |result: &Result| {
        let ranked = result.ranked();
        let (_, median) = ranked.iter().find(|(series, _)| series.name == "Go")?;
        result.ratio(*median)
    };
    let to_best: Vec<f64> = results.iter().filter_map(best).collect();
    let to_go: Vec<f64> = results.iter().filter_map(go).collect();
    let ahead = to_best.iter().filter(|&&ratio| ratio > 1.0).count();
    format!(
        "Ahead of every peer in {ahead} of {} cells; geometric mean of the ratio to the best peer {}, to Go {}.",
        to_best.len(),
        mean(&to_best),
        mean(&to_go)
    )
}

/// Everything as JSON.
pub(crate) fn json(results: &[Result]) -> String {
    let cells: Vec<String> = results.iter().map(Result::json).collect();
    format!("[\n{}\n]\n", cells.join(",\n"))
}

fn short(figure: f64) -> String {
    if figure < 10.0 {
        format!("{figure:.2}")
    } else if figure < 100.0 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.0}")
    }
}
