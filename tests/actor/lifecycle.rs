//! Starting, stopping, failing, of actors that nobody supervises.

use vela::actor::{Exit, Phase, Spawn, spawn};
use vela::prelude::*;

use crate::probe::{Hook, Journal, Probe, fail, hang, panic};

fn probe(journal: &Journal) -> Probe {
    Probe::new("p", journal)
}

#[vela::test]
async fn hooks_run_in_order_round_the_messages() {
    let journal = Journal::new();
    let p = spawn(probe(&journal));
    p.send("one").await.unwrap();
    p.send("two").await.unwrap();
    drop(p.clone());
    let end = p.terminated();
    drop(p);
    assert!(end.await.is_normal());
    assert_eq!(journal.take(), ["p: started", "p: one", "p: two", "p: stopped [stopped]", "p: dropped"]);
}

#[vela::test]
async fn stop_goes_before_mail_and_what_is_left_is_dropped() {
    let journal = Journal::new();
    let p = spawn(probe(&journal));
    p.stop();
    for text in ["a", "b"] {
        p.try_send(text).ok();
    }
    assert!(p.terminated().await.is_normal());
    let notes = journal.take();
    assert!(!notes.iter().any(|note| note == "p: b"), "{notes:?}");
    assert_eq!(notes.last().unwrap(), "p: dropped");
    let refused = p.try_send("late").unwrap_err();
    assert!(refused.is_closed());
    assert!(!p.is_alive());
}

#[vela::test]
async fn an_error_and_a_panic_are_failures_and_the_stop_hook_runs() {
    for (message, text) in
        [(fail("no disk"), "p failed while running: no disk"), (panic("oops"), "p panicked while running: oops")]
    {
        let journal = Journal::new();
        let p = Spawn::new().name("p").start(probe(&journal));
        p.send("before").await.unwrap();
        vela! { (p <- message).unwrap(); }
        let exit = p.terminated().await;
        assert_eq!(exit.to_string(), text);
        assert_eq!(exit.failure().unwrap().phase(), Phase::Running);
        let stopped = format!("p: stopped [{text}]");
        assert_eq!(journal.take(), ["p: started", "p: before", &stopped, "p: dropped"]);
    }
}

#[vela::test]
async fn a_failure_in_each_hook_is_the_exit() {
    for how in [Hook::Err, Hook::Panic] {
        for phase in [Phase::Starting, Phase::Stopping] {
            let journal = Journal::new();
            let mut actor = probe(&journal);
            match phase {
                Phase::Starting => actor.in_started = how,
                _ => actor.in_stopped = how,
            }
            let p = spawn(actor);
            p.stop();
            let exit = p.terminated().await;
            assert_eq!(exit.failure().expect("a failure").phase(), phase);
            assert_eq!(journal.take().last().unwrap(), "p: dropped");
        }
    }
}

#[vela::test]
async fn a_failure_stays_the_reason_whatever_the_stop_hook_does() {
    for how in [Hook::Err, Hook::Panic] {
        let journal = Journal::new();
        let mut actor = probe(&journal);
        actor.in_stopped = how;
        actor.in_drop = Hook::Panic;
        let p = spawn(actor);
        p.send(fail("first")).await.unwrap();
        assert!(p.terminated().await.to_string().ends_with("while running: first"));
    }
}

#[vela::test]
async fn a_panic_in_the_drop_of_the_state_is_a_failure() {
    let journal = Journal::new();
    let mut actor = probe(&journal);
    actor.in_drop = Hook::Panic;
    let p = spawn(actor);
    p.stop();
    let exit = p.terminated().await;
    assert!(exit.failure().expect("a failure").is_panic());
}

#[vela::test]
async fn kill_drops_a_handler_at_its_await_and_no_hook_runs() {
    let journal = Journal::new();
    let p = spawn(probe(&journal));
    p.send(hang()).await.unwrap();
    p.send("never").await.unwrap();
    while p.mailbox_len() > 1 {
        vela::task::yield_now().await;
    }
    p.kill();
    assert!(matches!(p.terminated().await, Exit::Killed));
    let notes = journal.take();
    assert!(!notes.iter().any(|note| note.contains("stopped") || note.contains("never")), "{notes:?}");
    assert_eq!(notes.last().unwrap(), "p: dropped");
}
