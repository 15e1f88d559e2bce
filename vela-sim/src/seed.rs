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
/// | 0–1 | 0 random, 1 PCT |
/// | 2–7 | log2 of the number of steps that PCT spreads its changes over |
/// | 8–11 | PCT's depth |
/// | 12–63 | randomness |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seed(pub(crate) u64);

/// What a seed says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Random,
    Pct { depth: u32, steps: u64 },
}

impl Seed {
    pub(crate) fn new(kind: Kind, entropy: u64) -> Self {
        let low = match kind {
            Kind::Random => 0,
            Kind::Pct { depth, steps } => {
                let log = u64::from(steps.max(1).next_power_of_two().trailing_zeros());
                1 | (log & 63) << 2 | u64::from(depth.clamp(1, 15)) << 8
            }
        };
        Self(entropy & !0xFFF | low)
    }

    pub(crate) fn kind(self) -> Kind {
        if self.0 & 3 == 0 {
            Kind::Random
        } else {
            Kind::Pct { depth: (self.0 >> 8 & 15) as u32, steps: 1 << (self.0 >> 2 & 31) }
        }
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
        let pct = Kind::Pct { depth: 3, steps: 64 };
        assert_eq!(Seed::new(pct, 0x1234_5678_9ABC_DEF0).kind(), pct);
        assert_eq!(Seed::new(Kind::Pct { depth: 99, steps: 65 }, 7).kind(), Kind::Pct { depth: 15, steps: 128 });
        assert_eq!(Seed::new(Kind::Random, u64::MAX).kind(), Kind::Random);
    }

    #[test]
    fn below_reaches_every_number_and_no_other() {
        let mut rng = Rng::new(1);
        let mut seen = [0; 5];
        (0..5_000).for_each(|_| seen[rng.below(5)] += 1);
        assert!(seen.iter().all(|&n| n > 800), "{seen:?}");
    }
}
