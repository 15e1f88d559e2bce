//! Something to compute.

/// Mixes a number `n` thousand times over: about a millisecond for each thousand thousand.
#[must_use]
pub fn hash(n: u32) -> u64 {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    for round in 0..u64::from(n) * 1000 {
        sum = (sum ^ round).wrapping_mul(0x0100_0000_01b3).rotate_left(7);
    }
    sum
}
