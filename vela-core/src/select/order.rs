//! The order in which a select looks at its arms: a full shuffle, so that each ready arm is equally likely.

use std::cell::Cell;

use crate::rt;

/// In a simulation: which arms may be ready. It draws among those only, so that each of its draws makes a difference.
pub(crate) type Likely = Option<Vec<bool>>;

/// Asks each arm whether it may be ready, if that matters.
#[inline]
pub(crate) fn likely(arms: impl Iterator<Item = bool>) -> Likely {
    rt::simulated().then(|| arms.collect())
}

/// How a select chooses among ready arms.
#[derive(Debug, Clone, Copy)]
pub struct Mode {
    order: Ranking,
    pub(crate) or_else: bool,
    pub(crate) or_closed: bool,
}

#[derive(Debug, Clone, Copy)]
enum Ranking {
    Fair,
    Biased,
    Tiers(&'static [usize]),
}

impl Mode {
    /// Each ready arm is equally likely.
    #[must_use]
    pub const fn fair() -> Self {
        Self { order: Ranking::Fair, or_else: false, or_closed: false }
    }

    /// The first ready arm in textual order.
    #[must_use]
    pub const fn biased() -> Self {
        Self { order: Ranking::Biased, or_else: false, or_closed: false }
    }

    /// Groups of arms, each fair in itself, earlier groups first. `ends` holds the index behind each group but the last.
    #[must_use]
    pub const fn tiers(ends: &'static [usize]) -> Self {
        Self { order: Ranking::Tiers(ends), or_else: false, or_closed: false }
    }

    /// The select has an `else` arm.
    #[must_use]
    pub const fn or_else(mut self) -> Self {
        self.or_else = true;
        self
    }

    /// The select has a `closed` arm.
    #[must_use]
    pub const fn or_closed(mut self) -> Self {
        self.or_closed = true;
        self
    }

    /// Whether all arms are equal.
    #[inline]
    pub(crate) fn is_fair(self) -> bool {
        matches!(self.order, Ranking::Fair)
    }

    /// One of the arms in `ready` (not 0), by number.
    #[inline]
    pub(crate) fn choose(self, ready: u128) -> usize {
        match self.order {
            Ranking::Biased => ready.trailing_zeros() as usize,
            Ranking::Fair => any_of(ready),
            Ranking::Tiers(ends) => {
                let tiers =
                    ends.iter().map(|&end| ready & (1_u128.checked_shl(end as u32).unwrap_or(0).wrapping_sub(1)));
                any_of(tiers.chain([ready]).find(|&tier| tier != 0).unwrap_or(ready))
            }
        }
    }

    /// Visits the arms `0..len` in order until `visit` gives something.
    ///
    /// The shuffle is Fisher and Yates', drawn as it goes (Durstenfeld, CACM 7, 1964): finding the first arm ready
    /// costs one draw.
    pub(crate) fn visit<R>(self, len: usize, likely: &Likely, mut visit: impl FnMut(usize) -> Option<R>) -> Option<R> {
        match self.order {
            Ranking::Biased => (0..len).find_map(visit),
            _ if len == 1 => visit(0),
            Ranking::Fair => shuffled(0, len, likely, &mut visit),
            Ranking::Tiers(ends) => {
                let mut start = 0;
                for end in ends.iter().copied().chain([len]) {
                    let end = end.min(len);
                    if let Some(found) = shuffled(start, end, likely, &mut visit) {
                        return Some(found);
                    }
                    start = end;
                }
                None
            }
        }
    }
}

/// Selects with up to this many arms in a tier are shuffled on the stack.
const INLINE: usize = 16;

thread_local! {
    static SCRATCH: Cell<Vec<u32>> = const { Cell::new(Vec::new()) };
}

fn shuffled<R>(start: usize, end: usize, likely: &Likely, visit: &mut impl FnMut(usize) -> Option<R>) -> Option<R> {
    let len = end.saturating_sub(start);
    if let Some(likely) = likely {
        return drawn_among(likely, start, end, visit);
    }
    if len == 2 {
        // By far the most common select.
        let first = below(2);
        return visit(start + first).or_else(|| visit(start + 1 - first));
    }
    if len <= INLINE {
        let mut places: [u32; INLINE] = std::array::from_fn(|i| i as u32);
        return draw(&mut places[..len], start, visit);
    }
    let mut places = SCRATCH.take();
    places.clear();
    places.extend(0..u32::try_from(len).expect("fewer than 2^32 arms"));
    let found = draw(&mut places, start, visit);
    SCRATCH.set(places);
    found
}

/// One of the bits that are set (there is one), each equally likely.
#[inline]
fn any_of(mut bits: u128) -> usize {
    if bits & (bits - 1) != 0 {
        for _ in 0..below(bits.count_ones() as usize) {
            bits &= bits - 1;
        }
    }
    bits.trailing_zeros() as usize
}

fn draw<R>(places: &mut [u32], start: usize, visit: &mut impl FnMut(usize) -> Option<R>) -> Option<R> {
    for i in 0..places.len() {
        let j = i + below(places.len() - i);
        places.swap(i, j);
        if let Some(found) = visit(start + places[i] as usize) {
            return Some(found);
        }
    }
    None
}

/// The arms that may be ready in the simulation's order, then the others.
#[cold]
fn drawn_among<R>(likely: &[bool], start: usize, end: usize, visit: &mut impl FnMut(usize) -> Option<R>) -> Option<R> {
    let (mut first, others): (Vec<usize>, Vec<usize>) = (start..end).partition(|&arm| likely[arm]);
    while !first.is_empty() {
        let drawn = if first.len() == 1 { 0 } else { rt::draw(first.len()).unwrap_or(0) };
        if let Some(found) = visit(first.remove(drawn)) {
            return Some(found);
        }
    }
    others.into_iter().find_map(visit)
}

thread_local! {
    static RANDOM: Cell<u64> = const { Cell::new(0) };
}

/// Seeds this thread's draws among ready arms, so that a single-threaded test replays.
pub fn seed_fairness(seed: u64) {
    RANDOM.set(mix(seed) | 1);
}

/// A number below `n`: xorshift64* (Vigna, 2016), reduced by multiplication (Lemire, 2019), without its rejection step:
/// the bias is below n / 2^32.
#[inline]
pub(crate) fn below(n: usize) -> usize {
    let mut x = RANDOM.get();
    if x == 0 {
        x = first_seed();
    }
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    RANDOM.set(x);
    let high = x.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
    ((high * n as u64) >> 32) as usize
}

#[cold]
fn first_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    // The standard library's per-process random keys.
    mix(std::hash::RandomState::new().build_hasher().finish()) | 1
}

/// SplitMix64's finaliser (Steele, Lea and Flood, 2014).
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permutation_is_equally_likely() {
        seed_fairness(7);
        let mut counts = std::collections::HashMap::<Vec<usize>, u32>::new();
        for _ in 0..24_000 {
            let mut seen = Vec::new();
            let none: Option<()> = Mode::fair().visit(4, &None, |i| {
                seen.push(i);
                None
            });
            assert!(none.is_none());
            *counts.entry(seen).or_default() += 1;
        }
        assert_eq!(counts.len(), 24);
        // 10 σ around 1000: σ = sqrt(24000 · 1/24 · 23/24) = 31.
        assert!(counts.values().all(|&n| (690..1310).contains(&n)), "{counts:?}");
    }

    #[test]
    fn tiers_go_in_order_and_visit_every_arm_once() {
        for len in [1, 2, 3, 17, 40, 100] {
            static ENDS: [usize; 2] = [1, 30];
            let mut seen = Vec::new();
            let none: Option<()> = Mode::tiers(&ENDS).visit(len, &None, |i| {
                seen.push(i);
                None
            });
            assert!(none.is_none());
            assert_eq!(seen[0], 0);
            assert!(seen.iter().take(30).all(|&i| i < 30));
            seen.sort_unstable();
            assert_eq!(seen, (0..len).collect::<Vec<_>>());
        }
    }

    #[test]
    fn draws_are_those_of_the_published_generators() {
        // SplitMix64's first output from the seeds 0 and 1234567.
        assert_eq!((mix(0), mix(1_234_567)), (0xE220_A839_7B1D_CDAF, 6_457_827_717_110_365_317));
        // The upper halves of xorshift64*'s first outputs from the state 1.
        RANDOM.set(1);
        assert_eq!([(); 4].map(|()| below(1 << 32)), [0x47E4_CE4B, 0xABCF_A6A8, 0xB9D1_0D8F, 0x4DB4_18A0]);
    }

    /// A state of 0 would be none.
    #[test]
    fn seed_that_mixes_to_one_replays_too() {
        let draws = || {
            seed_fairness(0xF836_4607_E9C9_49BD);
            [(); 4].map(|()| below(1 << 32))
        };
        assert_eq!(draws(), draws());
    }

    #[test]
    fn threads_begin_apart() {
        let firsts = (0..16).map(|_| std::thread::spawn(|| below(1 << 32)).join().unwrap());
        assert_eq!(firsts.collect::<std::collections::HashSet<_>>().len(), 16);
    }
}
