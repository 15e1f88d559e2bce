//! Whether a channel's load is the one that its capacity was computed for.

use std::time::Duration;

use tokio::time::advance;
use vela_core::settings::{ChannelSettings, Sizing};
use vela_core::{Channel, Receiver, Sender};

fn sized(name: &str) -> (Sender<u32>, Receiver<u32>) {
    let mut settings = ChannelSettings::default();
    settings.sizing = Some(Sizing { peak_rate: 100.0, processing_time: Duration::from_millis(10), safety: 2.0 });
    Channel::with_settings(&settings).name(name).build().unwrap()
}

/// There is one message in a second, and it is received soon: what passes between two of them is not work.
#[tokio::test(start_paused = true)]
async fn a_receiver_that_has_nothing_to_do_is_not_slow() {
    let (tx, rx) = sized("load.idle");
    for n in 0..10 {
        tx.try_send(n).unwrap();
        advance(Duration::from_millis(5)).await;
        rx.try_recv().unwrap();
        advance(Duration::from_secs(1)).await;
    }
    assert_eq!(tx.monitor().unwrap().snapshot().processing_time, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_behind_is_slow() {
    let (tx, rx) = sized("load.behind");
    (0..5).for_each(|n| tx.try_send(n).unwrap());
    for n in 0..50 {
        advance(Duration::from_millis(100)).await;
        rx.try_recv().unwrap();
        tx.try_send(n).unwrap();
    }
    let took = tx.monitor().unwrap().snapshot().processing_time;
    assert!((90..=110).contains(&took.as_millis()), "{took:?}");
}
