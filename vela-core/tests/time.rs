//! Time: order, stop, reset, zero, huge and overflowing durations, tickers that do not drift, limits.

use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use vela_core::__private::block_on_test;
use vela_core::RuntimeOptions;
use vela_core::ops::Receive as _;
use vela_core::select::one;
use vela_core::task::{spawn, yield_now};
use vela_core::time::{Instant, after, after_at, ms, secs, sleep, sleep_until, tick, timeout, timeout_at};

fn on_both<F: Future<Output = ()>>(body: impl Fn() -> F) {
    block_on_test(RuntimeOptions::new().multi_thread().worker_threads(2), body());
    block_on_test(RuntimeOptions::new().current_thread(), body());
}

/// On one thread, with a clock that jumps to the next timer whenever all tasks wait.
fn with_paused_clock(body: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(body);
}

/// One poll.
async fn now_or_never<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|cx| {
        Poll::Ready(match future.as_mut().poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

const HUGE: [Duration; 4] = [Duration::MAX, Duration::from_secs(u64::MAX), secs(86_400 * 365 * 1000), secs(1 << 40)];

#[test]
fn timers_fire_in_the_order_of_their_deadlines() {
    with_paused_clock(async {
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for n in [5_u64, 1, 4, 2, 3] {
            let order = Arc::clone(&order);
            tasks.push(spawn(async move {
                after(ms(n * 10)).await;
                order.lock().unwrap().push(n);
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [1, 2, 3, 4, 5]);
    });
}

#[test]
fn nothing_fires_early_on_the_real_clock() {
    on_both(|| async {
        let start = Instant::now();
        after(ms(3)).await;
        assert!(start.elapsed() >= ms(3));
        sleep(ms(3)).await;
        assert!(start.elapsed() >= ms(6));
        sleep_until(start + ms(9)).await;
        assert!(start.elapsed() >= ms(9));
    });
}

#[test]
fn timers_work_on_a_thread_without_a_runtime() {
    assert!(tokio::runtime::Handle::try_current().is_err());
    let waker = Waker::noop();
    let mut cx = Context::from_waker(waker);
    let (mut sleep, timer) = (pin!(sleep(ms(2))), after(ms(2)));
    let mut waiting = pin!(timer.recv());
    assert!(sleep.as_mut().poll(&mut cx).is_pending() && waiting.as_mut().poll(&mut cx).is_pending());
    while sleep.as_mut().poll(&mut cx).is_pending() {
        std::thread::yield_now();
    }
    while waiting.as_mut().poll(&mut cx).is_pending() {
        std::thread::yield_now();
    }
}

#[test]
fn zero_is_ready_at_once() {
    on_both(|| async {
        assert!(now_or_never(pin!(sleep(Duration::ZERO))).await.is_some());
        assert!(now_or_never(pin!(sleep_until(Instant::now()))).await.is_some());
        assert!(now_or_never(pin!(after(Duration::ZERO).recv())).await.is_some());
        assert!(now_or_never(pin!(one((&after(Duration::ZERO)).receive()))).await.is_some());
        assert!(now_or_never(pin!(timeout(Duration::ZERO, pending::<()>()))).await.unwrap().is_err());
        assert_eq!(timeout(Duration::ZERO, async { 1 }).await, Ok(1));
        let ticker = tick(Duration::ZERO);
        for _ in 0..1000 {
            assert!((&ticker).await.is_some());
        }
    });
}

#[test]
fn a_loop_over_ready_timers_lets_other_tasks_run() {
    block_on_test(RuntimeOptions::new().current_thread(), async {
        let rounds = Arc::new(AtomicUsize::new(0));
        let greedy = spawn({
            let rounds = Arc::clone(&rounds);
            async move {
                let ticker = tick(Duration::ZERO);
                loop {
                    sleep(Duration::ZERO).await;
                    (&ticker).await;
                    rounds.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        while rounds.load(Ordering::SeqCst) == 0 {
            yield_now().await;
        }
        greedy.cancel();
    });
}

#[test]
fn huge_and_overflowing_durations_wait_and_do_not_panic() {
    on_both(|| async {
        for d in HUGE {
            assert!(now_or_never(pin!(sleep(d))).await.is_none());
            let timer = after(d);
            assert!(now_or_never(pin!(timer.recv())).await.is_none());
            assert!(timer.reset(d) && timer.stop());
            let ticker = tick(d);
            assert!(now_or_never(pin!(ticker.recv())).await.is_none());
            assert!(ticker.reset(d));
            assert!(now_or_never(pin!(timeout(d, pending::<()>()))).await.is_none());
            assert_eq!(timeout(d, async { 1 }).await, Ok(1));
            let far = Instant::now() + d;
            assert!(far > Instant::now() + secs(1000));
            assert_eq!(Instant::now() - far, Duration::ZERO);
            let mut moment = far - d;
            moment += d;
            moment -= d;
            assert!(moment <= far + d);
        }
    });
}

// ------------------------------------------------------------------------------------------------- `after`

#[test]
fn a_timer_fires_once() {
    with_paused_clock(async {
        let timer = after(ms(10));
        assert!(timer.deadline().is_some());
        (&timer).await;
        assert_eq!(timer.deadline(), None);
        assert!(timeout(secs(1000), &timer).await.is_err());
        assert!(!timer.stop());
    });
}

#[test]
fn a_firing_that_nobody_waited_for_is_kept() {
    with_paused_clock(async {
        let timer = after(ms(10));
        tokio::time::advance(secs(5)).await;
        assert!(now_or_never(pin!(timer.recv())).await.is_some());
    });
}

#[test]
fn stop_prevents_the_firing_even_after_its_time() {
    with_paused_clock(async {
        let timer = after(ms(10));
        assert!(timer.stop());
        assert!(!timer.stop());
        assert!(timeout(secs(10), &timer).await.is_err());
        let late = after(ms(10));
        tokio::time::advance(secs(5)).await;
        assert!(late.stop());
        assert!(timeout(secs(10), &late).await.is_err());
    });
}

#[test]
fn stop_and_reset_reach_a_task_that_waits_already() {
    with_paused_clock(async {
        let start = Instant::now();
        let timer = Arc::new(after(ms(100)));
        let waiting = spawn({
            let timer = Arc::clone(&timer);
            async move {
                timer.recv().await;
                Instant::now()
            }
        });
        yield_now().await;
        // Earlier, later, never, and on again.
        assert!(timer.reset(ms(10)));
        assert!(timer.reset(ms(500)));
        sleep(ms(200)).await;
        assert!(!waiting.is_finished());
        assert!(timer.stop());
        sleep(ms(1000)).await;
        assert!(!waiting.is_finished());
        assert!(!timer.reset(ms(50)));
        let fired = waiting.await.unwrap() - start;
        assert!(fired >= ms(1250) && fired < ms(1260), "{fired:?}");
    });
}

#[test]
fn a_reset_to_an_earlier_time_wakes_the_waiter_earlier() {
    with_paused_clock(async {
        let start = Instant::now();
        let timer = Arc::new(after(secs(1000)));
        let waiting = spawn({
            let timer = Arc::clone(&timer);
            async move { timer.recv().await }
        });
        yield_now().await;
        assert!(timer.reset(ms(10)));
        waiting.await.unwrap();
        assert!(start.elapsed() < ms(20));
    });
}

#[test]
fn one_firing_goes_to_one_of_several_receivers() {
    with_paused_clock(async {
        let timer = Arc::new(after(ms(10)));
        let fired = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (timer, fired) = (Arc::clone(&timer), Arc::clone(&fired));
                spawn(async move {
                    timer.recv().await;
                    fired.fetch_add(1, Ordering::SeqCst);
                })
            })
            .collect();
        for round in 1..=4 {
            sleep(ms(100)).await;
            assert_eq!(fired.load(Ordering::SeqCst), round);
            timer.reset(ms(10));
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn a_dropped_wait_loses_no_firing() {
    with_paused_clock(async {
        let timer = after(ms(10));
        for _ in 0..3 {
            assert!(now_or_never(pin!(timer.recv())).await.is_none());
        }
        assert!(timeout(ms(20), &timer).await.is_ok());
        let overdue = after_at(Instant::now());
        drop(overdue.recv());
        assert!(now_or_never(pin!(overdue.recv())).await.is_some());
    });
}

// -------------------------------------------------------------------------------------------------- `tick`

#[test]
fn a_ticker_does_not_drift() {
    with_paused_clock(async {
        let start = Instant::now();
        let ticker = tick(ms(10));
        for n in 1..=1000 {
            let at = (&ticker).await.unwrap();
            assert_eq!(at - start, ms(10) * n);
            // Work of a different length each time, but less than a period.
            tokio::time::advance(ms(u64::from(n) % 7)).await;
        }
        assert!(start.elapsed() < ms(10_020));
    });
}

#[test]
fn a_slow_receiver_gets_the_overdue_tick_and_then_the_grid_again() {
    with_paused_clock(async {
        let start = Instant::now();
        let ticker = tick(ms(10));
        tokio::time::advance(ms(47)).await;
        assert_eq!(now_or_never(pin!(ticker.recv())).await.unwrap().unwrap() - start, ms(10));
        assert!(now_or_never(pin!(ticker.recv())).await.is_none());
        assert_eq!((&ticker).await.unwrap() - start, ms(50));
        assert_eq!((&ticker).await.unwrap() - start, ms(60));
    });
}

#[test]
fn a_stopped_ticker_gives_none_for_ever_and_wakes_who_waits() {
    on_both(|| async {
        let ticker = Arc::new(tick(secs(1000)));
        let waiting = spawn({
            let ticker = Arc::clone(&ticker);
            async move { ticker.recv().await }
        });
        yield_now().await;
        assert!(ticker.stop());
        assert_eq!(waiting.await.unwrap(), None);
        assert!(!ticker.stop() && !ticker.reset(ms(1)));
        assert_eq!(one((&*ticker).receive()).await, None);
        assert_eq!(ticker.period(), None);
    });
}

#[test]
fn a_reset_starts_a_new_grid_also_for_who_waits() {
    with_paused_clock(async {
        let ticker = Arc::new(tick(secs(1000)));
        let start = Instant::now();
        let waiting = spawn({
            let ticker = Arc::clone(&ticker);
            async move { ticker.recv().await }
        });
        yield_now().await;
        assert!(ticker.reset(ms(5)));
        assert_eq!(waiting.await.unwrap().unwrap() - start, ms(5));
        assert_eq!((&*ticker).await.unwrap() - start, ms(10));
    });
}

#[test]
fn each_tick_goes_to_one_of_several_receivers() {
    with_paused_clock(async {
        let ticker = Arc::new(tick(ms(10)));
        let count = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let (ticker, count) = (Arc::clone(&ticker), Arc::clone(&count));
                spawn(async move {
                    while ticker.recv().await.is_some() {
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        sleep(ms(1005)).await;
        ticker.stop();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(count.load(Ordering::SeqCst), 100);
    });
}

// ----------------------------------------------------------------------------------------------- `timeout`

#[test]
fn a_limit_is_kept_and_a_future_in_time_comes_through() {
    with_paused_clock(async {
        let start = Instant::now();
        assert!(timeout(ms(10), sleep(ms(20))).await.is_err());
        assert!(start.elapsed() >= ms(10) && start.elapsed() < ms(20));
        assert!(timeout(ms(20), sleep(ms(10))).await.is_ok());
        let error = timeout_at(start, pending::<()>()).await.unwrap_err();
        assert_eq!(error.to_string(), "the time limit was exceeded");
    });
}

#[test]
fn a_greedy_future_does_not_outrun_its_limit() {
    on_both(|| async {
        let ticker = tick(Duration::ZERO);
        // Never waits, only ever yields to the budget.
        let greedy = async {
            loop {
                (&ticker).await;
            }
        };
        assert!(timeout::<_>(ms(5), greedy).await.map(|(): ()| ()).is_err());
    });
}
