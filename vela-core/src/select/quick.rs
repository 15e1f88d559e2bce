//! The first look of a `select!`, before anything is pinned or enrolled: most selects end here.
//!
//! Only for selects whose arms all are Vela's own ([`Case::QUICK`], [`TryReceive`]): a foreign source shows that it is
//! ready only when it is polled. An arm that names its operand needs no case for it: the look goes to the [`Place`].

use super::case::{Case, Peek};
use super::engine::{ELSE, Selector};
use super::order::{Mode, below};
use super::slot::Keep;
use crate::rt;

/// How many arms of a select of many are drawn at random before all are looked at.
const DRAWS: u32 = 2;
/// The most arms that a look at all of them can show.
const MOST: usize = 128;
/// With so many arms or more a select that has seen nothing enrols without another round of looks. (With fewer the round is
/// cheap beside a sleep, and often something comes meanwhile.)
const ENROLL_FROM: usize = 16;

/// [`Quick::next`] gives it when all arms are to be looked at once more.
pub const AGAIN: usize = usize::MAX - 2;

/// Which arms to try, one after the other, until one gives something. All that it does is fair: an arm drawn at random
/// is taken if it is ready, so each ready arm is equally likely.
#[derive(Debug)]
pub struct Quick {
    mode: Mode,
    arms: usize,
    draws: u32,
    stage: Stage,
    /// Which arms may be ready, by number, and have not been tried since the look.
    ready: u128,
    /// The sum of the versions: it stays the same only if each does.
    versions: usize,
    /// The sum that the look before this one showed.
    before: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No look at all arms yet.
    Blind,
    /// A second look is due, after one that showed nothing.
    Again,
    /// One look.
    Looked,
    /// One look, and what it showed was not there any more.
    Missed,
    /// A second look.
    Twice,
    /// The select has to go on as if nothing had been looked at.
    Over,
}

impl Quick {
    /// For a select of `arms` arms.
    #[must_use]
    #[inline]
    pub fn new(mode: Mode, arms: usize) -> Self {
        let able = arms <= MOST && rt::buy_quietly();
        let stage = if able { Stage::Blind } else { Stage::Over };
        Self { mode, arms, draws: 0, stage, ready: 0, versions: 0, before: 0 }
    }

    /// Begins with draws: for a select of many arms, after [`require`](Self::require) for each.
    #[inline]
    pub fn draw(&mut self) {
        if self.mode.is_fair() {
            self.draws = DRAWS;
        }
    }

    /// Whether now all arms are to be looked at.
    #[allow(clippy::inline_always, reason = "as `next`")]
    #[inline(always)]
    pub fn looks(&mut self) -> bool {
        let next = match self.stage {
            Stage::Blind if self.draws == 0 => Stage::Looked,
            Stage::Again => Stage::Twice,
            _ => return false,
        };
        (self.stage, self.before, self.versions) = (next, self.versions, 0);
        true
    }

    /// The next arm to try, [`AGAIN`], or [`ELSE`]. `None`: the select has to wait, or to look more closely.
    #[allow(clippy::should_implement_trait)]
    #[allow(clippy::inline_always, reason = "where the number of arms is known, most of it goes away")]
    #[inline(always)]
    pub fn next(&mut self) -> Option<usize> {
        match self.stage {
            Stage::Blind => {
                self.draws -= 1;
                Some(below(self.arms))
            }
            Stage::Looked | Stage::Missed if self.ready != 0 => {
                self.stage = Stage::Missed;
                let arm = self.mode.choose(self.ready);
                // One that gives nothing is not tried again; the others stay equally likely.
                self.ready &= !(1 << arm);
                Some(arm)
            }
            Stage::Looked if self.mode.or_else && !self.mode.or_closed => {
                self.stage = Stage::Again;
                Some(AGAIN)
            }
            // As in `Selector`: what both rounds saw held at the moment between them.
            Stage::Twice if self.ready == 0 && self.versions == self.before => {
                rt::use_quietly();
                Some(ELSE)
            }
            _ => None,
        }
    }

    /// Looks at an arm.
    #[inline]
    fn see(&mut self, arm: u32, peek: Peek) {
        self.ready |= u128::from(peek.maybe) << arm;
        self.versions = self.versions.wrapping_add(peek.version);
    }

    /// Looks at an arm of which there is a case. `None` is never ready.
    #[inline]
    pub fn glance<C: Case>(&mut self, arm: u32, case: &Option<C>) {
        self.require(case);
        self.see(arm, case.as_ref().map_or(Peek::NEVER, Case::peek));
    }

    /// Nothing may be tried unless this arm takes part.
    #[inline]
    pub fn require<C: Case>(&mut self, _: &Option<C>) {
        if !C::QUICK {
            self.stage = Stage::Over;
        }
    }

    /// What waits, after this.
    #[must_use]
    #[inline]
    pub fn selector(&self) -> Selector {
        // What comes between the look and the enrolment is seen there.
        Selector::after_look(self.mode, self.arms >= ENROLL_FROM && self.stage == Stage::Looked)
    }
}

/// Tries an arm of which there is a case. One whose outcome it does not fire on is disabled.
#[inline]
pub fn quick<K: Keep<C::Output>, C: Case>(case: &mut Option<C>) -> Option<K::Kept> {
    let outcome = case.as_mut()?.quick()?;
    if K::admits(&outcome) {
        rt::use_quietly();
        return K::keep(outcome);
    }
    *case = None;
    None
}

/// Sources of values that can be looked at and received from as they are, in place of the case that their
/// [`Receive`](crate::ops::Receive) makes.
pub trait TryReceive {
    /// What comes out, before the `None` of the end.
    type Item;

    /// As [`Case::peek`].
    fn peek(&self) -> Peek;

    /// As [`Case::quick`].
    fn try_receive(&self) -> Option<Option<Self::Item>>;
}

/// `None` is never ready.
impl<S: TryReceive> TryReceive for Option<S> {
    type Item = S::Item;

    #[inline]
    fn peek(&self) -> Peek {
        self.as_ref().map_or(Peek::NEVER, TryReceive::peek)
    }

    #[inline]
    fn try_receive(&self) -> Option<Option<S::Item>> {
        self.as_ref()?.try_receive()
    }
}

/// What `<-x` sees through to find the source.
macro_rules! pointers {
    ($($pointer:ty),*) => { $(
        impl<S: TryReceive + ?Sized> TryReceive for $pointer {
            type Item = S::Item;

            #[inline]
            fn peek(&self) -> Peek {
                (**self).peek()
            }

            #[inline]
            fn try_receive(&self) -> Option<Option<S::Item>> {
                (**self).try_receive()
            }
        }
    )* };
}

pointers!(&S, &mut S, Box<S>, std::rc::Rc<S>, std::sync::Arc<S>);

/// The operand of an arm, and its guard.
#[derive(Debug)]
pub struct Place<'a, S: ?Sized>(pub &'a S, pub bool);

/// The methods that expansions call on the operand of a receiving arm: by value, so that they come before those of
/// [`ForeignPlace`].
pub trait OwnPlace: Sized {
    /// What comes out, before the `None` of the end.
    type Item;

    /// As [`Quick::require`].
    #[inline]
    fn __vela_require(self, _: &mut Quick) {}

    /// As [`Quick::glance`].
    fn __vela_glance(self, arm: u32, quick: &mut Quick);

    /// Receives, for an arm that fires on every outcome.
    fn __vela_try(self) -> Option<Option<Self::Item>>;

    /// Receives, for an arm that fires on `Some`.
    fn __vela_try_value(self) -> Option<Self::Item>;
}

impl<S: TryReceive + ?Sized> OwnPlace for Place<'_, S> {
    type Item = S::Item;

    #[inline]
    fn __vela_glance(self, arm: u32, quick: &mut Quick) {
        quick.see(arm, if self.1 { self.0.peek() } else { Peek::NEVER });
    }

    #[inline]
    fn __vela_try(self) -> Option<Option<S::Item>> {
        let outcome = if self.1 { self.0.try_receive() } else { None };
        if outcome.is_some() {
            rt::use_quietly();
        }
        outcome
    }

    #[inline]
    fn __vela_try_value(self) -> Option<S::Item> {
        let value = if self.1 { self.0.try_receive().flatten() } else { None };
        if value.is_some() {
            rt::use_quietly();
        }
        value
    }
}

/// The same methods for every other operand, found by autoref.
pub trait ForeignPlace {
    /// There will be no first look.
    #[inline]
    fn __vela_require(&self, quick: &mut Quick) {
        quick.stage = Stage::Over;
    }

    /// There will be no first look.
    #[inline]
    fn __vela_glance(&self, _: u32, quick: &mut Quick) {
        quick.stage = Stage::Over;
    }

    /// Nothing.
    #[inline]
    fn __vela_try<O>(&self) -> Option<O> {
        None
    }

    /// Nothing.
    #[inline]
    fn __vela_try_value<O>(&self) -> Option<O> {
        None
    }
}

impl<S: ?Sized> ForeignPlace for Place<'_, S> {}
