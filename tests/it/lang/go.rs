//! `go!`: blocks, calls and clauses.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use vela::prelude::*;

use crate::select::probe::{Log, on_each_runtime};

#[test]
fn a_block_runs_as_a_task_and_gives_its_value() {
    on_each_runtime(|| async {
        let text = String::from("moved");
        let task: Task<String> = go! {
            tokio::task::yield_now().await;
            text + " in"
        };
        assert_eq!(task.await.unwrap(), "moved in");
    });
}

#[test]
fn a_task_runs_without_being_awaited() {
    on_each_runtime(|| async {
        let (tx, rx) = channel(0);
        go! { tx <- 5 else { return }; };
        assert_eq!(vela!(<-rx), Some(5));
    });
}

#[test]
fn a_task_runs_where_there_is_no_runtime() {
    let (tx, rx) = channel(0);
    let task = go! { tx <- std::thread::current().name().map(str::to_owned) else { return }; };
    assert!(rx.recv_blocking().is_some());
    task.join_blocking().unwrap();
}

#[test]
fn parentheses_braces_and_brackets_are_the_same() {
    on_each_runtime(|| async {
        let a = go! { 0 + 1 };
        let b = go!({ 2 });
        let c = go![{ 3 }];
        let d = go!(async_three());
        assert_eq!((a.await.unwrap(), b.await.unwrap(), c.await.unwrap(), d.await.unwrap()), (1, 2, 3, 3));
    });
}

async fn async_three() -> u32 {
    3
}

#[test]
fn a_name_is_given_and_seen() {
    on_each_runtime(|| async {
        let n = 7;
        let named = go!(name("fetch") { vela::task::current().and_then(|task| task.name().map(str::to_owned)) });
        let formatted = go!(name(format!("shard {n}")) { n });
        let plain = go!({ n });
        assert_eq!((named.name(), formatted.name(), plain.name()), (Some("fetch"), Some("shard 7"), None));
        assert_eq!(named.await.unwrap().as_deref(), Some("fetch"));
        assert_eq!(formatted.await.unwrap() + plain.await.unwrap(), 14);
    });
}

#[test]
fn clones_are_made_before_the_task_starts() {
    on_each_runtime(|| async {
        let (tx, rx) = channel(2);
        let shared = Arc::new(5);
        let task = go!(clone(tx, shared) {
            tx <- *shared else { return };
        });
        assert_eq!((tx.sender_count(), Arc::strong_count(&shared)), (2, 2));
        task.await.unwrap();
        drop(tx);
        assert_eq!((vela!(<-rx), vela!(<-rx)), (Some(5), None));
        assert_eq!(Arc::strong_count(&shared), 1);
    });
}

/// As `tx.clone()` would, written by hand.
#[test]
fn a_clone_of_a_reference_is_a_clone_of_what_it_refers_to() {
    on_each_runtime(|| async {
        let ends: Vec<(Sender<usize>, Receiver<usize>)> = (0..3).map(|_| channel(0)).collect();
        for (n, (tx, _)) in ends.iter().enumerate() {
            go!(clone(tx) { tx <- n else { return }; });
        }
        for (n, (_, rx)) in ends.iter().enumerate() {
            assert_eq!(vela!(<-rx), Some(n));
        }
    });
}

#[test]
fn clones_are_renamed_and_mutable() {
    struct Server {
        name: String,
        peers: Vec<u32>,
    }
    impl Server {
        fn start(&self) -> Task<(String, usize)> {
            go!(clone(name = self.name, mut peers = self.peers) {
                peers.push(4);
                (name, peers.len())
            })
        }
    }
    on_each_runtime(|| async {
        let server = Server { name: "a".into(), peers: vec![1, 2, 3] };
        assert_eq!(server.start().await.unwrap(), ("a".to_owned(), 4));
        assert_eq!(server.peers.len(), 3);
        let mut count = 1;
        let task = go!(clone(mut count) { count += 10; count });
        count += 1;
        assert_eq!((task.await.unwrap(), count), (11, 2));
    });
}

#[test]
fn clauses_stand_in_any_order() {
    on_each_runtime(|| async {
        let (tx, rx) = unbounded();
        scope(async |s| {
            go!(name("a") clone(tx) in(s) { tx <- 1 else { return }; });
            go!(in(s) clone(tx) name("b") { tx <- 2 else { return }; });
            go!(clone(tx) name("c") in(s) { tx <- 3 else { return }; });
            let typed = go!(clone(tx) in(s) name("d") -> Result<u32, std::num::ParseIntError> { tx <- "4".parse()? else { return Ok(0) }; Ok(5) });
            assert_eq!(typed.name(), Some("d"));
            assert_eq!(vela!(<-typed).unwrap(), 5);
        })
        .await
        .unwrap();
        let mut all: Vec<u32> = rx.drain().collect();
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3, 4]);
    });
}

#[test]
fn an_output_type_lets_the_question_mark_work() {
    on_each_runtime(|| async {
        let parse = |text: &'static str| go!(-> Result<u32, std::num::ParseIntError> { let n = text.parse::<u32>()?; Ok(n + 1) });
        assert_eq!(parse("4").await.unwrap(), Ok(5));
        assert!(parse("x").await.unwrap().is_err());
        let any = go!(-> vela::Result<()> { "x".parse::<u32>()?; String::from_utf8(vec![0xff])?; Ok(()) });
        assert!(any.await.unwrap().unwrap_err().is::<std::num::ParseIntError>());
        let option = go!(-> Option<u32> { let n = None::<u32>?; Some(n) });
        assert_eq!(option.await.unwrap(), None);
        let tuple = go!(-> (u8, [u8; 2]) { (1, [2; 2]) });
        assert_eq!(tuple.await.unwrap(), (1, [2, 2]));
    });
}

#[test]
fn a_call_of_an_async_function_runs_in_the_task() {
    async fn add(log: Log, a: u32, b: u32) -> u32 {
        log.note("runs", ());
        tokio::task::yield_now().await;
        a + b
    }
    on_each_runtime(|| async {
        let log = Log::default();
        let task = go!(add(log.clone(), log.note("first", 1), log.note("second", 2)));
        assert_eq!(log.take()[..2], ["first", "second"], "arguments are evaluated at the call");
        assert_eq!(task.await.unwrap(), 3);
    });
}

#[test]
fn a_call_of_a_plain_function_runs_in_the_task() {
    fn add(log: &Log, a: u32, b: u32) -> (u32, bool) {
        log.note("runs", ());
        (a + b, vela::task::current().is_some())
    }
    on_each_runtime(|| async {
        let log = Log::default();
        let shared: &'static Log = Box::leak(Box::new(log.clone()));
        let task = go!(add(shared, log.note("first", 1), log.note("second", 2)));
        assert_eq!(task.await.unwrap(), (3, true));
        assert_eq!(log.take(), ["first", "second", "runs"]);
    });
}

/// Go's rule: what the arguments are is settled when the statement runs.
#[test]
fn arguments_are_those_of_the_moment_of_the_call() {
    fn id(n: u32) -> u32 {
        n
    }
    on_each_runtime(|| async {
        let mut tasks = Vec::new();
        let mut n = 0;
        while n < 10 {
            tasks.push(go!(id(n)));
            n += 1;
        }
        for (n, task) in (0..).zip(tasks) {
            assert_eq!(task.await.unwrap(), n);
        }
    });
}

struct Counter(AtomicU32);

impl Counter {
    async fn add(self: Arc<Self>, n: u32) -> u32 {
        self.0.fetch_add(n, Ordering::Relaxed) + n
    }

    fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    fn as_type<T: TryFrom<u32>>(&self) -> Option<T> {
        T::try_from(self.get()).ok()
    }

    async fn fresh(n: u32) -> u32 {
        n
    }
}

#[test]
fn methods_closures_and_paths_are_called() {
    on_each_runtime(|| async {
        let counter = Arc::new(Counter(AtomicU32::new(0)));
        let task = go!(counter.clone().add(5));
        assert_eq!(task.await.unwrap(), 5);
        let shared = Arc::clone(&counter);
        assert_eq!(go!(shared.get()).await.unwrap(), 5);
        let shared = Arc::clone(&counter);
        assert_eq!(go!(shared.as_type::<u8>()).await.unwrap(), Some(5));
        assert_eq!(go!(Counter::fresh(6)).await.unwrap(), 6);
        assert_eq!(go!(std::convert::identity(7)).await.unwrap(), 7);
        assert_eq!(go!(std::convert::identity::<u8>(8)).await.unwrap(), 8);
        let n = 9;
        let closure = move |m: u32| n + m;
        assert_eq!(go!(closure(1)).await.unwrap(), 10);
        assert_eq!(go!((move |m: u32| n * m)(2)).await.unwrap(), 18);
        let later = async move |m: u32| n - m;
        assert_eq!(go!(later(3)).await.unwrap(), 6);
        let boxed: Box<dyn Fn(u32) -> u32 + Send> = Box::new(|m| m + 1);
        assert_eq!(go!(boxed(1)).await.unwrap(), 2);
    });
}

#[test]
fn a_call_takes_clauses() {
    on_each_runtime(|| async {
        let text = String::from("text");
        let task = go!(name("call") clone(text) std::convert::identity(text));
        assert_eq!(task.name(), Some("call"));
        assert_eq!(task.await.unwrap(), text);
        let sum = scope(async |s| {
            let a = go!(in(s) name("member") async_three());
            let b = go!(in(s) std::convert::identity(4));
            Ok(vela!(<-a)? + vela!(<-b)?)
        })
        .await
        .unwrap();
        assert_eq!(sum, 7);
    });
}

/// `go!(name("a"))` with nothing after it is a call of a function `name`.
#[test]
fn functions_named_like_clauses_are_called() {
    fn name(text: &str) -> usize {
        text.len()
    }
    async fn clone(n: u32) -> u32 {
        n
    }
    on_each_runtime(|| async {
        assert_eq!(go!(name("abc")).await.unwrap(), 3);
        assert_eq!(go!(clone(4)).await.unwrap(), 4);
    });
}

#[test]
fn a_call_receives_its_arguments_here() {
    on_each_runtime(|| async {
        let (tx, rx) = channel(1);
        tx.try_send(5).unwrap();
        let first = vela!(<-rx);
        let task = go!(std::convert::identity(first));
        assert_eq!(task.await.unwrap(), Some(5));
    });
}

#[test]
fn arrows_selects_and_tasks_nest_in_a_block() {
    on_each_runtime(|| async {
        let (tx, rx) = channel(0);
        let sum = go! {
            let inner = go!(clone(tx) { for n in 0..5 { tx <- n else { return }; } });
            drop(tx);
            let mut sum = 0;
            for n in <-rx { sum += n; }
            (<-inner).unwrap();
            sum + select! { v = <-rx => v.unwrap_or(100) }
        };
        assert_eq!(sum.await.unwrap(), 110);
    });
}

#[test]
fn a_block_returns_early() {
    on_each_runtime(|| async {
        let (tx, rx) = channel::<u32>(1);
        drop(rx);
        let task = go! {
            tx <- 1 else { return "left" };
            "stayed"
        };
        assert_eq!(task.await.unwrap(), "left");
    });
}

/// The block is `move`: what is not named is moved, and what is `Copy` is copied.
#[test]
fn a_block_owns_what_it_uses() {
    on_each_runtime(|| async {
        let number = Cell::new(5).get();
        let (tx, rx) = channel::<u32>(1);
        let task = go! { let _tx = tx; number + 1 };
        assert_eq!(number + task.await.unwrap(), 11);
        assert!(rx.is_closed());
    });
}

#[test]
fn a_task_is_not_must_use_and_a_go_statement_stands_alone() {
    on_each_runtime(|| async {
        let (tx, rx) = unbounded();
        go!(clone(tx) { tx <- 1 else { return }; });
        go!(send_on(tx.clone(), 2));
        go! { tx <- 3 else { return }; };
        let mut all = vec![vela!(<-rx), vela!(<-rx), vela!(<-rx)];
        all.sort_unstable();
        assert_eq!(all, [Some(1), Some(2), Some(3)]);
    });
}

async fn send_on(tx: Sender<u32>, n: u32) {
    vela! { tx <- n else { return }; }
}
