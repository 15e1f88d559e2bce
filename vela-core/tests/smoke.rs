//! First light.
use std::pin::pin;
use vela_core::__private as p;
use vela_core::__private::{ReceiveExt as _, TransmitExt as _};
use vela_core::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mpmc_all_capacities() {
    for cap in [0, 1, 4, usize::MAX] {
        let (tx, rx) = channel::<u64>(cap);
        let n = 50_000u64;
        let mut ts = vec![];
        for i in 0..4 {
            let tx = tx.clone();
            ts.push(tokio::spawn(async move {
                for k in 0..n {
                    tx.send(k * 4 + i).await.unwrap();
                }
            }));
        }
        drop(tx);
        let mut rs = vec![];
        for _ in 0..4 {
            let rx = rx.clone();
            rs.push(tokio::spawn(async move {
                let mut s = 0;
                let mut c = 0;
                while let Some(v) = rx.recv().await {
                    s += v;
                    c += 1;
                }
                (s, c)
            }));
        }
        drop(rx);
        for t in ts {
            t.await.unwrap();
        }
        let mut s = 0;
        let mut c = 0;
        for r in rs {
            let (a, b) = r.await.unwrap();
            s += a;
            c += b;
        }
        assert_eq!(c, 4 * n);
        assert_eq!(s, (0..4 * n).sum::<u64>());
    }
}

async fn sel2(a: &Receiver<u64>, b: &Receiver<u64>) -> Option<u64> {
    let mut s = pin!(p::Selector::new(p::Mode::fair().or_closed()));
    let mut c0 = pin!(p::values(Some(a.__vela_receive())));
    let mut c1 = pin!(p::values(Some(b.__vela_receive())));
    match std::future::poll_fn(|cx| s.as_mut().poll(cx, &mut [c0.as_mut().arm(), c1.as_mut().arm()])).await {
        0 => Some(c0.as_mut().take()),
        1 => Some(c1.as_mut().take()),
        p::CLOSED => None,
        _ => p::unreachable_arm(),
    }
}

async fn sel_send2(a: &Sender<u64>, b: &Sender<u64>, v: u64) {
    let mut s = pin!(p::Selector::new(p::Mode::fair()));
    let mut c0 = pin!(p::sent(Some(a.__vela_transmit(v))));
    let mut c1 = pin!(p::sent(Some(b.__vela_transmit(v))));
    match std::future::poll_fn(|cx| s.as_mut().poll(cx, &mut [c0.as_mut().arm(), c1.as_mut().arm()])).await {
        0 => c0.as_mut().take(),
        1 => c1.as_mut().take(),
        _ => p::unreachable_arm(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn select_both_sides() {
    for cap in [0, 1, 4, usize::MAX] {
        let (ta, ra) = channel::<u64>(cap);
        let (tb, rb) = channel::<u64>(cap);
        let n = 50_000u64;
        let mut ts = vec![];
        for i in 0..3 {
            let (ta, tb) = (ta.clone(), tb.clone());
            ts.push(tokio::spawn(async move {
                for k in 0..n {
                    sel_send2(&ta, &tb, k * 3 + i).await;
                }
            }));
        }
        drop((ta, tb));
        let mut rs = vec![];
        for _ in 0..3 {
            let (ra, rb) = (ra.clone(), rb.clone());
            rs.push(tokio::spawn(async move {
                let mut s = 0;
                let mut c = 0;
                while let Some(v) = sel2(&ra, &rb).await {
                    s += v;
                    c += 1;
                }
                (s, c)
            }));
        }
        drop((ra, rb));
        for t in ts {
            t.await.unwrap();
        }
        let mut s = 0;
        let mut c = 0;
        for r in rs {
            let (a, b) = r.await.unwrap();
            s += a;
            c += b;
        }
        assert_eq!((c, s), (3 * n, (0..3 * n).sum::<u64>()), "cap {cap}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn set_receives_all() {
    for cap in [0, 1, 4, usize::MAX] {
        let mut set = SelectSet::new();
        let mut ts = vec![];
        for i in 0..8u64 {
            let (tx, rx) = channel::<u64>(cap);
            set.insert(rx);
            ts.push(tokio::spawn(async move {
                for k in 0..20_000u64 {
                    tx.send(k * 8 + i).await.unwrap();
                }
            }));
        }
        let mut next = [0u64; 8];
        let mut c = 0;
        while !set.is_empty() {
            // A cancelled round now and then.
            if c % 7 == 0 {
                let f = set.recv();
                drop(f);
            }
            match set.recv().await {
                (i, Some(v)) => {
                    assert_eq!(v, next[i] * 8 + i as u64);
                    next[i] += 1;
                    c += 1;
                }
                (i, None) => {
                    set.remove(i);
                }
            }
        }
        assert_eq!(c, 160_000);
        for t in ts {
            t.await.unwrap();
        }
    }
}
