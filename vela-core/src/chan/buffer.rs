//! The values that wait in a channel, oldest first.

#![allow(unsafe_code)]

use std::alloc::{Layout, handle_alloc_error};
use std::collections::VecDeque;
use std::mem::MaybeUninit;
use std::ptr;

/// A ring that allocates at most once where the capacity is small, and gives back what a burst made it grow to.
///
/// It starts again at the first place whenever it is empty: the same few places are used, as long as they are enough, and
/// `head` tells how many values have left since.
///
/// * R1. The places `head .. head + len`, modulo `places.len()`, hold values; the others do not.
pub(crate) struct Buffer<T> {
    places: Box<[MaybeUninit<T>]>,
    head: usize,
    len: usize,
}

/// Buffers up to this many bytes are allocated with the channel, so that no send ever allocates.
const EAGER_BYTES: usize = 4096;
/// A queue below this many places is not worth shrinking.
pub(super) const SHRINK_FROM: usize = 1024;
/// What is larger is given back as soon as it is nearly unused; up to here, once it has turned out not to be needed again.
/// (Tasks that take turns fill and empty a buffer all the time.)
const LARGE_BYTES: usize = 256 * 1024;
/// The first allocation of a buffer that grows.
const FIRST_BYTES: usize = 64;

impl<T> Buffer<T> {
    /// Buffers that were allocated with the channel never shrink.
    const SHRINK_FROM: usize = {
        let eager = EAGER_BYTES / if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
        if eager >= SHRINK_FROM { eager + 1 } else { SHRINK_FROM }
    };

    const LARGE: usize = {
        let places = LARGE_BYTES / if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
        if places < Self::SHRINK_FROM { Self::SHRINK_FROM } else { places }
    };

    pub(crate) fn new(capacity: usize) -> Self {
        let eager = capacity.saturating_mul(size_of::<T>()) <= EAGER_BYTES && size_of::<T>() > 0;
        Self { places: Box::new_uninit_slice(if eager { capacity } else { 0 }), head: 0, len: 0 }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// `limit`: the most values that are to be expected.
    #[inline]
    pub(crate) fn push_back(&mut self, value: T, limit: usize) {
        if self.len == self.places.len() {
            self.grow(limit);
        }
        // `len` is not read again after the value is written, which might be anywhere, for all that the compiler knows.
        let (len, places) = (self.len, self.places.len());
        let at = self.head + len;
        let at = if at >= places { at - places } else { at };
        self.len = len + 1;
        // SAFETY: `head` and `len` are less than the number of places, so `at` is, too.
        unsafe { self.places.get_unchecked_mut(at) }.write(value);
    }

    /// Moves the first `n` values of `from`, or all if there are fewer, to the end. `limit`: as in
    /// [`push_back`](Self::push_back).
    pub(super) fn push_from(&mut self, from: &mut VecDeque<T>, n: usize, limit: usize) {
        let n = n.min(from.len());
        while self.places.len() - self.len < n {
            self.grow(limit.max(self.len + n));
        }
        let (mut at, places) = (self.head + self.len, self.places.len());
        if at >= places {
            at -= places;
        }
        if std::mem::needs_drop::<T>() {
            for value in from.drain(..n) {
                self.places[at].write(value);
                self.len += 1;
                at = if at + 1 == places { 0 } else { at + 1 };
            }
            return;
        }
        let (first, second) = from.as_slices();
        let first = &first[..n.min(first.len())];
        for part in [first, &second[..n - first.len()]] {
            let before_the_wrap = part.len().min(places - at);
            // SAFETY: R1: the `n` places that follow the last value are free, up to the wrap and from the start. What is
            // copied is taken out of `from` below, where no drop can be run, since there is none.
            unsafe {
                let to = self.places.as_mut_ptr().cast::<T>();
                ptr::copy_nonoverlapping(part.as_ptr(), to.add(at), before_the_wrap);
                let rest = part.len() - before_the_wrap;
                ptr::copy_nonoverlapping(part.as_ptr().add(before_the_wrap), to, rest);
            }
            at += part.len();
            if at >= places {
                at -= places;
            }
        }
        self.len += n;
        from.drain(..n);
    }

    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        // SAFETY: there is a value, which is not there any more after the next line.
        let value = unsafe { self.read_front() };
        self.forget(1);
        Some(value)
    }

    /// A copy of the first value, which is to be [forgotten](Self::forget) here.
    ///
    /// # Safety
    ///
    /// There is one; only one of the two is used.
    #[inline]
    pub(super) unsafe fn read_front(&self) -> T {
        debug_assert!(self.len > 0);
        // SAFETY: R1; `head` is less than the number of places.
        unsafe { self.places.get_unchecked(self.head).assume_init_read() }
    }

    /// Takes the first `n` values off, which have been copied.
    #[inline]
    pub(super) fn forget(&mut self, n: usize) {
        let (left, places) = (self.head + n, self.places.len());
        self.len -= n;
        let at_start = self.len == 0 || left >= places;
        self.head = if self.len == 0 {
            0
        } else if left >= places {
            left - places
        } else {
            left
        };
        if places >= Self::SHRINK_FROM && (at_start || places > Self::LARGE && self.len < places / 8) {
            self.shrink(left);
        }
    }

    /// Moves the first `n` values, or as many as there are, to the end of `into`, which does not grow: it takes no more than
    /// it has places for.
    pub(super) fn pop_into(&mut self, into: &mut Vec<T>, n: usize) {
        let n = n.min(self.len).min(into.capacity() - into.len());
        if n == 0 {
            return;
        }
        let before_the_wrap = n.min(self.places.len() - self.head);
        // SAFETY: R1: the first `n` places from `head` on hold values, up to the wrap and from the start; `into` has room for
        // them, and has them once its length says so. They are not here any more once they are forgotten.
        unsafe {
            let (from, to) = (self.places.as_ptr().cast::<T>(), into.as_mut_ptr().add(into.len()));
            ptr::copy_nonoverlapping(from.add(self.head), to, before_the_wrap);
            ptr::copy_nonoverlapping(from, to.add(before_the_wrap), n - before_the_wrap);
            into.set_len(into.len() + n);
        }
        self.forget(n);
    }

    /// The whole content; an empty buffer stays.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self { places: Box::default(), head: 0, len: 0 })
    }

    #[cold]
    fn grow(&mut self, limit: usize) {
        let first = if size_of::<T>() > 1024 { 1 } else { (FIRST_BYTES / size_of::<T>().max(1)).max(2) };
        let count = self.places.len().saturating_mul(2).max(first).min(limit.max(self.len + 1));
        if Layout::array::<T>(count).is_err() {
            // Under the lock of a channel nothing may panic.
            handle_alloc_error(Layout::new::<T>());
        }
        self.resize(count);
    }

    /// Gives places back that are not needed. Just now it was emptied, came round, or is large and nearly unused; `left`
    /// values have left since the first place.
    #[cold]
    #[inline(never)]
    fn shrink(&mut self, left: usize) {
        let mut count = self.places.len();
        if self.len == 0 {
            // All values since it was empty last were in these places.
            if left < count / 4 {
                count /= 8;
            }
            while count > Self::LARGE {
                count /= 8;
            }
        } else if count > Self::LARGE {
            while count > Self::LARGE && self.len < count / 8 {
                count /= 2;
            }
        } else if self.len < count / 8 {
            count /= 4;
        }
        if count < self.places.len() {
            self.resize(count);
        }
    }

    /// Moves the values to a new allocation of `count` places, at least `len`.
    fn resize(&mut self, count: usize) {
        let mut places = Box::new_uninit_slice(count);
        let before_the_wrap = self.len.min(self.places.len() - self.head);
        let (first, second) = places.split_at_mut(before_the_wrap);
        // SAFETY: R1: what is copied holds values, `first` from `head` to the end or to the last, `second` the rest
        // from the start; each is as long as its source, and the old places are given up without dropping anything.
        unsafe {
            let from = self.places.as_ptr();
            ptr::copy_nonoverlapping(from.add(self.head), first.as_mut_ptr(), before_the_wrap);
            ptr::copy_nonoverlapping(from, second.as_mut_ptr(), self.len - before_the_wrap);
        }
        self.places = places;
        self.head = 0;
    }
}

impl<T> Drop for Buffer<T> {
    fn drop(&mut self) {
        /// Goes on where the drop of a value before the wrap has panicked.
        struct Rest<T>(*mut [T]);

        impl<T> Drop for Rest<T> {
            fn drop(&mut self) {
                // SAFETY: these are the values after the wrap, which nothing else reaches any more.
                unsafe { ptr::drop_in_place(self.0) };
            }
        }

        let before_the_wrap = self.len.min(self.places.len() - self.head);
        let places = self.places.as_mut_ptr().cast::<T>();
        let _rest = Rest(ptr::slice_from_raw_parts_mut(places, self.len - before_the_wrap));
        // SAFETY: R1: the values from `head` on, up to the wrap; the others are those of `_rest`.
        unsafe { ptr::drop_in_place(ptr::slice_from_raw_parts_mut(places.add(self.head), before_the_wrap)) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_burst_is_given_back_as_it_leaves() {
        let mut buffer = Buffer::new(usize::MAX);
        (0..1_000_000_u64).for_each(|n| buffer.push_back(n, usize::MAX));
        let places = buffer.places.len();
        while buffer.len() > places / 8 {
            buffer.pop_front();
        }
        assert_eq!(buffer.places.len(), places);
        buffer.pop_front();
        assert_eq!((buffer.places.len(), buffer.len()), (places / 2, places / 8 - 1));
        while buffer.pop_front().is_some() {}
        assert!(buffer.places.len() * size_of::<u64>() <= LARGE_BYTES / 8);
    }

    /// What a task fills and another empties keeps its places, until it turns out that it needs few of them.
    #[test]
    fn small_burst_is_given_back_late() {
        let mut buffer = Buffer::new(usize::MAX);
        let mut round = |values: u64| {
            (0..values).for_each(|n| buffer.push_back(n, usize::MAX));
            assert!((0..values).all(|n| buffer.pop_front() == Some(n)));
            (buffer.places.len(), buffer.head)
        };
        for _ in 0..3 {
            assert_eq!(round(3_000), (4_096, 0));
        }
        assert_eq!(round(1_024), (4_096, 0));
        assert_eq!(round(1_023), (512, 0));
        assert_eq!(round(1), (512, 0));
        // One that is never empty: when it comes round.
        (0..3_000).for_each(|n| buffer.push_back(n, usize::MAX));
        (0..2_990).for_each(|_| assert!(buffer.pop_front().is_some()));
        assert_eq!(buffer.places.len(), 4_096);
        for n in 0..4_096 - 2_990 {
            buffer.push_back(n, usize::MAX);
            assert!(buffer.pop_front().is_some());
        }
        assert_eq!((buffer.places.len(), buffer.len()), (1_024, 10));
    }

    /// Against the standard library's queue, with pushes, pops and wraps at random.
    #[test]
    fn ring_gives_what_a_queue_gives() {
        let mut model = std::collections::VecDeque::new();
        let mut buffer = Buffer::new(usize::MAX);
        let mut state = 1_u64;
        for n in 0..100_000_u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Long runs of mostly pushes, then of mostly pops.
            if (state >> 33) % 10 < if (n / 5_000) % 2 == 0 { 7 } else { 3 } {
                buffer.push_back(Box::new(n), usize::MAX);
                model.push_back(n);
            } else {
                assert_eq!(buffer.pop_front().map(|value| *value), model.pop_front());
            }
            assert_eq!(buffer.len(), model.len());
        }
        let rest = buffer.take();
        assert_eq!((buffer.len(), rest.len()), (0, model.len()));
    }

    #[test]
    fn values_leave_in_bulk_as_one_by_one() {
        let mut buffer = Buffer::new(usize::MAX);
        let (mut next, mut expected) = (0_u64, 0_u64);
        for round in 0..2_000 {
            for _ in 0..(round * 7) % 61 {
                buffer.push_back(Box::new(next), usize::MAX);
                next += 1;
            }
            let room = (round * 5) % 43;
            let mut into = Vec::with_capacity(room);
            let (there, asked) = (buffer.len(), (round * 3) % 47);
            buffer.pop_into(&mut into, asked);
            assert_eq!(into.len(), asked.min(there).min(into.capacity()));
            assert!(into.iter().all(|value| **value == std::mem::replace(&mut expected, **value + 1)));
            assert_eq!(buffer.len(), there - into.len());
        }
        assert_eq!(buffer.pop_front().map(|value| *value), (expected < next).then_some(expected));
    }

    /// Both ways of moving them, at every offset of ring and queue.
    #[test]
    fn values_come_in_in_bulk_as_one_by_one() {
        fn check<T>(make: impl Fn(u64) -> T, read: impl Fn(T) -> u64) {
            for limit in [37, usize::MAX] {
                let mut buffer = Buffer::new(limit);
                let mut from = VecDeque::with_capacity(64);
                let (mut next, mut expected) = (0_u64, 0_u64);
                for round in 0..2_000_usize {
                    while from.len() < (round * 11) % 64 {
                        from.push_back(make(next));
                        next += 1;
                    }
                    let (asked, had, there) = ((round * 7) % 61, buffer.len(), from.len());
                    let asked = asked.min(limit - had);
                    buffer.push_from(&mut from, asked, limit);
                    assert_eq!((buffer.len(), from.len()), (had + asked.min(there), there - asked.min(there)));
                    assert!(buffer.places.len() <= limit);
                    for _ in 0..(round * 5) % 41 {
                        let Some(value) = buffer.pop_front() else { break };
                        assert_eq!(read(value), expected);
                        expected += 1;
                    }
                }
                let rest = from.len() as u64 + buffer.len() as u64;
                assert_eq!(expected + rest, next);
            }
        }
        check(|n| n, |n| n);
        check(|n| [n; 8], |value| value[7]);
        check(Box::new, |value| *value);
    }

    #[test]
    fn values_without_a_size_come_in_in_bulk() {
        let mut buffer = Buffer::new(usize::MAX);
        let mut from: VecDeque<()> = std::iter::repeat_n((), 5_000).collect();
        buffer.push_from(&mut from, 3_000, usize::MAX);
        buffer.push_from(&mut from, 3_000, usize::MAX);
        assert_eq!((buffer.len(), from.len()), (5_000, 0));
        let mut into = Vec::new();
        buffer.pop_into(&mut into, 4_999);
        assert_eq!((into.len(), buffer.pop_front(), buffer.pop_front()), (4_999, Some(()), None));
    }

    #[test]
    fn values_that_came_in_in_bulk_are_dropped_once() {
        let value = std::sync::Arc::new(());
        let mut buffer = Buffer::new(10);
        for round in 0..10 {
            let mut from: VecDeque<_> = std::iter::repeat_n(value.clone(), 7).collect();
            buffer.push_from(&mut from, 6, 10);
            assert_eq!((buffer.len(), from.len()), (6, 1));
            drop(from);
            assert_eq!(std::sync::Arc::strong_count(&value), 7);
            if round < 9 {
                (0..6).for_each(|_| drop(buffer.pop_front()));
            }
        }
        drop(buffer);
        assert_eq!(std::sync::Arc::strong_count(&value), 1);
    }

    #[test]
    fn values_are_dropped_once() {
        let value = std::sync::Arc::new(());
        let mut buffer = Buffer::new(3);
        for round in 0..20 {
            buffer.push_back(value.clone(), usize::MAX);
            buffer.push_back(value.clone(), usize::MAX);
            drop(buffer.pop_front());
            assert_eq!(std::sync::Arc::strong_count(&value), round + 2);
        }
        drop(buffer);
        assert_eq!(std::sync::Arc::strong_count(&value), 1);
    }

    #[test]
    fn what_is_behind_a_panicking_drop_is_dropped() {
        struct Panics(bool, #[expect(dead_code, reason = "counted")] std::sync::Arc<()>);

        impl Drop for Panics {
            fn drop(&mut self) {
                assert!(!self.0, "as planned");
            }
        }

        let counted = std::sync::Arc::new(());
        let mut buffer = Buffer::new(4);
        for n in 0..4 {
            buffer.push_back(Panics(n == 1, counted.clone()), 4);
        }
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(buffer))).is_err());
        assert_eq!(std::sync::Arc::strong_count(&counted), 1);
    }

    #[test]
    fn buffer_of_a_bounded_channel_stays_within_it() {
        let mut bytes = Buffer::new(EAGER_BYTES);
        bytes.push_back(1_u8, EAGER_BYTES);
        assert!(bytes.pop_front().is_some());
        assert_eq!(bytes.places.len(), EAGER_BYTES, "it was allocated with the channel");
        let mut huge = Buffer::new(3);
        for (n, places) in [1, 2, 3].into_iter().enumerate() {
            huge.push_back([n as u8; 10_000], 3);
            assert_eq!(huge.places.len(), places);
        }
    }
}
