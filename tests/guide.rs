//! What the guide on monitoring must not forget: each event of the log, and each metric.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// An event as the source says it: level, fields, message.
struct Event {
    level: String,
    fields: Vec<String>,
    message: String,
}

/// The calls `tracing::warn!(…);` and their like.
fn events(source: &str) -> Vec<Event> {
    let source = source.replace("\\\"", "'");
    let mut events = Vec::new();
    for call in source.split("tracing::").skip(1) {
        let Some((level, rest)) = call.split_once("!(") else { continue };
        let (arguments, _) = rest.split_once(");\n").expect("the call ends");
        let message = arguments.split('"').rev().nth(1).expect("it has a message");
        // Fields come one a line, or all in one; `a` is `a = a`.
        let fields = arguments.split([',', '\n']).map(str::trim);
        let fields = fields
            .map(|field| field.split(" = ").next().unwrap_or(field))
            .filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        events.push(Event {
            level: level.to_uppercase(),
            fields: fields.map(str::to_owned).collect(),
            message: message.to_owned(),
        });
    }
    events
}

#[test]
fn every_event_of_the_log_is_in_the_guide() {
    let guide = text("src/guide/monitoring.md");
    let source = text("vela-core/src/monitor/report.rs");
    let events = events(&source);
    assert!(events.len() >= 6, "only {} were found", events.len());
    for Event { level, fields, message } in events {
        let documents = |row: &&str| {
            let row = row.replace('"', "'");
            row.starts_with(&format!("| {level} |"))
                && fields.iter().all(|field| row.contains(&format!("`{field}`")))
                && (message == "{}" || row.contains(&message))
        };
        assert!(guide.lines().any(|row| documents(&row)), "{level} {message:?} with {fields:?} is not in the guide");
    }
    // The two that share an event.
    let (_, why) = source.split_once("fn why_dropped").expect("why values were dropped");
    for message in why.split('"').skip(1).step_by(2).take(2) {
        assert!(guide.contains(message), "{message:?} is not in the guide");
    }
}

#[test]
fn every_metric_is_in_the_guide() {
    let guide = text("src/guide/monitoring.md");
    let source = text("vela-core/src/monitor/metric.rs");
    let names = source.split("\"vela_channel_").skip(1).filter_map(|rest| rest.split('"').next());
    let names = names.filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
    let names: BTreeSet<&str> = names.collect();
    assert!(names.len() >= 15, "only {names:?} were found");
    for name in names {
        assert!(guide.contains(&format!("`{name}`")), "vela_channel_{name} is not in the guide");
    }
}

#[test]
fn every_metric_and_event_of_pools_is_in_the_guide() {
    let guide = text("src/guide/monitoring.md");
    let (_, pools) = guide.split_once("\n## Pools\n").expect("a section on pools");
    let source = text("vela-pool/src/export.rs");
    let names = source.split("\"vela_pool_").skip(1).filter_map(|rest| rest.split('"').next());
    let names = names.filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
    let names: BTreeSet<&str> = names.collect();
    assert!(names.len() >= 13, "only {names:?} were found");
    for name in names {
        assert!(pools.contains(&format!("`{name}`")), "vela_pool_{name} is not in the guide");
    }
    for event in events(&text("vela-pool/src/report.rs")) {
        assert!(pools.contains(&format!("{} `{}`", event.level, event.message)), "{:?} is not there", event.message);
    }
}

#[test]
fn every_metric_of_actors_is_in_the_guide() {
    let guide = text("src/guide/monitoring.md");
    let (_, actors) = guide.split_once("\n## Actors\n").expect("a section on actors");
    let source = text("vela-actor/src/export.rs");
    let names = source.split("\"vela_actor_").skip(1).filter_map(|rest| rest.split('"').next());
    let names: BTreeSet<&str> = names.filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')).collect();
    assert!(names.len() >= 6, "only {names:?} were found");
    for name in names {
        assert!(actors.contains(&format!("| `{name}` |")), "vela_actor_{name} is not in the guide");
    }
}
