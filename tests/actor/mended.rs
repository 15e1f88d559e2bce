//! What a review of the code has found.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use vela::actor::{
    Actor, ActorContext, ActorState, Address, Call, Decision, Inbox, Message, Request, Spawn, Strategy, Supervision,
    Supervisor, System, Terminated, child, spawn,
};
use vela::prelude::*;

use crate::probe::{Bomb, Echo, Fault, Hook, Journal, Probe, Unspeakable, deed, fail, hang};
use crate::stage::{Stage, answers, calm, tell, who};

fn factory(name: &'static str, journal: &Journal) -> impl Fn() -> Probe + Send + Sync + 'static {
    let journal = journal.clone();
    move || Probe::new(name, &journal)
}

#[vela::test]
async fn who_is_told_that_a_child_has_stopped_finds_its_name_free() {
    let system = System::new("s");
    let journal = Journal::new();
    for _ in 0..3 {
        let a = system.spawn(child("a"), factory("a", &journal)).unwrap();
        system.children().stop("a").await.unwrap();
        assert!(!a.is_alive());
    }
    system.shutdown().await.unwrap();
}

#[vela::test]
async fn a_kept_child_that_never_came_up_does_not_hold_up_its_supervisor() {
    let journal = Journal::new();
    let inner = journal.clone();
    let tree = Supervisor::new(Supervision::new(Strategy::OneForOne).on_failure(|_| Decision::Stop))
        .child(child("bad"), move || {
            let mut probe = Probe::new("bad", &inner);
            probe.in_started = Hook::Err;
            probe
        })
        .child(child("good"), factory("good", &journal));
    let system = System::new("s");
    let tree = system.children().supervisor(child("tree"), tree).unwrap();
    let children = tree.children().await.unwrap();
    assert_eq!(children.list()[0].state, ActorState::Stopped);
    assert_eq!(children.list()[1].state, ActorState::Running);
    system.shutdown().await.unwrap();
}

#[vela::test]
async fn open_asks_of_a_kept_child_that_has_ended_get_an_error() {
    let journal = Journal::new();
    let system = System::new("s");
    let a = system.children().spawn_kept(child("a").transient(), factory("a", &journal)).unwrap();
    let (go, waits) = vela::channel::<()>(0);
    a.send(deed(move |_, cx| {
        Box::pin(async move {
            waits.recv().await;
            cx.stop();
            Ok(())
        })
    }))
    .await
    .unwrap();
    let asker = a.clone();
    let asks = go! { asker.ask(Echo(1)).without_timeout().await };
    while a.mailbox_len() != 1 || a.state() != ActorState::Running {
        vela::task::yield_now().await;
    }
    go.send(()).await.unwrap();
    assert!(asks.await.unwrap().is_err());
    system.children().restart("a").await.unwrap();
    assert_eq!(a.ask(Echo(2)).await.unwrap(), 2);
    system.shutdown().await.unwrap();
}

#[derive(Message)]
enum BombMsg {
    Bomb(Bomb),
    Ask(Call<Anything>),
}

struct Anything;

impl Request for Anything {
    type Reply = ();
}

struct Keeper;

impl Actor for Keeper {
    type Message = BombMsg;
    type Error = &'static str;

    async fn handle(&mut self, message: BombMsg, _: &mut ActorContext<Self>) -> Result<(), &'static str> {
        match message {
            BombMsg::Bomb(bomb) => std::mem::forget(bomb),
            BombMsg::Ask(call) => call.reply(()),
        }
        Ok(())
    }
}

#[vela::test(schedules = 200)]
async fn messages_that_panic_when_they_are_dropped_hold_up_nobody() {
    let system = System::new("s");
    let (a, b) = (system.spawn(child("a"), || Keeper).unwrap(), system.spawn(child("b"), || Keeper).unwrap());
    let (a2, b2) = (a.clone(), b.clone());
    let asks = go! {
        let both = (a2.ask(Anything).await, b2.ask(Anything).await);
        drop(both);
    };
    for address in [&a, &b] {
        for _ in 0..2 {
            std::mem::forget(address.try_send(Bomb));
        }
    }
    system.shutdown().await.unwrap();
    a.terminated().await;
    b.terminated().await;
    asks.await.unwrap();
}

struct Mute;

impl Actor for Mute {
    type Message = u8;
    type Error = Unspeakable;

    async fn handle(&mut self, _: u8, _: &mut ActorContext<Self>) -> Result<(), Unspeakable> {
        Err(Unspeakable)
    }
}

#[vela::test(schedules = 200)]
async fn an_error_whose_display_panics_is_a_failure_like_any_other() {
    let alone = spawn(Mute);
    alone.send(1u8).await.unwrap();
    assert!(alone.terminated().await.failure().is_some());

    let system = System::with("s", Supervision::new(Strategy::OneForOne).max_restarts(1)).unwrap();
    let events = system.events();
    let mute = system.spawn(child("mute"), || Mute).unwrap();
    mute.send(1u8).await.unwrap();
    mute.send(1u8).await.unwrap();
    assert!(system.terminated().await.is_err());
    let seen = seen_of("s/mute", &events);
    assert_eq!(seen.iter().filter(|seen| seen.starts_with("failed: ")).count(), 2, "{seen:?}");
}

#[vela::test(schedules = 50)]
async fn timers_that_were_cancelled_are_forgotten() {
    let live = Arc::new(AtomicU32::new(0));
    struct Counted(Arc<AtomicU32>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let p = spawn(Probe::new("p", &Journal::new()));
    let counted = Arc::clone(&live);
    p.send(deed(move |_, cx| {
        Box::pin(async move {
            for _ in 0..1000 {
                counted.fetch_add(1, Ordering::SeqCst);
                let one = Counted(Arc::clone(&counted));
                let make = move || {
                    let _kept = &one;
                    "late"
                };
                cx.every(secs(3600), make).cancel();
            }
            Ok(())
        })
    }))
    .await
    .unwrap();
    p.ask(Echo(1)).await.unwrap();
    assert!(live.load(Ordering::SeqCst) < 100);
}

#[vela::test]
async fn the_arrow_follows_the_mailboxs_rule() {
    let p = Spawn::new().mailbox(1, Overflow::Reject).start(Probe::new("p", &Journal::new()));
    p.send(hang()).await.unwrap();
    while p.mailbox_len() > 0 {
        vela::task::yield_now().await;
    }
    vela! {
        (p <- "fits").unwrap();
        assert_eq!((p <- "does not").unwrap_err().kind(), vela::SendErrorKind::Full);
    }
    p.kill();
}

struct Relay {
    next: Option<Address<Relay>>,
}

struct Hop;

impl Request for Hop {
    type Reply = u32;
}

#[derive(Message)]
enum RelayMsg {
    Hop(Call<Hop>),
    To(Address<Relay>),
}

impl Actor for Relay {
    type Message = RelayMsg;
    type Error = vela::actor::AskError;

    async fn handle(&mut self, message: RelayMsg, _: &mut ActorContext<Self>) -> Result<(), vela::actor::AskError> {
        match message {
            RelayMsg::To(next) => self.next = Some(next),
            RelayMsg::Hop(call) => {
                call.reply(1);
                // Whoever asked has its answer, and handles again.
                if let Some(next) = self.next.take() {
                    next.ask(Hop).await?;
                }
            }
        }
        Ok(())
    }
}

#[vela::test]
async fn an_ask_back_after_the_answer_is_no_circle() {
    let (a, b) = (spawn(Relay { next: None }), spawn(Relay { next: None }));
    a.send(b.clone()).await.unwrap();
    b.send(a.clone()).await.unwrap();
    a.ask(Hop).await.unwrap();
    sleep(ms(1)).await;
    assert!(a.exit().is_none() && b.exit().is_none(), "{:?} {:?}", a.exit(), b.exit());
    a.stop();
    b.stop();
    a.terminated().await;
    b.terminated().await;
}

#[vela::test]
async fn the_state_between_two_runs_is_told() {
    let journal = Journal::new();
    let system = System::new("s");
    let kept = system.children().spawn_kept(child("kept"), factory("kept", &journal)).unwrap();
    system.children().settled().await;
    system.children().stop("kept").await.unwrap();
    assert_eq!(kept.state(), ActorState::Stopped);
    system.shutdown().await.unwrap();
}

#[vela::test]
async fn a_name_is_registered_again_by_the_next_run_and_given_up_at_the_end() {
    let journal = Journal::new();
    let system = System::new("s");
    let inner = journal.clone();
    let register = || {
        deed(|_, cx| {
            let registered = cx.register("me");
            Box::pin(async move { registered.map_err(|_| crate::probe::Fault("taken")) })
        })
    };
    let a = system.spawn(child("a").max_restarts(1), move || Probe::new("a", &inner)).unwrap();
    for message in [register(), fail("x"), register()] {
        a.send(message).await.unwrap();
    }
    assert_eq!(a.ask(Echo(1)).await.unwrap(), 1);
    assert_eq!(system.registry().names().len(), 1);
    system.children().stop("a").await.unwrap();
    assert!(system.registry().names().is_empty());
    system.shutdown().await.unwrap();
}

#[vela::test]
async fn a_repeated_timer_that_is_always_late_leaves_turns_to_the_mail() {
    let p = spawn(Probe::new("p", &Journal::new()));
    p.send(deed(|_, cx| {
        cx.every(ms(1), || {
            deed(|_, _| {
                Box::pin(async {
                    sleep(ms(5)).await;
                    Ok(())
                })
            })
        });
        Box::pin(async { Ok(()) })
    }))
    .await
    .unwrap();
    for n in 0..5 {
        assert_eq!(p.ask(Echo(n)).await.unwrap(), n);
    }
}

#[vela::test(schedules = 20)]
async fn a_source_that_is_always_ready_leaves_turns_to_the_mail() {
    let p = spawn(Probe::new("p", &Journal::new()));
    p.send(deed(|_, cx| {
        let always = futures_util::StreamExt::take(futures_util::stream::repeat(()), 500);
        cx.attach(vela::actor::Values(always), |()| deed(|_, _| Box::pin(async { Ok(()) })));
        Box::pin(async { Ok(()) })
    }))
    .await
    .unwrap();
    assert_eq!(p.ask(Echo(1)).await.unwrap(), 1);
    p.kill();
    p.terminated().await;
}

struct Holder {
    ask_back: bool,
}

#[derive(Message)]
enum HolderMsg {
    Hop(Call<Hop>),
    Asker(Address<Asker>),
}

struct Asker(Address<Holder>);

impl Actor for Asker {
    type Message = Call<Hop>;
    type Error = vela::actor::AskError;

    async fn handle(&mut self, call: Call<Hop>, _: &mut ActorContext<Self>) -> Result<(), Self::Error> {
        call.reply(self.0.ask(Hop).without_timeout().await?);
        Ok(())
    }
}

impl Actor for Holder {
    type Message = HolderMsg;
    type Error = std::convert::Infallible;

    async fn handle(&mut self, message: HolderMsg, cx: &mut ActorContext<Self>) -> Result<(), Self::Error> {
        match message {
            HolderMsg::Hop(call) if !self.ask_back => assert!(cx.stash(call).is_ok()),
            HolderMsg::Hop(call) => call.reply(7),
            HolderMsg::Asker(asker) => {
                self.ask_back = true;
                cx.unstash_all();
                drop(asker);
            }
        }
        Ok(())
    }
}

#[vela::test]
async fn a_stashed_question_is_answered_later() {
    let holder = spawn(Holder { ask_back: false });
    let asker = spawn(Asker(holder.clone()));
    let front = asker.clone();
    let first = go! { front.ask(Hop).await };
    sleep(ms(1)).await;
    holder.send(asker).await.unwrap();
    assert_eq!(first.await.unwrap().unwrap(), 7);
}

#[vela::test]
async fn a_timer_has_its_turn_beside_a_source_that_is_always_ready() {
    let journal = Journal::new();
    let p = spawn(Probe::new("p", &journal));
    p.send(deed(|_, cx| {
        cx.every(ms(10), || "tick");
        let always = futures_util::StreamExt::take(futures_util::stream::repeat(()), 50);
        cx.attach(vela::actor::Values(always), |()| {
            deed(|_, _| {
                Box::pin(async {
                    sleep(ms(1)).await;
                    Ok(())
                })
            })
        });
        Box::pin(async { Ok(()) })
    }))
    .await
    .unwrap();
    sleep(ms(45)).await;
    p.ask(Echo(1)).await.unwrap();
    let ticks = journal.take().iter().filter(|note| *note == "p: tick").count();
    assert!(ticks >= 3, "{ticks}");
}

#[vela::test]
async fn a_supervisor_that_waits_for_a_child_to_start_can_be_stopped() {
    let journal = Journal::new();
    let tree =
        Supervisor::new(Supervision::new(Strategy::OneForOne)).child(child("hangs").shutdown(ms(10)), move || {
            let mut probe = Probe::new("hangs", &journal);
            probe.in_started = Hook::Hang;
            probe
        });
    let system = System::new("s");
    system.children().supervisor(child("tree"), tree).unwrap();
    sleep(ms(1)).await;
    system.shutdown().await.unwrap();
}

/// An error that panics when it is dropped.
#[derive(Debug)]
struct Fuse {
    _bomb: Bomb,
}

impl std::fmt::Display for Fuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a fuse")
    }
}

impl std::error::Error for Fuse {}

struct Fused;

impl Actor for Fused {
    type Message = u8;
    type Error = Fuse;

    async fn handle(&mut self, _: u8, _: &mut ActorContext<Self>) -> Result<(), Fuse> {
        Err(Fuse { _bomb: Bomb })
    }
}

#[vela::test(schedules = 200)]
async fn errors_that_panic_when_they_are_dropped_leave_the_supervisor_alone() {
    let (stage, [b]) = Stage::with(Strategy::OneForOne, ["b"]).await;
    let a = stage.system.spawn(child("a").max_restarts(3), || Fused).unwrap();
    for _ in 0..3 {
        tell_any(&a, 1u8).await;
    }
    assert!(a.is_alive() && answers(&b).await);
    stage.end().await;

    let alone = spawn(Fused);
    tell_any(&alone, 1u8).await;
    assert!(alone.exit().is_some_and(|exit| exit.failure().is_some()));
}

async fn tell_any<A: Actor>(to: &Address<A>, message: impl vela::actor::MessageFor<A>) {
    assert!(to.send(message).await.is_ok());
    calm().await;
}

#[vela::test(schedules = 200)]
async fn a_decision_that_panics_with_what_panics_when_it_is_dropped_escalates() {
    let decide = |_: &vela::actor::Failure| -> Decision { std::panic::panic_any(Bomb) };
    let (stage, [a, b]) = Stage::with(Supervision::new(Strategy::OneForOne).on_failure(decide), ["a", "b"]).await;
    a.send(fail("x")).await.unwrap();
    assert!(stage.system.terminated().await.is_err());
    assert!(b.terminated().await.is_normal());
}

#[test]
fn two_children_of_one_name_are_refused_before_they_start() {
    let journal = Journal::new();
    let twice = Supervisor::new(Strategy::OneForOne)
        .child(child("a"), factory("a", &journal))
        .child(child("b"), factory("b", &journal))
        .child(child("a"), factory("a", &journal));
    let said = twice.check().unwrap_err().to_string();
    assert_eq!(said, "child `a`: another child before it has this name: choose another one");
    let above = Supervisor::new(Strategy::OneForOne).supervisor(child("tree"), twice);
    assert_eq!(above.check().unwrap_err().to_string(), said);
}

#[vela::test(schedules = 200)]
async fn who_waits_until_all_have_started_does_not_wait_for_those_that_come_later() {
    let stage = Stage::new(Strategy::OneForOne);
    stage.add_with(child("a"), |_, probe| probe.in_started = Hook::Slow(ms(10)));
    let children = stage.children();
    let settled = vela::task::spawn(async move { children.settled().await });
    calm().await;
    let b = stage.add_with(child("b"), |_, probe| probe.in_started = Hook::Slow(secs(10)));
    assert!(timeout(ms(100), settled).await.is_ok());
    assert_eq!(b.state(), ActorState::Starting);
    stage.children().settled().await;
    assert_eq!(b.state(), ActorState::Running);
    stage.end().await;
}

#[vela::test]
async fn the_last_messages_of_one_that_is_watched_come_before_its_end() {
    let journal = Journal::new();
    let boss = spawn(Probe::new("boss", &journal));
    let worker = Spawn::new().name("worker").start(Probe::new("worker", &Journal::new()));
    let watched = worker.clone();
    boss.send(deed(move |_, cx| {
        Box::pin(async move {
            cx.watch(&watched);
            // Busy, while both come.
            sleep(ms(10)).await;
            Ok(())
        })
    }))
    .await
    .unwrap();
    calm().await;
    boss.send("question").await.unwrap();
    let to = boss.clone();
    tell(
        &worker,
        deed(move |_, cx| {
            Box::pin(async move {
                to.send("result").await.map_err(|_| Fault("gone"))?;
                cx.stop();
                Ok(())
            })
        }),
    )
    .await;
    worker.terminated().await;
    sleep(ms(20)).await;
    let expected = ["boss: started", "boss: question", "boss: result", "boss: worker terminated [stopped]"];
    assert_eq!(journal.take(), expected);
}

#[vela::test]
async fn a_message_that_the_waiting_inbox_was_given_comes_before_the_end_of_its_sender() {
    let journal = Journal::new();
    let boss = spawn(Probe::new("boss", &journal));
    let worker = Spawn::new().name("worker").start(Probe::new("worker", &Journal::new()));
    let watched = worker.clone();
    tell(
        &boss,
        deed(move |_, cx| {
            cx.watch(&watched);
            Box::pin(async { Ok(()) })
        }),
    )
    .await;
    for word in ["one", "two"] {
        let to = boss.clone();
        let last = word == "two";
        worker
            .send(deed(move |_, cx| {
                to.try_send(word).ok();
                if last {
                    cx.stop();
                }
                Box::pin(async { Ok(()) })
            }))
            .await
            .unwrap();
    }
    worker.terminated().await;
    calm().await;
    assert_eq!(journal.take(), ["boss: started", "boss: one", "boss: two", "boss: worker terminated [stopped]"]);
}

/// Sends to itself without an end, until it is told that the one it watches has ended.
struct Restless(Address<Probe>);

impl Actor for Restless {
    type Message = u32;
    type Error = std::convert::Infallible;

    async fn started(&mut self, cx: &mut ActorContext<Self>) -> Result<(), Self::Error> {
        cx.watch(&self.0);
        Ok(())
    }

    async fn handle(&mut self, n: u32, cx: &mut ActorContext<Self>) -> Result<(), Self::Error> {
        if n == 0 {
            self.0.stop();
            self.0.terminated().await;
        }
        assert!(n < 1000, "the end of the other one is not told");
        for _ in 0..2 {
            cx.address().try_send(n + 1).ok();
        }
        Ok(())
    }

    async fn on_terminated(&mut self, _: Terminated, cx: &mut ActorContext<Self>) -> Result<(), Self::Error> {
        cx.stop();
        Ok(())
    }
}

#[vela::test(schedules = 100)]
async fn mail_without_an_end_does_not_hold_up_a_notice() {
    for overflow in [Overflow::Block, Overflow::DropOldest] {
        let watched = spawn(Probe::new("p", &Journal::new()));
        let restless = Spawn::new().mailbox(4, overflow).start(Restless(watched));
        restless.send(0u32).await.unwrap();
        assert!(restless.terminated().await.is_normal());
    }
}

/// Receives no mail: only notices.
struct Deaf(Address<Probe>);

impl Actor for Deaf {
    type Message = u32;
    type Error = std::convert::Infallible;

    async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Self::Error> {
        Ok(())
    }

    async fn run(&mut self, inbox: &mut Inbox<Self>, cx: &mut ActorContext<Self>) -> Result<(), Self::Error> {
        cx.watch(&self.0);
        inbox.notice().await;
        Ok(())
    }
}

#[vela::test(schedules = 100)]
async fn a_notice_waits_for_no_mail_that_is_not_received() {
    let watched = spawn(Probe::new("p", &Journal::new()));
    let deaf = spawn(Deaf(watched.clone()));
    deaf.send(1u32).await.unwrap();
    watched.stop();
    assert!(deaf.terminated().await.is_normal());
}

/// A parent with two children that take 3 s each to stop.
async fn slow_family(stage: &Stage, parent: vela::actor::ChildSpec, in_stopped: Hook) -> [Address<Probe>; 3] {
    let parent = stage.add_with(parent, move |_, probe| probe.in_stopped = in_stopped);
    let (tell_them, them) = vela::channel(2);
    let journal = stage.journal.clone();
    parent
        .send(deed(move |_, cx| {
            for name in ["x", "y"] {
                let make = crate::stage::maker(name, &journal, |_, probe| probe.in_stopped = Hook::Slow(secs(3)));
                tell_them.try_send(cx.spawn(child(name), make).unwrap()).ok();
            }
            Box::pin(async { Ok(()) })
        }))
        .await
        .unwrap();
    let (x, y) = (them.recv().await.unwrap(), them.recv().await.unwrap());
    calm().await;
    [parent, x, y]
}

#[vela::test(schedules = 100)]
async fn children_below_children_have_their_own_time_to_stop() {
    let stage = Stage::new(Strategy::OneForOne);
    let family = slow_family(&stage, child("p"), Hook::Slow(secs(4))).await;
    stage.end().await;
    for actor in family {
        assert!(actor.exit().is_some_and(|exit| exit.is_normal()), "{}: {:?}", actor.path(), actor.exit());
    }
}

#[vela::test(schedules = 100)]
async fn the_time_to_stop_goes_on_when_the_children_have_stopped() {
    let stage = Stage::new(Strategy::OneForOne);
    let [p, x, y] = slow_family(&stage, child("p"), Hook::Hang).await;
    let start = vela::time::Instant::now();
    stage.end().await;
    assert!(matches!(p.exit(), Some(vela::actor::Exit::Killed)));
    assert!(x.exit().unwrap().is_normal() && y.exit().unwrap().is_normal());
    assert!((secs(11)..secs(12)).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[vela::test(schedules = 100)]
async fn a_time_to_stop_that_was_given_is_for_all_below() {
    let stage = Stage::new(Strategy::OneForOne);
    let [p, x, y] = slow_family(&stage, child("p").shutdown(secs(5)), Hook::Ok).await;
    let start = vela::time::Instant::now();
    stage.end().await;
    assert!(matches!((p.exit(), x.exit()), (Some(vela::actor::Exit::Killed), Some(vela::actor::Exit::Killed))));
    assert!(y.exit().unwrap().is_normal());
    assert!((secs(5)..secs(6)).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[vela::test(schedules = 100)]
async fn one_that_fails_may_wait_for_its_children_while_all_stop() {
    let stage = Stage::new(Strategy::OneForOne);
    let [p, x, y] = slow_family(&stage, child("p"), Hook::Slow(secs(4))).await;
    p.send(fail("x")).await.unwrap();
    calm().await;
    stage.end().await;
    assert!(p.exit().unwrap().failure().is_some(), "{:?}", p.exit());
    assert!(x.exit().unwrap().is_normal() && y.exit().unwrap().is_normal());
}

#[vela::test(schedules = 200)]
async fn a_link_to_one_that_waits_to_be_restarted_does_not_fail_in_an_orderly_shutdown() {
    let stage = Stage::new(Strategy::OneForOne);
    let [a, b] = ["a", "b"].map(|name| stage.add(child(name)));
    let c = stage.add(child("c").backoff(secs(30)..secs(60)));
    let linked = c.clone();
    tell(
        &a,
        deed(move |_, cx| {
            cx.link(&linked);
            Box::pin(async { Ok(()) })
        }),
    )
    .await;
    tell(&c, fail("x")).await;
    assert_eq!(c.state(), ActorState::Backoff);
    stage.notes();
    stage.end().await;
    assert_eq!(stage.notes(), ["b: stopped", "b: dropped", "a: stopped", "a: dropped"]);
    assert!(a.exit().unwrap().is_normal() && b.exit().unwrap().is_normal() && c.exit().unwrap().is_normal());
}

/// What is done while the inbox is being received from.
type Adding = Box<dyn FnOnce(&mut ActorContext<Joining>) + Send>;

/// Receives in a join with what adds to its lanes.
struct Joining {
    add: Option<Adding>,
    /// Through a combinator with wakers of its own.
    combined: bool,
    notices: bool,
}

impl Actor for Joining {
    type Message = &'static str;
    type Error = Fault;

    async fn handle(&mut self, _: &'static str, _: &mut ActorContext<Self>) -> Result<(), Fault> {
        Ok(())
    }

    async fn run(&mut self, inbox: &mut Inbox<Self>, cx: &mut ActorContext<Self>) -> Result<(), Fault> {
        use futures_util::future::join;
        use futures_util::{StreamExt as _, stream::FuturesUnordered};
        assert!(cx.stash("stashed").is_ok());
        let mut adds = Some(cx).zip(self.add.take());
        let adds = async {
            if let Some((cx, add)) = adds.take() {
                add(cx);
            }
        };
        match (self.notices, self.combined) {
            (false, false) => assert!(join(inbox.recv(), adds).await.0.is_some()),
            (false, true) => {
                let mut all: FuturesUnordered<_> = [inbox.recv()].into_iter().collect();
                assert!(join(all.next(), adds).await.0.is_some());
            }
            (true, false) => drop(join(inbox.notice(), adds).await),
            (true, true) => {
                let mut all: FuturesUnordered<_> = [Box::pin(inbox.notice())].into_iter().collect();
                drop(join(all.next(), adds).await);
            }
        }
        Ok(())
    }
}

#[vela::test(schedules = 20)]
async fn what_is_added_while_the_inbox_is_received_from_is_received() {
    let ended = spawn(Probe::new("p", &Journal::new()));
    ended.stop();
    ended.terminated().await;
    for combined in [false, true] {
        let (tx, rx) = vela::channel::<u32>(1);
        tx.try_send(1).unwrap();
        let watched = ended.clone();
        let ways: [(bool, Adding); 6] = [
            (false, Box::new(|cx| drop(cx.after(ms(10), "late")))),
            (false, Box::new(|cx| drop(cx.every(ms(10), || "late")))),
            (false, Box::new(move |cx| cx.attach(rx, |_| "value"))),
            (false, Box::new(|cx| cx.pipe(async { 1 }, |_| "result"))),
            (false, Box::new(|cx| cx.unstash_all())),
            (true, Box::new(move |cx| cx.watch(&watched))),
        ];
        for (way, (notices, add)) in ways.into_iter().enumerate() {
            let joining = spawn(Joining { add: Some(add), combined, notices });
            let ended = timeout(secs(1), joining.terminated()).await;
            assert!(ended.is_ok_and(|exit| exit.is_normal()), "way {way}, combined: {combined}");
        }
    }
}

/// A waker that panics.
struct Shrill;

impl std::task::Wake for Shrill {
    fn wake(self: Arc<Self>) {
        panic!("the waker");
    }
}

#[vela::test(schedules = 200)]
async fn wakers_that_panic_hold_up_nobody() {
    let (stage, [a, b]) = Stage::with(Strategy::OneForOne, ["a", "b"]).await;
    stage.add_with(child("slow"), |_, probe| probe.in_started = Hook::Slow(ms(10)));
    let (children, system) = (stage.children(), stage.system.clone());
    let mut waiting: [std::pin::Pin<Box<dyn Future<Output = ()> + Send>>; 3] = [
        Box::pin(async move { children.settled().await }),
        Box::pin(async move { drop(system.terminated().await) }),
        Box::pin({
            let ended = a.terminated();
            async move { drop(ended.await) }
        }),
    ];
    let waker = std::task::Waker::from(Arc::new(Shrill));
    for waiting in &mut waiting {
        assert!(waiting.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
    }
    sleep(ms(20)).await;
    stage.children().stop("a").await.unwrap();
    assert!(a.terminated().await.is_normal() && answers(&b).await);
    let mut shutdown = std::pin::pin!(stage.system.shutdown());
    assert!(shutdown.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_pending());
    sleep(ms(20)).await;
    stage.end().await;
    assert!(b.exit().unwrap().is_normal());
    assert_eq!(who(&stage.notes(), "stopped").len(), 3);
}

#[vela::test(schedules = 200)]
async fn one_that_waits_for_its_turn_to_be_restarted_by_hand_is_shown_so() {
    let stage = Stage::new(Strategy::OneForAll);
    let a = stage.keep(child("a"));
    stage.children().settled().await;
    stage.children().stop("a").await.unwrap();
    stage.keep_with(child("slow"), |_, probe| probe.in_started = Hook::Slow(ms(10)));
    let children = stage.children();
    let restarts = vela::task::spawn(async move { children.restart("a").await });
    calm().await;
    assert_eq!(a.state(), ActorState::Restarting);
    // A stop now ends it again: who asks meanwhile is told.
    let asker = a.clone();
    let asks = vela::task::spawn(async move { asker.ask(Echo(1)).without_timeout().await });
    calm().await;
    stage.children().stop("a").await.unwrap();
    assert_eq!(a.state(), ActorState::Stopped);
    assert!(asks.await.unwrap().is_err());
    assert!(restarts.await.unwrap().is_err());
    stage.end().await;
}

/// What has happened to the actor of this path.
fn seen_of(path: &str, events: &vela::broadcast::Receiver<vela::actor::events::Event>) -> Vec<String> {
    let mut seen = Vec::new();
    while let Ok(event) = events.try_recv() {
        if &*event.path == path {
            seen.push(event.kind.to_string());
        }
    }
    seen
}

#[vela::test]
async fn a_supervisor_that_is_stopped_while_it_starts_has_not_started() {
    let stage = Stage::new(Strategy::OneForOne);
    let events = stage.system.events();
    let hangs = crate::stage::maker("hangs", &stage.journal, |_, probe| probe.in_started = Hook::Hang);
    let tree = Supervisor::new(Strategy::OneForOne).child(child("hangs").shutdown(ms(10)), hangs);
    stage.children().supervisor(child("tree"), tree).unwrap();
    calm().await;
    stage.end().await;
    assert_eq!(seen_of("s/tree", &events), ["stopped", "terminated"]);
}

#[vela::test]
async fn a_supervisor_that_gives_up_while_it_starts_fails_to_start() {
    let stage = Stage::new(Strategy::OneForOne);
    let events = stage.system.events();
    let bad = crate::stage::maker("bad", &stage.journal, |_, probe| probe.in_started = Hook::Err);
    let tree = Supervisor::new(Supervision::new(Strategy::OneForOne).max_restarts(0)).child(child("bad"), bad);
    let tree = stage.children().supervisor(child("tree").temporary(), tree).unwrap();
    let exit = tree.terminated().await;
    assert_eq!(exit.failure().map(vela::actor::Failure::phase), Some(vela::actor::Phase::Starting), "{exit}");
    assert!(!seen_of("s/tree", &events).contains(&"started".to_owned()));
    stage.end().await;
}

#[vela::test(schedules = 50)]
async fn sends_through_a_recipient_that_wait_are_not_counted_as_turned_away() {
    use std::sync::atomic::AtomicUsize;
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let policies = [
        (Overflow::Block, None),
        (Overflow::Timeout(secs(1)), None),
        (Overflow::Retry { attempts: 9, backoff: ms(1) }, None),
        (Overflow::Reject, Some((1, 0))),
        (Overflow::Timeout(ms(1)), Some((0, 1))),
        (Overflow::Retry { attempts: 2, backoff: ms(1) }, Some((1, 0))),
        (Overflow::DropNewest, None),
    ];
    for (overflow, refused) in policies {
        let name = format!("monitored-{}", RUNS.fetch_add(1, Ordering::SeqCst));
        let p = Spawn::new().name(&*name).mailbox(1, overflow).monitored().start(Probe::new("p", &Journal::new()));
        p.send(deed(|_, _| {
            Box::pin(async {
                sleep(ms(10)).await;
                Ok(())
            })
        }))
        .await
        .unwrap();
        calm().await;
        let to = p.recipient::<&'static str>();
        to.send("fits").await.unwrap();
        let sent = to.send("waits").await;
        assert_eq!(sent.is_err(), refused.is_some(), "{overflow:?}");
        let all = vela::monitor::snapshot();
        let line = all.iter().find(|line| line.name == name).unwrap();
        assert_eq!((line.rejected, line.timeouts), refused.unwrap_or((0, 0)), "{overflow:?}");
    }
}

#[vela::test(schedules = 20)]
async fn errors_say_who_and_what_can_be_done() {
    let stage = Stage::new(Strategy::OneForOne);
    let events = stage.system.events();
    let worker = stage.add(child("worker").mailbox(1, Overflow::Reject));
    calm().await;
    assert_eq!(events.try_recv().map(|event| event.id), Ok(worker.id()));

    let unknown = stage.children().stop("workr").await.unwrap_err();
    assert_eq!(unknown.to_string(), "s has no child `workr`; did you mean `worker`?");
    tell(
        &worker,
        deed(|probe, cx| {
            assert!(cx.stash("first").is_ok());
            probe.note(cx.stash("second").unwrap_err());
            Box::pin(async { Ok(()) })
        }),
    )
    .await;
    let noted = stage.journal.take().pop().unwrap();
    assert!(noted.starts_with("worker: the stash of `s/worker` is full with 1 messages"), "{noted}");

    tell(&worker, hang()).await;
    let late = worker.ask(Echo(1)).timeout(ms(50)).await.unwrap_err();
    assert!(late.to_string().starts_with("`s/worker` did not answer within 50ms: "), "{late}");
    let full = worker.ask(Echo(1)).await.unwrap_err();
    assert_eq!(
        full.to_string(),
        "the mailbox of `s/worker` is full, and refuses more: ask later, or give it more room"
    );
    stage.end().await;
    let ended = worker.ask(Echo(1)).await.unwrap_err();
    assert!(
        ended
            .to_string()
            .starts_with("`s/worker` has ended, and answers no more (a new one has an address of its own): "),
        "{ended}"
    );
}
