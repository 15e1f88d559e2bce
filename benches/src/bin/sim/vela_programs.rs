//! The programs under Vela's simulator.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use anyhow::{Result, anyhow};
use vela::sim::{Faults, Simulation, Strategy};

use crate::measure::{Contender, Done};

/// The contender that the goal is for.
pub(crate) const BASE: &str = "vela random";

/// Timers of the program that has many.
const TIMERS: usize = 190;

pub(crate) fn all() -> Vec<Contender> {
    vec![
        Contender {
            name: BASE,
            same_program: true,
            run: |n, seed| check(simulation(n, seed).strategy(Strategy::Random), counting),
        },
        Contender {
            name: "vela pct 3",
            same_program: true,
            run: |n, seed| check(simulation(n, seed).strategy(Strategy::Pct { depth: 3 }), counting),
        },
        Contender {
            name: "vela random, all faults",
            same_program: true,
            run: |n, seed| {
                let faults = Faults::none().spurious().cancel(1).panic(1).delay();
                check(simulation(n, seed).strategy(Strategy::Random).faults(faults), lenient)
            },
        },
        Contender {
            name: "vela exhaustive",
            same_program: true,
            run: |n, seed| check(simulation(n, seed).strategy(Strategy::Exhaustive { preemptions: None }), counting),
        },
        Contender {
            name: "vela exhaustive, 2 preemptions",
            same_program: true,
            // It is complete soon: again and again.
            run: |n, seed| {
                let mut sum = Done { schedules: 0, steps: 0 };
                while sum.schedules < n {
                    let strategy = Strategy::Exhaustive { preemptions: Some(2) };
                    let done = check(simulation(n - sum.schedules, seed).strategy(strategy), counting)?;
                    sum.schedules += done.schedules;
                    sum.steps += done.steps;
                }
                Ok(sum)
            },
        },
        Contender {
            name: "vela random, 6 sleeps",
            same_program: false,
            run: |n, seed| check(simulation(n, seed).strategy(Strategy::Random), sleeping),
        },
        Contender {
            name: "vela random, 190 timers given up",
            same_program: false,
            run: |n, seed| check(simulation(n, seed).strategy(Strategy::Random), impatient),
        },
        Contender {
            name: "vela random, 190 sleeps in turn",
            same_program: false,
            run: |n, seed| check(simulation(n, seed).strategy(Strategy::Random), sleepy),
        },
    ]
}

fn simulation(schedules: u64, seed: u64) -> Simulation {
    Simulation::new().name("bench").schedules(schedules).seed(seed)
}

fn check<F: Future<Output = ()>>(simulation: Simulation, program: fn() -> F) -> Result<Done> {
    let passed = simulation.check(program).map_err(|failure| anyhow!("{failure}"))?;
    Ok(Done { schedules: passed.schedules, steps: passed.steps })
}

async fn counting() {
    let (tx, rx) = vela::channel(1);
    let producers = [0, 1_u32].map(|producer| {
        let tx = tx.clone();
        vela::task::spawn(async move {
            for value in 0..3 {
                let _ = tx.send(producer * 3 + value).await;
            }
        })
    });
    drop(tx);
    let mut sum = 0;
    while let Some(value) = rx.recv().await {
        sum += value;
    }
    assert_eq!(sum, 15);
    for producer in producers {
        assert!(producer.await.is_ok());
    }
}

/// The same, where a producer may be cancelled or panic.
async fn lenient() {
    let (tx, rx) = vela::channel(1);
    let producers = [0, 1_u32].map(|producer| {
        let tx = tx.clone();
        vela::task::spawn(async move {
            for value in 0..3 {
                let _ = tx.send(producer * 3 + value).await;
            }
        })
    });
    drop(tx);
    let mut sum = 0;
    while let Some(value) = rx.recv().await {
        sum += value;
    }
    assert!(sum <= 15);
    for producer in producers {
        let _ = producer.await;
    }
}

/// The same, with a sleep before each send.
async fn sleeping() {
    let (tx, rx) = vela::channel(1);
    let producers = [0, 1_u32].map(|producer| {
        let tx = tx.clone();
        vela::task::spawn(async move {
            for value in 0..3 {
                vela::time::sleep(Duration::from_millis(1)).await;
                let _ = tx.send(producer * 3 + value).await;
            }
        })
    });
    drop(tx);
    let mut sum = 0;
    while let Some(value) = rx.recv().await {
        sum += value;
    }
    assert_eq!(sum, 15);
    for producer in producers {
        assert!(producer.await.is_ok());
    }
}

/// The same, beside timers that are armed and never go off.
async fn impatient() {
    let mut timers: Vec<Pin<Box<vela::time::Sleep>>> =
        (0..TIMERS).map(|ms| Box::pin(vela::time::sleep(Duration::from_millis(1 + ms as u64)))).collect();
    poll_fn(|cx| {
        for timer in &mut timers {
            assert!(timer.as_mut().poll(cx).is_pending());
        }
        Poll::Ready(())
    })
    .await;
    counting().await;
}

/// Timers only, in ten tasks.
async fn sleepy() {
    let tasks: Vec<_> = (0..10_u64)
        .map(|task| {
            vela::task::spawn(async move {
                for _ in 0..TIMERS / 10 {
                    vela::time::sleep(Duration::from_millis(1 + task)).await;
                }
            })
        })
        .collect();
    for task in tasks {
        let _ = task.await;
    }
}
