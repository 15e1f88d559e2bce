//! What a waiting task costs: the sizes of the futures.

use std::collections::VecDeque;

use vela::time::secs;
use vela::{Channel, Receiver, Sender, channel};

use super::runtimes::CAPACITIES;

#[test]
fn futures_are_small() {
    let (tx, rx) = channel::<u64>(1);
    let measured = [
        ("recv", size_of_val(&rx.recv()), 128),
        ("send", size_of_val(&tx.send(1)), 144),
        ("send_from", size_of_val(&tx.send_from(&mut None)), 160),
        ("send_all", size_of_val(&tx.send_all(&mut VecDeque::new())), 168),
        ("recv_many", size_of_val(&rx.recv_many(&mut Vec::new(), 1)), 152),
        ("reserve", size_of_val(&tx.reserve()), 136),
        ("closed", size_of_val(&tx.closed()), 136),
        // These two carry a timer of Tokio's.
        ("send_timeout", size_of_val(&tx.send_timeout(1, secs(1))), 288),
        ("recv_timeout", size_of_val(&rx.recv_timeout(secs(1))), 288),
        ("permit", size_of_val(&tx.try_reserve()), 16),
    ];
    for (name, size, limit) in measured {
        println!("{name}: {size} bytes of {limit}");
    }
    for (name, size, limit) in measured {
        assert!(size <= limit, "{name} takes {size} bytes, more than {limit}");
    }
}

/// A value lies in the future once.
#[test]
fn a_value_is_in_its_future_once() {
    let (tx, rx) = channel::<[u8; 4096]>(1);
    for size in [size_of_val(&tx.send([0; 4096])), size_of_val(&rx.recv()), size_of_val(&tx.send_from(&mut None))] {
        assert!(size < 4096 + 256, "{size}");
    }
}

#[test]
fn an_end_is_a_pointer() {
    assert_eq!(size_of::<Sender<[u64; 100]>>(), size_of::<usize>());
    assert_eq!(size_of::<Receiver<[u64; 100]>>(), size_of::<usize>());
    assert_eq!(size_of::<Option<Sender<u8>>>(), size_of::<usize>());
    assert_eq!(size_of::<Channel<u8>>(), 2 * size_of::<usize>());
}

#[test]
fn a_huge_capacity_costs_nothing_until_it_is_used() {
    for capacity in CAPACITIES.into_iter().chain([1 << 40, usize::MAX - 1]) {
        let (tx, rx) = channel::<[u64; 64]>(capacity);
        if capacity > 0 {
            tx.try_send([1; 64]).unwrap();
            assert_eq!(rx.try_recv(), Ok([1; 64]));
        }
    }
}
