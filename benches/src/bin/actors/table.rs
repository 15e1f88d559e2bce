//! The figures as Markdown tables.

use std::fmt::Write as _;

use vela_benches::harness::{Cell, Series, Unit, short};

use crate::cells::{ASK_IN_TIME, BYTES, CHILDREN, PLAIN, children_cell};

pub(crate) const HEAD: &str = "\
| cell | unit | vela: median (min..max) | best peer | × best | others |
|---|---|---:|---|---:|---|";

/// Who is no peer on two cores: an actor and its askers on one thread, and a task without an actor.
const ASIDE: [&str; 2] = ["actix, one thread", "bare task"];

/// A cell with its figures.
pub(crate) struct Measured {
    name: String,
    unit: Unit,
    all: Vec<Series>,
}

impl Measured {
    pub(crate) fn new(cell: &Cell, all: Vec<Series>) -> Self {
        Self { name: cell.name.clone(), unit: cell.unit, all }
    }

    /// Whether Vela lost messages, hung or panicked.
    pub(crate) fn vela_failed(&self) -> bool {
        self.all.iter().any(|series| is_vela(series.name) && series.failure.is_some())
    }

    fn series(&self, name: &str) -> Option<&Series> {
        self.all.iter().find(|series| series.name == name)
    }

    /// The median of a contender that has not failed.
    fn median(&self, name: &str) -> Option<f64> {
        self.series(name).filter(|series| series.failure.is_none())?.median()
    }

    /// The peers that have a figure, best first: the least, in all the units here.
    fn ranked(&self) -> Vec<(&str, f64)> {
        let peers = self.all.iter().filter(|series| is_peer(series.name));
        let mut ranked: Vec<_> = peers.filter_map(|series| Some((series.name, self.median(series.name)?))).collect();
        ranked.sort_by(|(_, a), (_, b)| a.total_cmp(b));
        ranked
    }

    /// The best peer to Vela. Above 1: Vela is ahead.
    fn to_best(&self) -> Option<f64> {
        Some(self.ranked().first()?.1 / self.median("vela")?)
    }
}

fn is_vela(name: &str) -> bool {
    name.starts_with("vela")
}

fn is_peer(name: &str) -> bool {
    !is_vela(name) && !ASIDE.contains(&name)
}

/// The cell's line.
pub(crate) fn row(cell: &Measured) -> String {
    let vela = match cell.series("vela") {
        Some(vela) => match (&vela.failure, vela.median()) {
            (Some(failure), _) => failure.clone(),
            (None, Some(median)) => format!("{} ({}..{})", short(median), short(vela.min()), short(vela.max())),
            (None, None) => "–".to_owned(),
        },
        None => "–".to_owned(),
    };
    let ranked = cell.ranked();
    let best = ranked.first().map_or_else(|| "–".to_owned(), |(name, median)| format!("{name} {}", short(*median)));
    let mut others: Vec<String> =
        ranked.iter().skip(1).map(|(name, median)| format!("{name} {}", short(*median))).collect();
    for series in cell.all.iter().filter(|series| series.name != "vela") {
        match (&series.failure, series.median()) {
            (Some(failure), _) => others.push(format!("{} **{failure}**", series.name)),
            (None, Some(median)) if !is_peer(series.name) => {
                others.push(format!("*{}* {}", series.name, short(median)))
            }
            (None, _) => {}
        }
    }
    let ratio = cell.to_best().map_or_else(|| "–".to_owned(), short);
    format!("| {} | {} | {vela} | {best} | {ratio} | {} |", cell.name, cell.unit.name(), others.join(", "))
}

/// The goals, and what was reached.
pub(crate) fn goals(all: &[Measured]) -> String {
    let mut text = String::from("| goal | figure | wanted | reached |\n|---|---:|---|---|\n");
    let mut line = |goal: &str, figure: Option<f64>, wanted: &str, reached: fn(f64) -> bool| {
        let (shown, word) = match figure {
            Some(figure) => (short(figure), if reached(figure) { "yes" } else { "**no**" }),
            None => ("–".to_owned(), "not measured"),
        };
        let _ = writeln!(text, "| {goal} | {shown} | {wanted} | {word} |");
    };
    let cell = |name: &str| all.iter().find(|cell| cell.name == name);
    let median = |cell: Option<&Measured>, name: &str| cell.and_then(|cell| cell.median(name));
    let least = all.iter().filter_map(Measured::to_best).min_by(f64::total_cmp);
    line("the least lead over the best peer on two cores, of all cells", least, "above 1", |least| least > 1.0);
    line("bytes of an idle actor", median(cell(BYTES), "vela"), "at most 1024", |bytes| bytes <= 1024.0);
    let ratio = |over: Option<f64>, under: Option<f64>| Some(over? / under?);
    let asks = cell(ASK_IN_TIME);
    let deadline = ratio(median(asks, "vela"), median(asks, PLAIN));
    line("an ask with a deadline to one without", deadline, "at most 1.3", |ratio| ratio <= 1.3);
    let [few, many] = CHILDREN.map(|count| median(cell(&children_cell(count)), "vela"));
    line("a child among 100,000 to one among 10,000", ratio(many, few), "at most 1.5", |ratio| ratio <= 1.5);
    let behind: Vec<String> = all
        .iter()
        .filter_map(|cell| Some((cell, cell.to_best().filter(|ratio| *ratio <= 1.0)?)))
        .map(|(cell, ratio)| format!("{} {}", cell.name, short(ratio)))
        .collect();
    if !behind.is_empty() {
        let _ = write!(text, "\nNot ahead: {}.\n", behind.join("; "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(name: &str, medians: &[(&'static str, f64)]) -> Measured {
        let series = |&(name, figure)| Series { name, figures: vec![figure], failure: None };
        Measured::new(&Cell::new("Actors", name, Unit::Nanoseconds), medians.iter().map(series).collect())
    }

    #[test]
    fn who_runs_on_one_thread_and_who_is_no_actor_is_shown_but_not_compared() {
        let cell = cell("ask", &[("vela", 2.0), ("xtra", 3.0), ("actix, one thread", 1.0), ("bare task", 1.5)]);
        assert_eq!(cell.to_best(), Some(1.5));
        assert_eq!(
            row(&cell),
            "| ask | ns | 2.00 (2.00..2.00) | xtra 3.00 | 1.50 | *actix, one thread* 1.00, *bare task* 1.50 |"
        );
    }

    #[test]
    fn what_fails_is_no_peer_and_a_failure_of_ours_is_told() {
        let mut cell = cell("ask", &[("vela", 2.0), ("xtra", 1.0)]);
        cell.all[1].failure = Some("hangs".to_owned());
        assert_eq!((cell.to_best(), cell.vela_failed()), (None, false));
        cell.all[0].failure = Some("hangs".to_owned());
        assert!(cell.vela_failed());
    }

    #[test]
    fn goals_that_are_missed_are_said() {
        let text = goals(&[cell(BYTES, &[("vela", 2000.0), ("xtra", 1000.0)])]);
        assert!(text.contains("| bytes of an idle actor | 2000 | at most 1024 | **no** |"), "{text}");
        assert!(text.contains("Not ahead: bytes: idle actor 0.50."), "{text}");
        assert!(text.contains("| an ask with a deadline to one without | – | at most 1.3 | not measured |"), "{text}");
    }
}
