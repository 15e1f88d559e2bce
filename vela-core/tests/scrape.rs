//! A scrape as Prometheus does it: over HTTP, each line taken at its word, compared with what was done on the channels. A process of
//! its own, for the recorder is the process's.
#![cfg(feature = "metrics")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use vela_core::monitor::{METRICS, MetricDescription, MetricKind};
use vela_core::{Channel, Overflow, block_on, broadcast, monitor};

// ------------------------------------------------------------------------------------------------- HTTP

/// Answers requests for `/metrics`, one after the other, as long as the test runs.
fn serve(listener: &TcpListener, prometheus: &PrometheusHandle) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        let mut reader = BufReader::new(&stream);
        let mut request = String::new();
        reader.read_line(&mut request)?;
        let mut header = String::new();
        while reader.read_line(&mut header)? > 2 {
            header.clear();
        }
        let (status, body) = if request == "GET /metrics HTTP/1.1\r\n" {
            monitor::publish();
            ("200 OK", prometheus.render())
        } else {
            ("404 Not Found", String::new())
        };
        write!(
            &stream,
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )?;
    }
}

fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().to_owned();
    let length = lines.find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
    assert_eq!(length.parse(), Ok(body.len()));
    (status, body.to_owned())
}

// ------------------------------------------------------------------------------------------------- the text format

/// A scraped page.
#[derive(Debug, Default)]
struct Page {
    /// Of each family, what it is.
    types: BTreeMap<String, String>,
    help: BTreeSet<String>,
    /// By name and labels.
    samples: BTreeMap<(String, BTreeMap<String, String>), f64>,
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    let begins = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == ':');
    begins && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

impl Page {
    fn parse(text: &str) -> Result<Self, String> {
        let mut page = Self::default();
        if !text.ends_with('\n') {
            return Err("the last line does not end".to_owned());
        }
        for line in text.lines() {
            page.line(line).ok_or_else(|| format!("this is no line of the format: {line:?}"))?;
        }
        Ok(page)
    }

    fn line(&mut self, line: &str) -> Option<()> {
        if line.is_empty() {
            return Some(());
        }
        if let Some(comment) = line.strip_prefix("# ") {
            let (keyword, rest) = comment.split_once(' ')?;
            let (name, rest) = rest.split_once(' ')?;
            let is_new = match keyword {
                "HELP" => !rest.is_empty() && self.help.insert(name.to_owned()),
                "TYPE" => {
                    let known = matches!(rest, "counter" | "gauge" | "summary" | "histogram");
                    known && self.types.insert(name.to_owned(), rest.to_owned()).is_none()
                }
                _ => false,
            };
            return (is_new && is_name(name)).then_some(());
        }
        let (name, labels, value) = match line.split_once('{') {
            Some((name, rest)) => {
                let (labels, value) = labels(rest)?;
                (name, labels, value)
            }
            None => {
                let (name, value) = line.split_once(' ')?;
                (name, BTreeMap::new(), value)
            }
        };
        // Its family came before it.
        let family = self.family(name)?;
        let is_quantile = labels.contains_key("quantile");
        if is_quantile != (family.1 == "summary" && family.0 == name) || !is_name(name) {
            return None;
        }
        let value = value.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0)?;
        self.samples.insert((name.to_owned(), labels), value).is_none().then_some(())
    }

    fn family<'a>(&'a self, name: &'a str) -> Option<(&'a str, &'a str)> {
        let parts = [Some(name), name.strip_suffix("_sum"), name.strip_suffix("_count")];
        parts.into_iter().flatten().find_map(|family| Some((family, self.types.get(family)?.as_str())))
    }

    /// The one sample of this name and channel.
    fn value(&self, name: &str, channel: &str) -> f64 {
        let mut labels = BTreeMap::from([("channel".to_owned(), channel.to_owned())]);
        if let Some((component, _)) = channel.split_once('.') {
            labels.insert("component".to_owned(), component.to_owned());
        }
        let key = (name.to_owned(), labels);
        *self.samples.get(&key).unwrap_or_else(|| panic!("{key:?} is not in {self:#?}"))
    }
}

/// `a="b",c="d"} 5`: the labels and what follows.
fn labels(text: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut all = BTreeMap::new();
    let mut rest = text;
    loop {
        let (name, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next()? {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next()?.1 {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    _ => return None,
                }),
                (_, c) => value.push(c),
            }
        };
        if !is_name(name) || all.insert(name.to_owned(), value).is_some() {
            return None;
        }
        rest = &after[end + 1..];
        if let Some(value) = rest.strip_prefix("} ") {
            return Some((all, value));
        }
        rest = rest.strip_prefix(',')?;
    }
}

#[test]
fn the_reader_is_strict() {
    let good = "# HELP a b\n# TYPE a counter\na{c=\"d\\\"e\"} 5\n\n# TYPE s summary\ns{quantile=\"0.5\"} 0\ns_sum 0\ns_count 0\n";
    assert_eq!(Page::parse(good).unwrap().samples.len(), 4);
    for bad in [
        "a 5\n",
        "# TYPE a counter\na 5",
        "# TYPE a counter\na five\n",
        "# TYPE a counter\na -5\n",
        "# TYPE a counter\na{b=\"c} 5\n",
        "# TYPE a counter\na{b=\"c\",b=\"d\"} 5\n",
        "# TYPE a counter\na 5\na 5\n",
        "# TYPE a counter\n# TYPE a counter\n",
        "# TYPE a number\n",
        "# TYPE s summary\ns 5\n",
        "#TYPE a counter\n",
        "# TYPE a b counter\n",
    ] {
        assert!(Page::parse(bad).is_err(), "{bad:?}");
    }
}

// ------------------------------------------------------------------------------------------------- the scrape

const COUNTERS: [&str; 7] = ["sent", "received", "dropped", "rejected", "timeouts", "waits", "saturations"];

/// Everything that is counted under a name, in the order of `COUNTERS`.
fn counters(page: &Page, channel: &str) -> [f64; 7] {
    COUNTERS.map(|counter| page.value(&format!("vela_channel_{counter}_total"), channel))
}

#[test]
fn a_scrape_says_what_was_done_on_the_channels() {
    let prometheus = PrometheusBuilder::new().install_recorder().unwrap();
    monitor::describe();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || serve(&listener, &prometheus).unwrap());
    scrapes(address);
}

fn scrapes(address: SocketAddr) {
    assert_eq!(get(address, "/").0, "HTTP/1.1 404 Not Found");
    let scrape = || {
        let (status, body) = get(address, "/metrics");
        assert_eq!(status, "HTTP/1.1 200 OK");
        Page::parse(&body).unwrap()
    };

    let (orders, worker) = Channel::bounded(10).name("shop.orders").build().unwrap();
    let odd = "odd \"name\"\n(a\\b)";
    let (newest, _rx) = Channel::bounded(2).name(odd).overflow(Overflow::DropOldest).build().unwrap();
    let (prices, slow) = broadcast::channel_named("shop.prices", 4);
    let quick = prices.subscribe();
    let round = || {
        for n in 0..10 {
            orders.try_send(n).unwrap();
        }
        assert!(orders.try_send(10).is_err());
        block_on(async { assert!(orders.send_timeout(11, Duration::from_millis(1)).await.is_err()) });
        (0..5).for_each(|n| newest.try_send(n).unwrap());
        (0..6).for_each(|n| assert_eq!(prices.send(n).ok(), Some(2)));
        while !quick.is_empty() {
            quick.try_recv().ok();
        }
        (0..7).for_each(|n| assert_eq!(worker.try_recv(), Ok(n)));
    };

    round();
    let first = scrape();
    assert_eq!(counters(&first, "shop.orders"), [10.0, 7.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(counters(&first, odd), [5.0, 0.0, 3.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(counters(&first, "shop.prices"), [6.0, 4.0, 2.0, 0.0, 0.0, 0.0, 1.0]);
    for (gauge, value) in [
        ("depth", 3.0),
        ("capacity", 10.0),
        ("high_water", 10.0),
        ("usage_ratio", 0.3),
        ("saturated", 0.0),
        ("channels", 1.0),
    ] {
        assert_eq!(first.value(&format!("vela_channel_{gauge}"), "shop.orders"), value, "{gauge}");
    }
    assert_eq!(first.value("vela_channel_saturated", "shop.prices"), 1.0, "for a receiver that does nothing");

    // Everything is received meanwhile, and it all happens once more.
    worker.drain().for_each(drop);
    while !slow.is_empty() {
        slow.try_recv().ok();
    }
    round();
    let second = scrape();
    assert_eq!(counters(&second, "shop.orders"), [20.0, 17.0, 0.0, 2.0, 2.0, 2.0, 2.0]);
    assert_eq!(counters(&second, odd), [10.0, 0.0, 8.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(counters(&second, "shop.prices"), [12.0, 4.0 + 4.0 + 4.0, 2.0 + 2.0 + 2.0, 0.0, 0.0, 0.0, 2.0]);

    // Nothing has happened: nothing is counted again.
    let third = scrape();
    assert_eq!(third.samples, second.samples);

    only_grows(&first, &second);
    summaries_agree(&second);
    every_family_is_described(&second);
    the_families_are_those_of_the_list(&second);
}

fn only_grows(before: &Page, after: &Page) {
    for (key, value) in &before.samples {
        let (family, kind) = before.family(&key.0).unwrap();
        let counts = kind == "counter" || key.0 != family;
        assert!(!counts || after.samples[key] >= *value, "{key:?}");
    }
}

/// Of the durations as many as the snapshots say, and as long together.
fn summaries_agree(page: &Page) {
    let lines = monitor::snapshot();
    assert_eq!(lines.len(), 3);
    for line in lines {
        for (name, summary) in [("queue", line.in_queue), ("blocked", line.blocked)] {
            let name = format!("vela_channel_{name}_seconds");
            if summary.count > 0 {
                assert_eq!(
                    page.value(&format!("{name}_count"), &line.name),
                    summary.count as f64,
                    "{name} {}",
                    line.name
                );
                // Each is told as the middle of its bucket, which is 12.5 % wide at most.
                let (told, total) = (page.value(&format!("{name}_sum"), &line.name), summary.total.as_secs_f64());
                assert!((told - total).abs() <= total * 0.125 + 1e-8, "{name} {}: {told} or {total}", line.name);
            }
            let quantiles =
                page.samples.keys().filter(|(sample, labels)| *sample == name && labels["channel"] == line.name);
            assert_eq!(quantiles.count() > 0, summary.count > 0, "{name} {}", line.name);
        }
    }
    assert_eq!(page.types["vela_channel_queue_seconds"], "summary");
    assert!(page.value("vela_channel_queue_seconds_count", "shop.orders") > 0.0);
    assert_eq!(page.value("vela_channel_blocked_seconds_count", "shop.orders"), 2.0);
}

fn every_family_is_described(page: &Page) {
    let families: BTreeSet<String> = page.types.keys().cloned().collect();
    assert_eq!(page.help, families);
    assert!(families.iter().all(|family| family.starts_with("vela_channel_")), "{families:?}");
}

fn the_families_are_those_of_the_list(page: &Page) {
    let kind = |metric: &MetricDescription| match metric.kind() {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        // As this recorder shows it.
        MetricKind::Histogram => "summary",
        other => panic!("{other:?}"),
    };
    let listed: BTreeMap<_, _> =
        METRICS.iter().map(|metric| (metric.name().to_owned(), kind(metric).to_owned())).collect();
    assert_eq!(listed, page.types);
    assert_eq!(listed.len(), METRICS.len(), "none twice");
}
