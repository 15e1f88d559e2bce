use vela_core::time::{ms, sleep};

use super::*;

fn who(path: &Arc<str>) -> Who<'_> {
    Who { path, id: 7.into(), type_name: "shop::Orders" }
}

fn failed() -> EventKind {
    EventKind::Failed { failure: "no connection".into() }
}

#[cfg(not(any(feature = "metrics", feature = "tracing")))]
#[test]
fn nothing_is_made_where_nobody_subscribes() {
    let (events, path) = (Events::new(), Arc::from("shop/orders"));
    events.publish(who(&path), || unreachable!("nobody wants to know"));
    drop(events.subscribe());
    events.publish(who(&path), || unreachable!("nobody wants to know any longer"));
    assert_eq!(Arc::strong_count(&path), 1);
}

#[vela::test]
async fn each_subscriber_gets_what_was_published_since() {
    let (events, path) = (Events::new(), Arc::from("shop/orders"));
    let first = events.subscribe();
    sleep(ms(1500)).await;
    events.publish(who(&path), failed);
    let second = events.subscribe();
    events.publish(who(&path), || EventKind::Restarting { after: ms(250), restarts: 2 });
    events.end();
    events.publish(who(&path), || EventKind::Started);
    let mut lines = Vec::new();
    while let Some(Ok(event)) = first.recv().await {
        lines.push(event.to_string());
    }
    let lines_expected =
        ["1.5s shop/orders (7): failed: no connection", "1.5s shop/orders (7): restarting in 250ms, 2 before"];
    assert_eq!(lines, lines_expected);
    assert_eq!(second.try_recv().map(|event| event.to_string()), Ok(lines_expected[1].to_owned()));
}

#[test]
fn who_is_too_slow_misses_events_and_is_told() {
    let (events, path) = (Events::new(), Arc::from("a"));
    let slow = events.subscribe();
    for _ in 0..CAPACITY + 3 {
        events.publish(who(&path), || EventKind::Started);
    }
    assert_eq!(slow.try_recv().unwrap_err().lagged(), Some(3));
    assert_eq!(slow.len(), CAPACITY);
}

#[test]
fn kinds_read_well() {
    let escalated = EventKind::Escalated { child: "orders".into(), failure: "no connection".into() };
    let now = EventKind::Restarting { after: Duration::ZERO, restarts: 0 };
    let texts = [EventKind::Started, EventKind::Stopped, EventKind::Killed, EventKind::Terminated, now, escalated];
    assert_eq!(
        texts.map(|kind| kind.to_string()),
        [
            "started",
            "stopped",
            "killed",
            "terminated",
            "restarting, 0 before",
            "gives up on orders, which failed: no connection"
        ]
    );
}

#[cfg(feature = "serde")]
#[test]
fn an_event_is_serialised_and_read_again() {
    let kind = EventKind::Restarting { after: ms(250), restarts: 2 };
    let event = Event { at: ms(1500), path: "shop/orders".into(), id: 7.into(), kind };
    let json = serde_json::to_string(&event).unwrap();
    let text = r#"{"at":1.5,"path":"shop/orders","id":7,"kind":{"restarting":{"after":0.25,"restarts":2}}}"#;
    assert_eq!(json, text);
    assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
    assert_eq!(serde_json::to_string(&EventKind::Terminated).unwrap(), "\"terminated\"");
}

#[cfg(feature = "tracing")]
mod log_lines {
    use std::fmt::Write as _;

    use parking_lot::Mutex;
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Metadata, Subscriber};

    use super::*;

    /// Keeps the lines; panics at one.
    #[derive(Default, Clone)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    struct Text(String);

    impl Visit for Text {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            write!(self.0, " {field}={value:?}").unwrap();
        }
    }

    impl Subscriber for Lines {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "vela::actor"
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &tracing::Event<'_>) {
            let mut text = Text(event.metadata().level().to_string());
            event.record(&mut text);
            let killed = text.0.contains("killed");
            self.0.lock().push(text.0);
            assert!(!killed, "planned");
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn events_are_lines_of_the_log_with_their_levels() {
        let lines = Lines::default();
        let (events, path) = (Events::new(), Arc::from("shop/orders"));
        // While there is only one subscriber, `tracing` asks that of the thread that comes to a line first, which may be another
        // test's and have none.
        let _two = [(); 2].map(|()| tracing::Dispatch::new(Lines::default()));
        tracing::subscriber::with_default(lines.clone(), || {
            events.publish(who(&path), || EventKind::Started);
            events.publish(who(&path), failed);
            events.publish(who(&path), || EventKind::Killed);
            events.publish(who(&path), || EventKind::Restarting { after: ms(1), restarts: 0 });
            events.publish(who(&path), || EventKind::Escalated { child: "a".into(), failure: "b".into() });
        });
        let about = r#"actor="shop/orders" id=7 kind="shop::Orders""#;
        let lines: Vec<_> = lines.0.lock().iter().map(|line| line.replace(about, "…")).collect();
        assert_eq!(
            lines,
            [
                "DEBUG message=started …",
                "WARN message=failed: no connection …",
                "WARN message=killed …",
                "INFO message=restarting in 1ms, 0 before …",
                "ERROR message=gives up on a, which failed: b …"
            ]
        );
    }
}
