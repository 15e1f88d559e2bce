//! Allocations, counted: no operation makes one, and what a burst needed is given back.
//!
//! A process of its own, for its global allocator. Each thread counts for itself, so the tests do not disturb each other.
#![allow(missing_docs)]

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use futures_util::{Sink, Stream};
use vela::__private as hidden;
use vela::time::{ms, secs};
use vela::{Channel, Overflow, Receiver, Sender, channel, unbounded};

use counting::{allocations, live_bytes};

#[allow(unsafe_code)]
mod counting {
    //! An allocator that counts, per thread.

    use std::alloc::{GlobalAlloc, Layout, System};
    use std::cell::Cell;

    struct Counting;

    thread_local! {
        static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
        static LIVE: Cell<isize> = const { Cell::new(0) };
    }

    fn count(allocations: usize, bytes: isize) {
        // A thread that ends has no counters any more.
        let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + allocations));
        let _ = LIVE.try_with(|n| n.set(n.get() + bytes));
    }

    // SAFETY: every call is passed on to the system's allocator as it is.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            count(1, layout.size() as isize);
            // SAFETY: by the caller.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
            count(0, -(layout.size() as isize));
            // SAFETY: by the caller.
            unsafe { System.dealloc(at, layout) }
        }

        unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            count(1, size as isize - layout.size() as isize);
            // SAFETY: by the caller.
            unsafe { System.realloc(at, layout, size) }
        }
    }

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    /// How many allocations `work` makes on this thread.
    pub(crate) fn allocations(work: impl FnOnce()) -> usize {
        let before = ALLOCATIONS.get();
        work();
        ALLOCATIONS.get() - before
    }

    /// How many bytes this thread has allocated and not freed.
    pub(crate) fn live_bytes() -> isize {
        LIVE.get()
    }
}

/// Runs `work` once to warm up, then a thousand times; it must not allocate.
#[track_caller]
fn never_allocates(what: &str, mut work: impl FnMut()) {
    work();
    let count = allocations(|| (0..1_000).for_each(|_| work()));
    println!("{what}: {count} allocations in 1000 rounds");
    assert_eq!(count, 0, "{what}");
}

struct Quiet;

impl Wake for Quiet {
    fn wake(self: Arc<Self>) {}
}

fn waker() -> Waker {
    Waker::from(Arc::new(Quiet))
}

#[track_caller]
fn ready<F: Future>(future: Pin<&mut F>, waker: &Waker) -> F::Output {
    match future.poll(&mut Context::from_waker(waker)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("pending"),
    }
}

#[track_caller]
fn pending<F: Future>(future: Pin<&mut F>, waker: &Waker) {
    assert!(future.poll(&mut Context::from_waker(waker)).is_pending());
}

const CAPACITIES: [usize; 5] = [0, 1, 5, 100, usize::MAX];

#[test]
fn try_operations() {
    for capacity in [1, 5, 100, usize::MAX] {
        let (tx, rx) = channel(capacity);
        never_allocates("try_send, try_recv", || {
            tx.try_send(1_u64).unwrap();
            rx.try_recv().unwrap();
        });
    }
}

#[test]
fn operations_that_need_not_wait() {
    let waker = waker();
    for capacity in [1, 5, 100, usize::MAX] {
        let (tx, rx) = channel(capacity);
        never_allocates("send, recv", || {
            ready(pin!(tx.send(1_u64)), &waker).unwrap();
            assert_eq!(ready(pin!(rx.recv()), &waker), Some(1));
        });
        never_allocates("send_from", || {
            ready(pin!(tx.send_from(&mut Some(1))), &waker).unwrap();
            rx.try_recv().unwrap();
        });
        never_allocates("reserve", || {
            ready(pin!(tx.reserve()), &waker).unwrap().send(1).unwrap();
            rx.try_recv().unwrap();
        });
    }
}

#[test]
fn parked_operations() {
    let waker = waker();
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        never_allocates("a parked recv", || {
            let mut receive = pin!(rx.recv());
            pending(receive.as_mut(), &waker);
            tx.try_send(1_u64).unwrap();
            assert_eq!(ready(receive, &waker), Some(1));
        });
        never_allocates("a parked wait for the close", || pending(pin!(rx.closed()), &waker));
    }
    for capacity in [0, 1, 5, 100] {
        let (tx, rx) = channel(capacity);
        while tx.try_send(0_u64).is_ok() {}
        never_allocates("a parked send", || {
            let mut send = pin!(tx.send(1));
            pending(send.as_mut(), &waker);
            rx.try_recv().unwrap();
            ready(send, &waker).unwrap();
        });
        never_allocates("a parked send_from", || {
            let mut value = Some(1);
            let mut send = pin!(tx.send_from(&mut value));
            pending(send.as_mut(), &waker);
            rx.try_recv().unwrap();
            ready(send, &waker).unwrap();
        });
        never_allocates("cancelled operations", || {
            pending(pin!(tx.send(1)), &waker);
            pending(pin!(tx.send_from(&mut Some(1))), &waker);
            pending(pin!(tx.reserve()), &waker);
            pending(pin!(tx.closed()), &waker);
        });
    }
    let (tx, rx) = channel(1);
    tx.try_send(0_u64).unwrap();
    never_allocates("a parked reserve", || {
        let mut reserve = pin!(tx.reserve());
        pending(reserve.as_mut(), &waker);
        rx.try_recv().unwrap();
        ready(reserve, &waker).unwrap().send(1).unwrap();
    });
}

#[test]
fn cancelled_receives_and_values_that_come_back() {
    let waker = waker();
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        never_allocates("a cancelled recv", || pending(pin!(rx.recv()), &waker));
        never_allocates("a value that comes back", || {
            {
                let mut receive = pin!(rx.recv());
                pending(receive.as_mut(), &waker);
                tx.try_send(1_u64).unwrap();
            }
            assert_eq!(rx.try_recv(), Ok(1));
        });
    }
}

#[test]
fn batches() {
    let waker = waker();
    for capacity in [100, usize::MAX] {
        let (tx, rx) = channel(capacity);
        let mut batch = VecDeque::with_capacity(50);
        let mut into = Vec::with_capacity(50);
        never_allocates("send_all, recv_many", || {
            batch.extend(0..50_u64);
            ready(pin!(tx.send_all(&mut batch)), &waker).unwrap();
            into.clear();
            assert_eq!(ready(pin!(rx.recv_many(&mut into, 50)), &waker), 50);
        });
    }
}

#[test]
fn policies() {
    let waker = waker();
    for overflow in [Overflow::Reject, Overflow::DropOldest, Overflow::DropNewest] {
        let (tx, rx) = Channel::bounded(1).overflow(overflow).build().unwrap();
        never_allocates(&format!("send under {overflow:?}"), || {
            ready(pin!(tx.send(1_u64)), &waker).unwrap();
            assert_eq!(ready(pin!(tx.send(2)), &waker).is_err(), overflow == Overflow::Reject);
            rx.try_recv().unwrap();
        });
    }
}

#[test]
fn timeouts() {
    let waker = waker();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let _entered = runtime.enter();
    let (tx, rx) = channel(1);
    never_allocates("send_timeout, recv_timeout", || {
        ready(pin!(tx.send_timeout(1_u64, secs(1))), &waker).unwrap();
        ready(pin!(rx.recv_timeout(secs(1))), &waker).unwrap();
    });
    tx.try_send(0).unwrap();
    never_allocates("a parked send_timeout", || {
        let mut send = pin!(tx.send_timeout(1, secs(1)));
        pending(send.as_mut(), &waker);
        rx.try_recv().unwrap();
        ready(send, &waker).unwrap();
    });
    for overflow in [Overflow::Timeout(secs(1)), Overflow::Retry { attempts: 3, backoff: ms(10) }] {
        let (tx, rx) = Channel::bounded(1).overflow(overflow).build().unwrap();
        let count = allocations(|| {
            for _ in 0..1_000 {
                ready(pin!(tx.send(1_u64)), &waker).unwrap();
                rx.try_recv().unwrap();
            }
        });
        println!("send under {overflow:?}: {count} allocations in 1000 rounds");
        assert_eq!(count, 0, "{overflow:?}");
        tx.try_send(0).unwrap();
        let count = allocations(|| {
            let mut send = pin!(tx.send(1));
            pending(send.as_mut(), &waker);
        });
        println!("a parked send under {overflow:?}: {count} allocations");
        assert!(count <= 1, "its patience, in a box: {count}");
    }
}

#[test]
fn adaptors_allocate_once() {
    let waker = waker();
    let mut cx = Context::from_waker(&waker);
    for capacity in [1, 5, usize::MAX] {
        let (tx, rx) = channel(capacity);
        let mut sink = None;
        let mut stream = None;
        assert_eq!(allocations(|| sink = Some(tx.sink())), 1);
        assert_eq!(allocations(|| stream = Some(rx.stream())), 1);
        let (mut sink, mut stream) = (sink.unwrap(), stream.unwrap());
        never_allocates("a sink and a stream", || {
            assert!(Pin::new(&mut stream).poll_next(&mut cx).is_pending());
            assert!(Pin::new(&mut sink).poll_ready(&mut cx).is_ready());
            Pin::new(&mut sink).start_send(1_u64).unwrap();
            assert_eq!(Pin::new(&mut stream).poll_next(&mut cx), Poll::Ready(Some(1)));
        });
    }
}

#[test]
fn a_channel_is_two_allocations_at_most() {
    for (capacity, most) in [(0, 1), (1, 2), (100, 2), (1_000_000, 1), (usize::MAX, 1)] {
        let mut ends = None;
        let count = allocations(|| ends = Some(channel::<u64>(capacity)));
        println!("a channel of capacity {capacity}: {count} allocations");
        assert!(count <= most, "capacity {capacity}: {count}");
    }
}

// ---- select, through what its expansion names ----

use hidden::ReceiveExt as _;

/// Polls a select of two receives once; with `meanwhile` it parks, and is completed by that.
fn select_receive(a: &Receiver<u64>, b: &Receiver<u64>, waker: &Waker, meanwhile: Option<&dyn Fn()>) -> u64 {
    let mut cx = Context::from_waker(waker);
    let mut select = pin!(hidden::Selector::new(hidden::Mode::fair()));
    let mut first = pin!(hidden::values(Some(a.__vela_receive())));
    let mut second = pin!(hidden::values(Some(b.__vela_receive())));
    if let Some(meanwhile) = meanwhile {
        let arms = &mut [first.as_mut().arm(), second.as_mut().arm()];
        assert!(select.as_mut().poll(&mut cx, arms).is_pending());
        meanwhile();
    }
    let arms = &mut [first.as_mut().arm(), second.as_mut().arm()];
    match select.as_mut().poll(&mut cx, arms) {
        Poll::Ready(0) => first.take(),
        Poll::Ready(1) => second.take(),
        other => panic!("{other:?}"),
    }
}

/// As [`select_receive`], with a send on each arm.
fn select_send(a: &Sender<u64>, b: &Sender<u64>, waker: &Waker, meanwhile: Option<&dyn Fn()>) {
    let mut cx = Context::from_waker(waker);
    let mut select = pin!(hidden::Selector::new(hidden::Mode::fair()));
    let mut first = pin!(hidden::sent(Some(a.__vela_transmit(1))));
    let mut second = pin!(hidden::sent(Some(b.__vela_transmit(2))));
    if let Some(meanwhile) = meanwhile {
        let arms = &mut [first.as_mut().arm(), second.as_mut().arm()];
        assert!(select.as_mut().poll(&mut cx, arms).is_pending());
        meanwhile();
    }
    let arms = &mut [first.as_mut().arm(), second.as_mut().arm()];
    assert!(matches!(select.as_mut().poll(&mut cx, arms), Poll::Ready(0 | 1)));
}

#[test]
fn selects() {
    let waker = waker();
    for capacity in CAPACITIES {
        let (a, b) = (channel(capacity), channel(capacity));
        if capacity > 0 {
            // Which arm wins is random; an unbounded buffer is allocated with its first value.
            for (tx, rx) in [&a, &b] {
                tx.try_send(0).unwrap();
                rx.try_recv().unwrap();
            }
        }
        never_allocates("a parked select of receives", || {
            let send = || a.0.try_send(7).unwrap();
            assert_eq!(select_receive(&a.1, &b.1, &waker, Some(&send)), 7);
            let send = || b.0.try_send(8).unwrap();
            assert_eq!(select_receive(&a.1, &b.1, &waker, Some(&send)), 8);
        });
        if capacity > 0 {
            never_allocates("a select of receives that is ready", || {
                a.0.try_send(7).unwrap();
                assert_eq!(select_receive(&a.1, &b.1, &waker, None), 7);
            });
            never_allocates("a select of sends that is ready", || {
                select_send(&a.0, &b.0, &waker, None);
                assert_eq!(a.1.drain().chain(b.1.drain()).count(), 1);
            });
        }
        if capacity < 1_000 {
            while a.0.try_send(0).is_ok() && b.0.try_send(0).is_ok() {}
            while b.0.try_send(0).is_ok() {}
            never_allocates("a parked select of sends", || {
                let receive = || assert_eq!(a.1.try_recv().map(|_| ()), Ok(()));
                select_send(&a.0, &b.0, &waker, Some(&receive));
            });
        }
    }
}

#[test]
fn selects_with_else_and_of_many_arms() {
    let waker = waker();
    let mut cx = Context::from_waker(&waker);
    let ends: [(Sender<u64>, Receiver<u64>); 20] = std::array::from_fn(|_| channel(0));
    never_allocates("a select with else", || {
        let mut select = pin!(hidden::Selector::new(hidden::Mode::fair().or_else()));
        let mut a = pin!(hidden::values(Some(ends[0].1.__vela_receive())));
        let mut b = pin!(hidden::values(Some(ends[1].1.__vela_receive())));
        let mut c = pin!(hidden::values(Some(ends[2].1.__vela_receive())));
        let arms = &mut [a.as_mut().arm(), b.as_mut().arm(), c.as_mut().arm()];
        assert_eq!(select.as_mut().poll(&mut cx, arms), Poll::Ready(hidden::ELSE));
    });
    // More arms than any array on the stack of the engine holds; their own places are the test's.
    let mut select = pin!(hidden::Selector::new(hidden::Mode::fair()));
    let mut slots: Vec<_> = ends.iter().map(|(_, rx)| Box::pin(hidden::values(Some(rx.__vela_receive())))).collect();
    let mut arms: Vec<_> = slots.iter_mut().map(|slot| slot.as_mut().arm()).collect();
    never_allocates("a select of 20 arms that is polled again", || {
        assert!(select.as_mut().poll(&mut cx, &mut arms).is_pending());
    });
    ends[13].0.try_send(7).unwrap();
    assert_eq!(allocations(|| assert_eq!(select.as_mut().poll(&mut cx, &mut arms), Poll::Ready(13))), 0);
    drop(arms);
    assert_eq!(slots[13].as_mut().take(), 7);
}

#[test]
fn a_dropped_select() {
    let waker = waker();
    let mut cx = Context::from_waker(&waker);
    let (a, b) = (channel::<u64>(0), channel::<u64>(0));
    never_allocates("a cancelled select", || {
        let mut select = pin!(hidden::Selector::new(hidden::Mode::fair()));
        let mut first = pin!(hidden::values(Some(a.1.__vela_receive())));
        let mut second = pin!(hidden::sent(Some(b.0.__vela_transmit(1))));
        let arms = &mut [first.as_mut().arm(), second.as_mut().arm()];
        assert!(select.as_mut().poll(&mut cx, arms).is_pending());
    });
}

// ---- real tasks ----

#[test]
fn tasks_that_talk() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for capacity in CAPACITIES {
        let count = runtime.block_on(async {
            let (ping, pinged) = channel(capacity);
            let (pong, ponged) = channel(capacity);
            tokio::spawn(async move {
                while let Some(n) = pinged.recv().await {
                    pong.send(n).await.unwrap();
                }
            });
            let talk = async |rounds: u64| {
                for n in 0..rounds {
                    ping.send(n).await.unwrap();
                    assert_eq!(ponged.recv().await, Some(n));
                }
            };
            talk(200).await;
            let mut talking = pin!(talk(2_000));
            let mut count = 0;
            std::future::poll_fn(|cx| {
                let mut polled = Poll::Pending;
                count += allocations(|| polled = talking.as_mut().poll(cx));
                polled
            })
            .await;
            count
        });
        println!("ping-pong at capacity {capacity}: {count} allocations in 2000 rounds");
        assert_eq!(count, 0, "capacity {capacity}");
    }
}

#[test]
fn a_task_is_one_allocation() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let count = runtime.block_on(async {
        let counts = vela::task::spawn(async {
            // Warms up.
            vela::task::spawn(async {}).await.unwrap();
            let mut tasks = Vec::with_capacity(1_000);
            let count = allocations(|| tasks.extend((0..1_000).map(|n| vela::task::spawn(async move { n }))));
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), n);
            }
            count
        });
        counts.await.unwrap()
    });
    assert_eq!(count, 1_000);
}

// ---- memory that is given back ----

#[test]
fn a_bursts_buffer_is_given_back() {
    for capacity in [1_000_000, usize::MAX] {
        let (tx, rx) = channel(capacity);
        let before = live_bytes();
        for n in 0..1_000_000_u64 {
            tx.try_send(n).unwrap();
        }
        let full = live_bytes() - before;
        assert!(full >= 8_000_000);
        assert_eq!(rx.drain().count(), 1_000_000);
        let left = live_bytes() - before;
        println!("after a burst of 8 MB: {left} bytes");
        assert!(left < 64 * 1024, "{left} of {full} bytes are kept");
    }
}

#[test]
fn a_burst_of_values_that_came_back_is_given_back() {
    let waker = waker();
    for capacity in [0, 5, usize::MAX] {
        let (tx, rx) = channel(capacity);
        let before = live_bytes();
        for _ in 0..3 {
            let mut receives: Vec<_> = (0..20_000).map(|_| Box::pin(rx.recv())).collect();
            receives.iter_mut().for_each(|receive| pending(receive.as_mut(), &waker));
            for n in 0..20_000_u64 {
                tx.try_send(n).unwrap();
            }
            drop(receives);
            assert!(rx.drain().eq(0..20_000));
        }
        let left = live_bytes() - before;
        println!("after 20,000 values came back, three times: {left} bytes");
        assert!(left < 64 * 1024, "{left} bytes are kept");
    }
}

#[test]
fn cancelled_waiters_leave_no_memory() {
    let waker = waker();
    for capacity in CAPACITIES {
        let (tx, rx) = channel::<u64>(capacity);
        if capacity < 1_000 {
            while tx.try_send(0).is_ok() {}
        }
        let before = live_bytes();
        for _ in 0..100_000 {
            if capacity < 1_000 {
                pending(pin!(tx.send(1)), &waker);
                pending(pin!(tx.reserve()), &waker);
            }
            pending(pin!(rx.closed()), &waker);
        }
        let _ = rx.drain().count();
        for _ in 0..100_000 {
            pending(pin!(rx.recv()), &waker);
        }
        let grown = live_bytes() - before;
        assert!(grown < 1024, "capacity {capacity}: {grown} bytes");
    }
}

#[test]
fn a_channel_frees_everything() {
    let waker = waker();
    for capacity in CAPACITIES {
        let before = live_bytes();
        {
            let (tx, rx) = channel(capacity);
            for n in 0..capacity.min(200) {
                tx.try_send(Box::new(n)).unwrap();
            }
            if capacity < 1_000 {
                pending(pin!(tx.send(Box::new(1))), &waker);
            }
            let (stream, sink, weak) = (rx.stream(), tx.sink(), tx.downgrade());
            drop((stream, sink, weak));
        }
        assert_eq!(live_bytes(), before, "capacity {capacity}");
    }
    let before = live_bytes();
    drop(unbounded::<u64>());
    assert_eq!(live_bytes(), before);
}
