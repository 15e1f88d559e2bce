//! Channels made by name, and how they follow the configuration. The configuration is the process's, so this is one test.
#![cfg(feature = "config")]

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use vela_core::config::{self, Config};
use vela_core::{BuildError, Channel, Overflow, SendErrorKind, block_on};

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

struct Files(tempfile::TempDir);

impl Files {
    fn write(&self, text: &str) {
        std::fs::write(self.0.path().join("base.toml"), text).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

const BASE: &str = r#"
[channels.orders]
capacity = 4
overflow = { timeout = "10ms" }

[channels.frames]
capacity = 4
overflow = "drop-oldest"

[channels.meet]
capacity = 0
"#;

#[test]
fn named_channels() {
    let error = Channel::<u8>::named("orders").build().unwrap_err();
    assert_eq!(error, BuildError::NoConfiguration("orders".into()));
    assert!(error.to_string().contains("Config::load"), "{error}");

    let files = Files(tempfile::tempdir().unwrap());
    files.write(BASE);
    let load = Config::builder().directory(files.path()).variables(Vec::<(String, String)>::new()).load();
    load.unwrap().install();

    they_are_as_configured();
    growing_serves_who_waits(&files);
    shrinking_keeps_what_is_there_or_drops_the_oldest(&files);
    times_and_limits_change_and_the_rest_is_said(&files);
    a_mistake_changes_nothing(&files);
    unbounded_channels_by_policy(&files);
}

fn reload() -> Vec<String> {
    let reload = config::installed().unwrap().reload().unwrap();
    reload.install().into_iter().map(|pending| format!("{}.{}", pending.channel, pending.key)).collect()
}

fn they_are_as_configured() {
    let (tx, rx) = Channel::<u8>::named("orders").build().unwrap();
    assert_eq!((tx.capacity(), tx.name().as_deref()), (Some(4), Some("orders")));
    assert_eq!(tx.monitor().unwrap().capacity(), Some(4));
    (0..4).for_each(|n| tx.try_send(n).unwrap());
    assert_eq!(block_on(tx.send(4)).unwrap_err().kind(), SendErrorKind::TimedOut);
    drop(rx);

    let error = Channel::<u8>::named("ordres").build().unwrap_err();
    assert!(matches!(error, BuildError::NotConfigured(_)));
    assert!(error.to_string().contains("orders"), "{error}");

    let (tx, _rx) = Channel::<u8>::named("frames").overflow(Overflow::Reject).build().unwrap();
    (0..4).for_each(|n| tx.try_send(n).unwrap());
    assert!(tx.try_send(4).is_err(), "what the code says goes before the configuration");
}

fn growing_serves_who_waits(files: &Files) {
    let (tx, rx) = Channel::<u8>::named("orders").build().unwrap();
    (0..4).for_each(|n| tx.try_send(n).unwrap());
    let mut waits = pin!(tx.send_timeout(4, Duration::from_secs(60)));
    block_on(std::future::poll_fn(|cx| {
        assert!(waits.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    }));
    files.write(&BASE.replace("[channels.orders]\ncapacity = 4", "[channels.orders]\ncapacity = 6"));
    assert_eq!(reload(), [""; 0]);
    assert_eq!((tx.capacity(), rx.len()), (Some(6), 5), "there was room for it");
    assert!(poll(waits.as_mut()).is_ready());
    tx.try_send(5).unwrap();
    assert!(tx.try_send(6).is_err());
    assert_eq!(rx.monitor().unwrap().capacity(), Some(6));
    assert_eq!(rx.drain().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    files.write(BASE);
    reload();
}

fn shrinking_keeps_what_is_there_or_drops_the_oldest(files: &Files) {
    let (tx, rx) = Channel::<u8>::named("orders").build().unwrap();
    let (frames, seen) = Channel::<u8>::named("frames").build().unwrap();
    (0..4).for_each(|n| tx.try_send(n).unwrap());
    (0..4).for_each(|n| frames.try_send(n).unwrap());
    files.write(&BASE.replace("capacity = 4", "capacity = 2"));
    assert_eq!(reload(), [""; 0]);

    assert_eq!((tx.capacity(), rx.len()), (Some(2), 4), "nothing is lost");
    for n in 0..2 {
        assert!(tx.try_send(9).is_err());
        assert_eq!(rx.try_recv(), Ok(n));
    }
    assert!(tx.try_send(9).is_err(), "it is full at two");
    assert_eq!(rx.try_recv(), Ok(2));
    tx.try_send(4).unwrap();
    assert!(tx.try_send(9).is_err());
    assert_eq!(rx.drain().collect::<Vec<_>>(), [3, 4]);

    assert_eq!(frames.dropped(), 2);
    frames.try_send(4).unwrap();
    assert_eq!(seen.drain().collect::<Vec<_>>(), [3, 4]);
    let counted = seen.monitor().unwrap().snapshot();
    assert_eq!((counted.sent, counted.received, counted.dropped), (5, 2, 3));
    files.write(BASE);
    reload();
}

fn times_and_limits_change_and_the_rest_is_said(files: &Files) {
    let (tx, rx) = Channel::<u8>::named("orders").build().unwrap();
    let (meet, _meet) = Channel::<u8>::named("meet").build().unwrap();
    files.write(
        &BASE
            .replace("timeout = \"10ms\" }", "timeout = \"1ms\" }\nsaturated_at = 0.25\nrelieved_at = 0.0")
            .replace("capacity = 0", "capacity = 5\noverflow = \"reject\""),
    );
    assert_eq!(reload(), ["meet.capacity", "meet.overflow"]);
    assert_eq!(meet.capacity(), Some(0), "a rendezvous stays one");
    tx.try_send(1).unwrap();
    assert!(tx.monitor().unwrap().is_in_saturation(), "a quarter is enough now");
    rx.try_recv().unwrap();
    assert!(!tx.monitor().unwrap().is_in_saturation());

    let (anew, _rx) = Channel::<u8>::named("meet").build().unwrap();
    assert_eq!(anew.capacity(), Some(5), "the next one is as configured");
    files.write(BASE);
    reload();
}

fn a_mistake_changes_nothing(files: &Files) {
    let (tx, _rx) = Channel::<u8>::named("orders").build().unwrap();
    files.write("[channels.orders]\ncapacity = 100\nsaturated_at = 7\n");
    assert!(config::installed().unwrap().reload().is_err());
    assert_eq!(tx.capacity(), Some(4));
    files.write(BASE);
}

fn unbounded_channels_by_policy(files: &Files) {
    drop(vela_core::unbounded::<u8>());
    files.write(&format!("unbounded = \"forbid\"\n{BASE}"));
    reload();
    assert_eq!(Channel::<u8>::unbounded().build().unwrap_err(), BuildError::UnboundedForbidden);
    assert_eq!(Channel::<u8>::bounded(usize::MAX).build().unwrap_err(), BuildError::UnboundedForbidden);
    assert!(std::panic::catch_unwind(|| drop(vela_core::channel::<u8>(usize::MAX))).is_err(), "the same in a number");
    let panic = std::panic::catch_unwind(vela_core::unbounded::<u8>).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("unbounded = \"forbid\"") && text.contains("vela::channel(n)"), "{text}");
    files.write(&format!("unbounded = \"warn\"\n{BASE}"));
    reload();
    drop(vela_core::unbounded::<u8>());
    drop(Channel::<u8>::unbounded().build().unwrap());
}

#[test]
fn limits_that_make_no_sense_are_refused() {
    for (saturated_at, relieved_at) in
        [(0.0, 0.0), (1.1, 0.5), (0.5, 0.5), (0.8, -0.1), (f64::NAN, 0.5), (0.8, f64::NAN)]
    {
        let error = Channel::<u8>::bounded(1).saturation(saturated_at, relieved_at).build().unwrap_err();
        assert!(matches!(error, BuildError::Limits { .. }), "{saturated_at} {relieved_at}");
    }
}
