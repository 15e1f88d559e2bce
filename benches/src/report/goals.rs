//! The goals, and what the run says to each.

use std::fmt::Write as _;

use super::{Report, Result};
use crate::harness::short;

/// What is wanted of a figure.
enum Wanted {
    AtLeast(f64),
    AtMost(f64),
    /// As many as there are.
    All(usize),
    /// A figure to look at.
    Flat,
}

struct Goal {
    number: u8,
    what: String,
    figure: Option<f64>,
    wanted: Wanted,
}

impl Goal {
    fn reached(&self) -> &'static str {
        match (self.figure, &self.wanted) {
            (None, _) => "not measured",
            (_, Wanted::Flat) => "see the curve",
            (Some(figure), Wanted::AtLeast(least)) if figure >= *least => "yes",
            (Some(figure), Wanted::AtMost(most)) if figure <= *most => "yes",
            (Some(figure), Wanted::All(all)) if figure as usize == *all => "yes",
            _ => "**no**",
        }
    }

    fn wanted(&self) -> String {
        match self.wanted {
            Wanted::AtLeast(least) => format!("at least {least}"),
            Wanted::AtMost(most) => format!("at most {most}"),
            Wanted::All(all) => format!("all {all}"),
            Wanted::Flat => "flat".to_owned(),
        }
    }

    fn figure(&self) -> String {
        match (self.figure, &self.wanted) {
            (None, _) => "–".to_owned(),
            (Some(figure), Wanted::All(_)) => format!("{figure:.0}"),
            (Some(figure), _) => short(figure),
        }
    }
}

pub(super) fn markdown(report: &Report) -> String {
    let mut text = String::from("| | goal | figure | wanted | reached |\n|---:|---|---:|---|---|\n");
    for goal in all(report) {
        let (figure, wanted) = (goal.figure(), goal.wanted());
        let _ = writeln!(text, "| {} | {} | {figure} | {wanted} | {} |", goal.number, goal.what, goal.reached());
    }
    let mut behind: Vec<(f64, &str)> = report
        .cells()
        .filter_map(|cell| Some((cell.to_best().filter(|ratio| *ratio <= 1.0)?, cell.name.as_str())))
        .collect();
    behind.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    if !behind.is_empty() {
        let behind: Vec<String> = behind.iter().map(|(ratio, name)| format!("{name} {}", short(*ratio))).collect();
        let _ = write!(text, "\nNot ahead: {}.\n", behind.join("; "));
    }
    text
}

fn all(report: &Report) -> Vec<Goal> {
    let mut goals = ahead(report);
    goals.extend(selects(report));
    goals.extend(bytes(report));
    goals.extend(bulk(report));
    goals.push(Goal {
        number: 5,
        what: "compile time of 1,000 two-arm selects, to that with `tokio::select!`".to_owned(),
        figure: report.compile.as_ref().map(|compile| compile.ratio),
        wanted: Wanted::AtMost(1.0),
    });
    goals.extend(growth(report));
    goals.push(monitor(report));
    goals
}

fn ahead(report: &Report) -> Vec<Goal> {
    let mean = |ratio: fn(&Result) -> Option<f64>| {
        let logs: Vec<f64> = report.cells().filter_map(ratio).map(f64::ln).collect();
        (!logs.is_empty()).then(|| (logs.iter().sum::<f64>() / logs.len() as f64).exp())
    };
    let compared = report.cells().filter(|cell| cell.to_best().is_some()).count();
    let ahead = report.cells().filter(|cell| cell.to_best().is_some_and(|ratio| ratio > 1.0)).count();
    let goal = |what: &str, figure, wanted| Goal { number: 1, what: what.to_owned(), figure, wanted };
    vec![
        goal("cells ahead of every peer", (compared > 0).then_some(ahead as f64), Wanted::All(compared)),
        goal("geometric mean to the best peer", mean(Result::to_best), Wanted::AtLeast(1.0)),
        goal("geometric mean to the best cancel-safe peer", mean(Result::to_cancel_safe), Wanted::AtLeast(1.5)),
        goal("geometric mean to Go", mean(Result::to_go), Wanted::AtLeast(1.25)),
    ]
}

fn selects(report: &Report) -> Vec<Goal> {
    let median = |arms: usize, capacity: usize, name: &str| {
        report.cell(&format!("select {arms} arms cap {capacity}"))?.median(name)
    };
    let growth = |capacity, name: &str| Some(median(64, capacity, name)? / median(2, capacity, name)?);
    let goal = |what: &str, figure, wanted| Goal { number: 2, what: what.to_owned(), figure, wanted };
    vec![
        goal("`select!` at capacity 64: 64 arms to 2 arms", growth(64, "vela"), Wanted::AtMost(2.0)),
        goal("Go, the same", growth(64, "Go"), Wanted::Flat),
        goal(
            "`select!` of 64 arms at capacity 1, to the best peer",
            report.cell("select 64 arms cap 1").and_then(Result::to_best),
            Wanted::AtLeast(1.0),
        ),
        goal("`SelectSet` at capacity 1: 64 arms to 2 arms", growth(1, "vela SelectSet"), Wanted::AtMost(2.0)),
    ]
}

fn bytes(report: &Report) -> Vec<Goal> {
    let goal = |name: &str, most| Goal {
        number: 3,
        what: name.to_owned(),
        figure: report.cell(name).and_then(|cell| cell.median("vela")),
        wanted: Wanted::AtMost(most),
    };
    vec![goal("bytes: idle channel cap 1", 128.0), goal("bytes: parked task with its channel (cap 1)", 512.0)]
}

fn bulk(report: &Report) -> Vec<Goal> {
    let goal = |capacity: &str| {
        let cell = report.cell(&format!("bulk send and receive 1→1 {capacity}"));
        Goal {
            number: 4,
            what: format!("bulk to single operations, {capacity}"),
            figure: cell.and_then(|cell| Some(cell.median("vela")? / cell.median("vela single")?)),
            wanted: Wanted::AtLeast(3.0),
        }
    };
    vec![goal("cap 64"), goal("unbounded")]
}

/// What a monitor costs.
fn monitor(report: &Report) -> Goal {
    let cost = |cell: &Result| Some(cell.median("vela")? / cell.median("vela monitored")?);
    let logs: Vec<f64> = report.cells().filter_map(cost).map(f64::ln).collect();
    Goal {
        number: 7,
        what: "monitored to unmonitored channels: geometric mean of the throughput cells".to_owned(),
        figure: (!logs.is_empty()).then(|| (logs.iter().sum::<f64>() / logs.len() as f64).exp()),
        wanted: Wanted::AtMost(1.10),
    }
}

/// The dearest point of each curve, to its cheapest.
fn growth(report: &Report) -> Vec<Goal> {
    let spread = |curve: &str, name: &str| {
        let figures: Vec<f64> = report.points(curve).filter_map(|(_, result)| result.median(name)).collect();
        let most = figures.iter().copied().reduce(f64::max)?;
        Some(most / figures.iter().copied().reduce(f64::min)?)
    };
    let goal = |curve: &str| {
        let beside: Vec<String> =
            ["tokio", "Go"].iter().filter_map(|name| Some(format!("{name} {}", short(spread(curve, name)?)))).collect();
        Goal {
            number: 6,
            what: format!("{curve}: dearest to cheapest point ({})", beside.join(", ")),
            figure: spread(curve, "vela"),
            wanted: Wanted::Flat,
        }
    };
    report.curves().into_iter().map(goal).collect()
}
