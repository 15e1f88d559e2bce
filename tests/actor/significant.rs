//! Supervisors that stop when significant children have ended.

use vela::actor::{AutoShutdown, Strategy, Supervision, Supervisor, child};

use crate::probe::{Hook, fail, leave};
use crate::stage::{Stage, answers, calm, maker, plain, tell, who};

fn when(auto: AutoShutdown) -> Supervision {
    Supervision::new(Strategy::OneForOne).auto_shutdown(auto)
}

#[vela::test]
async fn the_end_of_any_significant_child_ends_the_supervisor() {
    let stage = Stage::new(when(AutoShutdown::AnySignificant));
    stage.add(child("a"));
    let b = stage.add(child("b").transient().significant());
    stage.add(child("c").transient().significant());
    stage.children().settled().await;
    stage.notes();
    b.send(leave()).await.unwrap();
    stage.system.terminated().await.unwrap();
    assert_eq!(who(&stage.notes(), "dropped"), ["b", "c", "a"]);
}

#[vela::test]
async fn the_end_of_all_significant_children_ends_the_supervisor() {
    let stage = Stage::new(when(AutoShutdown::AllSignificant));
    let a = stage.add(child("a"));
    let b = stage.add(child("b").transient().significant());
    let c = stage.keep(child("c").transient().significant());
    tell(&b, leave()).await;
    assert!(answers(&a).await);
    c.send(leave()).await.unwrap();
    stage.system.terminated().await.unwrap();
    assert!(a.terminated().await.is_normal());
}

#[vela::test]
async fn the_end_of_an_insignificant_child_ends_nothing() {
    for auto in [AutoShutdown::AnySignificant, AutoShutdown::AllSignificant] {
        let stage = Stage::new(when(auto));
        let a = stage.add(child("a").transient());
        let b = stage.add(child("b").transient().significant());
        tell(&a, leave()).await;
        assert!(answers(&b).await);
        stage.end().await;
    }
}

#[vela::test]
async fn a_significant_child_that_comes_back_ends_nothing() {
    let stage = Stage::new(when(AutoShutdown::AnySignificant));
    let a = stage.add(child("a").transient().significant());
    tell(&a, fail("x")).await;
    a.kill();
    assert!(answers(&a).await);
    stage.end().await;
}

#[vela::test]
async fn the_failure_of_a_significant_temporary_child_is_its_end() {
    let stage = Stage::new(when(AutoShutdown::AnySignificant));
    let a = stage.add(child("a").temporary().significant());
    let b = stage.add(child("b"));
    a.send(fail("x")).await.unwrap();
    stage.system.terminated().await.unwrap();
    assert!(b.terminated().await.is_normal());
}

#[vela::test]
async fn one_that_was_stopped_by_hand_ends_nothing() {
    for auto in [AutoShutdown::AnySignificant, AutoShutdown::AllSignificant] {
        let stage = Stage::new(when(auto));
        let a = stage.add(child("a").transient().significant());
        let b = stage.add(child("b"));
        stage.children().stop("a").await.unwrap();
        assert!(answers(&b).await);
        assert!(a.exit().unwrap().is_normal());
        stage.end().await;
    }
}

#[vela::test]
async fn an_inner_supervisor_that_ends_so_has_ended_normally() {
    let stage = Stage::new(Strategy::OneForOne);
    let a = maker("a", &stage.journal, |_, probe| probe.in_started = Hook::Err);
    let inner = Supervisor::new(when(AutoShutdown::AnySignificant))
        .child(child("b"), plain("b", &stage.journal))
        .child(child("a").temporary().significant(), a);
    let inner = stage.children().supervisor(child("inner").transient(), inner).unwrap();
    assert!(inner.terminated().await.is_normal());
    calm().await;
    assert!(stage.children().is_empty());
    assert_eq!(who(&stage.notes(), "dropped"), ["a", "b"]);
    stage.end().await;
}

#[vela::test]
async fn significant_children_count_again_when_they_were_started_again() {
    let stage = Stage::new(when(AutoShutdown::AllSignificant));
    let a = stage.keep(child("a").transient().significant());
    let b = stage.keep(child("b").transient().significant());
    tell(&a, leave()).await;
    stage.children().restart("a").await.unwrap();
    tell(&b, leave()).await;
    assert!(answers(&a).await);
    a.send(leave()).await.unwrap();
    stage.system.terminated().await.unwrap();
}
