//! Signals: values, derived values, batches, subscriptions.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, Weak};
use std::task::{Context, Poll};
use std::thread;

use futures_util::StreamExt as _;
use futures_util::task::noop_waker_ref;
use vela_core::__private::block_on_test;
use vela_core::RuntimeOptions;
use vela_core::ops::{Receive as _, Transmit as _};
use vela_core::select::one;
use vela_core::signal::{self, Batch, Signal, Subscription, TryRecvError};
use vela_core::task::{spawn, spawn_blocking, yield_now};

fn on_both<F: Future<Output = ()>>(body: impl Fn() -> F) {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(2), body());
    block_on_test(RuntimeOptions::new().current_thread(), body());
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(noop_waker_ref()))
}

/// `signal.map(f)` that counts the calls.
fn counted<T, U>(signal: &Signal<T>, f: impl Fn(&T) -> U + Send + Sync + 'static) -> (Signal<U>, Arc<AtomicUsize>)
where
    T: Send + Sync + 'static,
    U: Send + Sync + 'static,
{
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let derived = signal.map(move |value| {
        count.fetch_add(1, Ordering::SeqCst);
        f(value)
    });
    (derived, calls)
}

fn calls(count: &AtomicUsize) -> usize {
    count.load(Ordering::SeqCst)
}

// -------------------------------------------------------------------------------------------------- values

#[test]
fn a_signal_has_the_value_that_was_set_last() {
    let (setter, signal) = signal::new(1);
    assert_eq!((signal.get(), setter.get()), (1, 1));
    setter.set(2);
    assert_eq!((*signal.read(), *setter.read()), (2, 2));
    assert_eq!(*setter.replace(3), 2);
    setter.modify(|n| *n *= 10);
    assert!(setter.modify_if(|n| {
        *n += 1;
        true
    }));
    assert!(!setter.modify_if(|n| {
        *n = 0;
        false
    }));
    assert_eq!((signal.with(|n| n + 1), setter.with(|n| n + 2), setter.signal().get()), (32, 33, 31));
    let kept = signal.read();
    setter.set(5);
    assert_eq!((*kept, signal.get()), (31, 5), "what was read stays as it is");
}

#[test]
fn a_value_needs_neither_clone_nor_eq_nor_debug() {
    struct Plain(u8);
    let (setter, signal) = signal::new(Plain(1));
    let derived = signal.map(|plain| Plain(plain.0 + 1));
    setter.set(Plain(5));
    assert_eq!((derived.read().0, derived.with(|plain| plain.0)), (6, 6));
    assert_eq!(format!("{setter:?} {signal:?}"), "Setter { subscriptions: 0, .. } Signal { closed: false, .. }");
}

#[test]
fn all_goes_to_other_threads() {
    fn check<T: Send + Sync>(_: &T) {}
    let (setter, signal) = signal::new(0);
    let values = signal.subscribe();
    check(&setter);
    check(&signal);
    check(&values);
    check(&values.recv());
    check(&signal.wait_for(|_| true));
    fn moves<T: Send>(_: &T) {}
    moves(&Batch::new().set(&setter, 1).modify(&setter, |_| {}));
}

#[test]
fn modifications_by_many_threads_are_all_there() {
    let (setter, signal) = signal::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            let setter = setter.clone();
            scope.spawn(move || (0..2_000).for_each(|_| setter.modify(|n| *n += 1)));
        }
    });
    assert_eq!(signal.get(), 8_000);
    assert_eq!(setter.setter_count(), 1);
}

#[test]
fn a_modification_may_look_and_set_and_panic() {
    let (setter, signal) = signal::new(1);
    let double = signal.map(|n| n * 2);
    let mut rounds = 0;
    setter.modify(|n| {
        rounds += 1;
        // Sees the old value; and what it sets itself makes it run again.
        if rounds == 1 {
            assert_eq!(double.get(), 2);
            setter.set(10);
        }
        *n += 1;
    });
    assert_eq!((rounds, signal.get(), double.get()), (2, 11, 22));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        setter.modify(|n| {
            *n = 99;
            panic!("in the middle");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(signal.get(), 11);
    setter.set(12);
    assert_eq!(double.get(), 24);
}

#[test]
fn setting_through_the_operator_is_ready_at_once() {
    on_both(|| async {
        let (setter, signal) = signal::new(1);
        assert!(one((&setter).transmit(2)).await.is_ok());
        assert_eq!(signal.get(), 2);
        drop(one((&setter).transmit(3)));
        assert_eq!(signal.get(), 2, "unpolled, it sets nothing");
    });
}

// ------------------------------------------------------------------------------------------ derived values

#[test]
fn a_derived_value_is_computed_once_per_change_and_only_when_somebody_looks() {
    let (setter, signal) = signal::new(1);
    let (double, count) = counted(&signal, |n| n * 2);
    assert_eq!(calls(&count), 0);
    for n in 0..10 {
        setter.set(n);
    }
    assert_eq!(calls(&count), 0, "setting computes nothing");
    assert_eq!((double.get(), double.clone().get(), double.with(|n| *n), calls(&count)), (18, 18, 18, 1));
    setter.set(9);
    assert_eq!((double.get(), calls(&count)), (18, 2), "each set is a change");
    let (_, other) = signal::new(1);
    let both = signal::combine((double.clone(), other)).map(|(a, b)| a + b);
    assert_eq!((both.get(), calls(&count)), (19, 2), "what is derived from it uses what is there");
}

#[test]
fn a_derived_value_is_computed_once_however_many_look_at_once() {
    let (setter, signal) = signal::new(0_usize);
    let (slow, count) = counted(&signal, |n| {
        thread::yield_now();
        n * 2
    });
    let diamond = signal::combine((slow.clone(), slow.map(|n| n + 1)));
    for round in 1..=300 {
        setter.set(round);
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            for who in 0..4 {
                let (slow, diamond, barrier) = (&slow, &diamond, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    if who % 2 == 0 {
                        assert_eq!(slow.get(), round * 2);
                    } else {
                        assert_eq!(diamond.get(), (round * 2, round * 2 + 1));
                    }
                });
            }
        });
        assert_eq!(calls(&count), round);
    }
}

#[test]
fn a_computation_is_never_repeated_while_others_set() {
    // At most one call for each version that was ever set.
    let (setter, signal) = signal::new(0_usize);
    let seen: Arc<calls_seen::Seen> = Arc::default();
    let note = Arc::clone(&seen);
    let derived = signal.map(move |n| {
        note.add(*n);
        *n
    });
    let pairs = signal::combine((derived.clone(), derived.map(|n| *n)));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let _ = derived.get();
                    let (a, b) = pairs.get();
                    assert_eq!(a, b);
                }
            });
        }
        for n in 1..20_000 {
            setter.set(n);
        }
        done.store(true, Ordering::SeqCst);
    });
    seen.assert_each_once();
}

/// What a function was called with.
mod calls_seen {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    #[derive(Default)]
    pub(super) struct Seen(Mutex<BTreeMap<usize, usize>>);

    impl Seen {
        pub(super) fn add(&self, n: usize) {
            *self.0.lock().unwrap().entry(n).or_default() += 1;
        }

        pub(super) fn has(&self, n: usize) -> bool {
            self.0.lock().unwrap().contains_key(&n)
        }

        pub(super) fn assert_each_once(&self) {
            assert!(self.0.lock().unwrap().values().all(|times| *times == 1));
        }
    }
}

/// Sets on other threads until `look` has run `rounds` times on each of two threads.
fn while_set(rounds: usize, set: impl Fn(usize) + Sync, look: impl Fn() + Sync) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for who in 0..2 {
            let (done, set) = (&done, &set);
            scope.spawn(move || {
                let mut n = who;
                while !done.load(Ordering::SeqCst) {
                    set(n);
                    n += 2;
                }
            });
        }
        let lookers: Vec<_> = (0..2).map(|_| scope.spawn(|| (0..rounds).for_each(|_| look()))).collect();
        let failed = lookers.into_iter().any(|looker| looker.join().is_err());
        done.store(true, Ordering::SeqCst);
        assert!(!failed, "see the panic above");
    });
}

#[test]
fn nobody_sees_values_of_two_versions_of_one_root() {
    let (setter, a) = signal::new(0_usize);
    let left = a.map(|n| n + 1);
    let right = a.map(|n| n * 2).map(|n| n * 5).distinct();
    let both = signal::combine((left.clone(), right));
    let deep = signal::combine((both.clone(), left, a.clone())).map(|((x, y), z, a)| {
        // The function itself never sees a mixture.
        assert_eq!((*x, *y, *z), (a + 1, a * 10, a + 1));
        *a
    });
    while_set(
        5_000,
        |n| setter.set(n),
        || {
            let (x, y) = both.get();
            assert_eq!((x - 1) * 10, y);
            let _ = deep.get();
        },
    );
}

#[test]
fn a_batch_is_seen_whole_or_not_at_all() {
    let (set_a, a) = signal::new(0_usize);
    let (set_b, b) = signal::new(0_usize);
    let (set_c, c) = signal::new(0_usize);
    let sum = signal::combine((a.map(|n| n * 2), b.map(|n| n * 3), c.clone()));
    let all = signal::combine(vec![c, b, a]);
    while_set(
        5_000,
        |n| Batch::new().set(&set_c, n).set(&set_a, n).set(&set_b, n).commit(),
        || {
            let (a, b, c) = sum.get();
            assert_eq!((a, b), (c * 2, c * 3));
            let all = all.get();
            assert!(all.iter().all(|n| *n == all[0]), "{all:?}");
        },
    );
}

#[test]
fn transfers_in_batches_keep_the_total() {
    let accounts: Vec<_> = (0..4).map(|_| signal::new(1_000_i64)).collect();
    let total = signal::combine(accounts.iter().map(|(_, signal)| signal.clone()).collect::<Vec<_>>())
        .map(|all| all.iter().sum::<i64>());
    while_set(
        3_000,
        |n| {
            let (from, to) = (&accounts[n % 4].0, &accounts[(n / 4 + 1) % 4].0);
            Batch::new().modify(from, |v| *v -= 7).modify(to, |v| *v += 7).commit();
        },
        || assert_eq!(total.get(), 4_000),
    );
    assert_eq!(accounts.iter().map(|(setter, _)| setter.get()).sum::<i64>(), 4_000);
}

#[test]
fn looks_never_go_back() {
    let (setter, a) = signal::new(0_usize);
    let (other_setter, other) = signal::new(0_usize);
    let shared = a.map(|n| *n);
    // Two tops that share a node, each with a root of its own: their cuts are taken at different times.
    let tops = [signal::combine((shared.clone(), other)).map(|(n, _)| *n), shared.map(|n| *n)];
    let next = AtomicUsize::new(1);
    while_set(
        5_000,
        |n| {
            setter.modify(|value| *value = next.fetch_add(1, Ordering::SeqCst).max(*value));
            other_setter.set(n);
        },
        || {
            let mut last = 0;
            for top in tops.iter().chain([&shared]).chain(&tops) {
                let now = top.get();
                assert!(now >= last, "{now} after {last}");
                last = now;
            }
        },
    );
}

/// While `first` is computed in one cut, its function sets the root and looks at `second`, which is then ahead of that cut.
#[test]
fn a_look_that_finds_a_newer_state_begins_again_with_that() {
    let (setter, a) = signal::new(1);
    let seen: Arc<calls_seen::Seen> = Arc::default();
    let note = Arc::clone(&seen);
    let second = a.map(move |n| {
        note.add(*n);
        *n
    });
    let ahead = second.clone();
    let first = a.map(move |n| {
        if *n == 1 {
            setter.set(2);
            assert_eq!(ahead.get(), 2);
        }
        *n
    });
    assert_eq!(signal::combine((first, second.clone())).get(), (2, 2), "both of the newer state");
    assert_eq!(second.get(), 2);
    seen.assert_each_once();
    assert!(!seen.has(1), "the older state of `second` was never needed");
}

#[test]
fn a_batch_changes_in_its_order_and_panics_whole() {
    let (set_a, a) = signal::new(1);
    let (set_b, b) = signal::new(1);
    Batch::new().set(&set_a, 5).modify(&set_a, |n| *n += 1).modify(&set_b, |n| *n += 1).set(&set_b, 9).commit();
    assert_eq!((a.get(), b.get()), (6, 9));
    let batch = Batch::new().set(&set_a, 100).modify(&set_b, |_| panic!("no"));
    assert!(catch_unwind(AssertUnwindSafe(|| batch.commit())).is_err());
    assert_eq!((a.get(), b.get()), (6, 9));
    let unused = Batch::new().set(&set_a, 100);
    drop(unused);
    Batch::new().commit();
    assert_eq!(a.get(), 6);
    // A change of a batch that somebody else overtakes runs again on the newer value.
    let mut overtaken = false;
    let overtake = |n: &mut i32| {
        if !std::mem::replace(&mut overtaken, true) {
            set_a.set(50);
        }
        *n += 1;
    };
    Batch::new().modify(&set_a, overtake).set(&set_b, 1).commit();
    assert_eq!((a.get(), b.get()), (51, 1));
}

#[test]
fn distinct_hides_what_is_equal() {
    let (setter, signal) = signal::new(1);
    let parity = signal.map(|n| n % 2).distinct();
    let (text, count) = counted(&parity, |n| if *n == 0 { "even" } else { "odd" });
    assert_eq!((text.get(), calls(&count)), ("odd", 1));
    for n in [3, 5, 7] {
        setter.set(n);
        assert_eq!((text.get(), calls(&count)), ("odd", 1));
    }
    setter.set(8);
    assert_eq!((text.get(), calls(&count)), ("even", 2));
    let near = signal.distinct_by(|last, new| new - last < 10);
    assert_eq!(near.get(), 8);
    setter.set(15);
    assert_eq!(near.get(), 8, "near the last one it gave");
    setter.set(18);
    assert_eq!(near.get(), 18);
}

#[test]
fn signals_of_all_shapes_combine() {
    let c = signal::constant::<u8>;
    assert_eq!(signal::combine((c(1), signal::constant("b"))).get(), (1, "b"));
    assert_eq!(signal::combine((c(1), c(2), signal::constant(3_u64))).get(), (1, 2, 3));
    assert_eq!(signal::combine((c(1), c(2), c(3), c(4))).get(), (1, 2, 3, 4));
    assert_eq!(signal::combine((c(1), c(2), c(3), c(4), c(5))).get(), (1, 2, 3, 4, 5));
    assert_eq!(signal::combine((c(1), c(2), c(3), c(4), c(5), signal::constant('f'))).get(), (1, 2, 3, 4, 5, 'f'));
    assert_eq!(signal::combine([c(1), c(2)]).get(), [1, 2]);
    assert_eq!(signal::combine((0..9).map(c).collect::<Vec<_>>()).get(), (0..9).collect::<Vec<_>>());
    let nothing = signal::combine(Vec::<Signal<u8>>::new());
    assert!(nothing.get().is_empty() && nothing.is_closed());
    let same = c(7);
    assert_eq!(signal::combine((same.clone(), same.clone())).get(), (7, 7));
    assert!(same.same_signal(&same.clone()) && !same.same_signal(&c(7)));
}

#[test]
fn a_function_may_look_at_other_signals_and_set_them() {
    let (setter, a) = signal::new(1);
    let (other, b) = signal::new(10);
    let (calls, looks) = signal::new(0);
    let derived = a.map(move |a| {
        calls.modify(|n| *n += 1);
        a + b.map(|b| b * 2).get()
    });
    assert_eq!(derived.get(), 21);
    other.set(20);
    assert_eq!(derived.get(), 21, "what it only looks at is no input");
    setter.set(2);
    assert_eq!((derived.get(), looks.get()), (42, 2));
}

/// A signal that is known only later. Emptied at the end, or it would keep itself.
type Later<T> = Arc<Mutex<Option<T>>>;

fn known<T: Clone>(later: &Later<T>) -> Option<T> {
    later.lock().unwrap().clone()
}

#[test]
fn a_function_that_looks_at_its_own_signal_panics_instead_of_hanging() {
    let (setter, a) = signal::new(true);
    let own: Later<Signal<bool>> = Later::default();
    let inside = Arc::clone(&own);
    let derived = a.map(move |look| *look && known(&inside).unwrap().get());
    *own.lock().unwrap() = Some(derived.clone());
    for _ in 0..2 {
        let message = catch_unwind(AssertUnwindSafe(|| derived.get())).unwrap_err();
        assert!(message.downcast_ref::<&str>().unwrap().contains("looks at that signal itself"));
    }
    setter.set(false);
    assert!(!derived.get());
    own.lock().unwrap().take();
}

#[test]
fn a_function_that_panics_spoils_nothing() {
    let (setter, a) = signal::new(1);
    let (derived, count) = counted(&a, |n| {
        assert!(n % 2 == 0, "odd");
        n / 2
    });
    let above = derived.map(|n| n + 1);
    let changes = above.subscribe();
    for n in 1..=2 {
        assert!(catch_unwind(AssertUnwindSafe(|| above.get())).is_err());
        assert_eq!(calls(&count), n, "it runs again for the next who looks");
    }
    assert!(catch_unwind(AssertUnwindSafe(|| changes.try_recv())).is_err());
    setter.set(4);
    assert_eq!((above.get(), changes.try_recv()), (3, Ok(3)));
    setter.set(5);
    assert!(catch_unwind(AssertUnwindSafe(|| changes.try_recv())).is_err());
    setter.set(6);
    assert_eq!(changes.try_recv(), Ok(4));
}

// ----------------------------------------------------------------------------------------- who keeps whom

/// Looks at a signal when it is dropped.
#[derive(Clone)]
struct Nosy(Option<Signal<u8>>, Arc<AtomicUsize>);

impl Drop for Nosy {
    fn drop(&mut self) {
        if let Some(signal) = &self.0 {
            self.1.fetch_add(usize::from(signal.get()), Ordering::SeqCst);
        }
    }
}

#[test]
fn values_are_dropped_when_they_are_replaced_and_under_no_lock() {
    let sum = Arc::new(AtomicUsize::new(0));
    let (setter, signal) = signal::new(Nosy(None, Arc::clone(&sum)));
    let (other_setter, other) = signal::new(Nosy(None, Arc::clone(&sum)));
    let ten = Signal::map(&signal, |_| 10_u8);
    let nosy = || Nosy(Some(ten.clone()), Arc::clone(&sum));
    setter.set(nosy());
    assert_eq!(calls(&sum), 0);
    setter.set(nosy());
    assert_eq!(calls(&sum), 10, "at once");
    let derived = signal.map({
        let (ten, sum) = (ten.clone(), Arc::clone(&sum));
        move |_| Nosy(Some(ten.clone()), Arc::clone(&sum))
    });
    drop(derived.read());
    setter.set(nosy());
    drop(derived.read());
    assert_eq!(calls(&sum), 30, "and what was derived from it, when it is computed anew");
    Batch::new().set(&setter, nosy()).set(&other_setter, nosy()).commit();
    assert_eq!(calls(&sum), 40);
    drop((derived, other, other_setter));
    assert_eq!(calls(&sum), 60);
}

#[test]
fn a_derived_value_that_looks_at_its_own_signal_when_it_is_dropped_may() {
    struct Looks(Later<Signal<u8>>, Arc<AtomicUsize>);
    impl Drop for Looks {
        fn drop(&mut self) {
            let value = known(&self.0).map_or(0, |own| own.get());
            self.1.fetch_add(usize::from(value), Ordering::SeqCst);
        }
    }
    let sum = Arc::new(AtomicUsize::new(0));
    let (setter, signal) = signal::new(1_u8);
    let own: Later<Signal<u8>> = Later::default();
    let (inside, count) = (Arc::clone(&own), Arc::clone(&sum));
    let looks = signal.map(move |_| Looks(Arc::clone(&inside), Arc::clone(&count)));
    *own.lock().unwrap() = Some(looks.map(|_| 5));
    drop(looks.read());
    setter.set(2);
    drop(looks.read());
    assert_eq!(calls(&sum), 5);
    own.lock().unwrap().take();
}

#[test]
fn derived_signals_leave_nothing_and_keep_their_sources() {
    let (setter, signal) = signal::new(1);
    let token = Arc::new(());
    let weak: Weak<()> = Arc::downgrade(&token);
    let derived = signal.map(move |n| {
        let _ = &token;
        n + 1
    });
    let subscription = derived.subscribe();
    let (sub_a, sub_b) = (signal.changes(), subscription.clone());
    assert_eq!((derived.get(), setter.subscription_count()), (2, 3));
    drop((sub_a, derived));
    assert_eq!((setter.subscription_count(), weak.strong_count()), (2, 1), "the subscriptions keep it");
    drop(subscription);
    drop(sub_b);
    assert_eq!((setter.subscription_count(), weak.strong_count()), (0, 0));

    let kept = {
        let (setter, signal) = signal::new(20);
        setter.set(21);
        signal.map(|n| n * 2)
    };
    assert!(kept.is_closed());
    assert_eq!(kept.get(), 42);
}

// ------------------------------------------------------------------------------------------- subscriptions

#[test]
fn a_subscription_begins_with_the_value_and_changes_do_not() {
    on_both(|| async {
        let (setter, signal) = signal::new(1);
        let (values, changes) = (signal.subscribe(), signal.changes());
        assert!(values.has_changed() && !changes.has_changed());
        assert_eq!(one((&values).receive()).await, Some(1));
        assert_eq!(changes.try_recv(), Err(TryRecvError::Unchanged));
        assert!(poll_once(pin!(changes.recv())).is_pending());
        setter.set(1);
        assert_eq!((values.recv().await, changes.recv().await), (Some(1), Some(1)));
    });
}

#[test]
fn a_subscription_conflates_and_ends_with_the_last_value() {
    on_both(|| async {
        let (setter, signal) = signal::new(0);
        let other = setter.clone();
        let tens = signal.map(|n| n * 10).subscribe();
        for n in 1..=5 {
            setter.set(n);
        }
        assert_eq!(tens.recv().await, Some(50));
        drop(setter);
        assert!(!tens.is_closed() && poll_once(pin!(tens.recv())).is_pending());
        other.set(6);
        drop(other);
        assert!(tens.is_closed() && tens.has_changed());
        assert_eq!((tens.recv().await, tens.recv().await), (Some(60), None));
        assert_eq!(tens.try_recv(), Err(TryRecvError::Closed));
    });
}

#[test]
fn a_subscription_of_several_roots_ends_with_the_last_of_all_setters() {
    on_both(|| async {
        let (set_a, a) = signal::new(1);
        let (set_b, b) = signal::new(2);
        let both = signal::combine((a, b, signal::constant(3))).subscribe();
        assert_eq!(both.recv().await, Some((1, 2, 3)));
        drop(set_a);
        let waiting = spawn(async move { (both.recv().await, both.recv().await) });
        yield_now().await;
        set_b.set(7);
        yield_now().await;
        drop(set_b);
        let seen = waiting.await.unwrap();
        assert_eq!(seen, (Some((1, 7, 3)), None));
        let constant = signal::constant(5).subscribe();
        assert_eq!((constant.recv().await, constant.recv().await), (Some(5), None));
    });
}

/// Looks at a signal when it is woken.
struct LooksWhenWoken(Signal<i32>, AtomicUsize);

impl std::task::Wake for LooksWhenWoken {
    fn wake(self: Arc<Self>) {
        self.1.store(self.0.get() as usize, Ordering::SeqCst);
    }
}

#[test]
fn who_is_woken_sees_the_change() {
    let (set_a, a) = signal::new(1);
    let (set_b, b) = signal::new(0);
    let sum = signal::combine((a, b)).map(|(a, b)| a + b);
    let changes = sum.changes();
    let waker = Arc::new(LooksWhenWoken(sum, AtomicUsize::new(0)));
    let wait = |change: &dyn Fn()| {
        let mut recv = Box::pin(changes.recv());
        assert!(recv.as_mut().poll(&mut Context::from_waker(&Arc::clone(&waker).into())).is_pending());
        change();
        drop(recv);
        changes.try_recv().unwrap();
        waker.1.load(Ordering::SeqCst)
    };
    assert_eq!(wait(&|| set_a.set(2)), 2);
    assert_eq!(wait(&|| set_a.modify(|n| *n += 1)), 3);
    assert_eq!(wait(&|| drop(set_b.replace(10))), 13);
    assert_eq!(wait(&|| Batch::new().set(&set_a, 20).set(&set_b, 30).commit()), 50);
}

#[test]
fn a_dropped_receive_loses_nothing() {
    on_both(|| async {
        let (setter, signal) = signal::new(0);
        let changes = signal.map(|n| n + 1).changes();
        assert!(poll_once(pin!(changes.recv())).is_pending());
        {
            let mut late = pin!(changes.recv());
            assert!(poll_once(late.as_mut()).is_pending());
            // Set, and woken, but not polled again.
            setter.set(1);
        }
        assert_eq!(changes.recv().await, Some(2));
    });
}

#[test]
fn a_value_whose_copy_panics_was_not_given() {
    struct Bomb(Arc<AtomicBool>);
    impl Clone for Bomb {
        fn clone(&self) -> Self {
            assert!(!self.0.load(Ordering::SeqCst), "no copy now");
            Self(Arc::clone(&self.0))
        }
    }
    let armed = Arc::new(AtomicBool::new(true));
    let (_setter, signal) = signal::new(Bomb(Arc::clone(&armed)));
    let values = signal.subscribe();
    assert!(catch_unwind(AssertUnwindSafe(|| values.try_recv().is_ok())).is_err());
    armed.store(false, Ordering::SeqCst);
    assert!(values.try_recv().is_ok() && values.try_recv().is_err());
}

#[test]
fn a_value_that_another_takes_while_it_is_copied_is_not_given_twice() {
    /// Whose copying is used by somebody else to take it.
    struct Greedy(Later<Arc<Subscription<Greedy>>>, Arc<AtomicUsize>);
    impl Clone for Greedy {
        fn clone(&self) -> Self {
            if self.1.fetch_add(1, Ordering::SeqCst) == 0 {
                assert!(known(&self.0).unwrap().try_recv().is_ok());
            }
            Self(Arc::clone(&self.0), Arc::clone(&self.1))
        }
    }
    let own: Later<Arc<Subscription<Greedy>>> = Later::default();
    let (_setter, signal) = signal::new(Greedy(Arc::clone(&own), Arc::default()));
    let values = Arc::new(signal.subscribe());
    *own.lock().unwrap() = Some(Arc::clone(&values));
    assert_eq!(values.try_recv().err(), Some(TryRecvError::Unchanged));
    own.lock().unwrap().take();
}

#[test]
fn an_old_value_whose_drop_panics_keeps_nobody_asleep() {
    on_both(|| async {
        struct Bomb(bool);
        impl Drop for Bomb {
            fn drop(&mut self) {
                assert!(!self.0, "in the drop");
            }
        }
        for batch in [false, true] {
            let (setter, signal) = signal::new(Bomb(true));
            let changes = signal.map(|bomb| bomb.0).changes();
            let waiting = spawn(async move { changes.recv().await });
            yield_now().await;
            let set = AssertUnwindSafe(|| {
                if batch { Batch::new().set(&setter, Bomb(false)).commit() } else { setter.set(Bomb(false)) }
            });
            assert!(catch_unwind(set).is_err());
            assert_eq!(waiting.await.unwrap(), Some(false));
        }
    });
}

#[test]
fn each_value_goes_to_one_of_those_who_share_a_subscription_and_the_end_to_all() {
    on_both(|| async {
        let (setter, signal) = signal::new(0);
        let shared = Arc::new(signal.changes());
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let shared = Arc::clone(&shared);
                spawn(async move {
                    let mut seen = Vec::new();
                    while let Some(n) = shared.recv().await {
                        seen.push(n);
                    }
                    seen
                })
            })
            .collect();
        for n in 1..=500 {
            setter.set(n);
            if n % 7 == 0 {
                yield_now().await;
            }
        }
        drop(setter);
        let mut all = Vec::new();
        for task in tasks {
            let seen = task.await.unwrap();
            assert!(seen.is_sorted());
            all.extend(seen);
        }
        all.sort_unstable();
        assert!(all.windows(2).all(|two| two[0] < two[1]), "no value twice");
        assert_eq!(all.last(), Some(&500));
    });
}

#[test]
fn clones_of_a_subscription_go_on_by_themselves() {
    let (setter, signal) = signal::new(1);
    let first = signal.subscribe();
    let early = first.clone();
    assert_eq!(first.try_recv(), Ok(1));
    let late = first.clone();
    assert_eq!((early.try_recv(), late.try_recv()), (Ok(1), Err(TryRecvError::Unchanged)));
    setter.set(2);
    assert_eq!((first.try_recv(), early.try_recv(), late.try_recv()), (Ok(2), Ok(2), Ok(2)));
    assert!(late.signal().same_signal(&signal));
}

#[test]
fn subscribers_of_a_distinct_signal_hear_of_no_equal_value() {
    on_both(|| async {
        let (setter, signal) = signal::new(1);
        let parity = signal.map(|n| n % 2).distinct().changes();
        let mut waiting = pin!(parity.recv());
        for n in [3, 5, 7] {
            assert!(poll_once(waiting.as_mut()).is_pending());
            setter.set(n);
        }
        assert!(poll_once(waiting.as_mut()).is_pending());
        setter.set(8);
        assert_eq!(waiting.await, Some(0));
    });
}

#[test]
fn wait_for_sees_the_present_value_and_every_newest() {
    on_both(|| async {
        let (setter, signal) = signal::new(1);
        let changes = signal.changes();
        assert_eq!(signal.wait_for(|n| *n == 1).await, Some(1));
        let waiting = spawn(signal.map(|n| n * 10).wait_for(|n| *n >= 50));
        for n in 2..=5 {
            setter.set(n);
            yield_now().await;
        }
        assert_eq!(waiting.await.unwrap(), Some(50));
        assert_eq!(changes.recv().await, Some(5), "it takes nothing from others");
        let never = spawn(signal.wait_for(|n| *n == 0));
        yield_now().await;
        drop(setter);
        assert_eq!(never.await.unwrap(), None);
        assert_eq!(signal.wait_for(|n| *n == 5).await, Some(5), "the value stays");
    });
}

#[test]
fn a_subscription_is_a_stream() {
    on_both(|| async {
        let (setter, signal) = signal::new(0);
        let mut stream = signal.subscribe();
        assert_eq!(stream.next().await, Some(0));
        let setting = spawn(async move {
            for n in 1..=50 {
                setter.set(n);
                yield_now().await;
            }
        });
        let seen: Vec<i32> = stream.collect().await;
        setting.await.unwrap();
        assert!(seen.is_sorted() && seen.last() == Some(&50), "{seen:?}");
    });
}

#[test]
fn a_stream_wakes_for_a_change_and_for_the_end() {
    on_both(|| async {
        let (setter, signal) = signal::new(0);
        let mut stream = signal.changes();
        let reading = spawn(async move { (stream.next().await, stream.next().await, stream.next().await) });
        yield_now().await;
        setter.set(1);
        yield_now().await;
        drop(setter);
        let (first, second, third) = reading.await.unwrap();
        assert_eq!((first, second, third), (Some(1), None, None));
    });
}

#[test]
fn threads_can_wait_for_a_signal() {
    on_both(|| async {
        let (setter, signal) = signal::new(0);
        let changes = signal.changes();
        let thread = spawn_blocking(move || (changes.recv_blocking(), changes.recv_blocking()));
        yield_now().await;
        setter.set(3);
        drop(setter);
        assert_eq!(thread.await.unwrap(), (Some(3), None));
    });
}

/// Receives until `last`, and says how often it looked.
async fn until(subscription: Subscription<usize>, last: usize) {
    let mut before = 0;
    while let Some(now) = subscription.recv().await {
        assert!(now >= before);
        before = now;
        if now == last {
            return;
        }
    }
    panic!("it ended at {before}, before {last}");
}

#[test]
fn stress_no_wake_up_is_lost() {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(4), async {
        for round in 0..300 {
            let (set_a, a) = signal::new(0_usize);
            let (set_b, b) = signal::new(0_usize);
            let sum = signal::combine((a.clone(), b)).map(|(a, b)| a + b).distinct();
            let tasks: Vec<_> = (0..3)
                .map(|n| match n {
                    0 => spawn(until(sum.changes(), 40)),
                    1 => spawn(until(sum.subscribe(), 40)),
                    _ => spawn(until(a.subscribe(), 20)),
                })
                .collect();
            let setters = [set_a, set_b].map(|setter| {
                spawn(async move {
                    for n in 1..=20 {
                        setter.set(n);
                        if (n + round) % 3 == 0 {
                            yield_now().await;
                        }
                    }
                    // Kept: the end would wake them, too.
                    setter
                })
            });
            let mut kept = Vec::new();
            for setter in setters {
                kept.push(setter.await.unwrap());
            }
            for task in tasks {
                task.await.unwrap();
            }
        }
    });
}

#[test]
fn stress_the_end_reaches_all() {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(4), async {
        for _ in 0..2_000 {
            let (setter, signal) = signal::new(0_usize);
            let values = signal.map(|n| *n).subscribe();
            let reading = spawn(async move {
                let mut last = None;
                while let Some(value) = values.recv().await {
                    last = Some(value);
                }
                last
            });
            let setters: Vec<_> = [setter.clone(), setter]
                .into_iter()
                .map(|setter| spawn(async move { setter.modify(|n| *n += 1) }))
                .collect();
            for setter in setters {
                setter.await.unwrap();
            }
            assert_eq!(reading.await.unwrap(), Some(2));
        }
    });
}

#[test]
fn a_batch_is_one_change_for_a_subscriber() {
    on_both(|| async {
        let (set_a, a) = signal::new(0);
        let (set_b, b) = signal::new(0);
        let changes = signal::combine((a, b)).changes();
        let mut seen = Vec::new();
        let mut recv = pin!(changes.recv());
        assert!(poll_fn(|cx| Poll::Ready(recv.as_mut().poll(cx).is_pending())).await);
        Batch::new().set(&set_a, 1).set(&set_b, 1).commit();
        seen.push(recv.await);
        assert_eq!(seen, [Some((1, 1))]);
        assert_eq!(changes.try_recv(), Err(TryRecvError::Unchanged));
    });
}
