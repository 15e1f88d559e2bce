//! The values that wait in a channel, oldest first.

use std::collections::VecDeque;

/// A queue that allocates at most once where the capacity is small, and gives back what a burst made it grow to.
pub(crate) struct Buffer<T> {
    values: VecDeque<T>,
}

/// Buffers up to this many bytes are allocated with the channel, so that no send ever allocates.
const EAGER_BYTES: usize = 4096;
/// A buffer below this many places is not worth shrinking.
const SHRINK_FROM: usize = 1024;

impl<T> Buffer<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        let eager = capacity.saturating_mul(size_of::<T>()) <= EAGER_BYTES && size_of::<T>() > 0;
        Self { values: if eager { VecDeque::with_capacity(capacity) } else { VecDeque::new() } }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    #[inline]
    pub(crate) fn push_back(&mut self, value: T) {
        self.values.push_back(value);
    }

    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let value = self.values.pop_front();
        let places = self.values.capacity();
        if places >= SHRINK_FROM && self.values.len() < places / 8 && size_of::<T>() > 0 {
            self.values.shrink_to(places / 4);
        }
        value
    }

    /// Puts a value behind all those of which `before` holds; they come first.
    pub(crate) fn insert_after(&mut self, before: impl FnMut(&T) -> bool, value: T) {
        let at = self.values.partition_point(before);
        self.values.insert(at, value);
    }

    /// The whole content; an empty buffer stays.
    pub(crate) fn take(&mut self) -> Self {
        Self { values: std::mem::take(&mut self.values) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It shrinks once less than an eighth is used, and keeps twice of that.
    #[test]
    fn burst_is_given_back_late_and_by_half() {
        let mut buffer = Buffer::new(usize::MAX);
        (0..10_000_u64).for_each(|n| buffer.push_back(n));
        let places = buffer.values.capacity();
        while buffer.len() > places / 8 {
            buffer.pop_front();
        }
        assert_eq!(buffer.values.capacity(), places);
        buffer.pop_front();
        assert_eq!(buffer.values.capacity(), places / 4);
        assert_eq!(buffer.len(), places / 8 - 1);
    }
}
