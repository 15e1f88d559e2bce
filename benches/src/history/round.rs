//! One round: senders and receivers on one or two channels, with everything written down; then the check.

use std::collections::VecDeque;
use std::fmt::Arguments;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use fastrand::Rng;
use vela::{Receiver, Sender, TryRecvError};

use super::check::{self, Fault, Rules};
use super::log::{Clock, Event, Log, What};
use crate::mesh::violation::violation;
use crate::mesh::watched::poll_some;

/// Most senders, and most receivers.
const MOST: u32 = 8;
/// How long a round may take; a million operations take a few seconds on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Channels that are never used, between two that are.
const IDLE: usize = 6;
/// How long a timed operation waits.
const PAUSE: Duration = Duration::from_micros(50);
/// How many faults of a channel are told.
const TOLD: usize = 5;

/// What a round is like.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// `None`: unbounded.
    capacities: [Option<usize>; 2],
    channels: usize,
    senders: u32,
    receivers: u32,
    /// Operations of each sender.
    sends: u64,
    /// Receives are given up, too: then a value may come late.
    gives_up: bool,
    /// Permits are used. At capacity 0 a value sent by one may have to wait in the channel.
    reserves: bool,
    /// Senders carry a value to and fro between the two channels, so that one of them always holds something, and receivers
    /// look at both at once.
    carries: bool,
}

impl Plan {
    fn random(rng: &mut Rng, quota: u64) -> Self {
        let mut capacity = || [Some(0), Some(1), Some(64), None][rng.usize(..4)];
        let capacities = [capacity(), capacity()];
        let channels = rng.usize(1..=2);
        let senders = rng.u32(1..=MOST);
        // Each channel has a receiver of its own: where all wait for the other one, nobody would come.
        let receivers = rng.u32(channels as u32..=MOST);
        // Each value has two events.
        let sends = (quota / 2 / u64::from(senders)).max(1);
        let (gives_up, reserves) = (rng.u8(..3) == 0, rng.bool());
        let carries = channels == 2 && rng.bool() && capacities.iter().all(|&capacity| capacity != Some(0));
        if carries {
            // One, or the channels are emptied together too often.
            let (senders, receivers, sends) = (1, rng.u32(1..=2), (quota / 4).max(1));
            return Self { capacities, channels, senders, receivers, sends, gives_up, reserves, carries };
        }
        Self { capacities, channels, senders, receivers, sends, gives_up, reserves, carries }
    }

    fn rules(&self, channel: usize, given_up: usize) -> Rules {
        let capacity = self.capacities[channel];
        let waits_inside = capacity == Some(0) && self.reserves;
        Rules {
            drained: true,
            // What a receive that is given up puts back finds room in any case.
            capacity: capacity.filter(|_| given_up == 0 && !waits_inside),
            late: given_up,
            empties: given_up == 0,
        }
    }
}

/// What rounds came to.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Report {
    pub(crate) rounds: u64,
    /// Operations that were checked.
    pub(crate) checked: u64,
    /// Of those, how many found nothing.
    pub(crate) empties: u64,
    /// How many found nothing in two channels at one instant.
    pub(crate) together: u64,
    pub(crate) channels: u64,
    /// Receives that were given up.
    pub(crate) given_up: u64,
    /// Channels without any: their histories were checked to the letter.
    pub(crate) strict: u64,
}

impl Report {
    pub(crate) fn add(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.checked += other.checked;
        self.empties += other.empties;
        self.together += other.together;
        self.channels += other.channels;
        self.given_up += other.given_up;
        self.strict += other.strict;
    }
}

/// Runs a round of about `quota` operations, and checks its histories.
///
/// # Errors
///
/// If it hangs, or a task panics. What is wrong with a history is a [`violation`].
pub(crate) async fn round(seed: u64, quota: u64) -> anyhow::Result<Report> {
    let plan = Plan::random(&mut Rng::with_seed(seed), quota);
    let parties = tokio::time::timeout(PATIENCE, play(plan, seed)).await;
    let Ok(parties) = parties else { bail!("hung: round {seed} of histories, {plan:?}") };
    let parties = parties.with_context(|| format!("round {seed} of histories, {plan:?}"))?;
    let mut report = Report { rounds: 1, channels: plan.channels as u64, ..Report::default() };
    let given_up: Vec<usize> =
        (0..plan.channels).map(|channel| parties.iter().map(|party| party.given_up[channel]).sum()).collect();
    let histories: Vec<Vec<Event>> = (0..plan.channels)
        .map(|channel| parties.iter().flat_map(|party| &party.log.events[channel]).copied().collect())
        .collect();
    for (channel, (events, &given_up)) in histories.iter().zip(&given_up).enumerate() {
        tell(check::check(events, plan.rules(channel, given_up)), seed, format_args!("channel {channel} of {plan:?}"));
        report.checked += events.len() as u64;
        report.empties += events.iter().filter(|event| event.what == What::Empty).count() as u64;
        report.given_up += given_up as u64;
        report.strict += u64::from(given_up == 0);
    }
    if given_up.iter().all(|&given_up| given_up == 0) {
        let found: Vec<Event> = parties.iter().flat_map(|party| &party.log.together).copied().collect();
        tell(check::check_together(&histories, &found), seed, format_args!("both channels of {plan:?}"));
        report.together += found.len() as u64;
    }
    Ok(report)
}

fn tell(faults: Vec<Fault>, seed: u64, place: Arguments<'_>) {
    for fault in faults.iter().take(TOLD) {
        violation(format_args!("round {seed} of histories, {place}: {fault}"));
    }
    if faults.len() > TOLD {
        violation(format_args!("round {seed} of histories, {place}: {} faults in all", faults.len()));
    }
}

async fn play(plan: Plan, seed: u64) -> anyhow::Result<Vec<Party>> {
    let clock = Arc::new(Clock::default());
    let (mut senders, mut receivers) = (Vec::new(), Vec::new());
    for capacity in &plan.capacities[..plan.channels] {
        let (tx, rx) = match capacity {
            Some(capacity) => vela::channel(*capacity),
            None => vela::unbounded(),
        };
        senders.push(tx);
        receivers.push(rx);
    }
    let (silent, idle): (Vec<_>, Vec<_>) = (0..IDLE).map(|_| vela::channel(1)).unzip();
    let mut tasks = Vec::new();
    for me in 0..plan.senders + plan.receivers {
        let rng = Rng::with_seed(seed ^ u64::from(me + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let log = Log::new(me, plan.channels);
        let party = Party { plan, clock: Arc::clone(&clock), rng, log, idle: idle.clone(), given_up: [0; 2] };
        tasks.push(match me.checked_sub(plan.senders) {
            None if plan.carries => vela::task::spawn(party.carry_all(senders.clone(), receivers.clone())),
            None => vela::task::spawn(party.send_all(senders.clone())),
            Some(place) => {
                // The first ones stay with a channel each.
                let own = !plan.carries && (place as usize) < plan.channels;
                let only = own.then_some(place as usize);
                vela::task::spawn(party.receive_all(receivers.clone(), only))
            }
        });
    }
    drop((senders, receivers));
    let mut parties = Vec::new();
    for task in tasks {
        parties.push(task.await?);
    }
    drop(silent);
    Ok(parties)
}

/// A task of the round.
struct Party {
    plan: Plan,
    clock: Arc<Clock>,
    rng: Rng,
    log: Log,
    /// Channels in which there never is anything.
    idle: Vec<Receiver<u64>>,
    /// Receives given up on each channel.
    given_up: [usize; 2],
}

impl Party {
    /// The stamps of an operation that began at `begin` and is over.
    #[inline]
    fn since(&self, begin: u64) -> (u64, u64) {
        (begin, self.clock.stamp())
    }

    async fn send_all(mut self, channels: Vec<Sender<u64>>) -> Self {
        let mut turns = 0_u64;
        while turns < self.plan.sends {
            turns += self.send(&channels).await;
            if self.rng.u8(..32) == 0 {
                tokio::task::yield_now().await;
            }
        }
        self
    }

    /// Sends; gives how many values that were.
    async fn send(&mut self, channels: &[Sender<u64>]) -> u64 {
        let channel = self.rng.usize(..channels.len());
        let tx = &channels[channel];
        let value = self.log.make();
        let plan = self.rng.u32(..);
        let way = self.rng.u8(..64);
        let begin = self.clock.stamp();
        let what = match way {
            0..=19 => tx.send(value).await.is_ok().then_some(What::Sent),
            20..=31 => tx.try_send(value).is_ok().then_some(What::Sent),
            32..=37 => {
                let mut batch: VecDeque<u64> = (0..self.rng.u32(1..16)).map(|_| self.log.make()).collect();
                batch.push_front(value);
                return self.send_batch(channel, tx, batch).await;
            }
            38..=43 => {
                let mut from = Some(value);
                let _ = poll_some(tx.send_from(&mut from), plan).await;
                from.is_none().then_some(What::Sent)
            }
            44 => {
                let mut from = Some(value);
                let _ = vela::time::timeout(PAUSE, tx.send_from(&mut from)).await;
                from.is_none().then_some(What::Sent)
            }
            45..=47 => match poll_some(tx.send(value), plan).await.0 {
                Some(sent) => sent.is_ok().then_some(What::Sent),
                None => Some(What::Unsure),
            },
            48 => tx.send_timeout(value, PAUSE).await.is_ok().then_some(What::Sent),
            49..=51 if self.plan.reserves => {
                let Ok(permit) = tx.reserve().await else { return 1 };
                // It is sent from here on.
                let begin = self.clock.stamp();
                let sent = permit.send(value);
                let stamps = self.since(begin);
                if sent.is_ok() {
                    self.log.note(channel, What::Sent, value, stamps);
                }
                return 1;
            }
            _ => return self.select_send(channels, value, begin).await,
        };
        let stamps = self.since(begin);
        if let Some(what) = what {
            self.log.note(channel, what, value, stamps);
        }
        1
    }

    async fn carry_all(mut self, senders: Vec<Sender<u64>>, receivers: Vec<Receiver<u64>>) -> Self {
        for turn in 0..self.plan.sends {
            let (to, from) = ((turn % 2) as usize, (turn % 2) as usize ^ 1);
            let value = self.log.make();
            let begin = self.clock.stamp();
            // Without waiting: where nobody else sends there is room.
            let sent = senders[to].try_send(value).is_ok();
            let stamps = self.since(begin);
            if sent {
                self.log.note(to, What::Sent, value, stamps);
            }
            let begin = self.clock.stamp();
            let received = receivers[from].try_recv();
            let stamps = self.since(begin);
            match received {
                Ok(value) => self.log.note(from, What::Received, value, stamps),
                Err(_) => self.log.note(from, What::Empty, 0, stamps),
            }
            if self.rng.u8(..128) == 0 {
                tokio::task::yield_now().await;
            }
        }
        self
    }

    async fn send_batch(&mut self, channel: usize, tx: &Sender<u64>, mut batch: VecDeque<u64>) -> u64 {
        let all: Vec<u64> = batch.iter().copied().collect();
        let plan = self.rng.u32(..);
        let begin = self.clock.stamp();
        if self.rng.bool() {
            let _ = tx.send_all(&mut batch).await;
        } else {
            let _ = poll_some(tx.send_all(&mut batch), plan).await;
        }
        let stamps = self.since(begin);
        for &value in &all[..all.len() - batch.len()] {
            self.log.note(channel, What::Sent, value, stamps);
        }
        all.len() as u64
    }

    /// On both channels at once, or on one of them beside something else.
    async fn select_send(&mut self, channels: &[Sender<u64>], value: u64, begin: u64) -> u64 {
        let last = channels.len() - 1;
        let (first, second) = (&channels[0], &channels[last]);
        let other = self.log.make();
        let yields = self.rng.u32(..4);
        let sent = match self.rng.u8(..3) {
            0 => vela::select! {
                r = first <- value => r.is_ok().then_some((0, value)),
                r = second <- other => r.is_ok().then_some((last, other)),
            },
            1 => vela::select! {
                r = first <- value => r.is_ok().then_some((0, value)),
                r = second <- other => r.is_ok().then_some((last, other)),
                else => None,
            },
            _ => vela::select! {
                r = first <- value => r.is_ok().then_some((0, value)),
                r = second <- other => r.is_ok().then_some((last, other)),
                _ = give_way(yields) => None,
            },
        };
        let stamps = self.since(begin);
        if let Some((channel, value)) = sent {
            self.log.note(channel, What::Sent, value, stamps);
        }
        1
    }

    /// Receives until all channels are closed and drained. `only`: from this one.
    async fn receive_all(mut self, channels: Vec<Receiver<u64>>, only: Option<usize>) -> Self {
        let mut open: Vec<usize> = only.map_or_else(|| (0..channels.len()).collect(), |only| vec![only]);
        while !open.is_empty() {
            let place = self.rng.usize(..open.len());
            let channel = open[place];
            let closed = if open.len() == 2 && (self.plan.carries || self.rng.u8(..3) == 0) {
                self.select_receive(&channels).await
            } else {
                self.receive(channel, &channels[channel]).await.then_some(channel)
            };
            if let Some(closed) = closed {
                open.retain(|&channel| channel != closed);
            }
            if self.rng.u8(..32) == 0 {
                tokio::task::yield_now().await;
            }
        }
        self
    }

    /// True: the channel is closed and drained.
    async fn receive(&mut self, channel: usize, rx: &Receiver<u64>) -> bool {
        let plan = self.rng.u32(..);
        let way = self.rng.u8(..64);
        let max = self.rng.usize(1..=32);
        let yields = self.rng.u32(..4);
        let mut values = Vec::new();
        let begin = self.clock.stamp();
        let (mut closed, mut nothing) = (false, false);
        match way {
            0..=19 => values.extend(rx.recv().await),
            20..=35 => match rx.try_recv() {
                Ok(value) => values.push(value),
                Err(TryRecvError::Closed) => closed = true,
                Err(_) => nothing = true,
            },
            36..=43 => {
                rx.recv_many(&mut values, max).await;
            }
            44..=47 => nothing = rx.try_recv_many(&mut values, max) == 0,
            48..=51 => vela::select! {
                Some(value) = <-rx => values.push(value),
                else => nothing = true,
            },
            52..=55 => {
                let gave_way = vela::select! {
                    value = <-rx => {
                        values.extend(value);
                        false
                    }
                    _ = give_way(yields) => true,
                };
                if gave_way {
                    return false;
                }
            }
            56..=60 if self.plan.gives_up => match poll_some(rx.recv(), plan).await.0 {
                Some(value) => values.extend(value),
                None => {
                    self.given_up[channel] += 1;
                    return false;
                }
            },
            61 if self.plan.gives_up => match poll_some(rx.recv_many(&mut values, max), plan).await.0 {
                Some(_) => {}
                None => {
                    self.given_up[channel] += 1;
                    return false;
                }
            },
            62 if self.plan.gives_up => match rx.recv_timeout(PAUSE).await {
                Ok(value) => values.push(value),
                Err(vela::RecvTimeoutError::Timeout) => {
                    self.given_up[channel] += 1;
                    return false;
                }
                Err(_) => closed = true,
            },
            _ => values.extend(rx.recv().await),
        }
        let stamps = self.since(begin);
        for &value in &values {
            self.log.note(channel, What::Received, value, stamps);
        }
        if nothing {
            self.log.note(channel, What::Empty, 0, stamps);
            // Where it is closed, too, somebody has to notice.
            return rx.is_closed() && rx.is_empty();
        }
        closed || values.is_empty()
    }

    /// From both channels at once. Gives the one that is closed and drained.
    async fn select_receive(&mut self, channels: &[Receiver<u64>]) -> Option<usize> {
        let (first, second) = (&channels[0], &channels[1]);
        if self.plan.carries {
            return self.select_far_apart(first, second).await;
        }
        let begin = self.clock.stamp();
        let got = if self.rng.bool() {
            vela::select! {
                value = <-first => Some((0, value)),
                value = <-second => Some((1, value)),
            }
        } else {
            vela::select! {
                value = <-first => Some((0, value)),
                value = <-second => Some((1, value)),
                else => None,
            }
        };
        self.note_either(got, begin)
    }

    /// The same without waiting, with others between the two, so that the time between the looks at them is long.
    async fn select_far_apart(&mut self, first: &Receiver<u64>, second: &Receiver<u64>) -> Option<usize> {
        let idle = &self.idle;
        let begin = self.clock.stamp();
        let got = vela::select! {
            value = <-first => Some((0, value)),
            _ = <-idle[0] => None,
            _ = <-idle[1] => None,
            _ = <-idle[2] => None,
            _ = <-idle[3] => None,
            _ = <-idle[4] => None,
            _ = <-idle[5] => None,
            value = <-second => Some((1, value)),
            else => None,
        };
        self.note_either(got, begin)
    }

    /// Writes down what came from which of the two. Gives the one that is closed and drained.
    fn note_either(&mut self, got: Option<(usize, Option<u64>)>, begin: u64) -> Option<usize> {
        let stamps = self.since(begin);
        match got {
            Some((channel, Some(value))) => self.log.note(channel, What::Received, value, stamps),
            Some((channel, None)) => return Some(channel),
            None => self.log.note_nothing(stamps),
        }
        None
    }
}

/// Is ready at the poll after so many, and wakes itself up to then.
async fn give_way(times: u32) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}
