//! The figures as a Markdown table.

use std::fmt::Write as _;

use crate::measure::Series;
use crate::{shuttle_programs, vela_programs};

/// How many schedules a second Vela is to run of the program.
const GOAL: f64 = 200_000.0;

pub(crate) fn markdown(all: &[Series]) -> String {
    let mut text = String::from(
        "| program | steps per schedule | schedules/s: median (min..max) | ns per step | × shuttle, schedules | × shuttle, steps |\n\
         |---|---|---|---|---|---|\n",
    );
    let find = |name: &str| all.iter().find(|series| series.name == name);
    let base = find(shuttle_programs::BASE);
    for series in all {
        let (schedules, steps) = match base {
            Some(base) if series.same_program => (
                format!("{:.2}", series.median() / base.median()),
                format!("{:.2}", base.nanoseconds_per_step() / series.nanoseconds_per_step()),
            ),
            _ => ("–".to_owned(), "–".to_owned()),
        };
        let (least, most) = (series.rates.first().copied(), series.rates.last().copied());
        let _ = writeln!(
            text,
            "| {} | {:.1} | {} ({}..{}) | {:.0} | {schedules} | {steps} |",
            series.name,
            series.steps_per_schedule(),
            grouped(series.median()),
            grouped(least.unwrap_or_default()),
            grouped(most.unwrap_or_default()),
            series.nanoseconds_per_step(),
        );
    }
    if let Some(vela) = find(vela_programs::BASE) {
        let word = if vela.median() >= GOAL { "reached" } else { "missed" };
        let _ = write!(text, "\nGoal of {} schedules/s: {word} ({}).", grouped(GOAL), grouped(vela.median()));
    }
    if let Some(base) = base {
        let _ = write!(text, " Ratios are to `{}`.", base.name);
    }
    text
}

/// `1_234_567` with its groups.
fn grouped(figure: f64) -> String {
    let digits = format!("{figure:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_are_grouped_from_the_right() {
        let all = [0.0, 999.0, 1_000.0, 123_456.0, 1_234_567.0].map(grouped);
        assert_eq!(all, ["0", "999", "1_000", "123_456", "1_234_567"]);
    }
}
