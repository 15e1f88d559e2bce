//! Random numbers, and the seeds from which a schedule can be made again.

/// SplitMix64 (Steele, Lea and Flood, 2014): any seed will do, and two steps give independent numbers.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    #[inline]
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number below `n`, which is not 0; by multiplication (Lemire, 2019), the bias is below n / 2^32.
    #[inline]
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (((self.next() >> 32) * n as u64) >> 32) as usize
    }
}

/// SplitMix64's finaliser.
#[inline]
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The number that stands for a text.
pub(crate) fn of_text(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| mix(hash ^ u64::from(byte)))
}

/// What a single schedule is made of, in one number: which strategy, its parameters, and its randomness.
///
/// | bits | what |
/// |---|---|
/// | 0–3 | PCT's depth; 0: a random schedule |
/// | 4–9 | log2 of the number of steps over which changes and faults are spread |
/// | 10–63 | randomness |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    pub(crate) fn new(depth: u32, steps: u64, entropy: u64) -> Self {
        let log = u64::from(steps.max(1).next_power_of_two().trailing_zeros());
        Self(entropy & !0x3FF | log << 4 | u64::from(depth.min(15)))
    }

    /// PCT's depth; 0: random.
    pub(crate) fn depth(self) -> u32 {
        (self.0 & 15) as u32
    }

    /// The number of steps that a schedule is expected to have.
    pub(crate) fn steps(self) -> u64 {
        1 << (self.0 >> 4 & 63)
    }

    pub(crate) fn rng(self) -> Rng {
        Rng::new(mix(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_holds_what_it_was_made_of() {
        let seed = Seed::new(3, 64, 0x1234_5678_9ABC_DEF0);
        assert_eq!((seed.depth(), seed.steps()), (3, 64));
        let seed = Seed::new(99, 65, 7);
        assert_eq!((seed.depth(), seed.steps()), (15, 128));
        assert_eq!(Seed::new(0, 1, u64::MAX).depth(), 0);
    }

    #[test]
    fn below_reaches_every_number_and_no_other() {
        let mut rng = Rng::new(1);
        let mut seen = [0; 5];
        (0..5_000).for_each(|_| seen[rng.below(5)] += 1);
        assert!(seen.iter().all(|&n| n > 800), "{seen:?}");
    }
}
