//! What is said about channels in the log: a process of its own, for the subscriber is the process's.
#![cfg(feature = "tracing")]

use std::fmt::Write;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};
use vela_core::{Channel, Overflow, Sender};

/// Sends on this channel when something is said about it: as a log does that goes through a channel.
static ECHO: OnceLock<Sender<u32>> = OnceLock::new();

/// Keeps the events about channels as lines; panics if it is told to.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "vela::channel"
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut text = Text(event.metadata().level().to_string());
        event.record(&mut text);
        let is_about = |name: &str| text.0.contains(&format!("channel=\"{name}\""));
        let (boom, echo) = (is_about("boom"), is_about("echo"));
        self.0.lock().unwrap().push(text.0);
        if let Some(channel) = ECHO.get().filter(|_| echo) {
            channel.try_send(0).ok();
        }
        assert!(!boom, "a subscriber that panics");
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

impl Lines {
    fn of(&self, name: &str) -> Vec<String> {
        let name = format!("channel=\"{name}\"");
        self.0.lock().unwrap().iter().filter(|line| line.contains(&name)).cloned().collect()
    }
}

#[test]
fn reports() {
    let lines = Lines::default();
    tracing::subscriber::set_global_default(lines.clone()).unwrap();

    saturation_and_its_end_are_told_once_in_a_time(&lines);
    drops_are_told_once_in_a_time_and_none_is_kept_silent(&lines);
    a_subscriber_that_panics_reaches_nobody(&lines);
    an_unnamed_channel_says_nothing(&lines);
    a_subscriber_may_send_on_the_channel_that_it_hears_of(&lines);
    what_stays_full_is_told_although_it_has_fluttered(&lines);
    drops_are_told_when_the_channel_goes_though_somebody_looks_at_it(&lines);
    what_a_receiver_has_missed_is_told_by_its_number(&lines);
    #[cfg(feature = "config")]
    a_load_is_compared_with_the_sizing_of_now(&lines);
}

fn what_a_receiver_has_missed_is_told_by_its_number(lines: &Lines) {
    let (tx, rx) = vela_core::broadcast::channel_named("lagged", 4);
    (0..10).for_each(|n| assert_eq!(tx.send(n).ok(), Some(1)));
    assert!(rx.try_recv().is_err());
    let said = lines.of("lagged");
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(said[0].contains("is saturated") && said[1].starts_with("WARN"), "{said:#?}");
    assert!(said[1].contains("dropped=6") && said[1].contains("a receiver was too slow"), "{}", said[1]);
}

fn saturation_and_its_end_are_told_once_in_a_time(lines: &Lines) {
    let (tx, rx) = Channel::bounded(10).name("hot").report_every(Duration::from_secs(3600)).build().unwrap();
    for _ in 0..3 {
        (0..10).for_each(|n| tx.try_send(n).unwrap());
        rx.drain().for_each(drop);
    }
    let said = lines.of("hot");
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(said[0].starts_with("WARN") && said[0].contains("saturated") && said[0].contains("depth=8"), "{}", said[0]);
    assert!(said[0].contains("times=1"), "{}", said[0]);
    assert!(said[1].starts_with("INFO") && said[1].contains("no longer saturated"), "{}", said[1]);

    let (tx, rx) = Channel::bounded(10).name("talkative").report_every(Duration::ZERO).build().unwrap();
    for _ in 0..3 {
        (0..10).for_each(|n| tx.try_send(n).unwrap());
        rx.drain().for_each(drop);
    }
    assert_eq!(lines.of("talkative").len(), 6);
}

fn drops_are_told_once_in_a_time_and_none_is_kept_silent(lines: &Lines) {
    let build =
        Channel::bounded(1).name("lossy").overflow(Overflow::DropOldest).report_every(Duration::from_secs(3600));
    let (tx, rx) = build.build().unwrap();
    (0..100).for_each(|n| tx.try_send(n).unwrap());
    let drops =
        |lines: &Lines| lines.of("lossy").into_iter().filter(|line| line.contains("dropped")).collect::<Vec<_>>();
    assert_eq!(drops(lines).len(), 1);
    assert!(drops(lines)[0].contains("dropped=1 "), "{:?}", drops(lines));
    drop((tx, rx));
    let said = drops(lines);
    assert_eq!(said.len(), 2, "the rest is told in the end: {said:#?}");
    assert!(said[1].contains("dropped=98 ") && said[1].contains("dropped_total=99"), "{}", said[1]);
}

fn a_subscriber_that_panics_reaches_nobody(lines: &Lines) {
    let (tx, rx) = Channel::bounded(1).name("boom").report_every(Duration::ZERO).build().unwrap();
    tx.try_send(1).unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(lines.of("boom").len(), 2);
}

fn an_unnamed_channel_says_nothing(lines: &Lines) {
    let before = lines.0.lock().unwrap().len();
    let (tx, _rx) = Channel::bounded(1).overflow(Overflow::DropNewest).build().unwrap();
    (0..100).for_each(|n| tx.try_send(n).unwrap());
    assert_eq!(lines.0.lock().unwrap().len(), before);
}

fn a_subscriber_may_send_on_the_channel_that_it_hears_of(lines: &Lines) {
    let build = Channel::bounded(1).name("echo").overflow(Overflow::DropNewest).report_every(Duration::ZERO);
    let (tx, _rx) = build.build().unwrap();
    ECHO.set(tx.clone()).unwrap();
    (0..3).for_each(|n| tx.try_send(n).unwrap());
    // One that fills it, and two that are dropped; each is answered with another, of which the next line tells.
    let told: u64 = lines
        .of("echo")
        .iter()
        .filter_map(|line| line.split(" dropped=").nth(1)?.split(' ').next()?.parse::<u64>().ok())
        .sum();
    assert_eq!((tx.dropped(), told), (5, 4), "{:#?}", lines.of("echo"));
}

/// A receiver that dies, say, while the channel changes so often that not every change is followed.
fn what_stays_full_is_told_although_it_has_fluttered(lines: &Lines) {
    let last = |lines: &Lines, name: &str| lines.of(name).pop().unwrap();
    for rounds in 1..100 {
        for (policy, overflow) in
            [("block", Overflow::Block), ("reject", Overflow::Reject), ("newest", Overflow::DropNewest)]
        {
            let name = format!("stuck.{policy}.{rounds}");
            let build = Channel::bounded(1).name(&*name).overflow(overflow).report_every(Duration::ZERO);
            let (tx, rx) = build.build().unwrap();
            for n in 0..rounds {
                tx.try_send(n).unwrap();
                rx.try_recv().unwrap();
            }
            tx.try_send(0).unwrap();
            if overflow == Overflow::Block {
                let mut send = std::pin::pin!(tx.send(0));
                let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
                assert!(send.as_mut().poll(&mut cx).is_pending());
            } else {
                tx.try_send(0).ok();
            }
            let told = lines.of(&name).into_iter().rfind(|line| line.contains("saturated")).unwrap();
            assert!(told.starts_with("WARN"), "{name}: {}", last(lines, &name));
        }
    }
}

fn drops_are_told_when_the_channel_goes_though_somebody_looks_at_it(lines: &Lines) {
    let build = Channel::bounded(1).name("seen").overflow(Overflow::DropNewest).report_every(Duration::MAX);
    let (tx, rx) = build.build().unwrap();
    let _monitor = tx.monitor().unwrap();
    (0..10).for_each(|n| tx.try_send(n).unwrap());
    drop((tx, rx));
    let said = lines.of("seen").into_iter().filter(|line| line.contains("dropped=")).collect::<Vec<_>>();
    assert!(said.len() == 2 && said[1].contains("dropped=8 "), "{said:#?}");
}

#[cfg(feature = "config")]
fn a_load_is_compared_with_the_sizing_of_now(lines: &Lines) {
    use vela_core::config::Config;

    let sizing = |rate: u32| format!("[channels.sized.sizing]\npeak_rate = {rate}\nprocessing_time = \"1s\"\n");
    let install = |rate| drop(Config::from_toml(&sizing(rate)).unwrap().install());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        install(10);
        let (tx, rx) = Channel::named("sized").report_every(Duration::ZERO).build().unwrap();
        let busy = async |seconds: usize| {
            for n in 0..100 * seconds {
                tx.try_send(n).unwrap();
                rx.try_recv().unwrap();
                tokio::time::advance(Duration::from_millis(10)).await;
            }
            lines.of("sized").len()
        };
        install(1000);
        assert_eq!(busy(3).await, 0, "a hundred in a second are few now: {:#?}", lines.of("sized"));
        install(10);
        assert!(busy(3).await > 0, "and many now");
    });
}
