//! Requests that are in the middle of something when the service is told to stop.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::process::{Service, Signal, eventually, json};

/// A request whose headers are there, and whose body the service is waiting for: `100 Continue` says so.
fn begin(service: &Service, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(service.address()).unwrap();
    write!(stream, "POST /orders HTTP/1.1\r\nhost: orders\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n")
        .unwrap();
    let mut interim = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut interim).unwrap();
    assert!(interim.starts_with(b"HTTP/1.1 100 "), "{:?}", interim.escape_ascii().to_string());
    stream
}

fn tell_to_stop(service: &Service) {
    service.signal(Signal::TERM);
    eventually("the signal is seen", || service.log().contains("SIGTERM: stopping").then_some(()));
}

#[test]
fn an_order_that_comes_after_the_signal_is_refused_with_503() {
    let mut service = Service::start(&[]);
    let body = json("late", "tea", 1);
    let mut stream = begin(&service, body.len());
    tell_to_stop(&service);
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap(); // till the end: the connection is closed
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n") && answer.contains("shutting down"), "{answer}");
    service.end_well();
    let stored: u32 = service.database().query_one("SELECT count(*) FROM orders", (), |row| row.get(0)).unwrap();
    assert_eq!(stored, 0);
}

#[test]
fn a_client_that_stalls_is_cut_off_and_the_others_orders_are_stored() {
    let mut service = Service::start(&[("ORDERS_GRACE", "1s")]);
    assert_eq!(service.client().post(&json("early", "tea", 1)).unwrap().0, 202);
    let _stalls = begin(&service, 100);
    tell_to_stop(&service);
    service.end_well();
    assert!(service.log().contains("connections cut off: 1"), "{}", service.log());
    let stored: u32 = service.database().query_one("SELECT count(*) FROM orders", (), |row| row.get(0)).unwrap();
    assert_eq!(stored, 1);
}
