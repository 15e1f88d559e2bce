//! The receiving loops: by macro over so many arms, by set, and by hand.

use std::task::Poll;

use tokio::sync::mpsc;

use crate::peer::{Peer, Tokio};

/// Defines the loop over so many arms, for Vela and for the peers.
macro_rules! arms {
    ($vela:ident, $peer:ident, $arms:literal: $($arm:ident)*) => {
        arms!($vela, $arms: $($arm)*);

        async fn $peer<P: Peer>(mut rx: Vec<P::Rx>) -> u64 {
            let [$($arm),*]: &mut [_; $arms] = rx.as_mut_slice().try_into().expect("one receiver for each arm");
            let mut received = 0;
            loop {
                tokio::select! {
                    $(Some(_) = P::recv($arm) => received += 1,)*
                    else => return received,
                }
            }
        }
    };
    ($vela:ident, $arms:literal: $($arm:ident)*) => {
        async fn $vela(rx: Vec<vela::Receiver<u64>>) -> u64 {
            let [$($arm),*]: &[_; $arms] = rx.as_slice().try_into().expect("one receiver for each arm");
            let mut received = 0;
            loop {
                vela::select! {
                    $(Some(_) = <-$arm => received += 1,)*
                    closed => return received,
                }
            }
        }
    };
}

arms!(vela_1, peer_1, 1: a);
arms!(vela_2, peer_2, 2: a b);
arms!(vela_8, peer_8, 8: a b c d e f g h);
arms!(vela_32, peer_32, 32:
    a0 a1 a2 a3 a4 a5 a6 a7 b0 b1 b2 b3 b4 b5 b6 b7 c0 c1 c2 c3 c4 c5 c6 c7 d0 d1 d2 d3 d4 d5 d6 d7);
arms!(vela_64, peer_64, 64:
    a0 a1 a2 a3 a4 a5 a6 a7 b0 b1 b2 b3 b4 b5 b6 b7 c0 c1 c2 c3 c4 c5 c6 c7 d0 d1 d2 d3 d4 d5 d6 d7
    e0 e1 e2 e3 e4 e5 e6 e7 f0 f1 f2 f3 f4 f5 f6 f7 g0 g1 g2 g3 g4 g5 g6 g7 h0 h1 h2 h3 h4 h5 h6 h7);
arms!(vela_128, 128:
    a0 a1 a2 a3 a4 a5 a6 a7 b0 b1 b2 b3 b4 b5 b6 b7 c0 c1 c2 c3 c4 c5 c6 c7 d0 d1 d2 d3 d4 d5 d6 d7
    e0 e1 e2 e3 e4 e5 e6 e7 f0 f1 f2 f3 f4 f5 f6 f7 g0 g1 g2 g3 g4 g5 g6 g7 h0 h1 h2 h3 h4 h5 h6 h7
    i0 i1 i2 i3 i4 i5 i6 i7 j0 j1 j2 j3 j4 j5 j6 j7 k0 k1 k2 k3 k4 k5 k6 k7 l0 l1 l2 l3 l4 l5 l6 l7
    m0 m1 m2 m3 m4 m5 m6 m7 n0 n1 n2 n3 n4 n5 n6 n7 o0 o1 o2 o3 o4 o5 o6 o7 p0 p1 p2 p3 p4 p5 p6 p7);

/// The most arms that `tokio::select!` takes.
pub(super) const TOKIO_MOST: usize = 64;

pub(super) async fn peer_select<P: Peer>(rx: Vec<P::Rx>) -> u64 {
    match rx.len() {
        2 => peer_2::<P>(rx).await,
        8 => peer_8::<P>(rx).await,
        _ => peer_64::<P>(rx).await,
    }
}

/// As [`peer_select`], with the curve's other counts of arms.
pub(super) async fn tokio_select(rx: Vec<mpsc::Receiver<u64>>) -> u64 {
    match rx.len() {
        1 => peer_1::<Tokio>(rx).await,
        32 => peer_32::<Tokio>(rx).await,
        _ => peer_select::<Tokio>(rx).await,
    }
}

pub(super) async fn vela_select(rx: Vec<vela::Receiver<u64>>) -> u64 {
    match rx.len() {
        1 => vela_1(rx).await,
        2 => vela_2(rx).await,
        8 => vela_8(rx).await,
        32 => vela_32(rx).await,
        64 => vela_64(rx).await,
        _ => vela_128(rx).await,
    }
}

pub(super) async fn vela_set(rx: Vec<vela::Receiver<u64>>) -> u64 {
    let mut set = vela::SelectSet::new();
    for rx in rx {
        set.insert(rx);
    }
    let mut received = 0;
    while !set.is_empty() {
        match set.recv().await {
            (_, Some(_)) => received += 1,
            (member, None) => drop(set.remove(member)),
        }
    }
    received
}

/// Polls one receiver after the other, going on behind the last that had something.
pub(super) async fn tokio_poll_loop(mut rx: Vec<mpsc::Receiver<u64>>) -> u64 {
    let (mut next, mut received) = (0, 0);
    while !rx.is_empty() {
        let (arm, value) = std::future::poll_fn(|cx| {
            for step in 0..rx.len() {
                let arm = (next + step) % rx.len();
                if let Poll::Ready(value) = rx[arm].poll_recv(cx) {
                    return Poll::Ready((arm, value));
                }
            }
            Poll::Pending
        })
        .await;
        next = arm + 1;
        match value {
            Some(_) => received += 1,
            None => drop(rx.swap_remove(arm)),
        }
    }
    received
}
