//! The tree, the events, the names, the derive.

use vela::actor::prelude::*;
use vela::prelude::*;

use crate::probe::{Echo, Journal, Probe, fail};

#[vela::test(schedules = 100)]
async fn the_tree_shows_what_runs() {
    let journal = Journal::new();
    let of = |name: &'static str| {
        let journal = journal.clone();
        move || Probe::new(name, &journal)
    };
    let system = System::new("shop");
    let orders = system.spawn(child("orders"), of("orders")).unwrap();
    let tree = Supervisor::new(Strategy::OneForAll).child(child("w1"), of("w1")).child(child("w2"), of("w2"));
    system.children().supervisor(child("workers"), tree).unwrap();
    orders.send(fail("x")).await.unwrap();
    orders.ask(Echo(1)).await.unwrap();
    system.children().settled().await;
    assert_eq!(
        system.tree().to_string(),
        "\
actor       state    kind        mail  oldest  restarts
shop        running  System         0       -         0
├─ orders   running  Probe          0       -         1
└─ workers  running  Supervisor     0       -         0
   ├─ w1    running  Probe          0       -         0
   └─ w2    running  Probe          0       -         0
"
    );
    system.shutdown().await.unwrap();
    assert_eq!(system.tree().len(), 1);
}

#[vela::test(schedules = 100)]
async fn events_tell_the_life_of_an_actor() {
    let journal = Journal::new();
    let system = System::with("s", vela::actor::Supervision::new(Strategy::OneForOne).backoff(ms(10)..ms(20))).unwrap();
    let events = system.events();
    let inner = journal.clone();
    let a = system.spawn(child("a"), move || Probe::new("a", &inner)).unwrap();
    a.send(fail("x")).await.unwrap();
    a.ask(Echo(1)).await.unwrap();
    system.shutdown().await.unwrap();
    a.terminated().await;
    sleep(ms(1)).await;
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        assert_eq!(&*event.path, "s/a");
        told.push(event.kind.to_string());
    }
    assert_eq!(
        told,
        [
            "started",
            "failed: s/a failed while running: x",
            "restarting in 10ms, 0 before",
            "started",
            "stopped",
            "terminated"
        ]
    );
}

#[vela::test(schedules = 100)]
async fn events_end_with_their_system() {
    let journal = Journal::new();
    let system = System::new("s");
    let events = system.events();
    let a = system.spawn(child("a"), move || Probe::new("a", &journal)).unwrap();
    let logger = go! {
        let mut told = Vec::new();
        while let Some(event) = events.recv().await {
            told.push(event.unwrap().kind.to_string());
        }
        told
    };
    assert_eq!(a.ask(Echo(1)).await.unwrap(), 1);
    system.shutdown().await.unwrap();
    // The system and an address are there yet.
    assert_eq!(logger.await.unwrap(), ["started", "stopped", "terminated"]);
    assert!(system.events().recv().await.is_none());
    assert!(!a.is_alive());
}

#[vela::test(schedules = 100)]
async fn the_last_event_says_that_the_system_gave_up() {
    let system = System::with("s", vela::actor::Supervision::new(Strategy::OneForOne).max_restarts(0)).unwrap();
    let events = system.events();
    let journal = Journal::new();
    let a = system.spawn(child("a"), move || Probe::new("a", &journal)).unwrap();
    a.send(fail("x")).await.unwrap();
    let mut last = None;
    while let Some(event) = events.recv().await {
        last = Some(event.unwrap());
    }
    assert_eq!(last.unwrap().path.as_ref(), "s");
    system.terminated().await.unwrap_err();
}

#[vela::test(schedules = 100)]
async fn a_name_is_good_over_restarts() {
    let system = System::new("s");
    let journal = Journal::new();
    let a = system.spawn(child("a"), move || Probe::new("a", &journal)).unwrap();
    let names = system.registry();
    names.register("first", a.clone(), &a).unwrap();
    a.send(fail("x")).await.unwrap();
    let found: Address<Probe> = names.lookup("first").unwrap();
    assert_eq!(found.ask(Echo(7)).await.unwrap(), 7);
    let error = names.lookup::<Address<Probe>>("frist").unwrap_err();
    assert!(error.to_string().contains("did you mean `first`"));
    system.shutdown().await.unwrap();
}

struct Add(u64);
struct Sum;

impl Request for Sum {
    type Reply = u64;
}

#[derive(Message)]
enum AdderMsg {
    Add(Add),
    Sum(Call<Sum>),
    Double,
}

struct Adder(u64);

impl Actor for Adder {
    type Message = AdderMsg;
    type Error = std::convert::Infallible;

    async fn handle(&mut self, message: AdderMsg, _: &mut ActorContext<Self>) -> Result<(), Self::Error> {
        match message {
            AdderMsg::Add(Add(n)) => self.0 += n,
            AdderMsg::Sum(call) => call.reply(self.0),
            AdderMsg::Double => self.0 *= 2,
        }
        Ok(())
    }
}

#[vela::test(schedules = 100)]
async fn the_language_sends_asks_and_waits() {
    let adder = vela::actor::spawn(Adder(0));
    let number = adder.recipient::<Add>();
    vela! {
        (adder <- Add(20)).unwrap();
        (number <- Add(1)).unwrap();
        (adder <- AdderMsg::Double).unwrap();
        assert_eq!((<-adder.ask(Sum)).unwrap(), 42);
    }
    let sent = select! {
        adder <- Add(1) => true,
        _ = <-after(secs(1)) => false,
        closed => false,
    };
    assert!(sent);
    adder.stop();
    vela! { assert!((<-adder.terminated()).is_normal()); }
    let gone = select! {
        outcome = adder <- Add(1) => outcome.is_err(),
    };
    assert!(gone);
}

#[vela::test(schedules = 100)]
async fn an_error_of_an_actor_that_was_stopped_with_its_system_says_what_ended_that() {
    let journal = Journal::new();
    let add = |system: &System, name: &'static str| {
        let journal = journal.clone();
        system.spawn(child(name), move || Probe::new(name, &journal)).unwrap()
    };
    let error_of = async |actor: &Address<Probe>| {
        actor.terminated().await;
        let told = actor.send("mail").await.unwrap_err().to_string();
        let asked = actor.ask(Echo(1)).await.unwrap_err().to_string();
        let why = asked.split_once("answers no more (a new one has an address of its own): ").unwrap().1.to_owned();
        assert!(told.ends_with(&why), "{told} {asked}");
        why
    };

    let system = System::new("a");
    let actor = add(&system, "x");
    system.shutdown().await.unwrap();
    assert_eq!(error_of(&actor).await, "stopped; the system `a` was shut down");

    let actor = add(&System::new("b"), "x");
    let why = "stopped; the last handle of the system `b` was dropped, which stops its actors";
    assert_eq!(error_of(&actor).await, why);

    let system = System::with("c", vela::actor::Supervision::new(Strategy::OneForOne).max_restarts(0)).unwrap();
    let (down, healthy) = (add(&system, "down"), add(&system, "healthy"));
    down.send(fail("refused")).await.unwrap();
    system.terminated().await.unwrap_err();
    let gave_up =
        "c gave up: more than 0 restarts within 5s, the last because of `down`: c/down failed while running: refused";
    assert_eq!(error_of(&healthy).await, format!("stopped; {gave_up}"));
    assert_eq!(error_of(&down).await, "c/down failed while running: refused");

    let system = System::new("d");
    let actor = add(&system, "x");
    actor.stop();
    assert_eq!(error_of(&actor).await, "stopped");
}
