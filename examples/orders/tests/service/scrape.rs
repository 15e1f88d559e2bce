//! What a scrape says agrees with what was sent.

use std::path::Path;

use vela::config::Config;
use vela::settings::Capacity;

use crate::process::{Service, eventually, json};

#[test]
fn metrics_of_every_queue_agree_with_the_orders_sent() {
    const GOOD: usize = 200;
    const SENSELESS: usize = 20; // not valid
    const UNKNOWN: usize = 10; // valid, but there is no price
    const BROKEN: usize = 5; // no orders

    let service = Service::start(&[("ORDERS_LOG", "warn")]);
    let client = service.client();
    let mut busy = 0;
    let mut post = |body: &str| loop {
        match client.post(body).unwrap() {
            (503, retry) => {
                assert_eq!(retry.as_deref(), Some("1"));
                busy += 1;
            }
            (status, _) => return status,
        }
    };
    for n in 0..GOOD {
        assert_eq!(post(&json(&format!("good-{n}"), "cake", 1)), 202);
    }
    for n in 0..SENSELESS {
        assert_eq!(post(&json(&format!("senseless-{n}"), "cake", 0)), 202);
    }
    for n in 0..UNKNOWN {
        assert_eq!(post(&json(&format!("unknown-{n}"), "gravel", 1)), 202);
    }
    for _ in 0..BROKEN {
        assert_eq!(post("{}"), 400);
    }
    eventually("all of them stored", || {
        let health: serde_json::Value = serde_json::from_str(&client.get("/health")).unwrap();
        (health["stored"] == GOOD && health["rejected"] == SENSELESS + UNKNOWN).then_some(())
    });
    let page = eventually("an audit of all of them", || {
        let page = client.scrape();
        let seen = page.count("orders.audit", "received_total") + page.count("orders.audit", "dropped_total");
        (seen == 2 * (GOOD + SENSELESS + UNKNOWN)).then_some(page)
    });

    for (channel, sent) in [
        ("orders.ingest", GOOD + SENSELESS + UNKNOWN),
        ("orders.valid", GOOD + UNKNOWN),
        ("orders.enriched", GOOD),
        ("orders.rejected", SENSELESS + UNKNOWN),
    ] {
        assert_eq!(page.count(channel, "sent_total"), sent, "{channel}");
        assert_eq!(page.count(channel, "received_total"), sent, "{channel}");
        assert_eq!(page.count(channel, "dropped_total"), 0, "{channel}");
        // A busy channel measures one in so many, and counts it for all of those.
        assert!((1..=sent).contains(&page.count(channel, "queue_seconds_count")), "{channel}");
    }
    assert_eq!(page.count("orders.ingest", "timeouts_total"), busy);

    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let config = Config::builder().directory(config).environment("test").variables([("", ""); 0]).load().unwrap();
    assert_eq!(config.channels().len(), 5);
    for (channel, settings) in config.channels() {
        let Capacity::Bounded(capacity) = settings.capacity else { panic!("{channel} has no bound") };
        assert_eq!(page.count(channel, "channels"), 1, "{channel}");
        assert_eq!(page.count(channel, "capacity"), capacity, "{channel}");
        assert_eq!(page.count(channel, "depth"), 0, "{channel}");
        assert_eq!(page.of(channel, "usage_ratio"), 0.0, "{channel}");
        assert_eq!(page.count(channel, "saturated"), 0, "{channel}");
        assert!(page.count(channel, "high_water") <= capacity, "{channel}");
        for counter in ["rejected_total", "waits_total", "saturations_total", "timeouts_total"] {
            page.count(channel, counter);
        }
    }
}
