//! Users' own sources and sinks.

use std::collections::VecDeque;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as Cx, Poll, Waker};

use vela::prelude::*;
use vela::select::Polled;

use crate::select::probe::{Hand, now, on_each_runtime};

/// Counts down.
struct Countdown(u32);

impl<'a> Receive for &'a mut Countdown {
    type Output = Option<u32>;
    type Case = Polled<Ready<Option<u32>>>;

    fn receive(self) -> Self::Case {
        let next = self.0.checked_sub(1);
        self.0 = next.unwrap_or(0);
        Polled::new(ready(next))
    }
}

/// A mailbox with an address, as an actor library would have it: `&T` receives and sends.
#[derive(Clone, Default)]
struct Mailbox(Arc<Mutex<(VecDeque<u32>, Vec<Waker>)>>);

struct Mail<'a>(&'a Mailbox);

impl Future for Mail<'_> {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, cx: &mut Cx<'_>) -> Poll<u32> {
        let mut state = self.0.0.lock().unwrap();
        if let Some(mail) = state.0.pop_front() {
            return Poll::Ready(mail);
        }
        state.1.push(cx.waker().clone());
        Poll::Pending
    }
}

impl<'a> Receive for &'a Mailbox {
    type Output = u32;
    type Case = Polled<Mail<'a>>;

    fn receive(self) -> Self::Case {
        Polled::new(Mail(self))
    }
}

/// A text becomes a number on its way: a sink may take more than one type of value.
impl<'a> Transmit<&'a str> for &Mailbox {
    type Output = Result<(), std::num::ParseIntError>;
    type Case = Polled<Ready<Self::Output>>;

    fn transmit(self, text: &'a str) -> Self::Case {
        Polled::new(ready(text.parse().map(|n| self.put(n))))
    }
}

impl Transmit<u32> for &Mailbox {
    type Output = Result<(), std::convert::Infallible>;
    type Case = Polled<Ready<Self::Output>>;

    fn transmit(self, n: u32) -> Self::Case {
        self.put(n);
        Polled::new(ready(Ok(())))
    }
}

impl Mailbox {
    fn put(&self, n: u32) {
        let mut state = self.0.lock().unwrap();
        state.0.push_back(n);
        let waiting = std::mem::take(&mut state.1);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// A wrapper with the case of what it wraps: it keeps the engine's guarantees.
struct Jobs {
    queue: Receiver<String>,
}

impl<'a> Receive for &'a Jobs {
    type Output = Option<String>;
    type Case = <&'a Receiver<String> as Receive>::Case;

    fn receive(self) -> Self::Case {
        (&self.queue).receive()
    }
}

struct Submit {
    queue: Sender<String>,
}

impl<'a> Transmit<&str> for &'a Submit {
    type Output = <&'a Sender<String> as Transmit<String>>::Output;
    type Case = <&'a Sender<String> as Transmit<String>>::Case;

    fn transmit(self, text: &str) -> Self::Case {
        (&self.queue).transmit(text.to_owned())
    }
}

#[test]
fn a_source_on_a_mutable_reference_works_in_every_form() {
    let mut countdown = Countdown(6);
    let got = now(async {
        vela! {
            let first = <-countdown;
            let Some(second) = <-countdown else { return Vec::new() };
            let third = select! { Some(n) = <-countdown => n, closed => 99 };
            let mut all = vec![first.unwrap(), second, third];
            for n in <-countdown { all.push(n); }
            assert!(select! { Some(_) = <-countdown => false, closed => true });
            all
        }
    });
    assert_eq!(got, [5, 4, 3, 2, 1, 0]);
}

#[test]
fn a_source_on_a_shared_reference_wakes_a_select() {
    let mailbox = Mailbox::default();
    let (_t, idle) = channel::<u32>(0);
    let mut hand = Hand::waiting(async {
        select! { n = <-mailbox => n, _ = <-idle => 0 }
    });
    mailbox.put(5);
    assert_eq!(hand.woken(), 5);
}

#[test]
fn a_sink_takes_every_type_it_has_an_implementation_for() {
    let mailbox = Mailbox::default();
    now(async {
        vela! {
            mailbox <- 1_u32 else { unreachable!() };
            mailbox <- "2" else { unreachable!() };
            assert!((mailbox <- "x").is_err());
            let by_ref = &mailbox;
            by_ref <- 3_u32 else { unreachable!() };
            assert_eq!([<-mailbox, <-by_ref, <-mailbox], [1, 2, 3]);
        }
    });
}

#[test]
fn an_option_of_an_own_type_is_a_source_and_a_sink() {
    let mailbox = Some(Mailbox::default());
    let none: Option<Mailbox> = None;
    now(async {
        vela! {
            mailbox <- 7_u32 else { unreachable!() };
            assert_eq!(<-mailbox, 7);
        }
        assert!(select! { _ = <-none => false, else => true });
    });
}

#[test]
fn a_wrapper_of_a_channel_keeps_the_guarantees() {
    let (tx, queue) = channel(0);
    let (submit, jobs) = (Submit { queue: tx }, Jobs { queue });
    // Two selects meet over it.
    let mut receive = Hand::waiting(async {
        select! { Some(job) = <-jobs => job, closed => "closed".into() }
    });
    assert!(now(async {
        select! { submit <- "job" => true, else => false }
    }));
    assert_eq!(receive.woken(), "job");
    // A dropped select gives back.
    let hand = Hand::waiting(async {
        select! { Some(job) = <-jobs => job, closed => "closed".into() }
    });
    submit.queue.try_send("kept".to_owned()).unwrap();
    drop(hand);
    assert_eq!(jobs.queue.try_recv().as_deref(), Ok("kept"));
    // Closed is closed.
    let mut hand = Hand::waiting(async {
        select! { Some(job) = <-jobs => job, closed => "closed".into() }
    });
    submit.queue.close();
    assert_eq!(hand.woken(), "closed");
    assert_eq!(now(async { vela!(submit <- "late") }).unwrap_err().into_inner(), "late");
}

#[test]
fn own_types_are_members_of_any() {
    let mut boxes = vec![Mailbox::default(), Mailbox::default(), Mailbox::default()];
    let third = boxes[2].clone();
    let mut hand = Hand::waiting(async { vela!(<-any(&mut boxes)) });
    third.put(9);
    assert_eq!(hand.woken(), (2, 9));
}

#[test]
fn generic_code_receives_through_the_trait() {
    async fn next<S>(source: S) -> Option<u32>
    where
        S: Receive<Output = Option<u32>>,
    {
        vela::select::one(source.receive()).await
    }
    async fn first<'a, S, T>(source: &'a S, limit: &'a T) -> Option<u32>
    where
        &'a S: Receive<Output = Option<u32>>,
        &'a T: Receive<Output = ()>,
    {
        select! {
            v = <-source => v,
            () = <-limit => None,
        }
    }
    on_each_runtime(|| async {
        let (tx, rx) = channel(1);
        tx.try_send(3).unwrap();
        assert_eq!(next(&rx).await, Some(3));
        assert_eq!(next(&mut Countdown(2)).await, Some(1));
        tx.try_send(4).unwrap();
        assert_eq!(first::<Receiver<u32>, vela::time::After>(&rx, &after(ms(100_000))).await, Some(4));
        assert_eq!(first::<Receiver<u32>, vela::time::After>(&rx, &after(ms(1))).await, None);
    });
}

/// An own source loses as well as a native one: its future is dropped, and nothing is lost.
#[test]
fn mails_and_values_all_arrive_once() {
    on_each_runtime(|| async {
        let mailbox = Mailbox::default();
        let (tx, rx) = channel(0);
        let posting = go!(clone(mailbox) { for n in 0..2_000 { mailbox <- n else { return }; if n % 7 == 0 { tokio::task::yield_now().await; } } });
        let sending = go! { for n in 0..2_000 { tx <- n else { return }; } };
        let (mut mails, mut values) = (0, 0);
        while mails < 2_000 || values < 2_000 {
            select! {
                n = <-mailbox => { assert_eq!(n, mails); mails += 1; }
                Some(n) = <-rx => { assert_eq!(n, values); values += 1; }
            }
        }
        posting.await.unwrap();
        sending.await.unwrap();
    });
}
