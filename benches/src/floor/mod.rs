//! What the machine itself takes, beside the figures: two cores that are far apart move two-core cells by a factor 2.

mod across;
mod alone;
mod wakes;

use crate::harness::{Flavor, Outcome};

/// A price of the machine, in nanoseconds.
pub(crate) struct Floor {
    pub(crate) name: &'static str,
    pub(crate) figure: Outcome,
}

pub(crate) const ROUND_TRIP: &str = "cache-line round trip between the two cores";

/// Measures all of them: about a second.
pub(crate) fn all() -> Vec<Floor> {
    let floor = |name, measure: fn() -> Outcome| Floor { name, figure: least(measure) };
    vec![
        floor(ROUND_TRIP, across::cache_line_round_trip),
        floor("raw 64-slot ring, one sender and one receiver, a message", across::ring),
        floor("atomic read-modify-write, uncontended", || Ok(alone::read_modify_write())),
        floor("std mutex, uncontended", || Ok(alone::std_mutex())),
        floor("parking_lot mutex, uncontended", || Ok(alone::parking_lot_mutex())),
        floor("malloc + free of 64 bytes", || Ok(alone::malloc_and_free())),
        floor("free of 64 bytes that the other core allocated", across::foreign_free),
        floor("clone + drop of a Tokio waker", alone::waker_clone),
        floor("Tokio: wake, schedule, poll another task; one worker", || wakes::turn(Flavor::Current)),
        floor("the same, two workers", || wakes::turn(Flavor::Multi)),
    ]
}

/// The round trip alone.
pub(crate) fn round_trip() -> Outcome {
    least(across::cache_line_round_trip)
}

/// The least of three: what else runs on the machine is no part of a floor.
fn least(measure: fn() -> Outcome) -> Outcome {
    let mut least = measure()?;
    for _ in 1..3 {
        least = least.min(measure()?);
    }
    Ok(least)
}
