//! One bar for each cell: how far Vela is ahead of the best peer, or behind it.

use super::super::{Report, Result, optional};
use super::{Anchor, Look, Picture};

const ROW: f64 = 22.0;
const HEAD: f64 = 96.0;
/// The right end of the names, and of the axis.
const NAMES: f64 = 292.0;
const AXIS: (f64, f64) = (306.0, 726.0);
/// The right ends of the three columns of ratios, and the start of the best peer's name.
const COLUMNS: [f64; 3] = [790.0, 848.0, 900.0];
const PEER: f64 = 918.0;
const WIDTH: f64 = 1130.0;
/// The axis goes from 1/8 to 8.
const OCTAVES: f64 = 3.0;

fn x(ratio: f64) -> f64 {
    let (left, right) = AXIS;
    let place = (ratio.log2().clamp(-OCTAVES, OCTAVES) + OCTAVES) / (2.0 * OCTAVES);
    left + place * (right - left)
}

pub(in crate::report) fn ratios(report: &Report) -> String {
    let mut rows: Vec<Option<&Result>> = Vec::new();
    let mut groups = Vec::new();
    for cell in report.cells().filter(|cell| cell.to_best().is_some()) {
        if groups.last() != Some(&cell.group) {
            groups.push(cell.group);
            rows.push(None);
        }
        rows.push(Some(cell));
    }
    let bottom = HEAD + ROW * rows.len() as f64;
    let mut picture = Picture::new(WIDTH, bottom + 16.0);
    head(&mut picture, bottom);
    let mut groups = groups.into_iter();
    for (line, row) in rows.into_iter().enumerate() {
        let middle = HEAD + ROW * (line as f64 + 0.5);
        match row {
            None => picture.text((18.0, middle + 5.0), Anchor::Start, Look::Bold, groups.next().unwrap_or_default()),
            Some(cell) => bar(&mut picture, cell, middle),
        }
    }
    picture.finish()
}

fn head(picture: &mut Picture, bottom: f64) {
    picture.text((18.0, 28.0), Anchor::Start, Look::Heading, "Vela to its peers, cell by cell");
    picture.text(
        (18.0, 48.0),
        Anchor::Start,
        Look::Soft,
        "Bar: to the best peer; right of 1: Vela is ahead. Logarithmic.",
    );
    picture.diamond((496.0, 44.0), 5.0, "violet");
    picture.text((506.0, 48.0), Anchor::Start, Look::Soft, "to the best cancel-safe peer");
    picture.dot((696.0, 44.0), 4.5, "blue");
    picture.text((706.0, 48.0), Anchor::Start, Look::Soft, "to Go");
    for (power, name) in (-3..=3).zip(["⅛", "¼", "½", "1", "2", "4", "8"]) {
        let x = x(2_f64.powi(power));
        let (colour, width) = if power == 0 { ("soft", 1.5) } else { ("grid", 1.0) };
        picture.line((x, HEAD - 4.0), (x, bottom), colour, width);
        picture.text((x, HEAD - 10.0), Anchor::Middle, Look::Soft, name);
    }
    for (right, name) in COLUMNS.into_iter().zip(["× best", "× safe", "× Go"]) {
        picture.text((right, HEAD - 10.0), Anchor::End, Look::Soft, name);
    }
    picture.text((PEER, HEAD - 10.0), Anchor::Start, Look::Soft, "best peer");
}

fn bar(picture: &mut Picture, cell: &Result, middle: f64) {
    let base = middle + 4.0;
    let ratio = cell.to_best().unwrap_or(1.0);
    picture.text((NAMES, base), Anchor::End, Look::Plain, cell.name.trim_start_matches("bytes: "));
    let (one, end) = (x(1.0), x(ratio));
    let colour = if ratio > 1.0 { "ahead" } else { "behind" };
    picture.bar(one.min(end), middle - 6.0, (one - end).abs().max(1.0), 12.0, colour);
    if let Some(safe) = cell.to_cancel_safe() {
        picture.diamond((x(safe), middle), 5.0, "violet");
    }
    if let Some(go) = cell.to_go() {
        picture.dot((x(go), middle), 4.5, "blue");
    }
    let ratios = [Some(ratio), cell.to_cancel_safe(), cell.to_go()];
    for (column, (right, ratio)) in COLUMNS.into_iter().zip(ratios).enumerate() {
        picture.text((right, base), Anchor::End, if column == 0 { Look::Bold } else { Look::Soft }, &optional(ratio));
    }
    let best = cell.ranked().first().map_or("", |(series, _)| series.name);
    picture.text((PEER, base), Anchor::Start, Look::Soft, best);
}
