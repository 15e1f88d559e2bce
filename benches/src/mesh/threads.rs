//! Feeders and drainers that are threads and use the blocking calls.

use super::actor::{Actor, Kind, Op};

/// Works until the round is over.
pub(crate) fn run(mut actor: Actor) {
    while actor.next_turn() {
        actor.doing(Op::Blocking, 0);
        if actor.kind == Kind::FeedingThread { send(&mut actor) } else { receive(&mut actor) }
    }
}

fn send(actor: &mut Actor) {
    actor.count(1);
    let drops = actor.ports[0].page.epoch.drops();
    let port = &mut actor.ports[0];
    let Some(tx) = &port.tx else { return };
    if port.page.epoch.plan.capacity.is_none() && tx.len() > 1000 {
        return std::thread::yield_now();
    }
    let value = port.page.make();
    let mut dropped = Vec::new();
    let sent =
        if drops { super::value::watch(&mut dropped, || tx.send_blocking(value)) } else { tx.send_blocking(value) };
    if let Err(error) = sent {
        let closed = error.kind() == vela::SendErrorKind::Closed;
        port.page.back(error.into_inner());
        if closed {
            port.renew(&actor.world);
        }
    }
    actor.note_dropped(dropped, false);
}

fn receive(actor: &mut Actor) {
    let burst = actor.rng.usize(1..=16);
    let port = &mut actor.ports[0];
    let Some(rx) = &port.rx else { return };
    let mut received = 0;
    for value in rx.iter_blocking().take(burst) {
        port.page.got(value);
        received += 1;
    }
    if received < burst {
        port.renew(&actor.world);
    }
    actor.count(received.max(1));
}
