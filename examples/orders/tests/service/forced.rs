//! Ends that leave something: a stop that takes too long, or that nobody wants to wait for; a store that fails.

use crate::process::{Service, Signal, eventually, json};

/// Stops a service that cannot store what it has accepted.
fn stop_in_a_jam(grace: &str, more: Option<Signal>) -> String {
    let mut service = Service::start(&[("ORDERS_GRACE", grace)]);
    let database = service.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let client = service.client();
    for n in 0..3 {
        assert_eq!(client.post(&json(&format!("order-{n}"), "tea", 1)).unwrap().0, 202);
    }
    service.signal(Signal::TERM);
    eventually("the first signal is seen", || service.log().contains("SIGTERM: stopping").then_some(()));
    if let Some(signal) = more {
        service.signal(signal);
    }
    assert_eq!(service.end().code(), Some(1));
    service.log()
}

#[test]
fn a_second_signal_stops_at_once_and_says_what_is_left() {
    let log = stop_in_a_jam("1h", Some(Signal::INT));
    assert!(log.contains("told to stop at once: 3 accepted orders are not stored"), "{log}");
}

#[test]
fn a_stop_that_takes_too_long_says_what_is_left() {
    let log = stop_in_a_jam("100ms", None);
    assert!(log.contains("out of time: 3 accepted orders are not stored"), "{log}");
}

#[test]
fn a_store_that_fails_ends_the_service_which_says_what_is_left() {
    let mut service = Service::start(&[]);
    service.database().execute_batch("DROP TABLE orders").unwrap();
    assert_eq!(service.client().post(&json("order", "tea", 1)).unwrap().0, 202);
    assert_eq!(service.end().code(), Some(1));
    let log = service.log();
    assert!(log.contains("no such table: orders") && log.contains(": 1 accepted orders are not stored"), "{log}");
}
