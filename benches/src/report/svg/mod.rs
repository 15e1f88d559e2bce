//! The pictures, with colours of their own for light and dark surroundings.

mod bars;
mod lines;

use std::fmt::Write as _;

pub(super) use bars::ratios;
pub(super) use lines::curves;

/// Each colour in light and in dark surroundings. Written as classes: not every program knows CSS variables.
const COLOURS: [(&str, &str, &str); 11] = [
    ("card", "#ffffff", "#0d1117"),
    ("text", "#1f2328", "#e6edf3"),
    ("soft", "#59636e", "#9198a1"),
    ("grid", "#d8dee4", "#30363d"),
    ("ahead", "#2da44e", "#3fb950"),
    ("behind", "#d9713c", "#f0883e"),
    ("violet", "#8250df", "#a371f7"),
    ("green", "#1f883d", "#3fb950"),
    ("ochre", "#bc6c00", "#d29922"),
    ("blue", "#0969da", "#58a6ff"),
    ("red", "#cf222e", "#ff7b72"),
];

/// For each colour a class that fills (`f-…`) and one for lines (`l-…`).
fn style() -> String {
    let rules = |dark: bool| -> String {
        let rule = |(name, light, night): &(&str, &str, &str)| {
            let colour = if dark { night } else { light };
            format!(".f-{name}{{fill:{colour}}}.l-{name}{{stroke:{colour};fill:none}}")
        };
        COLOURS.iter().map(rule).collect()
    };
    format!(
        "text{{font-size:12px}}.b{{font-weight:600}}.h{{font-size:15px;font-weight:600}}{}\n\
         @media(prefers-color-scheme:dark){{{}}}",
        rules(false),
        rules(true)
    )
}

/// A picture under way.
struct Picture {
    body: String,
    width: f64,
    height: f64,
}

/// Where a text stands to its point.
#[derive(Clone, Copy)]
enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Clone, Copy)]
enum Look {
    Plain,
    Bold,
    Soft,
    Heading,
}

impl Picture {
    fn new(width: f64, height: f64) -> Self {
        Self { body: String::new(), width, height }
    }

    fn text(&mut self, at: (f64, f64), anchor: Anchor, look: Look, text: &str) {
        let class = match look {
            Look::Plain => "f-text",
            Look::Bold => "b f-text",
            Look::Soft => "f-soft",
            Look::Heading => "h f-text",
        };
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let (x, y) = at;
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\" text-anchor=\"{anchor}\">{text}</text>"
        );
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.body,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" class=\"l-{colour}\" \
             stroke-width=\"{width}\"/>"
        );
    }

    fn bar(&mut self, left: f64, top: f64, width: f64, height: f64, colour: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"2\" \
             class=\"f-{colour}\"/>"
        );
    }

    fn dot(&mut self, (x, y): (f64, f64), radius: f64, colour: &str) {
        let _ = writeln!(self.body, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" class=\"f-{colour}\"/>");
    }

    fn diamond(&mut self, (x, y): (f64, f64), radius: f64, colour: &str) {
        let _ = writeln!(
            self.body,
            "<path d=\"M{:.1} {y:.1}L{x:.1} {:.1}L{:.1} {y:.1}L{x:.1} {:.1}Z\" \
             class=\"f-{colour}\"/>",
            x - radius,
            y - radius,
            x + radius,
            y + radius
        );
    }

    fn polyline(&mut self, points: &[(f64, f64)], colour: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            self.body,
            "<polyline points=\"{}\" class=\"l-{colour}\" stroke-width=\"2\" \
             stroke-linejoin=\"round\"/>",
            points.join(" ")
        );
    }

    fn finish(self) -> String {
        let Self { body, width, height } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif\">\n\
             <style>{}</style>\n\
             <rect width=\"{width}\" height=\"{height}\" rx=\"8\" class=\"f-card\"/>\n{body}</svg>\n",
            style()
        )
    }
}
