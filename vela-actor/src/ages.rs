//! How long mail has waited, without a clock for each message.
//!
//! At each look it is written down how many messages have been sent so far. The first message that waits was sent before the first of
//! these moments by which more had been sent than are gone by now: so long it has waited at least. The figure is as fine as
//! the looks are close: with a scrape each 15 s, a message that has waited for 40 s is said to have waited for 30 s or more.

use std::collections::VecDeque;
use std::time::Duration;

use vela_core::time::Instant;

/// So many looks are remembered; of more, each second one is forgotten.
const MOST: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Ages {
    /// How many had been sent, and when.
    looks: VecDeque<(u64, Instant)>,
}

impl Ages {
    /// A look: so many messages were sent, and so many of them do not wait any more. `None`: none waits.
    pub(crate) fn oldest(&mut self, sent: u64, gone: u64, now: Instant) -> Option<Duration> {
        while self.looks.front().is_some_and(|(before, _)| *before <= gone) {
            self.looks.pop_front();
        }
        if sent <= gone {
            return None;
        }
        let oldest = self.looks.front().map_or(Duration::ZERO, |(_, at)| now - *at);
        if self.looks.len() == MOST {
            let mut odd = false;
            // The first stays: it is the oldest.
            self.looks.retain(|_| {
                odd = !odd;
                odd
            });
        }
        self.looks.push_back((sent, now));
        Some(oldest)
    }
}

#[cfg(test)]
mod tests {
    use vela_core::time::secs;

    use super::*;

    #[test]
    fn the_age_is_that_of_the_first_look_that_saw_the_message() {
        let start = Instant::now();
        let mut ages = Ages::default();
        assert_eq!(ages.oldest(0, 0, start), None);
        assert_eq!(ages.oldest(3, 0, start + secs(1)), Some(secs(0)));
        assert_eq!(ages.oldest(5, 0, start + secs(2)), Some(secs(1)));
        assert_eq!(ages.oldest(5, 2, start + secs(3)), Some(secs(2)));
        assert_eq!(ages.oldest(5, 3, start + secs(4)), Some(secs(2)), "the fourth was first seen at 2 s");
        assert_eq!(ages.oldest(5, 5, start + secs(5)), None);
        assert_eq!(ages.oldest(6, 5, start + secs(9)), Some(secs(0)));
    }

    #[test]
    fn a_long_wait_takes_little_memory_and_loses_no_age() {
        let start = Instant::now();
        let mut ages = Ages::default();
        for n in 0..10_000 {
            let oldest = ages.oldest(n + 1, 0, start + secs(n));
            assert_eq!(oldest, Some(secs(n)));
            assert!(ages.looks.len() <= MOST);
        }
    }
}
