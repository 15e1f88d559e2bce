//! The first look of a `select!`, before anything is pinned or enrolled: most selects end here.
//!
//! Only for selects whose arms all are Vela's own ([`Case::QUICK`]): a foreign source shows that it is ready only when
//! it is polled.

use super::case::Case;
use super::engine::ELSE;
use super::order::{Mode, below};
use super::slot::Keep;
use crate::rt;

/// With so many arms or more a few are drawn at random before all are looked at.
const DRAW_FROM: usize = 4;
/// How many.
const DRAWS: u32 = 2;

/// What a look at all arms showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glance {
    /// Which arms may be ready, by number.
    ready: u128,
    /// The sum of the versions: it stays the same only if each does.
    versions: usize,
    /// The number of the next arm.
    arms: u32,
}

impl Glance {
    /// Most arms that it can show.
    const MOST: usize = 128;

    /// No arm yet.
    #[must_use]
    #[inline]
    pub fn new() -> Self {
        Self { ready: 0, versions: 0, arms: 0 }
    }

    /// Looks at the next arm. `None` is never ready.
    #[must_use]
    #[inline]
    pub fn at<C: Case>(mut self, case: &Option<C>) -> Self {
        if let Some(case) = case {
            let peek = case.peek();
            self.ready |= u128::from(peek.maybe) << self.arms;
            self.versions = self.versions.wrapping_add(peek.version);
        }
        self.arms += 1;
        self
    }
}

impl Default for Glance {
    fn default() -> Self {
        Self::new()
    }
}

/// Which arms to try, one after the other, until one gives something. All that it does is fair: an arm drawn at random
/// is taken if it is ready, so each ready arm is equally likely.
#[derive(Debug)]
pub struct Quick {
    mode: Mode,
    arms: usize,
    draws: u32,
    over: bool,
}

impl Quick {
    /// For a select of `arms` arms; `able`: all of them are [quick](Case::QUICK).
    #[must_use]
    #[inline]
    pub fn new(mode: Mode, arms: usize, able: bool) -> Self {
        let able = able && arms <= Glance::MOST && rt::buy_quietly();
        let draws = if arms >= DRAW_FROM && mode.is_fair() { DRAWS } else { 0 };
        Self { mode, arms, draws, over: !able }
    }

    /// The next arm to try, or [`ELSE`]. `None`: the select has to go on as if nothing had been looked at.
    #[inline]
    pub fn next(&mut self, look: impl Fn() -> Glance) -> Option<usize> {
        if self.over {
            return None;
        }
        if self.draws > 0 {
            self.draws -= 1;
            return Some(below(self.arms));
        }
        self.over = true;
        let glance = look();
        if glance.ready != 0 {
            return Some(self.mode.choose(glance.ready));
        }
        // As in `Selector`: what both rounds saw held at the moment between them.
        let nothing = self.mode.or_else && !self.mode.or_closed && look() == glance;
        nothing.then(|| self.won(ELSE))
    }

    /// The arm that was tried has happened.
    #[inline]
    pub fn won<R>(&self, outcome: R) -> R {
        rt::use_quietly();
        outcome
    }
}

/// Whether the case of an arm takes part.
#[inline]
pub fn is_quick<C: Case>(_: &Option<C>) -> bool {
    C::QUICK
}

/// Tries an arm. One whose outcome it does not fire on is disabled.
#[inline]
pub fn quick<K: Keep<C::Output>, C: Case>(case: &mut Option<C>) -> Option<K::Kept> {
    let outcome = case.as_mut()?.quick()?;
    if K::admits(&outcome) {
        return K::keep(outcome);
    }
    *case = None;
    None
}
