//! SIGHUP: the queues follow the files, unless there is a mistake in them.

use std::fs;

use crate::process::{Service, Signal, eventually};

#[test]
fn sighup_changes_a_queue_and_a_mistake_changes_nothing() {
    let mut service = Service::start(&[]);
    let client = service.client();
    assert_eq!(client.scrape().count("orders.ingest", "capacity"), 4);

    let file = service.config("test.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("capacity = 4", "capacity = 6")).unwrap();
    service.signal(Signal::HUP);
    eventually("the new capacity", || (client.scrape().count("orders.ingest", "capacity") == 6).then_some(()));
    eventually("the change in the log", || {
        service.log().contains("channels.orders.ingest.capacity: 4 → 6").then_some(())
    });

    fs::write(&file, text.replace("capacity = 4", "capcity = 8")).unwrap(); // typos: ignore
    service.signal(Signal::HUP);
    let log =
        eventually("the mistake in the log", || Some(service.log()).filter(|log| log.contains("stays as it was")));
    assert!(log.contains("did you mean `capacity`?"), "{log}");
    assert_eq!(client.scrape().count("orders.ingest", "capacity"), 6);

    service.signal(Signal::TERM);
    service.end_well();
}
