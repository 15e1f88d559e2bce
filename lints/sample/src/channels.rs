//! Channels without a bound, a name or a monitor.

pub fn channels() {
    drop(vela::unbounded::<u8>()); //~ disallowed_methods: name a channel and give it a capacity
    drop(vela::Channel::<u8>::unbounded()); //~ disallowed_methods: has no bound
    // Also under another name.
    use vela::unbounded as roomy;
    drop(roomy::<u8>()); //~ disallowed_methods: has no bound
    let make = vela::unbounded::<u8>; //~ disallowed_methods: has no bound
    drop(make());
}

/// What only the optional rules find.
pub fn without_a_name() {
    drop(vela::channel::<u8>(1)); //? disallowed_methods: has no name and no monitor
    drop(vela::Channel::<u8>::bounded(1)); //? disallowed_methods: the capacity stands in the code
    drop(vela::broadcast::channel::<u8>(1)); //? disallowed_methods: `vela::broadcast::channel_named`
    drop(vela::watch::channel(1)); //? disallowed_methods: `vela::watch::channel_named`
    drop(vela::bus::EventBus::new()); //? disallowed_methods: `vela::bus::EventBus::with_name`
    drop(tokio::sync::oneshot::channel::<u8>()); //? disallowed_methods: use `vela::oneshot::channel`
}

pub fn of_other_crates() {
    drop(tokio::sync::mpsc::unbounded_channel::<u8>()); //~ disallowed_methods: no name and no monitor
    drop(tokio::sync::mpsc::channel::<u8>(1)); //~ disallowed_methods: no name and no monitor
    drop(std::sync::mpsc::channel::<u8>()); //~ disallowed_methods: blocks the thread
    drop(std::sync::mpsc::sync_channel::<u8>(1)); //~ disallowed_methods: `send_blocking`
    drop(Fields { tokio: None, std: None });
}

struct Fields {
    tokio: Option<tokio::sync::mpsc::UnboundedSender<u8>>, //~ disallowed_types: use `vela::Sender`
    std: Option<std::sync::mpsc::Receiver<u8>>,            //~ disallowed_types: use `vela::Receiver`
}

impl Drop for Fields {
    fn drop(&mut self) {
        drop((self.tokio.take(), self.std.take()));
    }
}
