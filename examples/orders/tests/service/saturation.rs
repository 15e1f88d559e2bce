//! A store that does not get on fills the queues; when it gets on again, they empty.

use crate::process::{Service, Signal, eventually, json};

#[test]
fn a_jam_shows_in_answers_metrics_and_log_and_goes_away() {
    let mut service = Service::start(&[]);
    let client = service.client();
    assert_eq!(client.scrape().count("orders.ingest", "saturated"), 0);

    // The jam: somebody else has the file. So the service needs no switch that makes it slow.
    let database = service.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut accepted = 0;
    let retry = loop {
        match client.post(&json(&format!("order-{accepted}"), "tea", 1)).unwrap() {
            (202, _) => accepted += 1,
            (503, retry) => break retry,
            (status, _) => panic!("{status}"),
        }
    };
    assert_eq!(retry.as_deref(), Some("1"));
    let page = client.scrape();
    assert_eq!(page.count("orders.ingest", "saturated"), 1);
    assert_eq!(page.count("orders.ingest", "depth"), page.count("orders.ingest", "capacity"));
    assert_eq!(page.count("orders.ingest", "sent_total"), accepted);
    assert_eq!(page.count("orders.ingest", "timeouts_total"), 1);
    assert!(page.count("orders.ingest", "saturations_total") >= 1);
    assert!(page.of("orders.ingest", "blocked_seconds_sum") > 0.0);
    let log = service.log();
    assert!(log.lines().any(|line| line.contains("WARN") && line.contains("orders.ingest")), "{log}");

    database.execute_batch("ROLLBACK").unwrap();
    eventually("the end of the jam", || (client.scrape().count("orders.ingest", "saturated") == 0).then_some(()));
    assert_eq!(client.post(&json("late", "tea", 1)).unwrap().0, 202);
    service.signal(Signal::TERM);
    service.end_well();
    let stored: u32 = database.query_one("SELECT count(*) FROM orders", (), |row| row.get(0)).unwrap();
    assert_eq!(stored as usize, accepted + 1);
}
