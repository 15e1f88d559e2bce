//! The files beside the code: the configuration loads in every environment, and the dashboard and the alerts name metrics that
//! there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::Value;
use vela::config::Config;
use vela::prelude::*;
use vela::settings::UnboundedPolicy;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn every_environment_loads_and_forbids_unbounded_queues() {
    for environment in ["development", "test", "production"] {
        let config =
            Config::builder().directory(here("config")).environment(environment).variables([("", ""); 0]).load();
        let config = config.unwrap_or_else(|error| panic!("{environment}:\n{error}"));
        assert_eq!(config.unbounded_policy(), UnboundedPolicy::Forbid, "{environment}");
        let undersized = config.channels().filter(|(_, settings)| settings.undersized().is_some()).count();
        assert_eq!(undersized, if environment == "test" { 2 } else { 0 }, "{environment}");
    }
}

/// The names of all metrics that `vela::monitor::publish` hands over, without what a histogram's series add.
async fn exported() -> BTreeSet<String> {
    let prometheus = PrometheusBuilder::new().set_buckets(&[1.0]).unwrap().install_recorder().unwrap();
    let (tx, rx) = Channel::bounded(1).name("orders.some").build().unwrap();
    tx.send(1).await.unwrap();
    let second = go!(clone(tx) { tx.send(2).await });
    while tx.monitor().unwrap().snapshot().waits == 0 {
        vela::task::yield_now().await;
    }
    rx.recv().await.unwrap(); // and so there is a send that had to wait, and a time for which it was blocked
    second.await.unwrap().unwrap();
    vela::monitor::publish();
    let page = prometheus.render();
    page.lines().filter_map(|line| Some(line.strip_prefix("# TYPE ")?.split_once(' ')?.0.to_owned())).collect()
}

/// The names of metrics in an expression or a file.
fn named(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("vela_"))
        .map(|word| {
            ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word).to_owned()
        })
        .collect()
}

/// All strings under the keys `expr`, `query` and `definition`.
fn expressions<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text) if ["expr", "query", "definition"].contains(&&**key) => into.push(text),
                    _ => expressions(value, into),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| expressions(value, into)),
        _ => {}
    }
}

#[vela::test(tokio)]
async fn dashboard_and_alerts_name_the_metrics_that_are_exported() {
    let exported = exported().await;
    assert!(exported.contains("vela_channel_blocked_seconds"), "{exported:?}");

    let dashboard: Value = serde_json::from_slice(&fs::read(here("grafana/vela-channels.json")).unwrap()).unwrap();
    let mut texts = Vec::new();
    expressions(&dashboard, &mut texts);
    assert!(texts.len() > 10, "{texts:?}");
    assert_eq!(named(&texts.join("\n")), exported, "left: in the dashboard; right: exported");

    let alerts = named(&fs::read_to_string(here("prometheus-rules.yml")).unwrap());
    assert!(!alerts.is_empty() && alerts.is_subset(&exported), "{alerts:?}");
}

#[test]
fn dashboard_can_be_imported() {
    let dashboard: Value = serde_json::from_slice(&fs::read(here("grafana/vela-channels.json")).unwrap()).unwrap();
    assert!(dashboard["id"].is_null(), "an id belongs to one installation");
    let variables: Vec<_> =
        dashboard["templating"]["list"].as_array().unwrap().iter().map(|v| v["name"].as_str()).collect();
    assert_eq!(variables, [Some("datasource"), Some("component"), Some("channel")]);
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "two panels have one id");
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        let place = &panel["gridPos"];
        assert!(place["x"].as_u64().unwrap() + place["w"].as_u64().unwrap() <= 24, "{title}");
    }
}
