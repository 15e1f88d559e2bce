//! The configurations that are checked: each small, and each with a part of the protocol that the others lack.

use super::Config;
use super::state::{Arm, Op};

fn send(c: u8, value: u8) -> Op {
    Op::One(Arm::Send(c, value))
}

fn recv(c: u8) -> Op {
    Op::One(Arm::Recv(c))
}

/// All of them.
#[must_use]
pub fn all() -> Vec<Config> {
    vec![
        rendezvous(),
        buffered(),
        closed(),
        closed_select(),
        closed_arm(),
        two_senders(),
        two_receivers(),
        own_channel(),
        crossing(),
        facing(),
        crossing_buffered(),
        ring(),
        send_or_receive(),
        cancelled_receiver(),
        cancelled_select(),
        cancelled_sender(),
        cancelled_crossing(),
        walking_token(),
        walking_rendezvous(),
        else_against_select(),
        polled_needlessly(),
    ]
}

/// A send and a receive meet, both may be cancelled and polled needlessly.
#[must_use]
pub fn rendezvous() -> Config {
    let scripts = vec![vec![send(0, 1), send(0, 2)], vec![recv(0), recv(0)]];
    Config::new("rendezvous", vec![(0, vec![])], scripts).cancel(0).cancel(1).poll(0).poll(1)
}

/// Three sends through a buffer of one.
#[must_use]
pub fn buffered() -> Config {
    let scripts = vec![vec![send(0, 1), send(0, 2)], vec![recv(0), recv(0)], vec![send(0, 3)]];
    Config::new("buffered", vec![(1, vec![])], scripts).cancel(0).cancel(1).poll(1)
}

/// Sender and receiver wait while the channel is closed.
#[must_use]
pub fn closed() -> Config {
    let scripts = vec![vec![send(0, 1), send(0, 2)], vec![recv(0)], vec![Op::Close(0)]];
    Config::new("closed", vec![(1, vec![])], scripts).cancel(0).cancel(1).poll(1)
}

/// A select loses its arms one by one to the close of their channels.
#[must_use]
pub fn closed_select() -> Config {
    let select = Op::Select(vec![Arm::Recv(0), Arm::Send(1, 2)]);
    let scripts = vec![vec![select], vec![Op::Close(0), Op::Close(1)], vec![send(0, 1)]];
    Config::new("closed select", vec![(0, vec![]), (0, vec![])], scripts).cancel(0).poll(0)
}

/// One arm of a select is closed, the other has a value.
#[must_use]
pub fn closed_arm() -> Config {
    let select = Op::Select(vec![Arm::Recv(0), Arm::Recv(1)]);
    let scripts = vec![vec![select.clone(), select], vec![Op::Close(0)], vec![send(1, 1)]];
    Config::new("closed arm", vec![(1, vec![]), (0, vec![])], scripts).cancel(2)
}

/// A select receives from two channels; a sender waits at each.
#[must_use]
pub fn two_senders() -> Config {
    let select = Op::Select(vec![Arm::Recv(0), Arm::Recv(1)]);
    let scripts = vec![vec![select.clone(), select], vec![send(0, 1)], vec![send(1, 2)]];
    Config::new("two senders", vec![(0, vec![]), (1, vec![])], scripts)
}

/// A select sends into two channels; a receiver waits at each.
#[must_use]
pub fn two_receivers() -> Config {
    let select = |v| Op::Select(vec![Arm::Send(0, v), Arm::Send(1, v + 1)]);
    let scripts = vec![vec![select(1), select(3)], vec![recv(0)], vec![recv(1)]];
    Config::new("two receivers", vec![(0, vec![]), (0, vec![])], scripts)
}

/// A select that could meet itself, and must not.
#[must_use]
pub fn own_channel() -> Config {
    let select = Op::Select(vec![Arm::Send(0, 1), Arm::Recv(0)]);
    let other = Op::Select(vec![Arm::Recv(0), Arm::Send(0, 2)]);
    Config::new("own channel", vec![(0, vec![])], vec![vec![select], vec![other]]).cancel(0).poll(1)
}

/// Two selects with two channels in common, whose arms cross.
#[must_use]
pub fn crossing() -> Config {
    let one = Op::Select(vec![Arm::Send(0, 1), Arm::Recv(1)]);
    let other = Op::Select(vec![Arm::Send(1, 2), Arm::Recv(0)]);
    Config::new("crossing", vec![(0, vec![]), (0, vec![])], vec![vec![one], vec![other]]).poll(0)
}

/// Two selects, one of which only sends and the other only receives, in the opposite order.
#[must_use]
pub fn facing() -> Config {
    let one = Op::Select(vec![Arm::Send(0, 1), Arm::Send(1, 2)]);
    let other = Op::Select(vec![Arm::Recv(1), Arm::Recv(0)]);
    Config::new("facing", vec![(0, vec![]), (0, vec![])], vec![vec![one], vec![other]]).cancel(1).poll(0)
}

/// As `crossing`, twice, and one of the channels has a buffer, which is full at first.
#[must_use]
pub fn crossing_buffered() -> Config {
    let one = |v| Op::Select(vec![Arm::Send(0, v), Arm::Recv(1)]);
    let other = |v| Op::Select(vec![Arm::Send(1, v), Arm::Recv(0)]);
    let scripts = vec![vec![one(1), one(2)], vec![other(3), other(4)]];
    Config::new("crossing, buffered", vec![(1, vec![5]), (0, vec![])], scripts).cancel(0).cancel(1).poll(1)
}

/// Three selects in a ring: each sends to the next.
#[must_use]
pub fn ring() -> Config {
    let select = |to, from| vec![Op::Select(vec![Arm::Send(to, to + 1), Arm::Recv(from)])];
    Config::new("ring", vec![(0, vec![]); 3], vec![select(0, 2), select(1, 0), select(2, 1)])
}

/// A select sends or receives; a lone receiver and a lone sender want both.
#[must_use]
pub fn send_or_receive() -> Config {
    let select = Op::Select(vec![Arm::Send(0, 1), Arm::Recv(1)]);
    Config::new("send or receive", vec![(0, vec![]), (0, vec![])], vec![vec![select], vec![recv(0)], vec![send(1, 2)]])
        .cancel(0)
}

/// Two receivers wait; the one that is served may be dropped.
#[must_use]
pub fn cancelled_receiver() -> Config {
    let scripts = vec![vec![recv(0)], vec![recv(0)], vec![send(0, 1)]];
    Config::new("cancelled receiver", vec![(0, vec![])], scripts).cancel(0).cancel(1)
}

/// A select is dropped while senders serve it on both arms; another receiver is there.
#[must_use]
pub fn cancelled_select() -> Config {
    let select = Op::Select(vec![Arm::Recv(0), Arm::Recv(1)]);
    let scripts = vec![vec![select], vec![send(0, 1), send(1, 2)], vec![recv(1)]];
    Config::new("cancelled select", vec![(1, vec![]), (0, vec![])], scripts).cancel(0)
}

/// A waiting sender is dropped while another one waits for the same place.
#[must_use]
pub fn cancelled_sender() -> Config {
    let scripts = vec![vec![send(0, 1)], vec![send(0, 2)], vec![recv(0), recv(0)]];
    Config::new("cancelled sender", vec![(1, vec![3])], scripts).cancel(0).cancel(2)
}

/// As `crossing`, and both may be dropped.
#[must_use]
pub fn cancelled_crossing() -> Config {
    crossing().cancel(0).cancel(1).renamed("cancelled crossing")
}

/// A value walks to and fro, and is in the next channel before it leaves the last: at each instant one of the two is
/// ready.
#[must_use]
pub fn walking_token() -> Config {
    let looks = || Op::SelectElse(vec![Arm::Recv(1), Arm::Recv(0)]);
    let walk = vec![send(1, 2), recv(0), send(0, 3), recv(1), send(1, 4), recv(0), send(0, 5), recv(1)];
    Config::new("walking token", vec![(2, vec![1]), (2, vec![])], vec![vec![looks()], walk]).cancel(1)
}

/// A receiver and a sender come and go while a select with `else` looks for either.
#[must_use]
pub fn walking_rendezvous() -> Config {
    let looks = |v| Op::SelectElse(vec![Arm::Recv(0), Arm::Send(1, v)]);
    let scripts = vec![vec![looks(1), looks(2)], vec![send(0, 3)], vec![recv(1)]];
    Config::new("walking rendezvous", vec![(0, vec![]), (0, vec![])], scripts).cancel(1).cancel(2)
}

/// A select with `else` against one that waits.
#[must_use]
pub fn else_against_select() -> Config {
    let looks = Op::SelectElse(vec![Arm::Send(0, 1), Arm::Recv(1)]);
    let waits = Op::Select(vec![Arm::Send(1, 2), Arm::Recv(0)]);
    let scripts = vec![vec![looks], vec![waits], vec![recv(1)]];
    Config::new("else against select", vec![(0, vec![]), (0, vec![])], scripts).cancel(1)
}

/// A select that is polled by others than its counterparts.
#[must_use]
pub fn polled_needlessly() -> Config {
    let select = Op::Select(vec![Arm::Recv(0), Arm::Recv(1)]);
    let scripts = vec![vec![select], vec![send(0, 1)], vec![send(1, 2)]];
    Config::new("polled needlessly", vec![(0, vec![]), (1, vec![])], scripts).poll(0).poll(0).cancel(0)
}
