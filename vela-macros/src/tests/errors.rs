//! Every error that the macros give, by its text.

use super::{Macro, error_texts};

/// The errors of `input`, in order, each begins with and contains what is expected of it.
fn check(macro_: Macro, input: &str, expected: &[&str]) {
    let texts = error_texts(macro_.expand(input));
    let fits = texts.len() == expected.len() && texts.iter().zip(expected).all(|(text, part)| text.contains(part));
    assert!(fits, "{macro_:?}: {input}\n  gave {texts:#?}\n  expected {expected:#?}");
}

#[test]
fn arrows_that_can_be_read_two_ways() {
    check(
        Macro::Vela,
        "<-rx?",
        &["`<-rx?` can be read two ways\nhelp: write `(<-rx)?` to receive and then ask, or `<-(rx?)`"],
    );
    check(
        Macro::Vela,
        "<-self.a.b()?.c?",
        &[
            "`<-self.a.b()?.c?` can be read two ways\nhelp: write `(<-(self.a.b()?.c))?` to receive from all of it, or `(<-self.a.b())?.c?`",
        ],
    );
    check(
        Macro::Vela,
        "(<-bank.account(\"anna\")?.ask(Get))?",
        &[
            "help: write `<-(bank.account(\"anna\")?.ask(Get))` to receive from all of it, or `(<-bank.account(\"anna\"))?.ask(Get)`",
        ],
    );
    check(Macro::Vela, "<-a??", &["write `(<-a)?` to receive and then ask"]);
    check(Macro::Vela, "<-a?.b::<C>()?.0[1]??", &["?.0[1]))??` to receive from all of it"]);
    check(
        Macro::Vela,
        "a < b && tx <- c",
        &["read two ways\nhelp: write `(a < b && tx) <- c`, or `a < b && (tx <- c)`"],
    );
    check(Macro::Vela, "a <- b <- c", &["a chain of `<-` can be read two ways"]);
    check(
        Macro::Vela,
        "<-a <- c",
        &["read two ways\nhelp: write `(<-a) <- c` to send to what was received, or `<-(a <- c)`"],
    );
    check(Macro::Vela, "!tx <- c", &["read two ways\nhelp: write `(!tx) <- c`"]);
    check(Macro::Vela, "if let Ok(()) = tx <- a && b {}", &["can belong to the sent value, or to the condition"]);
}

#[test]
fn arrows_that_cannot_wait() {
    check(Macro::Vela, "f(|x| <-rx)", &["a closure that is not async cannot wait\nhelp: make it an async closure"]);
    check(Macro::Vela, "move || { tx <- 1; async { <-ok } }", &["a closure that is not async cannot wait"]);
    check(Macro::Vela, "fn f() { <-rx; }", &["this function is not async\nhelp: make it an `async fn`"]);
    check(Macro::Vela, "const A: u8 = <-rx;", &["a constant cannot wait"]);
    check(Macro::Vela, "f(|| for x in <-rx {})", &["a closure that is not async cannot wait"]);
}

#[test]
fn arrows_without_an_operand() {
    check(Macro::Vela, "<-;", &["`<-` needs something to receive from on its right"]);
    check(Macro::Vela, "let x = <-&;", &["`<-` needs something to receive from on its right"]);
    check(Macro::Vela, "tx <- ;", &["`<-` needs a value to send on its right"]);
    check(Macro::Vela, "<-if a { b } else { c }", &["put anything else in parentheses: `<-(…)`"]);
    check(Macro::Vela, "let x = <-S { a: 1 };", &["put anything else in parentheses: `<-(…)`"]);
    check(Macro::Vela, "<-5", &["`<-` receives from a source of values, and `5` is none\nhelp: if a comparison"]);
    check(
        Macro::Vela,
        "tx <- mut v;",
        &["lending (`<- mut`) is for the arms of a `select!`, where a send can lose\nhelp: `tx <- v`"],
    );
    check(Macro::Vela, "let x <- rx;", &["a `let` receives with `=`\nhelp: write `let value = <-rx`"]);
}

#[test]
fn sends_that_may_leave() {
    check(Macro::Vela, "tx <- S { a: 1 } else { return };", &["a value that ends in `}` cannot stand before `else`"]);
    check(
        Macro::Vela,
        "let Ok(()) = tx <- { 1 } else { return };",
        &["a value that ends in `}` cannot stand before `else`"],
    );
    check(Macro::Vela, "tx <- 1 else { return }", &["ends with a `;`, as `let … else` does"]);
    check(
        Macro::Vela,
        "loop { tx <- 1 else break; }",
        &["what leaves stands in braces, as in `let … else`\nhelp: write `tx <- value else { break };`"],
    );
    check(Macro::Vela, "tx <- 1 else return Err(<-rx); done()", &["else { return Err(<-rx) };`"]);
    check(Macro::Vela, "tx <- 1 else;", &["else { return };`"]);
    check(Macro::Vela, "match a { 0 => tx <- 1 else break, _ => {} }", &["`else` can follow a send only where"]);
    check(
        Macro::Vela,
        "f(tx <- 1 else { return })",
        &["`else` can follow a send only where that is a statement of its own"],
    );
    check(
        Macro::Vela,
        "x = tx <- 1 else { return };",
        &["`else` can follow a send only where that is a statement of its own"],
    );
    check(Macro::Vela, "match a { _ => tx <- 1 else { return }, }", &["`else` can follow a send only"]);
    check(Macro::Select, "_ = <-a => tx <- 1 else { return }, b = <-c => b", &["`else` can follow a send only"]);
}

#[test]
fn nesting_has_an_end() {
    let deep = format!("{}<-rx{}", "(".repeat(300), ")".repeat(300));
    check(Macro::Vela, &deep, &["code nested more than 256 levels deep"]);
}

#[test]
fn go_without_a_block_or_a_call() {
    check(Macro::Go, "", &["`go!` needs something to run"]);
    check(Macro::Go, "name(\"a\") clone(tx)", &["`go!` needs something to run"]);
    check(
        Macro::Go,
        "async move { f().await }",
        &["`go!` is an `async move` block already\nhelp: leave `async move` out"],
    );
    check(Macro::Go, "|| f()", &["takes a block or a call, not a closure"]);
    check(Macro::Go, "future", &["to run a future, wait for it: `go! { future.await }`"]);
    check(Macro::Go, "name(\"a\") let x = 1; x", &["after its clauses `go!` takes a block in braces or one call"]);
    check(Macro::Go, "-> u8 f(x)", &["`-> Type` goes before a block"]);
    check(Macro::Go, "-> u8", &["`-> Type` goes before a block", "`go!` needs something to run"]);
}

#[test]
fn go_calls_that_would_wait_here() {
    let text = "`go!` takes this as a call, whose parts are evaluated here: `<-` would wait before the task starts\n\
                help: bind it first (`let value = …;`) and use `value` in the call, or wait in the task, in a block: ";
    check(Macro::Go, "(<-rx).unwrap()", &[&format!("{text}`go!({{ (<-rx).unwrap() }})`")]);
    check(Macro::Go, "f(1, <-rx)", &[&format!("{text}`go!({{ f(1, <-rx) }})`")]);
    check(Macro::Go, "f(a.await)", &["`.await` would wait before the task starts"]);
    check(Macro::Go, "f(<-a, tx <- 1)", &["`<-` would wait", "`<-` would wait"]);
    for fine in ["{ f(<-rx) }", "f(<-rx);", "f(<-rx).await", "f(async { <-rx })", "f(async || <-rx)"] {
        check(Macro::Go, fine, &[]);
    }
}

#[test]
fn patterns_of_for_that_may_not_fit() {
    let text = "the pattern of a `for` must fit every value: one that does not fit would be lost\nhelp: ";
    check(
        Macro::Vela,
        "for Some(x) in <-rx {}",
        &[&format!(
            "{text}`for` takes the `Some(…)` off already: `for value in <-…`; or write `while let Some(x) = <-… "
        )],
    );
    check(Macro::Vela, "for 1 in <-rx {}", &[&format!("{text}bind the value and look at it in the body")]);
    check(Macro::Vela, "for (x, Ok(y) | Err(y)) in <-rx {}", &[]);
}

#[test]
fn go_with_wrong_clauses() {
    check(Macro::Go, "nmae(\"a\") { f() }", &["`nmae` is no clause of `go!`\nhelp: the clauses of `go!` are"]);
    check(Macro::Go, "name(\"a\") name(\"b\") { f() }", &["`name` is given twice"]);
    check(Macro::Go, "in(a) in(b) { f() }", &["`in` is given twice"]);
    check(Macro::Go, "name() { f() }", &["`name` needs an expression\nhelp: `name(\"fetch\")`"]);
    check(Macro::Go, "in() { f() }", &["`in` needs an expression\nhelp: `in(scope)`"]);
    check(Macro::Go, "in(a)", &["`go!` needs something to run"]);
    check(
        Macro::Go,
        "clone(self.x, tx, 5) { f() }",
        &["`clone` takes names of locals\nhelp: `clone(tx, seen)`", "`clone` takes names"],
    );
    check(Macro::Go, "name(a b) { f() }", &["`name` takes one expression\nhelp: `name(\"fetch\")`"]);
}

#[test]
fn a_select_that_could_wait_for_ever() {
    let text = "this select could wait for ever: every arm can become disabled";
    check(Macro::Select, "Some(x) = <-a => x", &[text]);
    check(Macro::Select, "x = <-a, if b => x, tx <- 1 => 2, c <- mut d => 3", &[text]);
    check(Macro::Select, "Some(x) = <-a => x", &["tokio's `else`"]);
    check(Macro::Select, "Some(x) = <-a => x, closed => 1", &[]);
    check(Macro::Select, "Some(x) = <-a => x, else => 1", &[]);
    check(Macro::Select, "Some(x) = <-a => x, y = <-b => y", &[]);
}

#[test]
fn patterns_that_may_not_fit() {
    let text = "an arm's pattern is `Some(name)` or one that always fits";
    for pattern in [
        "None",
        "Some(1)",
        "Some(1..=2)",
        "Some(None)",
        "Some(Some(x))",
        "Ok(x)",
        "Err(e)",
        "\"a\"",
        "Some(Ok(x))",
        "(1, x)",
        "S { a: None }",
        "Some(x) | None",
        "&None",
        "[Some(a)]",
        "x @ Some(_)",
        "Option::None",
        "std::option::Option::Some(2)",
        "-1",
    ] {
        check(Macro::Select, &format!("{pattern} = <-a => 1, b = <-c => 2"), &[text]);
    }
    for pattern in [
        "Some((a, b))",
        "Some(S { a, .. })",
        "_",
        "x",
        "Ok(v) | Err(v)",
        "Wrap(x)",
        "[a, b]",
        "Option::Some(mut x)",
        "Some(&x)",
    ] {
        check(Macro::Select, &format!("{pattern} = <-a => 1, b = <-c => 2"), &[]);
    }
    check(Macro::Select, "Some(x) = tx <- 1 => 1, closed => 2", &["the outcome of a send is a `Result`"]);
}

#[test]
fn arms_that_would_wait_too_early() {
    check(Macro::Select, "a = <-b.await => 1", &["`.await` in an operand would wait before the select does"]);
    check(Macro::Select, "a = f().await => 1", &["an arm whose operation is a future is written without `.await`"]);
    check(
        Macro::Select,
        "a = <-f(<-b) => 1",
        &["`<-` in an operand would wait before the select does\nhelp: bind it first"],
    );
    check(Macro::Select, "a = <- <-b => 1", &["`<-` in an operand would wait"]);
    check(Macro::Select, "a = (b <- c(1)) => 1", &["help: write it without the parentheses: `b <- c(1)`"]);
    check(Macro::Select, "(b <- c(1)) => 1", &["help: write it without the parentheses: `b <- c(1)`"]);
    check(Macro::Select, "a = (<-b) => 1", &["help: write it without the parentheses: `<-b`"]);
    check(Macro::Select, "a = (b <- ) => 1", &["help: write it without the parentheses"]);
    check(Macro::Select, "a = (b <- c, <-d) => 1", &["without the parentheses"]);
    check(Macro::Select, "a = b <- <-c => 1", &["`<-` in a sent value would wait"]);
    check(Macro::Select, "a = b <- c.await => 1", &["`.await` in a sent value would wait"]);
    check(Macro::Select, "a = <-b, if <-c => 1, closed => 2", &["`<-` in a guard would wait"]);
    check(Macro::Select, "a = <-b, if c.await => 1, closed => 2", &["`.await` in a guard would wait"]);
    check(Macro::Select, "a = b <- format!(\"{}\", <-c) => 1", &["`<-` in a sent value would wait"]);
    check(Macro::Select, "a = f(async { <-b }) => 1, c = <-d(async { e.await }) => 2", &[]);
}

#[test]
fn lines_of_a_select() {
    check(Macro::Select, "a = <-b => 1, biased; c = <-d => 2", &["`biased;` is the first line of a select"]);
    check(Macro::Select, "biased; biased; c = <-d => 2", &["`biased;` is the first line of a select"]);
    check(Macro::Select, "biased, c = <-d => 2", &["this line ends with a semicolon\nhelp: `biased;`"]);
    check(Macro::Select, "biased; a = <-b => 1, then; c = <-d => 2", &["`then;` and `biased;` exclude each other"]);
    check(Macro::Select, "then; a = <-b => 1", &["there is no arm above it"]);
    check(Macro::Select, "a = <-b => 1, then; then; c = <-d => 1", &["there is no arm above it"]);
    check(Macro::Select, "a = <-b => 1, then; else => 1", &["there is no arm below it"]);
    check(Macro::Select, "", &["a select needs at least one arm"]);
    check(Macro::Select, "else => 1", &["a select needs at least one arm"]);
    check(Macro::Select, "biased;", &["a select needs at least one arm"]);
    check(
        Macro::Select,
        "a = <-b => 1, else => 2, else => 3",
        &["a select has one `else` at most: it runs when nothing is ready now; for tokio's"],
    );
    check(Macro::Select, "a = <-b => 1, closed => 2, closed => 3", &["a select has one `closed` at most"]);
    check(Macro::Select, "a = <-b => 1, else, if x => 2", &["`else` takes no guard"]);
    check(Macro::Select, "a = <-b => 1, closed, if x => 2", &["`closed` takes no guard"]);
    check(Macro::Select, "a = <-b => 1, else { 2 }", &["`else` is an arm of its own\nhelp: `else => …`"]);
    check(Macro::Select, ", a = <-b => 1", &["an arm was expected here"]);
}

#[test]
fn heads_of_arms() {
    check(Macro::Select, "a = <-b", &["this arm has no `=>`"]);
    check(Macro::Select, "=> 1", &["there is nothing to wait for in front of `=>`"]);
    check(Macro::Select, "a = 5 => 1", &["there is nothing to wait for in `5`\nhelp: an arm is"]);
    check(Macro::Select, "a = => 1", &["an operation was expected here"]);
    check(Macro::Select, "= <-b => 1", &["a pattern was expected in front of `=`"]);
    check(Macro::Select, "a = <- => 1", &["`<-` needs something to receive from"]);
    check(Macro::Select, "a = b <- => 1", &["`<-` needs a value to send"]);
    check(Macro::Select, "a = <-b => , c = <-d => 1", &["an arm needs a body"]);
    check(Macro::Select, "a = <-b => 1 c = <-d => 2", &["a `,` was expected between"]);
    check(Macro::Select, "a = <-b, c => 1", &["`, if condition` or `=>` was expected here"]);
    check(Macro::Select, "a = <-b, if => 1", &["a guard needs a condition"]);
    check(Macro::Select, "a = <-b if c => 1", &["a guard is set off by a comma"]);
    check(Macro::Select, "a = f() if c => 1", &["a guard is set off by a comma"]);
    check(Macro::Select, "a = <-b, if let Some(c) = d => 1", &["a guard is a `bool`, it cannot bind"]);
    check(Macro::Select, "a = <-b? => 1", &["`<-b?` can be read two ways"]);
    check(Macro::Select, "a = <-b + 1 => 1", &["an arm receives from its operand and nothing more"]);
    check(Macro::Select, "a = <-b <- c => 1", &["this can be read two ways"]);
    check(Macro::Select, "a = b && c <- d => 1", &["put what is sent to in parentheses"]);
    check(Macro::Select, "sleep(d) => 1", &["only a send or a receive can stand without a pattern"]);
    check(Macro::Select, "a = <-b => 1, default => 2", &["Go's `default` is written `else`"]);
    check(Macro::Select, "a = <-b => 1, _ => 2", &["Go's `default` is written `else`"]);
    check(Macro::Select, "a = <-b => 1, complete => 2", &["`complete` is written `closed` here"]);
    check(Macro::Select, "case a = <-b => 1", &["an arm has no keyword in front"]);
    check(Macro::Select, "let a = <-b => 1", &["an arm has no keyword in front"]);
    check(Macro::Select, "a := <-b => 1", &["`:=` is Go's"]);
    check(Macro::Select, "#[cfg(x)] a = <-b => 1", &["an arm takes no attributes"]);
    check(Macro::Select, "a b = <-b => 1", &["this is not a pattern\nhelp: an arm is"]);
    check(Macro::Select, "Some(a) = ", &["this arm has no `=>`"]);
    check(Macro::Select, "Some(a) = <-", &["this arm has no `=>`"]);
    check(Macro::Select, "tx <-", &["this arm has no `=>`"]);
    check(Macro::Select, "a = <-b => 1, closed { 2 }", &["`closed` is an arm of its own\nhelp: `closed => …`"]);
    check(Macro::Select, "a = <-b => { 1 } else { 2 }", &["`else` is an arm of its own\nhelp: `else => …`"]);
}

#[test]
fn lending() {
    check(
        Macro::Select,
        "tx <- mut self.x => 1, closed => 2",
        &["only a local that is declared `mut` can be lent to an arm\nhelp: for a field"],
    );
    check(Macro::Select, "tx <- mut self.x => 1, closed => 2", &["send_from"]);
    check(Macro::Select, "tx <- mut => 1, closed => 2", &["only a local"]);
    check(Macro::Select, "a <- mut x => 1, b <- mut x => 2, closed => 2", &["`x` is lent to two arms"]);
}

#[test]
fn several_errors_come_out_in_one_pass() {
    check(
        Macro::Select,
        "then; None = <-a.await => <-b?, tx <- mut self.y => 2, default => 3",
        &[
            "`.await` in an operand",
            "`<-b?` can be read",
            "only a local",
            "Go's `default`",
            "an arm's pattern",
            "no arm above it",
        ],
    );
    check(Macro::Vela, "<-a?; f(|| <-b); tx <- 1 else { return }", &["`<-a?`", "a closure", "ends with a `;`"]);
}

#[test]
fn attributes() {
    check(Macro::Main, "() fn main() {}", &["#[vela::main] goes on an `async fn`\nhelp: `async fn main`"]);
    check(Macro::Test, "() struct S;", &["#[vela::test] goes on an `async fn`"]);
    check(Macro::Main, "() async fn main(a: u8) {}", &["a function under #[vela::main] takes no arguments"]);
    check(Macro::Main, "() async fn main<T>() {}", &["a function under #[vela::main] has no generics"]);
    check(Macro::Main, "() async unsafe fn main() {}", &["is a plain `async fn`"]);
    check(
        Macro::Main,
        "(flavour = \"x\") async fn main() {}",
        &["`flavour` is no option of #[vela::main]\nhelp: it takes `flavor"],
    );
    check(Macro::Test, "(on_panic = \"abort\") async fn f() {}", &["`on_panic` is no option of #[vela::test]"]);
    check(Macro::Main, "(flavor = \"x\") async fn main() {}", &["`flavor` is \"current_thread\" or \"multi_thread\""]);
    check(Macro::Main, "(worker_threads = 0) async fn main() {}", &["`worker_threads` is a number, at least 1"]);
    check(Macro::Main, "(on_panic = \"log\") async fn main() {}", &["`on_panic` is \"abort\""]);
    check(Macro::Main, "(crate = 5) async fn main() {}", &["`crate` is a path to the crate, as a string"]);
    check(Macro::Main, "(crate = \"a b\") async fn main() {}", &["`crate` is a path to the crate: `crate = \"v\"`"]);
    check(
        Macro::Main,
        "(flavor = \"current_thread\", worker_threads = 2) async fn main() {}",
        &["`worker_threads` needs `flavor = \"multi_thread\"`"],
    );
    check(
        Macro::Main,
        "(worker_threads = 2, worker_threads = 3) async fn main() {}",
        &["`worker_threads` is given twice"],
    );
    check(Macro::Main, "(current_thread) async fn main() {}", &["options are written `name = value`"]);
}

/// How an error repeats the user's code: as it was written.
#[test]
fn code_is_shown_as_it_is_written() {
    for code in [
        "a == b + 1",
        "f(a, b)[0].c(e)?",
        "x & y | !z",
        "f(&x, *y, -1)",
        "a - 1",
        "a = &mut b; c",
        "let x: u8 = 1",
        "f() {}",
    ] {
        let trees: Vec<_> = super::tokens(code).into_iter().collect();
        assert_eq!(crate::diag::show(&trees), code);
    }
    let long: Vec<_> = super::tokens(&"word ".repeat(40)).into_iter().collect();
    let shown = crate::diag::show(&long);
    assert!(shown.ends_with('…') && shown.chars().count() <= 49, "{shown}");
}

/// The errors of `#[vela::test(options)]`.
fn test_options(options: &str, expected: &[&str]) {
    check(Macro::Test, &format!("({options}) async fn f() {{}}"), expected);
}

#[test]
fn options_of_a_deterministic_test_that_are_wrong() {
    test_options("schedules = 0", &["`schedules` is a number, at least 1"]);
    test_options("schedules = 10u64", &["`schedules` is a number without a suffix"]);
    test_options("max_steps = \"many\"", &["`max_steps` is a number, at least 1"]);
    test_options("seed = -1", &["`seed` is a whole number below 2^64"]);
    test_options("strategy = \"pct\", depth = 16", &["`depth` is a number, 1 to 15"]);
    test_options("strategy = \"pct\", depth = 0", &["`depth` is a number, 1 to 15"]);
    test_options(
        "strategy = \"exhaustive\", preemptions = 4294967296",
        &["`preemptions` is a number, 0 to 4294967295"],
    );
    let strategies = "`strategy` is one of \"mixed\", \"random\", \"pct\", \"exhaustive\"";
    test_options("strategy = \"exhaustve\", preemptions = 2", &[strategies]);
    test_options("strategy = 1", &[strategies]);
    test_options("faults = \"cancle\"", &["`cancle` is no fault: `faults` lists some of \"spurious\", \"cancel\""]);
    test_options("faults = \"\"", &["`faults` lists some of"]);
    for limit in ["30", "\"30\"", "\"s\"", "\"0s\"", "\"5h\""] {
        test_options(&format!("time_limit = {limit}"), &["`time_limit` is a time with its unit"]);
    }
    test_options("leaks = \"yes\"", &["`leaks` is \"allow\""]);
    test_options("schedules", &["options are written `name = value`"]);
    test_options("tokio = true", &["`tokio` stands alone"]);
    check(Macro::Main, "(tokio) async fn main() {}", &["options are written `name = value`"]);
    check(Macro::Main, "(schedules = 5) async fn main() {}", &["`schedules` is no option of #[vela::main]"]);
}

#[test]
fn options_of_a_test_that_do_not_go_together() {
    test_options("depth = 2", &["`depth` is for `strategy = \"pct\"`"]);
    test_options("strategy = \"random\", preemptions = 2", &["`preemptions` is for `strategy = \"exhaustive\"`"]);
    test_options("strategy = \"exhaustive\", seed = 2", &["takes no `seed`"]);
    for runtime in ["tokio", "flavor = \"multi_thread\"", "worker_threads = 2"] {
        test_options(&format!("{runtime}, schedules = 5"), &["`schedules` is for a deterministic test"]);
    }
    for fits in [
        "",
        "strategy = \"pct\", depth = 15, seed = 0",
        "strategy = \"exhaustive\", preemptions = 0",
        "seed = 7",
        "tokio",
        "tokio, flavor = \"multi_thread\", worker_threads = 2",
    ] {
        test_options(fits, &[]);
    }
}

#[test]
fn options_of_a_deterministic_test_are_passed_on() {
    for (option, field) in [
        ("schedules = 5", "schedules : :: core :: option :: Option :: Some (5)"),
        ("strategy = \"pct\", depth = 3", "depth : :: core :: option :: Option :: Some (3)"),
        ("strategy = \"random\"", "strategy : :: core :: option :: Option :: Some (\"random\")"),
        ("strategy = \"exhaustive\", preemptions = 2", "preemptions : :: core :: option :: Option :: Some (2)"),
        ("seed = 0x5eed", "seed : :: core :: option :: Option :: Some (0x5eed)"),
        ("max_steps = 9", "max_steps : :: core :: option :: Option :: Some (9)"),
        ("faults = \"spurious, cancel\"", "faults : & [\"spurious\" , \"cancel\"]"),
        ("time_limit = \"250ms\"", "from_millis (250u64)"),
        ("time_limit = \"2s\"", "from_millis (2000u64)"),
        ("time_limit = \"3m\"", "from_millis (180000u64)"),
        ("leaks = \"allow\"", "allow_leaks : true"),
    ] {
        let expansion = Macro::Test.expand(&format!("({option}) async fn f() {{}}"));
        let texts = error_texts(expansion.clone());
        let code = expansion.to_string();
        assert!(texts.is_empty() && code.contains(field), "{option} gave {texts:?}\n{code}");
    }
}

#[test]
fn functions_that_cannot_be_entered() {
    for word in ["const", "unsafe", "extern \"C\""] {
        let texts = error_texts(Macro::Test.expand(&format!("() async {word} fn f() {{}}")));
        let other = error_texts(Macro::Test.expand(&format!("() {word} async fn f() {{}}")));
        assert!(!texts.is_empty() && !other.is_empty(), "{word}");
    }
    let plain = "is a plain `async fn`: not const, unsafe or extern";
    check(Macro::Test, "() async unsafe fn f() {}", &[plain]);
    check(Macro::Test, "() async fn f() {} fn g() {}", &["goes on an `async fn`"]);
}

#[test]
fn messages_that_cannot_be_derived() {
    let message = |input: &str, expected: &[&str]| check(Macro::Message, input, expected);
    message("struct S(u8);", &["a struct is a message as it is: there is nothing to derive\nhelp: take `Message` out"]);
    message("struct S;", &["a struct is a message as it is"]);
    message(
        "union U { a: u8 }",
        &["a union cannot be derived as a message: nobody can tell what is in it\nhelp: make it an"],
    );
    message("enum M {}", &["a message without variants can never be sent\nhelp: add a variant"]);
    message("fn f() {}", &["goes on an enum"]);
    message("enum", &["goes on an enum"]);
    let both = "`A` and `B` hold the same type: which of them is a value of it to become?\nhelp: put `#[message(skip)]` on the one";
    message("enum M { A(Call<Get>), B(Call<Get>) }", &[both]);
    message("enum M { A(X), B(X), C(X), D(Y), E(Y) }", &["`A` and `B`", "`A` and `C`", "`D` and `E`"]);
    message("enum M { A(X), #[message(skip)] B(X), C(x::X), D(X, X), E { x: X } }", &[]);
}

#[test]
fn options_of_a_message() {
    let option =
        |option: &str, expected: &[&str]| check(Macro::Message, &format!("enum M {{ {option} A(u8) }}"), expected);
    option("#[message(skip)]", &[]);
    option("#[message(skip, skip)]", &["`skip` is given twice"]);
    option("#[message(skip)] #[message(skip)]", &["`skip` is given twice"]);
    option("#[message(ignore)]", &["a variant of a message has one option, `skip`\nhelp: `#[message(skip)]`"]);
    option("#[message(a, skip = 1, skip(2))]", &["has one option", "has one option", "has one option"]);
    for form in ["#[message]", "#[message = \"skip\"]", "#[message()]", "#[message(2)]", "#[message(,)]"] {
        option(form, &["options of a variant are written `#[message(skip)]`"]);
    }
    let misplaced = "`#[message(skip)]` goes on a variant of the enum";
    check(Macro::Message, "#[message(skip)] enum M { A }", &[misplaced]);
    check(Macro::Message, "enum M { A(#[message(skip)] u8), B { #[message] b: u8 } }", &[misplaced, misplaced]);
}
