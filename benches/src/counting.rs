//! The allocator, with an account of the bytes in use.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts per thread: a counter that all cores share would slow every peer that allocates.
#[derive(Debug)]
pub struct Counting;

thread_local! {
    static IN_USE: Cell<isize> = const { Cell::new(0) };
}

/// Bytes that this thread has allocated less those it has freed.
pub fn bytes_in_use() -> isize {
    IN_USE.get()
}

fn count(bytes: isize) {
    // While a thread ends its counter may be gone.
    let _ = IN_USE.try_with(|in_use| in_use.set(in_use.get() + bytes));
}

// SAFETY: everything is passed on to `System`; counting does not allocate (the counter needs no initialisation).
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: by the caller.
        unsafe { System.dealloc(block, layout) }
    }
}
