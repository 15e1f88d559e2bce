//! What a client is answered.

use crate::process::{Service, Signal, json};

#[test]
fn no_order_is_refused_with_400() {
    let service = Service::start(&[]);
    let client = service.client();
    let long = json(&"x".repeat(65), "tea", 1);
    let huge = json("huge", &"tea".repeat(10_000), 1);
    for body in ["", "tea", "{}", &json("", "tea", 1), &long, &huge, r#"{"id":"x","item":"tea","quantity":-1}"#] {
        assert_eq!(client.post(body).unwrap().0, 400, "{body:.80}");
    }
}

#[test]
fn who_waits_until_it_is_stored_is_told_what_has_become_of_it() {
    let service = Service::start(&[("ORDERS_ACCEPT", "stored")]);
    let client = service.client();
    assert_eq!(client.post(&json("good", "coffee", 2)).unwrap().0, 201);
    assert_eq!(client.post(&json("nothing", "coffee", 0)).unwrap().0, 422);
    assert_eq!(client.post(&json("unknown", "gravel", 1)).unwrap().0, 422);
    let database = service.database(); // while the service has it open: it need not stop for us to see it
    let cents: u32 = database.query_one("SELECT cents FROM orders", (), |row| row.get(0)).unwrap();
    assert_eq!(cents, 840);
    let reason = "SELECT reason FROM dead_letters WHERE id = 'unknown'";
    let reason: String = database.query_one(reason, (), |row| row.get(0)).unwrap();
    assert_eq!(reason, r#"there is no "gravel""#);
}

#[test]
fn an_order_that_is_sent_again_is_the_same_order() {
    let mut service = Service::start(&[]);
    let client = service.client();
    for quantity in 1..=3 {
        assert_eq!(client.post(&json("same", "tea", quantity)).unwrap().0, 202);
    }
    service.signal(Signal::TERM);
    service.end_well();
    let stored: u32 = service.database().query_one("SELECT count(*) FROM orders", (), |row| row.get(0)).unwrap();
    assert_eq!(stored, 1);
}
