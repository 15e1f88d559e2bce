//! Valid inputs: each form of each macro. Snapshots are taken of them, and the random test mutates them.

use super::Macro;

pub(super) const GO: &[(&str, &str)] = &[
    ("block", "work(); more().await"),
    ("block_in_braces", "{ work(); more().await }"),
    ("call", "serve(conn, ctx.clone())"),
    ("call_of_path", "server::serve::<u8>(conn)"),
    ("call_of_value", "(self.handler)(conn)"),
    ("call_of_method", "server.clone().serve::<u8>(conn, 5)"),
    ("call_with_closure", "spawn_all(conns, |conn| serve(conn))"),
    ("call_in_block", "{ serve(<-conns) }"),
    ("call_of_name", "name(\"a\")"),
    ("call_on_name", "name(\"a\").run(5)"),
    ("name", "name(\"fetch\") { fetch().await }"),
    ("clones", "clone(tx, mut seen, x = self.x) { tx <- x else { return }; seen.push(1); }"),
    ("in_scope", "in(scope) { work().await }"),
    (
        "all_clauses",
        "in(self.group) clone(tx) name(format!(\"{n}\")) -> Result<u32, Error> { let n = f()?; tx <- n else { return Ok(0) }; Ok(n) }",
    ),
    ("clauses_and_call", "name(\"c\") clone(tx) serve(tx, 5)"),
    ("output", "-> Result<(), Error> { work()?; Ok(()) }"),
    ("output_const_generic", "-> W<-1> { W }"),
    ("loop", "for v in <-rx { println!(\"{v}\"); }"),
    ("parenthesised_condition", "if (a) { b } else { c }"),
    ("macro", "println!(\"{:?}\", <-rx)"),
    ("send", "tx <- 5"),
];

pub(super) const SELECT: &[(&str, &str)] = &[
    (
        "every_kind",
        "
        Some(job) = <-jobs => run(job).await,
        v = <-replies, if waiting => use_it(v),
        out <- next_id() => sent += 1,
        r = out <- x => { r?; }
        out <- mut pending => pending = make(),
        _ = <-after(ms(50)) => {}
        bytes = sock.read(&mut buf) => got(bytes),
        (i, v) = <-any(&mut inputs) => got(v),
        closed => break,
        else => {}
    ",
    ),
    ("one_receive", "v = <-rx => v"),
    ("no_pattern", "<-ctx.done() => return"),
    ("biased", "biased; a = <-x => a, b = <-y => b"),
    ("tiers", "a = <-x => a, then; b = <-y => b, c = <-z => c, then; d = <-w => d, else => 0"),
    ("guarded_value_operand", "v = <-make(1), if on => v, r = pick() <- v2(), if off => r, closed => 0"),
    ("guarded_place_operand", "v = <-self.jobs.rx, if self.on => v, Some(w) = <-rxs[i] => w, closed => 0"),
    ("projection", "v = <-self.parts().rx => v, self.parts().tx <- 5 => 0, w = <-*make() => w"),
    ("guarded_future", "v = f(x), if on => v, Some(w) = rx.recv() => w, closed => 0"),
    (
        "lends",
        "a <- mut x => {} r = b <- mut y, if on => drop(r), c() <- mut z, if on => {} v = <-rx => drop(v), closed => {}",
    ),
    ("generics", "v = f::<A, B>(1) => v, W::<-1> { n } = <-rx => n, w = <-g::<-1>() => w"),
    (
        "bodies",
        "a = <-x => if a { 1 } else { 2 } b = <-y => match b { _ => 3 }, c = <-z => { 4 }.into() , d = <-w => { #![allow(x)] 5 }",
    ),
    ("arrows_in_bodies", "a = <-x => <-b, Some(c) = <-d => { e <- c else { return }; for f in <-g { h(f) } }"),
    ("nested", "a = <-x => select! { b = <-y => b }, c = async { <-z }.go() => c"),
    ("or_pattern", "Ok(v) | Err(v) = <-task => v"),
    ("tuple_pattern", "Some((a, [b, ..], S { c, .. })) = <-x => a, closed => b"),
    ("words_as_names", "closed = <-x => closed, biased = <-y => biased, then = <-z => then"),
];

pub(super) const VELA: &[(&str, &str)] = &[
    ("receive", "<-rx"),
    ("let", "let v = <-rx;"),
    ("lets", "let v = <-rx; let Some(w): Option<W<-1>> = <-rx else { return };"),
    (
        "items",
        "async fn f(rx: &R) -> Option<u8> { <-rx } struct S; impl S { async fn g(&self) { self.tx <- 1 else { return }; } }",
    ),
    ("module", "pub mod m { use super::*; const N: i32 = -1; pub(crate) async fn f() { <-rx; } }"),
    ("statements", "let v = <-rx; v"),
    ("send", "let r = tx <- v; r?;"),
    ("send_or_leave", "tx <- v else { return };"),
    ("let_else_of_send", "let Ok(()) = tx <- v else { return };"),
    ("send_values", "tx <- if c { 1 } else { 2 }; tx <- a + b * c; tx <- |x| x + 1; tx <- -1; tx <- <-rx;"),
    ("send_nested", "Some(tx <- v); [tx <- 1, tx <- 2]; f(a, tx <- v)?; return tx <- v"),
    (
        "send_conditions",
        "if let Err(e) = tx <- v { e } while let Ok(()) = tx <- next() {} match tx <- v { Ok(()) => 1, Err(_) => tx <- 2 }",
    ),
    ("send_places", "self.tx <- 1; txs[0] <- 2; pick(a, b) <- 3; (a) <- 4; *tx <- 5; &tx <- 6; a::b::<-1> <- 7"),
    (
        "receive_operands",
        "<-self.jobs.rx; <-rx.clone(); <-after(d); <-rxs[i].x; <-(a); <-*p; <-&mut s; <-m!(x); <-a::<B>::c(); <- <-rx",
    ),
    ("receive_in_operators", "<-a == <-b; let x = !<-c && <-d + 1 > 2; <-e as u8; x += <-f; (<-g)?; 1..<-h"),
    (
        "receive_in_conditions",
        "if <-a { 1 } else if <-b { 2 } else { 3 } while let Some(x) = <-rx { x } match <-rx { Some(x) if <-ok => <-c, _ => {} }",
    ),
    ("for_place", "for x in <-self.rx { x }"),
    ("for_value", "'a: for (x, _) in <-rx.clone() { break 'a }"),
    ("for_wildcard", "for _ in <-tick { go() }"),
    ("for_plain", "for x in f(<-rx) { x } for y in <-rx + 1 { y }"),
    (
        "async_blocks",
        "let f = async move { <-rx }; let g = async |x: W<-1>| -> u8 { tx <- x }; spawn(|| async { <-rx });",
    ),
    (
        "std_macros",
        "println!(\"{:?} {n}\", <-rx, n = <-b); assert_eq!(<-a, b); vec![<-a; 2]; std::format!(\"{}\", tx <- 1)",
    ),
    ("other_macros", "other!(<-rx a <- b); select! { v = <-rx => v }; go! { <-rx }; tokio::join!(<-a)"),
    ("comparisons", "a < -b; a<-b; a << -1; a < - b; if a < -1 {} a <= -1"),
    (
        "generics",
        "Foo::<-1>::new(<-rx); let w: W<-1> = W::<-1>; x as W<-1> ; <W<-1> as T<-2>>::f(); let f: fn(W<-1>) -> V<-2> = g;",
    ),
    ("blocks", "unsafe { <-a } const { 1 } { <-b } loop { <-c } 'l: { break 'l <-d }"),
    ("struct_literals", "S { a: <-x, b, ..<-y }; S::<-1> { a: tx <- 1 }"),
    ("closures", "map(|x: u8| x + 1); move |W::<-1>| 2; f(|| ())"),
    ("jumps", "break <-a; return <-b; continue; break 'x <-c"),
];

pub(super) const ENTRY: &[(&str, &str)] = &[
    ("plain", "() async fn f() { work().await }"),
    ("result", "() /// Doc.\n pub(crate) async fn f() -> Result<(), E> { work()?; Ok(()) }"),
    ("options", "(flavor = \"multi_thread\", worker_threads = 4, crate = \"a::b\") #[ignore] async fn f() {}"),
    ("current", "(flavor = \"current_thread\") #[should_panic] async fn f() { panic!() }"),
];

pub(super) const MESSAGE: &[(&str, &str)] = &[
    ("plain", "pub enum Counter { Add(Add), Get(Call<Get>), Flush }"),
    ("shapes", "enum M { A {}, B(), C { a: u8 }, D(u8, u8), E(u8), F((u8, u8),) }"),
    ("skip", "enum M { #[message(skip)] A(u8), B(u8), #[doc = \"C\"] #[message(skip,)] C { a: u8 } }"),
    (
        "generics",
        "enum M<'a, T: Clone + 'a, const N: usize = 1> where Vec<T>: Debug { A(&'a [T; N]), B(Box<dyn Fn(T)>) }",
    ),
    ("raw", "enum r#Box { r#type(::std::vec::Vec<r#fn>) }"),
    ("nothing", "enum M { A, B }"),
];

pub(super) const ALL: &[(Macro, &[(&str, &str)])] = &[
    (Macro::Go, GO),
    (Macro::Select, SELECT),
    (Macro::Vela, VELA),
    (Macro::Main, ENTRY),
    (Macro::Test, ENTRY),
    (Macro::Message, MESSAGE),
];

/// Broken inputs: what stays of them.
pub(super) const BROKEN: &[(Macro, &str, &str)] = &[
    (Macro::Select, "broken_half_written", "Some(job) = <-jobs => { job. } v = <-rep"),
    (Macro::Select, "broken_operand", "Some(job) = <-a.await => run(job), v = <-b => { keep(v) } closed => {}"),
    (Macro::Select, "broken_pattern", "Some(1) = <-a => one(), None = <-b => none(), closed => {}"),
    (Macro::Select, "broken_for_ever", "Some(job) = <-a => run(job)"),
    (Macro::Select, "broken_several", "biased; then; x = <-a + 1 => x, else if y => z, out <- mut self.x => {}"),
    (Macro::Message, "broken_twice", "enum M { A(Tick), B(Call<Tick>), C(Tick), D(u8) }"),
    (Macro::Message, "broken_option", "enum M { #[message(skp)] A(u8), B(u16) }"),
    (Macro::Go, "broken_closure", "|| work(1)"),
    (Macro::Go, "broken_async", "async move { work(1).await }"),
    (Macro::Go, "broken_clause", "nmae(\"x\") clone(self.x, tx) { tx <- 1 else { return }; }"),
    (Macro::Go, "broken_call_with_arrow", "serve(<-conns)"),
    (Macro::Go, "broken_statement", "let x = ; work(x)"),
    (Macro::Vela, "broken_ambiguous", "<-rx?; a && tx <- c; a <- b <- c; let v = |x| <-rx;"),
    (Macro::Vela, "broken_unfinished", "tx <- ; <-; rx."),
    (Macro::Vela, "broken_item", "fn f() { <-rx }"),
    (Macro::Main, "broken_not_async", "() fn f() { work() }"),
    (Macro::Main, "broken_option", "(flavour = \"x\", worker_threads = 0) async fn f() { work() }"),
];
