//! How actors start: factories, hooks, turns, names.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use vela::actor::{Exit, Phase, SpawnError, Strategy, Supervision, Supervisor, child};
use vela::prelude::*;
use vela::time::Instant;

use crate::probe::{Echo, Hook, Probe, deed, fail};
use crate::stage::{Stage, answers, calm, maker, plain, who};

#[vela::test]
async fn messages_sent_before_it_has_started_wait_for_it() {
    let stage = Stage::new(Strategy::OneForOne);
    let a = stage.add_with(child("a"), |_, probe| probe.in_started = Hook::Slow(secs(1)));
    a.send("one").await.unwrap();
    a.send("two").await.unwrap();
    assert_eq!(a.ask(Echo(1)).await.unwrap(), 1);
    assert_eq!(stage.notes(), ["a: started", "a: one", "a: two"]);
    stage.end().await;
}

#[vela::test]
async fn a_factory_is_called_once_for_each_run() {
    let stage = Stage::new(Strategy::OneForOne);
    let runs = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&runs);
    let a = stage.add_with(child("a"), move |run, _| seen.store(run, Relaxed));
    for run in 1..=3 {
        assert!(answers(&a).await);
        assert_eq!(runs.load(Relaxed), run);
        a.send(fail("x")).await.unwrap();
    }
    stage.end().await;
}

#[vela::test]
async fn a_factory_that_panics_is_a_start_that_failed() {
    let stage = Stage::new(Strategy::OneForOne);
    let a = stage.add_with(child("a"), |run, _| assert!(run > 2, "no parts"));
    assert!(answers(&a).await);
    assert_eq!(stage.children().list()[0].restarts, 2);
    let b = stage.add_with(child("b").temporary(), |_, _| panic!("no parts"));
    let exit = b.terminated().await;
    let failure = exit.failure().unwrap();
    assert!(failure.is_panic() && failure.phase() == Phase::Starting, "{failure}");
    stage.end().await;
}

#[vela::test]
async fn a_start_that_fails_is_tried_again_and_its_stop_hook_heard() {
    for how in [Hook::Err, Hook::Panic] {
        let stage = Stage::new(Strategy::OneForOne);
        let a = stage.add_with(child("a"), move |run, probe| {
            if run == 1 {
                probe.in_started = how;
            }
        });
        assert!(answers(&a).await);
        assert_eq!(stage.notes(), ["a: started", "a: stopped", "a: dropped", "a: started"]);
        stage.end().await;
    }
}

#[vela::test]
async fn children_of_a_supervisor_value_start_one_after_the_other() {
    let stage = Stage::new(Strategy::OneForOne);
    let slow = |name| {
        let journal = stage.journal.clone();
        maker(name, &stage.journal, move |_, probe| {
            journal.note(format!("{}: made", probe.name));
            probe.in_started = Hook::Slow(ms(100));
        })
    };
    let tree = Supervisor::new(Strategy::OneForOne)
        .child(child("a"), slow("a"))
        .child(child("b"), slow("b"))
        .child(child("c"), slow("c"));
    let start = Instant::now();
    stage.children().supervisor(child("tree"), tree).unwrap();
    stage.children().settled().await;
    assert_eq!(start.elapsed(), ms(300));
    let expected = ["a: made", "a: started", "b: made", "b: started", "c: made", "c: started"];
    assert_eq!(stage.notes(), expected);
    stage.end().await;
}

#[vela::test]
async fn children_of_spawn_start_side_by_side() {
    let stage = Stage::new(Strategy::OneForOne);
    let start = Instant::now();
    for name in ["a", "b", "c"] {
        stage.add_with(child(name), |_, probe| probe.in_started = Hook::Slow(ms(100)));
    }
    stage.children().settled().await;
    assert_eq!(start.elapsed(), ms(100));
    stage.end().await;
}

#[vela::test]
async fn a_hung_start_holds_up_no_sibling_of_spawn() {
    let stage = Stage::new(Strategy::OneForOne);
    stage.add_with(child("hung").shutdown(ms(10)), |_, probe| probe.in_started = Hook::Hang);
    let b = stage.add(child("b"));
    assert!(answers(&b).await);
    stage.end().await;
}

#[vela::test]
async fn children_of_a_group_start_in_their_turn_whoever_adds_them() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        let stage = Stage::new(strategy);
        let start = Instant::now();
        for name in ["a", "b", "c"] {
            stage.add_with(child(name), |_, probe| probe.in_started = Hook::Slow(ms(100)));
        }
        stage.children().settled().await;
        assert_eq!(start.elapsed(), ms(300));
        assert_eq!(who(&stage.notes(), "started"), ["a", "b", "c"]);
        stage.end().await;
    }
}

#[vela::test]
async fn settled_waits_for_all_and_not_for_those_that_are_gone() {
    let stage = Stage::new(Strategy::OneForOne);
    stage.children().settled().await;
    stage.add_with(child("slow"), |_, probe| probe.in_started = Hook::Slow(ms(50)));
    stage.add_with(child("gone").temporary(), |_, probe| probe.in_started = Hook::Err);
    stage.children().settled().await;
    assert_eq!(stage.children().names(), ["slow"]);
    assert!(stage.notes().contains(&"gone: dropped".to_owned()));
    stage.end().await;
}

#[vela::test]
async fn a_start_that_is_in_time_is_left_alone() {
    let stage = Stage::new(Supervision::new(Strategy::OneForOne).max_restarts(0));
    let a = stage.add_with(child("a").start_timeout(ms(50)), |_, probe| probe.in_started = Hook::Slow(ms(49)));
    sleep(secs(1)).await;
    assert!(answers(&a).await);
    stage.end().await;
}

#[vela::test]
async fn a_start_that_takes_too_long_is_killed_and_tried_again() {
    let stage = Stage::new(Strategy::OneForOne);
    let start = Instant::now();
    let a = stage.add_with(child("a").start_timeout(ms(50)), |run, probe| {
        if run == 1 {
            probe.in_started = Hook::Hang;
        }
    });
    assert!(answers(&a).await);
    assert_eq!(start.elapsed(), ms(50));
    // Killed: no hook runs.
    assert_eq!(stage.notes(), ["a: started", "a: dropped", "a: started"]);
    stage.end().await;
}

#[vela::test]
async fn a_name_is_taken_while_its_actor_is_there() {
    let stage = Stage::new(Strategy::OneForOne);
    let a = stage.add(child("a").temporary());
    let again = || stage.system.spawn(child("a").temporary(), plain("a", &stage.journal));
    let error = again().unwrap_err();
    assert!(matches!(&error, SpawnError::NameTaken { name, supervisor } if &**name == "a" && &**supervisor == "s"));
    a.stop();
    a.terminated().await;
    // Free by the time that anybody learns of the end.
    let second = again().unwrap();
    assert!(answers(&second).await);
    assert_ne!(a.id(), second.id());
    stage.end().await;
}

#[vela::test(schedules = 10)]
async fn a_name_alone_is_a_specification() {
    let stage = Stage::new(Strategy::OneForOne);
    let children = stage.children();
    let a = stage.system.spawn("a", plain("a", &stage.journal)).unwrap();
    let b = children.spawn_kept(format!("{}", 'b'), plain("b", &stage.journal)).unwrap();
    let c = children.get_or_spawn("c", plain("c", &stage.journal)).await.unwrap();
    let tree = Supervisor::new(Strategy::OneForOne).child("e", plain("e", &stage.journal));
    let d = children.supervisor("d", tree).unwrap();
    let paths = [a.path(), b.path(), c.path(), d.path()];
    assert_eq!(paths, ["s/a", "s/b", "s/c", "s/d"]);
    assert!(matches!(stage.system.spawn("", plain("", &stage.journal)), Err(SpawnError::Spec(_))));
    stage.end().await;
}

#[vela::test(schedules = 10)]
async fn what_contradicts_itself_is_not_started() {
    let stage = Stage::new(Strategy::OneForOne);
    let spawn = |spec| stage.system.spawn(spec, plain("a", &stage.journal)).map(drop).unwrap_err();
    for spec in
        [child(""), child("a").significant(), child("a").transient().significant(), child("a").backoff(ms(2)..ms(1))]
    {
        assert!(matches!(spawn(spec), SpawnError::Spec(_)));
    }
    let tree = Supervisor::new(Supervision::new(Strategy::OneForAll).within(ms(0)));
    assert!(matches!(stage.children().supervisor(child("t"), tree), Err(SpawnError::Spec(_))));
    let inner = Supervisor::new(Strategy::OneForAll).child(child("a").significant(), plain("a", &stage.journal));
    let tree = Supervisor::new(Strategy::OneForAll).supervisor(child("inner"), inner);
    assert!(stage.children().supervisor(child("t"), tree).is_err());
    assert!(stage.children().is_empty());
    stage.end().await;
}

#[vela::test]
async fn how_to_supervise_is_said_before_the_first_child() {
    let stage = Stage::new(Strategy::OneForOne);
    let a = stage.add(child("a"));
    a.send(deed(|probe, cx| {
        Box::pin(async move {
            let said = line!() + 1;
            cx.supervise(Strategy::OneForAll).unwrap();
            let (again, twice) = (line!(), cx.supervise(Strategy::RestForOne).unwrap_err());
            for n in 0..5 {
                let name = format!("kid-{n}");
                cx.spawn(child(name.as_str()), plain(&name, &probe.journal)).unwrap();
            }
            let (last, late) = (line!(), cx.supervise(Strategy::OneForOne).unwrap_err());
            let error = |has: &str, at: u32| {
                format!(
                    "supervision: `s/a` looks after its children ({has}) since tests/actor/starting.rs:{said}, so \
                     `cx.supervise` at tests/actor/starting.rs:{at} comes too late: call it once, in `started`, before \
                     `cx.spawn` and `cx.children`"
                )
            };
            assert_eq!(twice.to_string(), error("none yet", again));
            assert_eq!(late.to_string(), error("`kid-0`, `kid-1`, `kid-2`, and 2 more", last));
            Ok(())
        })
    }))
    .await
    .unwrap();
    assert!(answers(&a).await);
    assert_eq!(stage.children().list()[0].restarts, 0, "it panicked");
    stage.end().await;
}

#[vela::test]
async fn who_says_too_late_how_to_supervise_is_told_which_line_began_it() {
    let stage = Stage::new(Strategy::OneForOne);
    for how in 0..3 {
        let name = format!("a{how}");
        let a = stage.add(child(name.as_str()));
        a.send(deed(move |probe, cx| {
            let kid = Probe::new("kid", &probe.journal);
            let line = match how {
                0 => (cx.spawn_once(child("kid"), kid).is_ok(), line!()).1,
                1 => (cx.spawn(child("kid"), plain("kid", &probe.journal)).is_ok(), line!()).1,
                _ => (cx.children().is_empty(), line!()).1,
            };
            let late = cx.supervise(Strategy::OneForAll).unwrap_err().to_string();
            assert!(late.contains(&format!(") since tests/actor/starting.rs:{line}, so")), "{late}");
            Box::pin(async { Ok(()) })
        }))
        .await
        .unwrap();
        assert!(answers(&a).await);
    }
    assert!(stage.children().list().iter().all(|actor| actor.restarts == 0), "it panicked");
    stage.end().await;
}

#[vela::test]
async fn an_actor_may_wait_for_its_children_while_it_starts() {
    struct Boss(crate::probe::Journal, u32);

    impl vela::actor::Actor for Boss {
        type Message = u32;
        type Error = crate::probe::Fault;

        async fn started(&mut self, cx: &mut vela::actor::ActorContext<Self>) -> Result<(), Self::Error> {
            let kid = cx.spawn(child("kid"), plain("kid", &self.0)).unwrap();
            self.1 = kid.ask(Echo(5)).await.unwrap();
            Ok(())
        }

        async fn handle(&mut self, n: u32, _: &mut vela::actor::ActorContext<Self>) -> Result<(), Self::Error> {
            self.0.note(format!("boss: {}", self.1 + n));
            Ok(())
        }
    }

    let stage = Stage::new(Strategy::OneForOne);
    let journal = stage.journal.clone();
    let boss = stage.system.spawn(child("boss"), move || Boss(journal.clone(), 0)).unwrap();
    boss.send(1u32).await.unwrap();
    calm().await;
    assert_eq!(stage.notes(), ["kid: started", "boss: 6"]);
    stage.end().await;
    assert_eq!(stage.notes(), ["kid: stopped", "kid: dropped"]);
}

#[vela::test]
async fn a_kill_before_it_has_begun_is_not_lost() {
    let stage = Stage::new(Strategy::OneForOne);
    let a = stage.add(child("a").temporary());
    a.kill();
    assert!(matches!(a.terminated().await, Exit::Killed));
    let notes = stage.notes();
    // It may have come first; whatever was made is dropped.
    assert_eq!(who(&notes, "started").len(), who(&notes, "dropped").len(), "{notes:?}");
    stage.end().await;
}
