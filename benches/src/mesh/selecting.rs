//! Selects over several ports: by the macro in several shapes, and built at run time.

use std::time::Duration;

use vela::{Select, SendError};

use super::actor::{Actor, Op};
use super::port::Port;
use super::value::{Id, Value};
use super::violation::violation;
use super::watched::{observe, poll_some};

/// Most arms of one select.
const ARMS: usize = 8;

/// How a select ended: which arm, counted from 0, and with what.
enum Out {
    Got(usize, Value),
    /// An arm that fires on the close, too.
    Heard(usize, Option<Value>),
    Sent,
    Refused(usize, SendError<Value>),
    Closed,
    Nothing,
}

/// What a select is to wait for.
struct Hand {
    /// The port of each arm.
    port: [usize; ARMS],
    /// Whether the arm is there.
    on: [bool; ARMS],
    /// What the sending arms are to send.
    value: [Option<Value>; ARMS],
    sends: u32,
}

impl Hand {
    fn value(&mut self, arm: usize) -> Value {
        self.value[arm].take().expect("an arm that is on has a value")
    }
}

/// Even arms receive, odd arms send.
fn sends(arm: usize) -> bool {
    arm % 2 == 1
}

impl Actor {
    /// One select.
    pub(crate) async fn select(&mut self) {
        match self.rng.u8(..16) {
            0..=2 => self.select_two().await,
            3..=6 => self.select_eight(false).await,
            7..=8 => self.select_lending().await,
            9..=10 => self.select_else().await,
            11..=12 => self.select_future().await,
            13 => self.select_built().await,
            _ => self.select_eight(true).await,
        }
    }

    /// Draws ports for arms that satisfy `wanted`.
    fn deal(&mut self, op: Op, wanted: impl Fn(usize) -> bool) -> Hand {
        self.doing(op, 0);
        self.count(1);
        let mut hand = Hand { port: [0; ARMS], on: [false; ARMS], value: [const { None }; ARMS], sends: 0 };
        for arm in (0..ARMS).filter(|&arm| wanted(arm)) {
            let start = self.rng.usize(..self.ports.len());
            let can = |port: &Port| if sends(arm) { port.tx.is_some() } else { port.rx.is_some() };
            let mut round = (start..self.ports.len()).chain(0..start);
            let Some(index) = round.find(|&index| can(&self.ports[index])) else { continue };
            hand.port[arm] = index;
            hand.on[arm] = self.rng.u8(..4) > 0;
            if hand.on[arm] && sends(arm) {
                hand.value[arm] = Some(self.ports[index].page.make());
                hand.sends += 1;
            }
        }
        hand
    }

    /// Does the books of a select that is over. `lost`: how many sending arms must have dropped their values.
    fn settle(&mut self, port: &[usize; ARMS], out: Out, dropped: Vec<Id>, lost: Option<u32>) {
        if lost.is_some_and(|lost| lost as usize != dropped.len())
            && !self.ports.iter().any(|port| port.page.epoch.drops())
        {
            violation(format_args!("a select dropped {} values, not {lost:?}", dropped.len()));
        }
        self.note_dropped(dropped, true);
        match out {
            Out::Got(arm, value) | Out::Heard(arm, Some(value)) => self.ports[port[arm]].page.got(value),
            Out::Heard(arm, None) => self.ports[port[arm]].renew(&self.world),
            Out::Sent | Out::Nothing => {}
            Out::Refused(arm, error) => {
                let port = &mut self.ports[port[arm]];
                port.page.back(error.into_inner());
                port.renew(&self.world);
            }
            // All the arms' channels are closed, or no arm was there.
            Out::Closed => self.renew_closed(),
        }
    }

    fn renew_closed(&self) {
        for port in &self.ports {
            let closed = |port: &Port| match (&port.tx, &port.rx) {
                (Some(tx), _) => tx.is_closed(),
                (_, Some(rx)) => rx.is_closed(),
                _ => false,
            };
            if closed(port) {
                port.renew(&self.world);
            }
        }
    }

    async fn select_two(&mut self) {
        let hand = self.deal(Op::SelectTwo, |arm| arm == 0 || arm == 2);
        let Hand { port, on, .. } = hand;
        let ports = &self.ports;
        let (out, dropped) = observe(async {
            vela::select! {
                Some(v) = <-ports[port[0]].rx, if on[0] => Out::Got(0, v),
                v = <-ports[port[2]].rx, if on[2] => Out::Heard(2, v),
                closed => Out::Closed,
            }
        })
        .await;
        self.settle(&port, out, dropped, Some(0));
    }

    async fn select_eight(&mut self, cancel: bool) {
        let op = if cancel { Op::CancelSelect } else { Op::SelectEight };
        let mut hand = self.deal(op, |_| true);
        let (port, on, sending) = (hand.port, hand.on, hand.sends);
        let patient = |(arm, &on): (usize, &bool)| on && !sends(arm) && self.ports[port[arm]].page.epoch.plan.patient;
        let cancel = cancel && !on.iter().enumerate().any(patient);
        let plan = self.rng.u32(..);
        let ports = &self.ports;
        let select = async {
            vela::select! {
                Some(v) = <-ports[port[0]].rx, if on[0] => Out::Got(0, v),
                ports[port[1]].tx <- hand.value(1), if on[1] => Out::Sent,
                Some(v) = <-ports[port[2]].rx, if on[2] => Out::Got(2, v),
                ports[port[3]].tx <- hand.value(3), if on[3] => Out::Sent,
                v = <-ports[port[4]].rx, if on[4] => Out::Heard(4, v),
                r = ports[port[5]].tx <- hand.value(5), if on[5] => match r {
                    Ok(()) => Out::Sent,
                    Err(error) => Out::Refused(5, error),
                },
                Some(v) = <-ports[port[6]].rx, if on[6] => Out::Got(6, v),
                ports[port[7]].tx <- hand.value(7), if on[7] => Out::Sent,
                closed => Out::Closed,
            }
        };
        let (out, dropped) = if cancel {
            poll_some(select, plan).await
        } else {
            let (out, dropped) = observe(select).await;
            (Some(out), dropped)
        };
        // Values of arms that were never looked at.
        for (arm, value) in hand.value.into_iter().enumerate() {
            if let Some(value) = value {
                self.ports[port[arm]].page.back(value);
            }
        }
        match out {
            Some(out) => {
                let won = u32::from(matches!(out, Out::Sent | Out::Refused(..)));
                self.settle(&port, out, dropped, Some(sending - won));
            }
            None => {
                for arm in (0..ARMS).filter(|&arm| on[arm] && !sends(arm)) {
                    self.ports[port[arm]].page.account.cancelled += 1;
                }
                self.note_dropped(dropped, true);
            }
        }
    }

    async fn select_lending(&mut self) {
        if self.ports.iter().all(|port| port.tx.is_none()) {
            return self.select_two().await;
        }
        let mut hand = self.deal(Op::SelectLending, |arm| arm < 4);
        let (port, on) = (hand.port, hand.on);
        let mut first = hand.value[1].take().unwrap_or_else(|| self.ports[port[1]].page.make());
        let mut second = hand.value[3].take().unwrap_or_else(|| self.ports[port[3]].page.make());
        let ports = &self.ports;
        let sender = |arm: usize| ports[port[arm]].tx.as_ref().expect("a port with a sender was dealt");
        let (tx, other_tx) = (sender(1), sender(3));
        let ((out, back), dropped) = observe(async {
            vela::select! {
                Some(v) = <-ports[port[0]].rx, if on[0] => (Out::Got(0, v), [Some(first), Some(second)]),
                tx <- mut first, if on[1] => (Out::Sent, [None, Some(second)]),
                Some(v) = <-ports[port[2]].rx, if on[2] => (Out::Got(2, v), [Some(first), Some(second)]),
                r = other_tx <- mut second, if on[3] => {
                    let out = match r {
                        Ok(()) => Out::Sent,
                        Err(error) => Out::Refused(3, error),
                    };
                    (out, [Some(first), None])
                },
                closed => (Out::Closed, [Some(first), Some(second)]),
            }
        })
        .await;
        let [first, second] = back;
        for (arm, value) in [(1, first), (3, second)] {
            if let Some(value) = value {
                self.ports[port[arm]].page.back(value);
            }
        }
        self.settle(&port, out, dropped, Some(0));
    }

    async fn select_else(&mut self) {
        let mut hand = self.deal(Op::SelectElse, |arm| arm < 3);
        let (port, on, sending) = (hand.port, hand.on, hand.sends);
        let ports = &self.ports;
        let (out, dropped) = observe(async {
            vela::select! {
                Some(v) = <-ports[port[0]].rx, if on[0] => Out::Got(0, v),
                ports[port[1]].tx <- hand.value(1), if on[1] => Out::Sent,
                Some(v) = <-ports[port[2]].rx, if on[2] => Out::Got(2, v),
                else => Out::Nothing,
            }
        })
        .await;
        let won = u32::from(matches!(out, Out::Sent));
        if matches!(out, Out::Nothing) {
            self.renew_closed();
        }
        self.settle(&port, out, dropped, Some(sending - won));
    }

    /// Channels beside foreign futures, which keep the claim word busy while they are polled.
    async fn select_future(&mut self) {
        let mut hand = self.deal(Op::SelectFuture, |arm| arm < 3);
        let (port, on, sending) = (hand.port, hand.on, hand.sends);
        let patient = |arm: usize| on[arm] && self.ports[port[arm]].page.epoch.plan.patient;
        let yields = self.rng.u32(1..6);
        let timer = self.rng.u8(..64) == 0 && !patient(0) && !patient(2);
        let pause = Duration::from_micros(self.rng.u64(..50));
        let ports = &self.ports;
        let (out, dropped) = observe(async {
            vela::select! {
                Some(v) = <-ports[port[0]].rx, if on[0] => Out::Got(0, v),
                ports[port[1]].tx <- hand.value(1), if on[1] => Out::Sent,
                Some(v) = <-ports[port[2]].rx, if on[2] => Out::Got(2, v),
                _ = give_way(yields) => Out::Nothing,
                _ = <-vela::time::after(pause), if timer => Out::Nothing,
            }
        })
        .await;
        let won = u32::from(matches!(out, Out::Sent));
        if matches!(out, Out::Nothing) {
            self.renew_closed();
        }
        self.settle(&port, out, dropped, Some(sending - won));
    }

    /// Two to eight arms, put together at run time.
    async fn select_built(&mut self) {
        let arms = self.rng.usize(2..=ARMS);
        let mut hand = self.deal(Op::SelectBuilt, |arm| arm < arms);
        let (port, sending) = (hand.port, hand.sends);
        let mut select = if self.rng.bool() { Select::new() } else { Select::biased() };
        for arm in (0..arms).filter(|&arm| hand.on[arm]) {
            let ends = &self.ports[port[arm]];
            if let (true, Some(tx)) = (sends(arm), &ends.tx) {
                let value = hand.value[arm].take().expect("an arm that is on has a value");
                select = select.send(tx, value, move || Out::Sent);
            } else if let Some(rx) = &ends.rx {
                select = select.recv(rx, move |v| Out::Got(arm, v));
            }
        }
        if self.rng.bool() {
            select = select.or_else(|| Out::Nothing);
        }
        let (out, dropped) = observe(select.wait()).await;
        let out = out.unwrap_or(Out::Closed);
        let won = u32::from(matches!(out, Out::Sent));
        self.settle(&port, out, dropped, Some(sending - won));
    }
}

/// Is ready at the poll after so many, and wakes itself up to then.
async fn give_way(times: u32) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}
