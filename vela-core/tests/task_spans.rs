//! Tasks with a name run in a span of their own.
#![cfg(feature = "tracing")]

use std::sync::{Arc, Mutex};

use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};
use vela_core::task::TaskBuilder;

/// Writes down each event with the spans around it.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

/// The name of a task, from its span.
struct TaskName(String);

impl tracing::field::Visit for TaskName {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "name" || field.name() == "message" {
            self.0 = format!("{value:?}").trim_matches('"').to_owned();
        }
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Events {
    fn on_new_span(&self, attributes: &tracing::span::Attributes<'_>, id: &tracing::span::Id, cx: Context<'_, S>) {
        let mut name = TaskName(String::new());
        attributes.record(&mut name);
        cx.span(id).unwrap().extensions_mut().insert(name);
    }

    fn on_event(&self, event: &tracing::Event<'_>, cx: Context<'_, S>) {
        let mut text = TaskName(String::new());
        event.record(&mut text);
        let around: Vec<String> = cx
            .event_scope(event)
            .into_iter()
            .flatten()
            .map(|span| format!("{}:{}", span.name(), span.extensions().get::<TaskName>().unwrap().0))
            .collect();
        self.0.lock().unwrap().push(format!("{} in [{}]", text.0, around.join(", ")));
    }
}

#[test]
fn a_task_with_a_name_runs_in_its_span() {
    let events = Events::default();
    tracing::subscriber::set_global_default(Registry::default().with(events.clone())).unwrap();
    vela_core::block_on(async {
        let outer = TaskBuilder::new().name("outer").spawn(async {
            tracing::info!("one");
            vela_core::task::yield_now().await;
            tracing::info!("two");
            TaskBuilder::new().name("inner").spawn(async { tracing::info!("three") }).await.unwrap();
            vela_core::task::spawn(async { tracing::info!("four") }).await.unwrap();
            TaskBuilder::new().name("thread").spawn_blocking(|| tracing::info!("five")).await.unwrap();
        });
        outer.await.unwrap();
        tracing::info!("six");
    });
    let expected = [
        "one in [task:outer]",
        "two in [task:outer]",
        "three in [task:inner, task:outer]",
        "four in []",
        "five in [task:thread, task:outer]",
        "six in []",
    ];
    assert_eq!(*events.0.lock().unwrap(), expected);
}
