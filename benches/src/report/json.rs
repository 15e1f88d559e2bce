//! The figures as JSON.

use serde_json::{Value, json};

use super::{Report, Result};

pub(super) fn of(report: &Report) -> String {
    let floors: Vec<Value> =
        report.floors.iter().map(|floor| json!({ "name": floor.name, "ns": floor.figure.as_ref().ok() })).collect();
    let run = json!({
        "scale": format!("{:?}", report.scale).to_lowercase(),
        "rounds": report.scale.rounds(),
        "go": report.go,
        "floors": floors,
        "round_trip_at_the_end_ns": report.trip_at_end,
        "compile": report.compile.as_ref().map(|compile| compile.json.clone()),
    });
    // A line for each cell: a new run is read more easily beside the old one.
    let cells: Vec<String> = report.results.iter().map(|result| cell(result).to_string()).collect();
    format!("{{\n\"run\": {run},\n\"cells\": [\n{}\n]\n}}\n", cells.join(",\n"))
}

fn cell(result: &Result) -> Value {
    let series: Vec<Value> = result
        .all
        .iter()
        .map(|series| {
            json!({
                "name": series.name,
                "median": series.median().map(rounded),
                "figures": series.figures.iter().copied().map(rounded).collect::<Vec<_>>(),
                "failure": series.failure,
            })
        })
        .collect();
    json!({
        "group": result.group,
        "cell": result.name,
        "unit": result.unit.name(),
        "curve": result.point.map(|point| json!({ "name": point.curve, "x": point.x })),
        "to_best": result.to_best().map(rounded),
        "to_cancel_safe": result.to_cancel_safe().map(rounded),
        "to_go": result.to_go().map(rounded),
        "series": series,
    })
}

/// Four digits behind the point.
fn rounded(figure: f64) -> f64 {
    (figure * 1e4).round() / 1e4
}
