//! What is said on the standard error output, where no log hears of it.

use std::convert::Infallible;
use std::fmt;
use std::process::Command;

use vela::Overflow;
use vela::actor::{Actor, ActorContext, Address, Call, Inbox, Spawn, Strategy, Supervision, System, child};
use vela::prelude::*;
use vela::time::Instant;

use crate::probe::{Echo, Hook, Journal, Probe, fail, panic};
use crate::stage::{Stage, tell};

/// The lines of Vela's that the test `name` of this file says in a process of its own: there `does` is done.
fn said(name: &str, does: impl AsyncFnOnce()) -> Option<Vec<String>> {
    const CHILD: &str = "VELA_TEST_SAID";
    if std::env::var_os(CHILD).is_some() {
        vela::block_on(does());
        return None;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    let module = module_path!().split_once("::").map_or("", |(_, module)| module);
    command
        .args(["--exact", &format!("{module}::{name}"), "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .env("RUST_BACKTRACE", "0");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    Some(text.lines().filter(|line| line.starts_with("vela: ")).map(str::to_owned).collect())
}

#[test]
fn mail_that_is_dropped_with_its_actor_is_told() {
    let lines = said("mail_that_is_dropped_with_its_actor_is_told", async || {
        let (stage, [a]) = Stage::with(Strategy::OneForOne, ["a"]).await;
        a.send(crate::probe::hang()).await.unwrap();
        for _ in 0..20 {
            a.send("mail").await.unwrap();
        }
        stage.system.shutdown_within(ms(1)).await.unwrap();
        assert_eq!(a.mailbox_dropped(), 20);
    });
    let Some(lines) = lines else { return };
    assert_eq!(lines, ["vela: s/a ended with 20 messages that it had not handled"]);
}

#[test]
fn of_very_many_actors_it_is_told_now_and_then() {
    let lines = said("of_very_many_actors_it_is_told_now_and_then", async || {
        let stage = Stage::new(Strategy::OneForOne);
        let start = Instant::now();
        for n in 0..1_000 {
            let a = stage.add(child(format!("a{n}")));
            a.send("mail").await.unwrap();
            a.stop();
        }
        stage.end().await;
        println!("in {:?}", start.elapsed());
    });
    let Some(lines) = lines else { return };
    // Some have handled it; and it may take a few seconds.
    assert!(lines.len() < 500, "{}", lines.len());
}

#[test]
fn failures_are_not_silent() {
    let lines = said("failures_are_not_silent", async || {
        let stage = Stage::new(Supervision::new(Strategy::OneForOne).max_restarts(100));
        let a = stage.add(child("a"));
        for _ in 0..5 {
            tell(&a, fail("no database")).await;
        }
        a.send(panic("has a line of its own")).await.unwrap();
        assert!(crate::stage::answers(&a).await);
        let b = stage.add(child("b").temporary());
        tell(&b, fail("no disk")).await;
        b.terminated().await;
        let c = stage.add_with(child("c").backoff(ms(1)..ms(1)), |run, probe| {
            probe.in_started = if run < 4 { Hook::Err } else { Hook::Ok };
        });
        assert!(crate::stage::answers(&c).await);
        stage.end().await;
    });
    let Some(lines) = lines else { return };
    assert_eq!(
        lines,
        [
            "vela: s/a failed while running: no database; it is restarted",
            "vela: s/b failed while running: no disk; it is not restarted",
            "vela: s/c failed while starting: in started; it is restarted",
        ]
    );
}

#[test]
fn a_line_is_written_in_one_piece() {
    /// Its text is made while the line about it is.
    #[derive(Debug)]
    struct Chatty;

    impl fmt::Display for Chatty {
        #[expect(clippy::print_in_format_impl, reason = "another line comes between")]
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            eprintln!("vela: (from elsewhere)");
            f.write_str("no database")
        }
    }

    impl std::error::Error for Chatty {}

    impl Actor for Chatty {
        type Message = ();
        type Error = Self;

        async fn handle(&mut self, (): (), _: &mut ActorContext<Self>) -> Result<(), Self> {
            Err(Self)
        }
    }

    let lines = said("a_line_is_written_in_one_piece", async || {
        let system = System::new("s");
        let a = system.spawn(child("a").temporary(), || Chatty).unwrap();
        a.send(()).await.unwrap();
        a.terminated().await;
        system.shutdown().await.unwrap();
    });
    let Some(lines) = lines else { return };
    // Whoever else hears of the failure makes its text, too.
    let (others, whole): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.ends_with("(from elsewhere)"));
    assert!(others.iter().all(|line| *line == "vela: (from elsewhere)") && !others.is_empty(), "{lines:?}");
    assert_eq!(whole, ["vela: s/a failed while running: no database; it is not restarted"]);
}

#[test]
fn a_child_that_does_not_stop_in_time_is_told_of() {
    let lines = said("a_child_that_does_not_stop_in_time_is_told_of", async || {
        let stage = Stage::new(Strategy::OneForOne);
        let hung = stage.add(child("hung").shutdown(ms(20)));
        let good = stage.add(child("good").shutdown(secs(20)));
        hung.send(crate::probe::hang()).await.unwrap();
        assert!(crate::stage::answers(&good).await);
        stage.end().await;
    });
    let Some(lines) = lines else { return };
    assert_eq!(lines, ["vela: s/hung is killed: it had not stopped within 20ms"]);
}

#[test]
fn panics_for_wrong_arguments_are_those_of_the_line_that_gave_them() {
    let lines = said("panics_for_wrong_arguments_are_those_of_the_line_that_gave_them", async || {
        std::panic::set_hook(Box::new(|panic| eprintln!("vela: {}", panic.location().unwrap().file())));
        let wrong: [fn(); 2] = [
            || drop(System::new("")),
            || drop(Spawn::new().mailbox(0, Overflow::DropOldest).start(Probe::new("a", &Journal::new()))),
        ];
        assert!(wrong.map(std::panic::catch_unwind).iter().all(Result::is_err));
    });
    let Some(lines) = lines else { return };
    assert_eq!(lines, [concat!("vela: ", file!()); 2]);
}

#[test]
fn a_loop_that_forgets_the_notices_is_told_so() {
    /// Watches the other one, and receives.
    struct Forgetful(Address<Probe>, bool);

    impl Actor for Forgetful {
        type Message = Call<Echo>;
        type Error = Infallible;

        async fn started(&mut self, cx: &mut ActorContext<Self>) -> Result<(), Infallible> {
            cx.watch(&self.0);
            Ok(())
        }

        async fn run(&mut self, inbox: &mut Inbox<Self>, cx: &mut ActorContext<Self>) -> Result<(), Infallible> {
            if self.1 {
                let notice = inbox.notice().await;
                cx.notify(self, notice).await?;
            }
            while let Some(call) = inbox.recv().await {
                cx.handle(self, call).await?;
            }
            Ok(())
        }

        async fn handle(&mut self, call: Call<Echo>, _: &mut ActorContext<Self>) -> Result<(), Infallible> {
            call.reply_with(|Echo(n)| n);
            Ok(())
        }
    }

    let lines = said("a_loop_that_forgets_the_notices_is_told_so", async || {
        let (stage, [a]) = Stage::with(Strategy::OneForOne, ["a"]).await;
        for (name, asks) in [("forgets", false), ("asks", true)] {
            let watched = a.clone();
            stage.system.spawn(child(name), move || Forgetful(watched.clone(), asks)).unwrap();
        }
        stage.children().settled().await;
        stage.children().stop("a").await.unwrap();
        stage.end().await;
    });
    let Some(lines) = lines else { return };
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("vela: s/forgets watched s/a, which has ended, and was never told: "), "{lines:?}");
}

#[test]
fn a_simulation_does_not_say_the_same_a_thousand_times() {
    let lines = said("a_simulation_does_not_say_the_same_a_thousand_times", async || {
        std::thread::spawn(|| {
            let simulation = vela::sim::Simulation::new().schedules(10);
            let passed = simulation.check(async || {
                let (stage, [a]) = Stage::with(Strategy::OneForOne, ["a"]).await;
                tell(&a, fail("x")).await;
                a.send("mail").await.unwrap();
                stage.end().await;
                let alone = vela::actor::spawn(Probe::new("alone", &stage.journal));
                alone.send(fail("x")).await.unwrap();
                alone.terminated().await;
                let (stage, [b]) = Stage::with(Supervision::new(Strategy::OneForOne).max_restarts(0), ["b"]).await;
                b.send(fail("x")).await.unwrap();
                stage.system.terminated().await.unwrap_err();
            });
            passed.unwrap();
        })
        .join()
        .unwrap();
    });
    let Some(lines) = lines else { return };
    assert_eq!(lines, [""; 0]);
}
