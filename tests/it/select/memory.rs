//! Repeated selects do not grow memory: seen from outside, in a process of its own.

#![cfg(target_os = "linux")]

use vela::prelude::*;
use vela::{Select, SelectSet};

use super::probe::{Hand, now};

const CHILD: &str = "VELA_TEST_MEMORY_CHILD";

/// The resident memory of this process in kB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn rounds(n: u32) {
    let (tx, rx) = channel::<u64>(0);
    let (_t, other) = channel::<u64>(0);
    let mut inputs: Vec<Receiver<u64>> = (0..8).map(|_| rx.clone()).collect();
    let mut set = SelectSet::new();
    set.insert(rx.clone());
    set.insert(other.clone());
    for _ in 0..n {
        // Cancelled while waiting; beaten by `else`; completed; lost by an arm that waits.
        drop(Hand::waiting(async {
            select! { v = <-rx => v, r = tx <- 1 => r.ok().map(|()| 1), v = <-other => v }
        }));
        now(async {
            select! { _ = <-rx => {}, _ = <-other => {}, else => {} }
        });
        let mut select = Hand::waiting(async {
            select! { v = <-rx => v, v = <-rx => v, v = <-other => v }
        });
        tx.try_send(5).unwrap();
        assert_eq!(select.woken(), Some(5));
        drop(Hand::waiting(async { vela!(<-any(&mut inputs)) }));
        drop(Hand::waiting(set.recv()));
        drop(Hand::waiting(Select::new().recv(&rx, |v| v).wait()));
        assert!(tx.try_send(1).is_err(), "all have left");
    }
}

#[test]
fn repeated_selects_do_not_grow_memory() {
    if std::env::var_os(CHILD).is_some() {
        rounds(5_000);
        let before = resident();
        rounds(30_000);
        let grown = resident().saturating_sub(before);
        assert!(grown < 1_000, "30,000 rounds have taken {grown} kB");
        return;
    }
    let test = "select::memory::repeated_selects_do_not_grow_memory";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "{text}");
}
