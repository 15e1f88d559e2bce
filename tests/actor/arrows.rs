//! Arrows with actors and with the jobs of pools: each sink and source in each form, inside `go!`, `vela!` and `select!`.

use vela::actor::{Actor, ActorContext, AskError, Exit, Inbox, Strategy, child, spawn};
use vela::prelude::*;

use crate::probe::{Echo, Fault, Journal};
use crate::stage::Stage;

/// Which form it was, and whether what came was right.
type Row = (&'static str, bool);

#[track_caller]
fn assert_all(what: &str, rows: &[Row]) {
    let wrong: Vec<_> = rows.iter().filter(|(_, right)| !right).map(|(form, _)| form).collect();
    assert!(wrong.is_empty(), "{what}: {wrong:?}");
}

/// `<-source`, in each form. `$held`: what a task of its own needs a clone of.
macro_rules! receives {
    ([$($held:ident),*], $right:pat, $($source:tt)*) => {
        [
            ("a statement in vela!", vela! {
                let got = <-$($source)*;
                matches!(got, $right)
            }),
            ("an expression in vela!", vela! { matches!(<-$($source)*, $right) }),
            ("an operand in vela!", vela! { (<-$($source)*, 7).1 == 7 }),
            ("what `match` looks at", vela! {
                match <-$($source)* {
                    $right => true,
                    #[allow(unreachable_patterns, reason = "some patterns match all")]
                    _ => false,
                }
            }),
            ("an arm of select!", select! {
                got = <-$($source)* => matches!(got, $right),
                _ = <-after(secs(60)) => false,
            }),
            ("an arm with a body of arrows", select! {
                _ = <-$($source)* => matches!(<-$($source)*, $right),
                _ = <-after(secs(60)) => false,
            }),
            ("a statement in go!", go!(clone($($held),*) {
                let got = <-$($source)*;
                matches!(got, $right)
            }).await.unwrap()),
            ("an expression in go!", go!(clone($($held),*) { matches!(<-$($source)*, $right) }).await.unwrap()),
            ("an arm of select! in go!", go!(clone($($held),*) {
                select! {
                    got = <-$($source)* => matches!(got, $right),
                    _ = <-after(secs(60)) => false,
                }
            }).await.unwrap()),
        ]
    };
}

/// `sink <- value`, in each form.
macro_rules! sends {
    ([$($held:ident),*] $sink:ident <- $value:expr) => {
        [
            ("a statement in vela!", vela! {
                $sink <- $value else { panic!("refused") };
                true
            }),
            ("an expression in vela!", vela! { ($sink <- $value).is_ok() }),
            ("a value in vela!", vela! {
                let sent = $sink <- $value;
                sent.is_ok()
            }),
            ("an arm of select!", select! {
                $sink <- $value => true,
                _ = <-after(secs(60)) => false,
            }),
            ("an arm of select! with its result", select! {
                sent = $sink <- $value => sent.is_ok(),
                _ = <-after(secs(60)) => false,
            }),
            ("a statement in go!", go!(clone($($held),*) {
                $sink <- $value else { panic!("refused") };
                true
            }).await.unwrap()),
            ("an expression in go!", go!(clone($($held),*) { ($sink <- $value).is_ok() }).await.unwrap()),
            ("an arm of select! in go!", go!(clone($($held),*) {
                select! {
                    $sink <- $value => true,
                    _ = <-after(secs(60)) => false,
                }
            }).await.unwrap()),
        ]
    };
}

#[vela::test(schedules = 30, faults = "spurious")]
async fn messages_are_sent_in_each_form() {
    let (stage, [address]) = Stage::with(Strategy::OneForOne, ["a"]).await;
    let rows = sends!([address] address <- "told");
    assert_all("address <- message", &rows);
    let recipient = address.recipient::<&'static str>();
    let narrow = sends!([recipient] recipient <- "told");
    assert_all("recipient <- message", &narrow);
    assert!(address.ask(Echo(1)).await.is_ok());
    assert_eq!(stage.journal.take(), vec!["a: told"; rows.len() + narrow.len()]);
}

#[vela::test(schedules = 30, faults = "spurious")]
async fn answers_and_ends_are_received_in_each_form() {
    let (stage, [address]) = Stage::with(Strategy::OneForOne, ["a"]).await;
    assert_all("<-address.ask(…)", &receives!([address], Ok(7), address.ask(Echo(7))));
    address.stop();
    assert_all("<-address.terminated()", &receives!([address], Exit::Normal, address.terminated()));
    assert_all(
        "<-address.ask(…) of one that has ended",
        &receives!([address], Err(AskError::Terminated { exit: Exit::Normal, .. }), address.ask(Echo(7))),
    );
    drop(stage);
}

#[cfg(feature = "pool")]
#[vela::test(schedules = 30, faults = "spurious")]
async fn results_of_jobs_are_received_in_each_form() {
    use vela::pool::{CpuPool, IoPool, par_map};

    let cpu = CpuPool::builder().threads(2).build().unwrap();
    assert_all("<-job", &receives!([cpu], Ok(7), cpu.try_spawn(|| 7).unwrap()));
    assert_all("<-pool.run(…)", &receives!([cpu], Ok(7), cpu.run(|| 7)));
    assert_all("<-pool.spawn(…)", &receives!([cpu], Ok(vela::task::Task { .. }), cpu.spawn(|| 7)));
    assert_all("<-pool.join_all()", &receives!([cpu], (), cpu.join_all()));
    let io = IoPool::current(2);
    assert_all("<-job of futures", &receives!([io], Ok(7), io.try_spawn(async { 7 }).unwrap()));
    assert_all("<-io.run(…)", &receives!([io], Ok(7), io.run(async { 7 })));

    let (tx, rx) = vela::channel(4);
    let (squares, pipeline) = par_map(rx, &cpu, 2, |n: u64| n * n).into_receiver();
    let mut got = Vec::new();
    vela! {
        for n in 1..=2 { tx <- n else { panic!("closed") }; }
        drop(tx);
        for square in <-squares { got.push(square); }
        (<-pipeline).unwrap();
    }
    assert_eq!(got, [1, 4]);
}

/// Takes its mail in each form, and tells which it was.
struct Reader(Journal);

impl Actor for Reader {
    type Message = u32;
    type Error = Fault;

    async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), Fault> {
        Ok(())
    }

    async fn run(&mut self, inbox: &mut Inbox<Self>, _: &mut ActorContext<Self>) -> Result<(), Fault> {
        vela! {
            let first = <-inbox;
            self.0.note(format!("statement {first:?}"));
            self.0.note(format!("expression {}", (<-inbox).unwrap_or_default()));
            if let Some(n) = <-inbox {
                self.0.note(format!("if let {n}"));
            }
            select! {
                Some(n) = <-inbox => self.0.note(format!("arm {n}")),
                closed => self.0.note("closed"),
            }
            select! {
                n = <-inbox => self.0.note(format!("arm in vela {n:?}, {:?}", <-inbox)),
                _ = <-after(secs(60)) => self.0.note("late"),
            }
            while let Some(n) = <-inbox {
                self.0.note(format!("while {n}"));
                if n == 8 { break; }
            }
            for n in <-inbox {
                self.0.note(format!("for {n}"));
            }
        }
        Ok(())
    }
}

#[vela::test(schedules = 30, faults = "spurious")]
async fn mail_is_taken_in_each_form() {
    let journal = Journal::new();
    let reader = spawn(Reader(journal.clone()));
    let end = reader.terminated();
    vela! {
        for n in 1..=10u32 { reader <- n else { panic!("refused") }; }
        drop(reader);
        assert!((<-end).is_normal());
    }
    assert_eq!(
        journal.take(),
        [
            "statement Some(1)",
            "expression 2",
            "if let 3",
            "arm 4",
            "arm in vela Some(5), Some(6)",
            "while 7",
            "while 8",
            "for 9",
            "for 10",
        ]
    );
}

/// An answer from each actor of a system, asked in a loop of arrows in a `go!` in a `vela!`.
#[vela::test(schedules = 30)]
async fn arrows_nest() {
    let stage = Stage::new(Strategy::OneForOne);
    let (sums_tx, sums) = vela::channel(1);
    let addresses: Vec<_> = ["a", "b"].into_iter().map(|name| stage.add(child(name))).collect();
    let mut got = Vec::new();
    vela! {
        go! {
            for (n, address) in addresses.into_iter().enumerate() {
                let sum = (<-address.ask(Echo(n as u32))).unwrap() + (<-address.ask(Echo(10))).unwrap();
                sums_tx <- sum else { return };
            }
        };
        for sum in <-sums { got.push(sum); }
    }
    assert_eq!(got, [10, 11]);
}
