//! A plan: a tree of actors and what goes wrong in it, drawn at random.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use vela::actor::{ChildSpec, Shutdown, Strategy, Supervision, child};
use vela::prelude::*;

/// One actor, and those below it.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) spec: ChildSpec,
    pub(crate) permanent: bool,
    pub(crate) shutdown: Shutdown,
    /// It handles its mail before it ends, and is restarted for that without being counted.
    pub(crate) drains: bool,
    /// It stops in any case: it never hangs, and may take as long as its children do.
    pub(crate) gentle: bool,
    /// It is a `Supervisor` value, and no member: its children begin and end with it, and all of it may begin again.
    pub(crate) value: bool,
    /// Its children are kept.
    pub(crate) keeps: bool,
    /// It has started when its children have.
    pub(crate) patient: bool,
    pub(crate) rules: Rules,
    pub(crate) kids: Vec<Arc<Node>>,
    /// How many of a hundred hooks go wrong.
    pub(crate) wild: u32,
    pub(crate) seed: u64,
}

/// How a supervisor looks after its children: what the checks have to know of it.
#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) strategy: Strategy,
    pub(crate) max_restarts: u32,
    pub(crate) within: Duration,
    pub(crate) backoff: Option<(Duration, Duration)>,
    jitter: f64,
    /// At its end the children stop side by side.
    pub(crate) together: bool,
}

impl Rules {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let strategy = one_of(rng, &[Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne]);
        Self {
            strategy,
            together: strategy == Strategy::OneForOne && rng.bool(),
            max_restarts: one_of(rng, &[0, 1, 2, 3, 10, u32::MAX]),
            within: one_of(rng, &[ms(1), ms(20), ms(500), secs(5)]),
            backoff: one_of(rng, &[None, None, Some((ms(1), ms(1))), Some((ms(5), ms(1_000)))]),
            jitter: one_of(rng, &[0.0, 0.0, 0.5]),
        }
    }

    pub(crate) fn supervision(&self) -> Supervision {
        let supervision = Supervision::new(self.strategy)
            .max_restarts(self.max_restarts)
            .within(self.within)
            .jitter(self.jitter)
            .reset_after(ms(200));
        let supervision = if self.together { supervision.stop_together() } else { supervision };
        match self.backoff {
            Some((min, max)) => supervision.backoff(min..max),
            None => supervision,
        }
    }

    /// Of one who has said nothing.
    pub(crate) fn usual() -> Self {
        Self {
            strategy: Strategy::OneForOne,
            max_restarts: 3,
            within: secs(5),
            backoff: None,
            jitter: 0.0,
            together: false,
        }
    }

    /// How long children that take so long take to stop.
    pub(crate) fn longest_stop(&self, times: impl Iterator<Item = Duration>) -> Duration {
        if self.together { times.max().unwrap_or_default() } else { times.sum() }
    }

    pub(crate) fn in_groups(&self) -> bool {
        self.strategy != Strategy::OneForOne
    }
}

pub(crate) fn one_of<T: Clone>(rng: &mut Rng, among: &[T]) -> T {
    among[rng.usize(..among.len())].clone()
}

impl Node {
    /// With at most `depth` levels below it.
    pub(crate) fn draw(rng: &mut Rng, name: String, depth: u32) -> Arc<Self> {
        let many = if depth == 0 { 0 } else { rng.usize(0..=3) };
        let gentle = rng.u8(..4) == 0;
        let value = many > 0 && rng.u8(..4) == 0;
        let shutdown = match rng.u8(..8) {
            _ if gentle => Shutdown::Unlimited,
            // As it is where nothing is said.
            3.. if value => Shutdown::Unlimited,
            0 => Shutdown::Kill,
            1 => Shutdown::After(Duration::ZERO),
            _ => Shutdown::After(one_of(rng, &[ms(1), ms(30), ms(400), secs(5)])),
        };
        let spec = child(name.clone()).shutdown(shutdown);
        let (permanent, mut spec) = match rng.u8(..6) {
            0 => (false, spec.temporary()),
            1 => (false, spec.transient()),
            _ => (true, spec),
        };
        if permanent && rng.u8(..6) == 0 {
            spec = spec.max_restarts(rng.u32(..4)).within(ms(100));
        }
        if permanent && rng.u8(..6) == 0 {
            spec = spec.backoff(ms(1)..ms(8));
        }
        if rng.bool() {
            spec = spec.start_timeout(one_of(rng, &[ms(3), ms(60)]));
        }
        let drains = matches!(shutdown, Shutdown::After(time) if !time.is_zero()) && !value && rng.u8(..4) == 0;
        if drains {
            spec = spec.drain();
        }
        let kids = (0..many).map(|n| Self::draw(rng, format!("k{n}"), depth - 1)).collect();
        Arc::new(Self {
            name,
            spec,
            permanent,
            shutdown,
            drains,
            gentle,
            value,
            keeps: rng.bool(),
            patient: !gentle && rng.bool(),
            rules: Rules::draw(rng),
            kids,
            wild: one_of(rng, &[0, 3, 15]),
            seed: rng.u64(..),
        })
    }
}

impl Node {
    /// How long it may take to stop, in the worst case.
    pub(crate) fn longest_stop(&self) -> Duration {
        match self.shutdown {
            Shutdown::Kill => Duration::ZERO,
            Shutdown::After(time) => time,
            // What its own hooks and handlers take at most, and those below.
            _ => secs(6) + self.rules.longest_stop(self.kids.iter().map(|kid| kid.longest_stop())),
        }
    }
}

/// What a hook does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Turn {
    Well,
    Err,
    Panic,
    Hang,
    Slow(Duration),
}

impl Turn {
    pub(crate) fn draw(rng: &mut Rng, node: &Node) -> Self {
        if rng.u32(..100) >= node.wild {
            return Self::Well;
        }
        match rng.u8(..5) {
            0 => Self::Err,
            1 => Self::Panic,
            2 if !node.gentle => Self::Hang,
            _ => Self::Slow(one_of(rng, &[ms(1), ms(10), ms(100), secs(1)])),
        }
    }
}
