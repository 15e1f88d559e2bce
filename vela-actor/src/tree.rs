//! The tree of actors at one time, as data and drawn.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::identity::ActorId;

/// In which part of its life an actor is.
///
/// # Examples
///
/// ```
/// use vela::actor::tree::ActorState;
///
/// assert_eq!(ActorState::Backoff.to_string(), "backoff");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
#[repr(u8)]
pub enum ActorState {
    /// Its start hook runs, or it waits for its turn to start.
    Starting,
    /// It handles messages.
    Running,
    /// It was told to stop, was killed or is to fail because of another one, and has not ended yet.
    Stopping,
    /// It has failed, and will be restarted in a while.
    Backoff,
    /// It was stopped to be started again, with others or alone.
    Restarting,
    /// It has ended.
    Stopped,
}

impl ActorState {
    /// The state whose number it is.
    pub(crate) fn from_u8(number: u8) -> Self {
        const ALL: [ActorState; 6] = {
            use ActorState::{Backoff, Restarting, Running, Starting, Stopped, Stopping};
            [Starting, Running, Stopping, Backoff, Restarting, Stopped]
        };
        ALL[usize::from(number)]
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Backoff => "backoff",
            Self::Restarting => "restarting",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for ActorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An actor and those below it, at one time.
///
/// Each actor is looked at on its own: two of them may be shown as they were at slightly different times.
///
/// `{}` draws the tree and shortens long lists of siblings; `{:#}` draws all of it. With the feature `serde` it can be serialised;
/// durations are seconds then.
///
/// # Examples
///
/// ```
/// use vela::actor::tree::{ActorState, TreeSnapshot};
///
/// let mut shop = TreeSnapshot::new("shop", 1, "shop::Shop", ActorState::Running);
/// let mut orders = TreeSnapshot::new("orders", 2, "shop::Orders", ActorState::Backoff);
/// orders.restarts = 3;
/// orders.mailbox = 17;
/// shop.children.push(orders);
/// let drawn = "\
/// actor      state    kind    mail  oldest  restarts
/// shop       running  Shop       0       -         0
/// └─ orders  backoff  Orders    17       -         3
/// ";
/// assert_eq!(shop.to_string(), drawn);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct TreeSnapshot {
    /// Its name.
    pub name: String,
    /// Its number.
    pub id: ActorId,
    /// Its type, with the path.
    pub kind: String,
    /// What it does.
    pub state: ActorState,
    /// How often it was restarted.
    pub restarts: u64,
    /// How many messages wait for it.
    pub mailbox: usize,
    /// How long the first of them has waited, where that is measured.
    #[cfg_attr(feature = "serde", serde(with = "crate::seconds::optional"))]
    pub oldest: Option<Duration>,
    /// Those that it supervises, in the order in which they start.
    pub children: Vec<TreeSnapshot>,
}

impl TreeSnapshot {
    /// An actor without restarts, mail and children.
    #[must_use]
    pub fn new(name: impl Into<String>, id: impl Into<ActorId>, kind: impl Into<String>, state: ActorState) -> Self {
        let (name, id, kind) = (name.into(), id.into(), kind.into());
        Self { name, id, kind, state, restarts: 0, mailbox: 0, oldest: None, children: Vec::new() }
    }

    /// How many actors there are in it, this one included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.children.iter().map(Self::len).sum::<usize>() + 1
    }

    /// Never: there is this one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The first actor of this name, this one included, from top to bottom.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Self> {
        if self.name == name { Some(self) } else { self.children.iter().find_map(|child| child.find(name)) }
    }
}

/// More siblings than that are shortened, to one less and a line about the others.
const MOST_SIBLINGS: usize = 10;

/// The columns, and which of them are numbers.
const HEADER: [(&str, bool); 6] =
    [("actor", false), ("state", false), ("kind", false), ("mail", true), ("oldest", true), ("restarts", true)];

/// A line of the drawing.
enum Line {
    Actor([String; HEADER.len()]),
    /// Siblings that are left out.
    Others(String),
}

impl fmt::Display for TreeSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![Line::Actor(HEADER.map(|(title, _)| title.to_owned()))];
        draw(self, "", "", f.alternate(), &mut lines);
        let width = |text: &String| text.chars().count();
        let mut widths = [0; HEADER.len()];
        for line in &lines {
            let Line::Actor(cells) = line else { continue };
            for (widest, cell) in widths.iter_mut().zip(cells) {
                *widest = width(cell).max(*widest);
            }
        }
        for line in &lines {
            match line {
                Line::Others(text) => f.write_str(text)?,
                Line::Actor(cells) => {
                    for (i, (cell, width)) in cells.iter().zip(widths).enumerate() {
                        let gap = if i == 0 { "" } else { "  " };
                        if HEADER[i].1 {
                            write!(f, "{gap}{cell:>width$}")?;
                        } else {
                            write!(f, "{gap}{cell:<width$}")?;
                        }
                    }
                }
            }
            f.write_char('\n')?;
        }
        Ok(())
    }
}

/// `own` stands before the actor itself, `below` before those below it.
fn draw(actor: &TreeSnapshot, own: &str, below: &str, all: bool, lines: &mut Vec<Line>) {
    lines.push(Line::Actor([
        format!("{own}{}", visible(&actor.name)),
        actor.state.to_string(),
        visible(&short(&actor.kind)),
        actor.mailbox.to_string(),
        actor.oldest.map_or_else(|| "-".to_owned(), brief),
        actor.restarts.to_string(),
    ]));
    let children = &actor.children;
    let shown = if all || children.len() <= MOST_SIBLINGS { children.len() } else { MOST_SIBLINGS - 1 };
    let (drawn, others) = children.split_at(shown);
    for (i, child) in drawn.iter().enumerate() {
        let last = i + 1 == children.len();
        let (corner, bar) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        draw(child, &format!("{below}{corner}"), &format!("{below}{bar}"), all, lines);
    }
    if !others.is_empty() {
        lines.push(Line::Others(format!("{below}└─ … {} more: {}", others.len(), states(others))));
    }
}

/// How many are in which state, `7 running, 2 backoff`.
fn states(actors: &[TreeSnapshot]) -> String {
    let mut counts = BTreeMap::new();
    for actor in actors {
        *counts.entry(actor.state).or_insert(0_usize) += 1;
    }
    counts.into_iter().map(|(state, n)| format!("{n} {state}")).collect::<Vec<_>>().join(", ")
}

/// A text that stays on its line.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// The name of a type without the paths: `Pool<Conn>` for `db::Pool<net::Conn>`.
fn short(kind: &str) -> String {
    let mut out = String::with_capacity(kind.len());
    // Where the path begins that is being read.
    let mut begin = 0;
    let mut rest = kind.chars().peekable();
    while let Some(c) = rest.next() {
        // `<T as Trait>::Output` has no name before the colons.
        if c == ':' && out.len() > begin && rest.next_if_eq(&':').is_some() {
            out.truncate(begin);
            continue;
        }
        out.push(c);
        if !(c.is_alphanumeric() || c == '_') {
            begin = out.len();
        }
    }
    out
}

/// A duration in few letters.
fn brief(d: Duration) -> String {
    let seconds = d.as_secs();
    match seconds {
        0 => format!("{}ms", d.as_millis()),
        1..60 => format!("{}.{}s", seconds, d.subsec_millis() / 100),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(name: &str, kind: &str, state: ActorState, children: Vec<TreeSnapshot>) -> TreeSnapshot {
        TreeSnapshot { children, ..TreeSnapshot::new(name, 0, kind, state) }
    }

    fn many(n: usize) -> Vec<TreeSnapshot> {
        let state = |i| if i % 10 == 9 { ActorState::Backoff } else { ActorState::Running };
        (0..n).map(|i| actor(&format!("worker {i}"), "w::Worker", state(i), vec![])).collect()
    }

    #[test]
    fn a_tree_is_drawn_with_aligned_columns() {
        let mut workers = actor("workers", "shop::Workers", ActorState::Restarting, many(2));
        workers.children[1].children = vec![actor("leaf", "Leaf", ActorState::Stopping, vec![])];
        let mut orders = actor("orders", "shop::Orders<alloc::string::String>", ActorState::Running, vec![]);
        orders.oldest = Some(Duration::from_millis(120));
        (orders.mailbox, orders.restarts) = (1024, 3);
        let mut last = actor("größe\n", "Last", ActorState::Starting, many(1));
        last.oldest = Some(Duration::from_millis(61_500));
        let tree = actor("shop", "shop::Shop", ActorState::Running, vec![workers, orders, last]);
        let drawn = "\
actor           state       kind            mail  oldest  restarts
shop            running     Shop               0       -         0
├─ workers      restarting  Workers            0       -         0
│  ├─ worker 0  running     Worker             0       -         0
│  └─ worker 1  running     Worker             0       -         0
│     └─ leaf   stopping    Leaf               0       -         0
├─ orders       running     Orders<String>  1024   120ms         3
└─ größe\\n      starting    Last               0   1m01s         0
   └─ worker 0  running     Worker             0       -         0
";
        assert_eq!(tree.to_string(), drawn);
        assert_eq!((tree.len(), tree.is_empty()), (8, false));
        assert_eq!(tree.find("leaf").map(|leaf| leaf.state), Some(ActorState::Stopping));
        assert_eq!(tree.find("leave"), None);
    }

    #[test]
    fn long_lists_of_siblings_are_shortened_unless_all_is_asked_for() {
        let ten = actor("ten", "T", ActorState::Running, many(10));
        assert_eq!(ten.to_string(), format!("{ten:#}"));
        let mut group = actor("group", "G", ActorState::Running, many(30));
        group.children[8].children = many(1);
        let tree = actor("top", "T", ActorState::Running, vec![group, actor("next", "N", ActorState::Stopped, vec![])]);
        let text = tree.to_string();
        let lines: Vec<_> = text.lines().skip(9).collect();
        let shortened = [
            "│  ├─ worker 6     running  Worker     0       -         0",
            "│  ├─ worker 7     running  Worker     0       -         0",
            "│  ├─ worker 8     running  Worker     0       -         0",
            "│  │  └─ worker 0  running  Worker     0       -         0",
            "│  └─ … 21 more: 18 running, 3 backoff",
            "└─ next            stopped  N          0       -         0",
        ];
        assert_eq!(lines, shortened);
        let all = format!("{tree:#}");
        assert_eq!(all.lines().count(), 1 + tree.len());
        assert!(all.contains("\n│  └─ worker 29 ") && !all.contains('…'));
    }

    #[test]
    fn types_are_shown_without_their_paths() {
        for (kind, shown) in [
            ("a::b::C", "C"),
            ("C", "C"),
            ("a::C<b::D<e::F>, (g::H, [i::J; 3])>", "C<D<F>, (H, [J; 3])>"),
            ("a::f::{{closure}}", "{{closure}}"),
            ("<a::T as b::U>::V", "<T as U>::V"),
            ("&dyn a::T + b::U", "&dyn T + U"),
            ("", ""),
        ] {
            assert_eq!(short(kind), shown);
        }
    }

    #[test]
    fn durations_are_short() {
        let texts =
            [0, 999, 1_000, 59_999, 60_000, 3_599_999, 3_600_000, 90_000_000].map(|n| brief(Duration::from_millis(n)));
        assert_eq!(texts, ["0ms", "999ms", "1.0s", "59.9s", "1m00s", "59m59s", "1h00m", "25h00m"]);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_tree_is_serialised_and_read_again() {
        let mut tree = actor("top", "a::T", ActorState::Backoff, many(1));
        tree.oldest = Some(Duration::from_millis(1500));
        let json = serde_json::to_value(&tree).unwrap();
        assert_eq!((&json["state"], &json["oldest"]), (&"backoff".into(), &1.5.into()));
        assert_eq!((&json["children"][0]["name"], &json["children"][0]["oldest"]), (&"worker 0".into(), &().into()));
        assert_eq!(serde_json::from_value::<TreeSnapshot>(json.clone()).unwrap(), tree);
        let negative = json.to_string().replace("1.5", "-1.5");
        assert!(serde_json::from_str::<TreeSnapshot>(&negative).is_err());
    }
}
