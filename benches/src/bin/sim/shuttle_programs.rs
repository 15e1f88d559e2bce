//! The same program under shuttle, at three grains.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, ensure};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Schedule, Scheduler, Task, TaskId};
use shuttle::{Config, Runner};

use crate::measure::{Contender, Done};
use crate::shuttle_channel::{Lock, State, channel};

/// The contender to which the others are compared: as many choices as Vela's simulator has.
pub(crate) const BASE: &str = "shuttle random";

pub(crate) fn all() -> Vec<Contender> {
    vec![
        Contender {
            name: BASE,
            same_program: true,
            run: |n, seed| {
                run(RandomScheduler::new_from_seed(seed, n as usize), counting::<std::sync::Mutex<State>, true>)
            },
        },
        Contender {
            name: "shuttle pct 3",
            same_program: true,
            run: |n, seed| {
                run(PctScheduler::new_from_seed(seed, 3, n as usize), counting::<std::sync::Mutex<State>, true>)
            },
        },
        Contender {
            name: "shuttle random, its mutex",
            same_program: true,
            run: |n, seed| {
                run(RandomScheduler::new_from_seed(seed, n as usize), counting::<shuttle::sync::Mutex<State>, false>)
            },
        },
        Contender {
            name: "shuttle random, its threads and mpsc",
            same_program: true,
            run: |n, seed| run(RandomScheduler::new_from_seed(seed, n as usize), threads),
        },
    ]
}

/// Counts schedules and choices.
struct Counted<S> {
    inner: S,
    schedules: Arc<AtomicU64>,
    steps: Arc<AtomicU64>,
}

impl<S: Scheduler> Scheduler for Counted<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        let schedule = self.inner.new_execution()?;
        // Relaxed, as all of them: read when the run is over, in the same thread.
        self.schedules.fetch_add(1, Ordering::Relaxed);
        Some(schedule)
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        self.steps.fetch_add(1, Ordering::Relaxed);
        self.inner.next_task(runnable, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.inner.next_u64()
    }
}

fn run<S: Scheduler + 'static>(scheduler: S, program: fn()) -> Result<Done> {
    let (schedules, steps) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let counted = Counted { inner: scheduler, schedules: Arc::clone(&schedules), steps: Arc::clone(&steps) };
    let ran = Runner::new(counted, Config::new()).run(program) as u64;
    ensure!(ran == schedules.load(Ordering::Relaxed), "shuttle ran {ran} schedules");
    Ok(Done { schedules: ran, steps: steps.load(Ordering::Relaxed) })
}

/// `GIVES_WAY`: a yield before each operation, where the lock is none of shuttle's and so no place for a choice.
fn counting<L: Lock<State>, const GIVES_WAY: bool>() {
    shuttle::future::block_on(async {
        let (tx, rx) = channel::<L>();
        let producers = [0, 1_u32].map(|producer| {
            let tx = tx.clone();
            shuttle::future::spawn(async move {
                for value in 0..3 {
                    if GIVES_WAY && value > 0 {
                        shuttle::future::yield_now().await;
                    }
                    tx.send(producer * 3 + value).await;
                }
            })
        });
        drop(tx);
        let mut sum = 0;
        loop {
            if GIVES_WAY && sum > 0 {
                shuttle::future::yield_now().await;
            }
            match rx.recv().await {
                Some(value) => sum += value,
                None => break,
            }
        }
        assert_eq!(sum, 15);
        for producer in producers {
            assert!(producer.await.is_ok());
        }
    });
}

fn threads() {
    let (tx, rx) = shuttle::sync::mpsc::sync_channel(1);
    let producers = [0, 1_u32].map(|producer| {
        let tx = tx.clone();
        shuttle::thread::spawn(move || {
            for value in 0..3 {
                let _ = tx.send(producer * 3 + value);
            }
        })
    });
    drop(tx);
    let mut sum = 0;
    while let Ok(value) = rx.recv() {
        sum += value;
    }
    assert_eq!(sum, 15);
    for producer in producers {
        assert!(producer.join().is_ok());
    }
}
