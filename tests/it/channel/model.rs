//! Random operations, polled by hand on one thread, against a model.
//!
//! The first test compares each step with an exact model of sends, receives, their cancellation and the close. The
//! second adds permits, streams and sinks, and checks whenever everybody who was woken has run that nobody waits for what
//! is there.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::{Sink, Stream};
use vela::{Permit, RecvStream, SendErrorKind, SendSink, Sender, TryRecvError, TrySendError, channel};

use super::by_hand::{Bell, ByHand};
use super::runtimes::CAPACITIES;
use super::tally::{Counted, Tally};

/// What became of a `send_from`, seen when its future is gone.
#[derive(Debug, Default, PartialEq, Clone, Copy)]
enum Left {
    #[default]
    Running,
    Sent,
    Kept(u64),
}

/// Holds the option of a `send_from`, and says what is in it at the end.
struct Slot {
    value: Option<Counted>,
    left: Rc<RefCell<Left>>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        *self.left.borrow_mut() = self.value.as_ref().map_or(Left::Sent, |value| Left::Kept(value.id));
    }
}

async fn send_from(tx: &Sender<Counted>, value: Counted, left: Rc<RefCell<Left>>) -> Result<(), SendErrorKind> {
    let mut slot = Slot { value: Some(value), left };
    tx.send_from(&mut slot.value).await.map_err(|error| error.kind())
}

async fn send(tx: &Sender<Counted>, value: Counted) -> Result<(), SendErrorKind> {
    tx.send(value).await.map_err(|error| error.kind())
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Waiting,
    /// Sent, or handed the value of this place in the order of sending.
    Served(u64, u64),
    Closed,
}

/// The channel as the contract says it is.
#[derive(Default)]
struct Model {
    capacity: usize,
    /// Values with their place in the order of sending.
    returned: BTreeMap<u64, u64>,
    buffer: VecDeque<(u64, u64)>,
    /// Waiting operations by number, first come first served.
    senders: VecDeque<(u64, u64)>,
    receivers: VecDeque<u64>,
    fates: BTreeMap<u64, Fate>,
    entered: u64,
    closed: bool,
}

impl Model {
    fn len(&self) -> usize {
        self.returned.len() + self.buffer.len()
    }

    fn push(&mut self, value: u64) -> bool {
        let place = self.entered;
        if let Some(receiver) = self.receivers.pop_front() {
            self.fates.insert(receiver, Fate::Served(place, value));
        } else if self.buffer.len() < self.capacity {
            self.buffer.push_back((place, value));
        } else {
            return false;
        }
        self.entered += 1;
        true
    }

    fn pop(&mut self) -> Option<u64> {
        if let Some((_, value)) = self.returned.pop_first() {
            return Some(value);
        }
        if let Some((_, value)) = self.buffer.pop_front() {
            if let Some((sender, waiting)) = self.senders.pop_front() {
                self.fates.insert(sender, Fate::Served(0, 0));
                assert!(self.push(waiting));
            }
            return Some(value);
        }
        let (sender, value) = self.senders.pop_front()?;
        self.fates.insert(sender, Fate::Served(0, 0));
        self.entered += 1;
        Some(value)
    }

    fn give_back(&mut self, place: u64, value: u64) {
        self.returned.insert(place, value);
        if let Some(receiver) = self.receivers.pop_front() {
            let (place, value) = self.returned.pop_first().unwrap();
            self.fates.insert(receiver, Fate::Served(place, value));
        }
    }

    fn close(&mut self) -> bool {
        for (sender, _) in self.senders.drain(..) {
            self.fates.insert(sender, Fate::Closed);
        }
        for receiver in self.receivers.drain(..) {
            self.fates.insert(receiver, Fate::Closed);
        }
        !std::mem::replace(&mut self.closed, true)
    }
}

type Sending<'a> = ByHand<Pin<Box<dyn Future<Output = Result<(), SendErrorKind>> + 'a>>>;

/// The number of the operation, the value, the future, and what becomes of its option.
type Parked<'a> = (u64, u64, Sending<'a>, Option<Rc<RefCell<Left>>>);

fn episode(capacity: usize, seed: u64, steps: usize) {
    let mut random = fastrand::Rng::with_seed(seed);
    let say = |what: &str, step: usize| format!("capacity {capacity}, seed {seed}, step {step}: {what}");
    let tally = Tally::default();
    let mut made = 0;
    let mut model = Model { capacity, ..Model::default() };
    let (tx, rx) = channel(capacity);
    let mut sends: Vec<Parked<'_>> = Vec::new();
    let mut receives = Vec::new();
    let mut operations = 0;
    for step in 0..steps {
        let mut value = || {
            made += 1;
            (made, tally.value(made))
        };
        match random.u8(0..if step > steps * 9 / 10 { 100 } else { 99 }) {
            0..15 => {
                let (id, value) = value();
                let expected = if model.closed {
                    Err(TrySendError::Closed(id))
                } else if model.push(id) {
                    Ok(())
                } else {
                    Err(TrySendError::Full(id))
                };
                let got = tx.try_send(value).map_err(|error| match error {
                    TrySendError::Full(value) => TrySendError::Full(value.id),
                    TrySendError::Closed(value) => TrySendError::Closed(value.id),
                });
                assert_eq!(got, expected, "{}", say("try_send", step));
            }
            15..30 => {
                let expected = model.pop().ok_or(if model.closed { TryRecvError::Closed } else { TryRecvError::Empty });
                assert_eq!(rx.try_recv().map(|value| value.id), expected, "{}", say("try_recv", step));
            }
            30..33 => {
                let max = random.usize(0..4);
                let expected: Vec<_> = (0..max).map_while(|_| model.pop()).collect();
                let mut got = Vec::new();
                assert_eq!(rx.try_recv_many(&mut got, max), expected.len(), "{}", say("try_recv_many", step));
                assert!(got.iter().map(|value| value.id).eq(expected), "{}", say("try_recv_many", step));
            }
            33..50 => {
                let (id, value) = value();
                operations += 1;
                let left = random.bool().then(Rc::default);
                let mut send: Sending<'_> = ByHand::new(match &left {
                    Some(left) => Box::pin(send_from(&tx, value, Rc::clone(left))),
                    None => Box::pin(send(&tx, value)),
                });
                if random.u8(0..20) == 0 {
                    drop(send);
                    continue;
                }
                let expected = if model.closed {
                    Poll::Ready(Err(SendErrorKind::Closed))
                } else if model.push(id) {
                    Poll::Ready(Ok(()))
                } else {
                    model.senders.push_back((operations, id));
                    model.fates.insert(operations, Fate::Waiting);
                    Poll::Pending
                };
                assert_eq!(send.poll(), expected, "{}", say("send", step));
                if expected.is_pending() {
                    sends.push((operations, id, send, left));
                }
            }
            50..67 => {
                operations += 1;
                let mut receive = ByHand::new(rx.recv());
                if random.u8(0..20) == 0 {
                    drop(receive);
                    continue;
                }
                let expected = match model.pop() {
                    Some(value) => Poll::Ready(Some(value)),
                    None if model.closed => Poll::Ready(None),
                    None => {
                        model.receivers.push_back(operations);
                        model.fates.insert(operations, Fate::Waiting);
                        Poll::Pending
                    }
                };
                let got = receive.poll().map(|value| value.map(|value| value.id));
                assert_eq!(got, expected, "{}", say("recv", step));
                if expected.is_pending() {
                    receives.push((operations, receive));
                }
            }
            67..83 if !sends.is_empty() => {
                let at = random.usize(..sends.len());
                let (operation, id, mut send, left) = sends.swap_remove(at);
                let fate = model.fates[&operation];
                assert_eq!(send.wakes(), usize::from(fate != Fate::Waiting), "{}", say("wakes of a send", step));
                let kept = if random.bool() {
                    let expected = match fate {
                        Fate::Waiting => Poll::Pending,
                        Fate::Served(..) => Poll::Ready(Ok(())),
                        Fate::Closed => Poll::Ready(Err(SendErrorKind::Closed)),
                    };
                    assert_eq!(send.poll(), expected, "{}", say("poll of a send", step));
                    expected.is_pending()
                } else {
                    model.senders.retain(|&(other, _)| other != operation);
                    false
                };
                if kept {
                    sends.push((operation, id, send, left));
                } else {
                    drop(send);
                    model.fates.remove(&operation);
                    let expected = if matches!(fate, Fate::Served(..)) { Left::Sent } else { Left::Kept(id) };
                    if let Some(left) = left {
                        assert_eq!(*left.borrow(), expected, "{}", say("the option of send_from", step));
                    }
                }
            }
            83..99 if !receives.is_empty() => {
                let at = random.usize(..receives.len());
                let (operation, mut receive): (u64, ByHand<_>) = receives.swap_remove(at);
                let fate = model.fates[&operation];
                assert_eq!(receive.wakes(), usize::from(fate != Fate::Waiting), "{}", say("wakes of a receive", step));
                if random.bool() {
                    let got = receive.poll().map(|value: Option<Counted>| value.map(|value| value.id));
                    let expected = match fate {
                        Fate::Waiting => Poll::Pending,
                        Fate::Served(_, value) => Poll::Ready(Some(value)),
                        // What has come back since the close is still to be received.
                        Fate::Closed => Poll::Ready(model.pop()),
                    };
                    assert_eq!(got, expected, "{}", say("poll of a receive", step));
                    if expected.is_pending() {
                        receives.push((operation, receive));
                        continue;
                    }
                } else {
                    drop(receive);
                    model.receivers.retain(|&other| other != operation);
                    if let Fate::Served(place, value) = fate {
                        model.give_back(place, value);
                    }
                }
                model.fates.remove(&operation);
            }
            99 => {
                assert_eq!(if random.bool() { tx.close() } else { rx.close() }, model.close(), "{}", say("close", step))
            }
            _ => {}
        }
        assert_eq!(rx.len(), model.len(), "{}", say("len", step));
        assert_eq!(rx.is_closed(), model.closed);
        let handed =
            receives.iter().filter(|(operation, _)| matches!(model.fates[operation], Fate::Served(..))).count();
        let held = sends.iter().filter(|(operation, ..)| !matches!(model.fates[operation], Fate::Served(..))).count();
        assert_eq!(tally.alive(), model.len() + handed + held, "{}", say("values alive", step));
    }
    drop((sends, receives));
    drop((tx, rx));
    assert_eq!(tally.alive(), 0, "{}", say("values alive", steps));
}

#[test]
fn sends_and_receives_do_as_the_model_at_every_step() {
    for capacity in CAPACITIES {
        for seed in 0..150 {
            episode(capacity, seed, 500);
        }
    }
}

// ---- permits, streams and sinks too ----

/// Somebody who may be woken.
struct Adaptor<A> {
    adaptor: A,
    bell: Arc<Bell>,
    seen: usize,
    waits: bool,
}

impl<A> Adaptor<A> {
    fn new(adaptor: A) -> Self {
        Self { adaptor, bell: Bell::new(), seen: 0, waits: false }
    }

    fn waker(&mut self) -> Waker {
        self.seen = self.bell.rings();
        Waker::from(Arc::clone(&self.bell))
    }

    fn is_woken(&self) -> bool {
        self.waits && self.bell.rings() > self.seen
    }
}

impl Adaptor<RecvStream<u64>> {
    fn poll(&mut self) -> Option<u64> {
        let waker = self.waker();
        let next = Pin::new(&mut self.adaptor).poll_next(&mut Context::from_waker(&waker));
        self.waits = next.is_pending();
        match next {
            Poll::Ready(value) => value,
            Poll::Pending => None,
        }
    }
}

impl Adaptor<SendSink<u64>> {
    /// Sends if it can.
    fn poll(&mut self, value: u64) -> bool {
        let waker = self.waker();
        let ready = Pin::new(&mut self.adaptor).poll_ready(&mut Context::from_waker(&waker));
        self.waits = ready.is_pending();
        matches!(ready, Poll::Ready(Ok(()))) && Pin::new(&mut self.adaptor).start_send(value).is_ok()
    }
}

struct Waiting<F> {
    hand: ByHand<F>,
    seen: usize,
    value: u64,
}

impl<F: Future> Waiting<F> {
    fn poll(&mut self) -> Poll<F::Output> {
        self.seen = self.hand.wakes();
        self.hand.poll()
    }

    fn is_woken(&self) -> bool {
        self.hand.wakes() > self.seen
    }
}

fn mesh(capacity: usize, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let (tx, rx) = channel::<u64>(capacity);
    let mut made = 0;
    let mut sent = Vec::new();
    let mut received = Vec::new();
    let mut sends = Vec::new();
    let mut reserves = Vec::new();
    let mut permits: Vec<Permit<'_, u64>> = Vec::new();
    let mut receives = Vec::new();
    let mut streams: Vec<Adaptor<RecvStream<u64>>> = Vec::new();
    let mut sinks: Vec<Adaptor<SendSink<u64>>> = Vec::new();
    // Whether a value can have come back from a dropped receiver: only then may there be more than the capacity.
    let mut came_back = false;

    for step in 0..300 {
        let last = step == 299;
        made += 1;
        match random.u8(0..20) {
            0 | 1 => sent.extend(tx.try_send(made).ok().map(|()| made)),
            2 | 3 => received.extend(rx.try_recv()),
            4..=6 => {
                let mut send = Waiting { hand: ByHand::new(tx.send(made)), seen: 0, value: made };
                if send.poll().is_ready() { sent.push(made) } else { sends.push(send) }
            }
            7..=9 => {
                let mut receive = Waiting { hand: ByHand::new(rx.recv()), seen: 0, value: 0 };
                match receive.poll() {
                    Poll::Ready(value) => received.extend(value),
                    Poll::Pending => receives.push(receive),
                }
            }
            10 | 11 => {
                let mut reserve = Waiting { hand: ByHand::new(tx.reserve()), seen: 0, value: 0 };
                match reserve.poll() {
                    Poll::Ready(permit) => permits.extend(permit),
                    Poll::Pending => reserves.push(reserve),
                }
            }
            12 if !permits.is_empty() => drop(permits.swap_remove(random.usize(..permits.len()))),
            13 if !permits.is_empty() => {
                permits.swap_remove(random.usize(..permits.len())).send(made).unwrap();
                sent.push(made);
            }
            14 => {
                let mut stream = Adaptor::new(rx.stream());
                received.extend(stream.poll());
                streams.push(stream);
            }
            15 => {
                let mut sink = Adaptor::new(tx.sink());
                if sink.poll(made) {
                    sent.push(made);
                }
                sinks.push(sink);
            }
            16 if !streams.is_empty() => drop(streams.swap_remove(random.usize(..streams.len()))),
            17 if !sinks.is_empty() => drop(sinks.swap_remove(random.usize(..sinks.len()))),
            18 if !receives.is_empty() => {
                let receive = receives.swap_remove(random.usize(..receives.len()));
                came_back |= receive.is_woken();
            }
            19 if !reserves.is_empty() => drop(reserves.swap_remove(random.usize(..reserves.len()))),
            _ => {}
        }
        if capacity > 0 && !came_back {
            let places = rx.len() + permits.len();
            assert!(places <= capacity, "capacity {capacity}, seed {seed}, step {step}: {places} places are taken");
        }
        if !last && random.u8(0..4) != 0 {
            continue;
        }
        if last {
            permits.clear();
        }
        // Everybody who was woken runs, until nobody is.
        loop {
            let mut progress = false;
            sends.retain_mut(|send| {
                progress |= send.is_woken();
                if send.is_woken()
                    && let Poll::Ready(result) = send.poll()
                {
                    assert!(result.is_ok());
                    sent.push(send.value);
                    return false;
                }
                true
            });
            receives.retain_mut(|receive| {
                progress |= receive.is_woken();
                if receive.is_woken()
                    && let Poll::Ready(value) = receive.poll()
                {
                    received.extend(value);
                    return false;
                }
                true
            });
            reserves.retain_mut(|reserve| {
                progress |= reserve.is_woken();
                if reserve.is_woken()
                    && let Poll::Ready(permit) = reserve.poll()
                {
                    permits.extend(permit);
                    return false;
                }
                true
            });
            if last {
                progress |= !permits.is_empty();
                permits.clear();
            }
            for stream in &mut streams {
                if stream.is_woken() {
                    progress = true;
                    received.extend(stream.poll());
                }
            }
            for sink in &mut sinks {
                if sink.is_woken() {
                    progress = true;
                    made += 1;
                    if sink.poll(made) {
                        sent.push(made);
                    }
                }
            }
            if !progress {
                break;
            }
        }
        // Then nobody waits for what is there.
        let at = format!("capacity {capacity}, seed {seed}, step {step}");
        let listening = receives.len() + streams.iter().filter(|stream| stream.waits).count();
        let asking = reserves.len() + sinks.iter().filter(|sink| sink.waits).count();
        if listening > 0 {
            assert_eq!(rx.len(), 0, "{at}: a receiver waits, and a value is there");
        }
        if sends.len() + asking > 0 && capacity > 0 {
            assert!(rx.len() + permits.len() >= capacity, "{at}: a sender waits, and there is room");
        }
        if capacity == 0 {
            assert!(sends.is_empty() || listening == 0, "{at}: a sender and a receiver wait for each other");
            assert!(asking == 0 || permits.len() >= listening, "{at}: a receiver waits, and no place is granted");
        }
    }
    drop((receives, streams, reserves, sinks));
    received.extend(rx.drain());
    for mut send in sends {
        if send.poll().is_ready() {
            sent.push(send.value);
        }
    }
    received.extend(rx.drain());
    let in_all = (1..=made).filter(|value| received.contains(value)).count();
    assert_eq!(in_all, received.len(), "capacity {capacity}, seed {seed}: a duplicate");
    sent.sort_unstable();
    received.sort_unstable();
    assert_eq!(received, sent, "capacity {capacity}, seed {seed}");
    // Every place has come back.
    if capacity != usize::MAX {
        assert_eq!((0..99).filter(|&n| tx.try_send(n).is_ok()).count(), capacity, "capacity {capacity}, seed {seed}");
    }
}

#[test]
fn nobody_waits_for_what_is_there_among_permits_streams_and_sinks() {
    for capacity in CAPACITIES {
        for seed in 0..150 {
            mesh(capacity, seed);
        }
    }
}
