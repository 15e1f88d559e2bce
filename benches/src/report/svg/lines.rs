//! The curves: one panel each, both axes logarithmic.

use super::super::table::capital;
use super::super::{Report, grouped};
use super::{Anchor, Look, Picture};

const PANEL: (f64, f64) = (540.0, 330.0);
const MARGIN: f64 = 20.0;
/// The drawing's place within its panel: left, top, right, bottom.
const FRAME: (f64, f64, f64, f64) = (58.0, 66.0, 516.0, 286.0);

/// A contender's points.
type Line<'a> = (&'a str, Vec<(f64, f64)>);

pub(in crate::report) fn curves(report: &Report) -> String {
    let names = report.curves();
    let down = names.len().div_ceil(2) as f64;
    let mut picture = Picture::new(2.0 * PANEL.0 + 2.0 * MARGIN, down * PANEL.1 + 2.0 * MARGIN);
    for (at, name) in names.into_iter().enumerate() {
        let corner = (MARGIN + PANEL.0 * (at % 2) as f64, MARGIN + PANEL.1 * (at / 2) as f64);
        panel(&mut picture, corner, name, &lines(report, name));
    }
    picture.finish()
}

fn lines<'a>(report: &'a Report, curve: &str) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for (x, result) in report.points(curve) {
        for series in &result.all {
            let Some(y) = result.median(series.name) else { continue };
            let point = (x as f64, y);
            match lines.iter_mut().find(|(name, _)| *name == series.name) {
                Some((_, points)) => points.push(point),
                None => lines.push((series.name, vec![point])),
            }
        }
    }
    lines
}

/// A logarithmic axis.
struct Axis {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Axis {
    fn place(&self, value: f64) -> f64 {
        let span = (self.to / self.from).ln();
        let share = if span > 0.0 { (value / self.from).ln() / span } else { 0.5 };
        self.start + share * (self.end - self.start)
    }
}

/// 1, 2, 5, 10, 20, …: the marks around all values; every decade only, where there would be too many.
fn marks(values: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let least = values.clone().fold(f64::INFINITY, f64::min);
    let most = values.fold(0.0, f64::max);
    let all = |steps: &[f64]| -> Vec<f64> {
        let series: Vec<f64> =
            (-3..9).flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power))).collect();
        let from = series.iter().rposition(|mark| *mark <= least).unwrap_or(0);
        let to = series.iter().position(|mark| *mark >= most).unwrap_or(series.len() - 1);
        series[from..=to.max(from)].to_vec()
    };
    let fine = all(&[1.0, 2.0, 5.0]);
    if fine.len() <= 8 { fine } else { all(&[1.0]) }
}

fn panel(picture: &mut Picture, corner: (f64, f64), name: &str, lines: &[Line<'_>]) {
    let (left, top, right, bottom) = (corner.0 + FRAME.0, corner.1 + FRAME.1, corner.0 + FRAME.2, corner.1 + FRAME.3);
    picture.text((corner.0 + 6.0, corner.1 + 18.0), Anchor::Start, Look::Heading, &capital(name));
    let points = lines.iter().flat_map(|(_, points)| points);
    if points.clone().next().is_none() {
        return;
    }
    let mut xs: Vec<f64> = points.clone().map(|(x, _)| *x).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    let ys = marks(points.map(|(_, y)| *y));
    let across = Axis { from: xs[0], to: xs[xs.len() - 1], start: left + 14.0, end: right - 14.0 };
    let up = Axis { from: ys[0], to: ys[ys.len() - 1], start: bottom, end: top };
    for mark in &ys {
        let y = up.place(*mark);
        picture.line((left, y), (right, y), "grid", 1.0);
        picture.text((left - 8.0, y + 4.0), Anchor::End, Look::Soft, &number(*mark));
    }
    picture.text((left - 8.0, top - 14.0), Anchor::End, Look::Soft, "ns");
    for x in &xs {
        picture.text((across.place(*x), bottom + 20.0), Anchor::Middle, Look::Soft, &grouped(*x as usize));
    }
    let mut legend = left + 6.0;
    for (name, points) in lines {
        let colour = colour(name);
        let places: Vec<(f64, f64)> = points.iter().map(|(x, y)| (across.place(*x), up.place(*y))).collect();
        picture.polyline(&places, colour);
        places.iter().for_each(|place| picture.dot(*place, 3.5, colour));
        picture.dot((legend, top - 18.0), 4.5, colour);
        picture.text((legend + 9.0, top - 14.0), Anchor::Start, Look::Plain, name);
        legend += 30.0 + 7.2 * name.len() as f64;
    }
}

/// The same for a contender in all panels.
fn colour(name: &str) -> &'static str {
    match name {
        "vela" => "green",
        "vela on tokio" => "red",
        "vela SelectSet" | "vela monitored" => "violet",
        "tokio" => "ochre",
        "Go" => "blue",
        _ => "soft",
    }
}

fn number(mark: f64) -> String {
    if mark < 1.0 { format!("{mark}") } else { grouped(mark as usize) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_enclose_the_values() {
        assert_eq!(marks([32.0, 140.0].into_iter()), [20.0, 50.0, 100.0, 200.0]);
        assert_eq!(marks([100.0, 100.0].into_iter()), [100.0]);
        let wide = marks([3.0, 70_000.0].into_iter());
        assert_eq!((wide.first(), wide.last(), wide.len()), (Some(&1.0), Some(&100_000.0), 6));
    }
}
