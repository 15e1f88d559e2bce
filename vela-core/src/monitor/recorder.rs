//! A monitor that is told by hand.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{ChannelMonitor, Limits, Watch, registry};

/// Monitors a queue that is not one of Vela's: you say what happens to it, and it appears beside Vela's channels.
///
/// # Examples
///
/// ```
/// # use vela_core as vela;
/// let (tx, rx) = std::sync::mpsc::sync_channel(10);
/// let monitor = vela::monitor::Recorder::new("legacy.queue", Some(10));
/// for n in 0..8 {
///     tx.send(n)?;
///     monitor.record_send();
/// }
/// assert!(monitor.is_saturated(0.8));
/// rx.recv()?;
/// monitor.record_receive();
/// assert_eq!(monitor.usage_percent(), Some(70.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Recorder {
    monitor: ChannelMonitor,
    queue: Mutex<Queue>,
}

struct Queue {
    watch: Watch,
    /// Values that were received, it was said, before it was said that they were sent.
    ahead: usize,
}

impl Recorder {
    /// A monitor for a queue of this name; `None`: it has no bound.
    #[must_use]
    pub fn new(name: impl Into<Box<str>>, capacity: Option<usize>) -> Self {
        let meter = registry::register(name.into(), capacity.unwrap_or(usize::MAX), Limits::default(), None);
        let queue = Queue { watch: Watch::new(Arc::clone(&meter)), ahead: 0 };
        Self { queue: Mutex::new(queue), monitor: ChannelMonitor { meter } }
    }

    /// A value got into the queue.
    pub fn record_send(&self) {
        self.record(|queue, len| {
            queue.watch.sent(1);
            let gone = queue.ahead > 0;
            queue.ahead -= usize::from(gone);
            queue.watch.observe(if gone { len } else { len + 1 });
        });
    }

    /// A value was received. (Who receives may be quicker than who says that it was sent.)
    pub fn record_receive(&self) {
        self.record(|queue, len| match len.checked_sub(1) {
            Some(len) => queue.watch.observe(len),
            None => queue.ahead += 1,
        });
    }

    /// A value was dropped before it got into the queue.
    pub fn record_drop(&self) {
        self.record(|queue, _| queue.watch.dropped_newest());
    }

    /// A send or a receive gave up waiting.
    pub fn record_timeout(&self) {
        self.monitor.meter.timed_out();
    }

    fn record(&self, event: impl FnOnce(&mut Queue, usize)) {
        event(&mut self.queue.lock(), self.depth());
        if self.monitor.meter.has_news() {
            self.monitor.meter.tell();
        }
    }
}

impl Deref for Recorder {
    type Target = ChannelMonitor;

    fn deref(&self) -> &ChannelMonitor {
        &self.monitor
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("name", &self.name()).finish_non_exhaustive()
    }
}
