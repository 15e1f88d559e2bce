//! The prime sieve: a chain of filters that grows by one task and one channel with each prime.

use std::time::{Duration, Instant};

use super::words;
use crate::go::Go;
use crate::harness::{Cell, Flavor, Scale, Unit, on_runtime_as};
use crate::peer::{Capacity, Peer, Shape, Vela, VelaOnTokio, for_each_paired_rival, spawn};

const PRIMES: usize = 1_000;

pub(super) fn add(cells: &mut Vec<Cell>, go: &Go) {
    for capacity in [Some(0), Some(1)] {
        let name = format!("prime sieve {}", words(capacity));
        let mut cell = Cell::new("Programs", name, Unit::Milliseconds);
        macro_rules! peer {
            ($peer:ty) => {
                add_peer::<$peer>(&mut cell, capacity);
            };
        }
        peer!(Vela);
        peer!(VelaOnTokio);
        for_each_paired_rival!(peer);
        let places = capacity.unwrap_or(0);
        go.add_scaled(&mut cell, primes, move |n| format!("sieve {places} {n}"));
        cells.push(cell);
    }
}

/// The messages grow faster than the primes.
fn primes(scale: Scale) -> usize {
    match scale {
        Scale::Smoke => 10,
        Scale::Quick => PRIMES / 2,
        Scale::Full => PRIMES,
    }
}

fn add_peer<P: Peer>(cell: &mut Cell, capacity: Capacity) {
    if !P::fits(Shape::pair(capacity)) {
        return;
    }
    cell.add(P::NAME, move |scale: Scale| {
        let n = primes(scale);
        let (last, time) = on_runtime_as(P::GO, Flavor::Multi, scale, one_run::<P>(capacity, n))?;
        if last == nth_prime(n) {
            Ok(Unit::Milliseconds.of(1, time))
        } else {
            Err(format!("loses messages: {last} is said to be prime {n}"))
        }
    });
}

async fn one_run<P: Peer>(capacity: Capacity, primes: usize) -> (u64, Duration) {
    let start = Instant::now();
    let (mut tx, mut rx) = P::channel(capacity);
    spawn::<P, u64, _>(async move {
        for n in 2.. {
            if !P::send(&mut tx, n).await {
                return;
            }
        }
    });
    let mut prime = 0;
    for _ in 0..primes {
        prime = P::recv(&mut rx).await.unwrap_or(0);
        if prime == 0 {
            break;
        }
        let (mut tx, filtered) = P::channel(capacity);
        let mut numbers = std::mem::replace(&mut rx, filtered);
        spawn::<P, u64, _>(async move {
            while let Some(n) = P::recv(&mut numbers).await {
                if n % prime != 0 && !P::send(&mut tx, n).await {
                    return;
                }
            }
        });
    }
    (prime, start.elapsed())
}

fn nth_prime(n: usize) -> u64 {
    let is_prime = |n: &u64| (2..*n).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
    (2..).filter(is_prime).nth(n - 1).unwrap_or(0)
}
