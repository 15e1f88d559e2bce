//! The central behaviours on a runtime with threads, where time and order are real.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;

use vela::actor::{AskError, Exit, Shutdown, Strategy, Supervision, Supervisor, child};
use vela::prelude::*;

use crate::probe::{Echo, Hook, ProbeMsg, deed, fail, hang, panic};
use crate::stage::{Stage, answers, plain, who};

const ONE: Strategy = Strategy::OneForOne;

#[vela::test(tokio, flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_child_comes_back_and_its_address_stays_good() {
    let (stage, [a, b]) = Stage::with(ONE, ["a", "b"]).await;
    a.send(fail("x")).await.unwrap();
    assert!(answers(&a).await);
    a.send(panic("x")).await.unwrap();
    a.send("mail behind").await.unwrap();
    assert!(answers(&a).await && answers(&b).await);
    let once = ["a: stopped", "a: dropped", "a: started"];
    let notes = stage.notes();
    assert_eq!(notes[..3], once);
    assert_eq!(notes[3..6], once);
    assert_eq!(notes[6..], ["a: mail behind"]);
    stage.end().await;
}

#[vela::test(tokio, flavor = "multi_thread", worker_threads = 2)]
async fn trees_stop_in_reverse_order() {
    let stage = Stage::new(ONE);
    let leaf = |name: &str| plain(name, &stage.journal);
    let tree = Supervisor::new(Strategy::OneForAll).child(child("x"), leaf("x")).child(child("y"), leaf("y"));
    stage.add(child("a"));
    stage.children().supervisor(child("tree"), tree).unwrap();
    stage.add(child("b"));
    stage.children().settled().await;
    stage.end().await;
    assert_eq!(who(&stage.notes(), "dropped"), ["b", "y", "x", "a"]);
}

#[vela::test(tokio, flavor = "multi_thread", worker_threads = 2)]
async fn groups_restart_in_order_one_after_the_other() {
    let names = ["a", "b", "c", "d"];
    let (stage, all) = Stage::with(Supervision::new(Strategy::OneForAll).max_restarts(100), names).await;
    for _ in 0..20 {
        all[1].send(fail("x")).await.unwrap();
        assert!(answers(&all[1]).await && answers(&all[3]).await);
        let notes = stage.notes();
        assert_eq!(who(&notes, "dropped"), ["b", "d", "c", "a"]);
        assert_eq!(who(&notes, "started"), names);
    }
    stage.end().await;
}

#[vela::test(tokio, flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_that_is_used_up_ends_the_system() {
    let (stage, [a, b]) = Stage::with(Supervision::new(ONE).max_restarts(2), ["a", "b"]).await;
    for _ in 0..3 {
        a.send(fail("x")).await.unwrap();
    }
    assert!(stage.system.terminated().await.is_err());
    assert!(a.terminated().await.failure().is_some() && b.terminated().await.is_normal());
}

#[vela::test(tokio, flavor = "multi_thread", worker_threads = 2)]
async fn one_that_hangs_is_killed_after_its_time() {
    let stage = Stage::new(ONE);
    let hung = stage.add(child("hung").shutdown(ms(20)));
    let stopping = stage.add_with(child("stopping").shutdown(ms(20)), |_, probe| probe.in_stopped = Hook::Hang);
    hung.send(hang()).await.unwrap();
    stage.children().settled().await;
    while hung.mailbox_len() > 0 {
        vela::task::yield_now().await;
    }
    stage.end().await;
    assert!(matches!((hung.exit(), stopping.exit()), (Some(Exit::Killed), Some(Exit::Killed))));
}

#[vela::test(tokio, flavor = "multi_thread", worker_threads = 2)]
async fn asks_end_by_an_answer_a_timeout_or_an_end() {
    let (stage, [a]) = Stage::with(ONE, ["a"]).await;
    assert_eq!(a.ask(Echo(1)).await.unwrap(), 1);
    a.send(hang()).await.unwrap();
    assert!(matches!(a.ask(Echo(1)).timeout(ms(20)).await, Err(AskError::TimedOut { .. })));
    let asker = a.clone();
    let open = vela::task::spawn(async move { asker.ask(Echo(1)).without_timeout().await });
    while a.mailbox_len() < 2 {
        vela::task::yield_now().await;
    }
    a.kill();
    // It comes back, and has the question yet.
    assert_eq!(open.await.unwrap().unwrap(), 1);
    stage.end().await;
    assert!(matches!(a.ask(Echo(1)).await, Err(AskError::Terminated { .. })));
}

#[vela::test(tokio, flavor = "multi_thread", worker_threads = 2)]
async fn kills_from_other_threads_are_never_missed() {
    let stage = Stage::new(Supervision::new(ONE).max_restarts(u32::MAX));
    let a = stage.add(child("a"));
    for n in 0..100 {
        a.send(hang()).await.unwrap();
        let killer = a.clone();
        let kill = vela::task::spawn(async move { killer.kill() });
        kill.await.unwrap();
        // Whether it hung already or not: sooner or later the hanging one is gone.
        while stage.children().list()[0].restarts <= n {
            a.kill();
            vela::task::yield_now().await;
        }
    }
    stage.children().remove("a").await.unwrap();
    stage.end().await;
}

#[vela::test(tokio, flavor = "multi_thread", worker_threads = 2)]
async fn stops_from_other_threads_are_never_missed() {
    let stage = Stage::new(ONE);
    for _ in 0..1_000 {
        let a = stage.add(child("a").shutdown(Shutdown::Unlimited));
        let stopper = a.clone();
        let stop = vela::task::spawn(async move { stopper.stop() });
        a.send("mail").await.ok();
        assert!(a.terminated().await.is_normal());
        stop.await.unwrap();
    }
    stage.end().await;
}

#[vela::test(tokio, flavor = "multi_thread", worker_threads = 2)]
async fn no_message_is_handled_twice_over_restarts() {
    const EACH: u32 = 2_000;
    let stage = Stage::new(Supervision::new(ONE).max_restarts(u32::MAX));
    let a = stage.add(child("a"));
    let handled = Arc::new(AtomicU32::new(0));
    let senders: Vec<_> = (0..4)
        .map(|_| {
            let (a, handled) = (a.clone(), Arc::clone(&handled));
            vela::task::spawn(async move {
                for n in 0..EACH {
                    let handled = Arc::clone(&handled);
                    let mut once = false;
                    a.send(deed(move |_, _| {
                        assert!(!std::mem::replace(&mut once, true));
                        handled.fetch_add(1, SeqCst);
                        Box::pin(async move { if n % 100 == 0 { Err(crate::probe::Fault("x")) } else { Ok(()) } })
                    }))
                    .await
                    .unwrap();
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    assert!(answers(&a).await);
    assert_eq!(handled.load(SeqCst), 4 * EACH);
    assert_eq!(stage.children().list()[0].restarts, u64::from(4 * EACH / 100));
    stage.end().await;
}

#[vela::test(tokio, flavor = "multi_thread", worker_threads = 2)]
async fn the_api_answers_while_everything_fails() {
    let stage = Stage::new(Supervision::new(Strategy::RestForOne).max_restarts(u32::MAX));
    let all = ["a", "b", "c"].map(|name| stage.keep(child(name)));
    for _ in 0..100 {
        all[0].try_send(fail("x")).ok();
        all[1].try_send(ProbeMsg::from("mail")).ok();
        stage.children().restart("b").await.unwrap();
        stage.children().stop("c").await.unwrap();
        stage.children().restart("c").await.unwrap();
    }
    stage.end().await;
    assert!(all.iter().all(|actor| actor.exit().is_some()));
}

#[test]
fn the_end_of_the_runtime_is_an_end_for_all() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (stage, all) = runtime.block_on(async {
        let stage = Stage::new(ONE);
        let tree = Supervisor::new(ONE).child(child("x"), plain("x", &stage.journal));
        stage.children().supervisor(child("tree"), tree).unwrap();
        let all = ["a", "b"].map(|name| stage.add(child(name)));
        stage.children().settled().await;
        (stage, all)
    });
    drop(runtime);
    vela::block_on(async {
        for actor in &all {
            assert!(matches!(actor.terminated().await, Exit::Killed));
        }
        stage.system.terminated().await.unwrap();
    });
    let mut dropped = who(&stage.notes(), "dropped");
    dropped.sort();
    assert_eq!(dropped, ["a", "b", "x"]);
}
