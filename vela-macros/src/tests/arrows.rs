//! What is an arrow and what is none, and how far its operands go.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::{Macro, error_texts, tokens};

/// Writes a rewritten stream back: `recv(x)` and `send(x, v)` stand for the arrows.
fn plain(stream: TokenStream) -> String {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut parts = Vec::new();
    for tree in trees {
        let TokenTree::Group(group) = &tree else {
            parts.push(tree.to_string());
            continue;
        };
        match arrow(group.stream()) {
            Some(text) => parts.push(text),
            None => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                parts.push(format!("{open} {} {close}", plain(group.stream())));
            }
        }
    }
    parts.join(" ")
}

/// `# [allow] use path ; __vela_one ( (operand) . __vela_receive () ) . await`, or
/// `# [allow] use path ; (operand) . __vela_send (value) . await`
fn arrow(inner: TokenStream) -> Option<String> {
    let trees: Vec<TokenTree> = inner.into_iter().collect();
    match trees.as_slice() {
        [.., TokenTree::Ident(one), TokenTree::Group(call), _, _] if one == "__vela_one" => {
            let call: Vec<TokenTree> = call.stream().into_iter().collect();
            let [TokenTree::Group(operand), _, TokenTree::Ident(method), _] = call.as_slice() else { return None };
            (method == "__vela_receive").then(|| format!("recv({})", plain(operand.stream())))
        }
        [.., TokenTree::Group(operand), _, TokenTree::Ident(method), TokenTree::Group(value), _, _]
            if method == "__vela_send" =>
        {
            Some(format!("send({}, {})", plain(operand.stream()), plain(value.stream())))
        }
        _ => None,
    }
}

fn check(input: &str, expected: &str) {
    let expansion = Macro::Vela.expand(&format!("{input} ; ; ()"));
    assert_eq!(error_texts(expansion.clone()), Vec::<String>::new(), "{input}");
    let plain = plain(expansion);
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(squeeze(&plain), squeeze(&format!("{{ {expected} ; ; () }}")), "{input}");
}

#[test]
fn a_prefix_arrow_takes_a_postfix_expression() {
    check("<-rx", "recv(rx)");
    check("<-self.a.b[0].c(1)(2)", "recv(self.a.b[0].c(1)(2))");
    check("<-f::<A, B>(x).g::<C>()", "recv(f::<A, B>(x).g::<C>())");
    check("x = <-a + <-b * c", "x = recv(a) + recv(b) * c");
    check("<-a == <-b", "(recv(a)) == recv(b)");
    check("x = !<-a", "x = !recv(a)");
    check("<-*p.q", "recv(*p.q)");
    check("<-&mut s", "recv(&mut s)");
    check("<- <-rx", "recv(recv(rx))");
    check("<-<-rx", "recv(recv(rx))");
    check("<-rx as u8", "(recv(rx)) as u8");
    check("<-rx.await", "recv(rx.await)");
    check("<-<T as U>::f()", "recv(<T as U>::f())");
    check("f(<-a, <-b)", "f(recv(a), recv(b))");
    check("(<-a)?.b", "(recv(a))?.b");
}

#[test]
fn an_infix_arrow_takes_all_to_its_right() {
    check("tx <- v", "send(tx, v)");
    check("tx<-v", "send(tx, v)");
    check("tx <- a + b == c && d", "send(tx, a + b == c && d)");
    check("tx <- if a { 1 } else { 2 }", "send(tx, if a { 1 } else { 2 })");
    check("tx <- match a { _ => 1 } + 2", "send(tx, match a { _ => 1 } + 2)");
    check("tx <- <-rx", "send(tx, recv(rx))");
    check("tx <--1", "send(tx, -1)");
    check("tx <- |x| x + 1", "send(tx, |x| x + 1)");
    check("tx <- S { a: 1 }", "send(tx, S { a: 1 })");
    check("tx <- a..b", "send(tx, a..b)");
    check("tx <- async { <-rx }", "send(tx, async { recv(rx) })");
}

#[test]
fn the_left_operand_begins_where_its_expression_begins() {
    check("let r = tx <- v", "let r = send(tx, v)");
    check("r = self.tx <- v", "r = send(self.tx, v)");
    check("r += f(a).tx <- v", "r += send(f(a).tx, v)");
    check("return tx <- v", "return send(tx, v)");
    // in parentheses, or rustc takes the block for a loop's
    check("break 'a tx <- v", "break 'a (send(tx, v))");
    check("Some(tx <- v)", "Some(send(tx, v))");
    check("[tx <- 1, *tx <- 2]", "[send(tx, 1), send(*tx, 2)]");
    check("match tx <- v { x => tx <- x, y => &ty <- y }", "match send(tx, v) { x => send(tx, x), y => send(&ty, y) }");
    check("if let Ok(()) = tx <- v { 1 }", "if let Ok(()) = send(tx, v) { 1 }");
    check("if (tx <- v).is_err() {}", "if (send(tx, v)).is_err() {}");
    check("while let Some(x) = <-rx { tx <- x; }", "while let Some(x) = recv(rx) { send(tx, x); }");
    check("if a && let Some(x) = <-rx && x > 1 {}", "if a && let Some(x) = recv(rx) && x > 1 {}");
    check("{ } tx <- v", "{ } send(tx, v)");
    check("if a {} <-rx", "if a {} recv(rx)");
    check("m! {} <-rx", "m! {} recv(rx)");
}

#[test]
fn generics_are_no_arrows() {
    for same in [
        "let w: W<-1> = W::<-1>",
        "Foo::<-1>::new()",
        "x as W<-1>",
        "<W<-1>>::f()",
        "<W<-1> as T<-2>>::f()",
        "f::<W<-1>, -2>(3)",
        "let f: fn(W<-1>) -> V<-2> = g",
        "|x: W<-1>| 2",
        "|x| -> W<-1> { 2 }",
        "let W::<-1> { x } = y",
        "a.b::<-1>(c)",
        "let x: Vec<W<-1>>= y",
        "for W::<-1> in xs {}",
        "impl T<-1> for W<-2> { fn f(x: W<-3>) -> W<-4> where W<-5>: T {} }",
        "fn f<const N: i32>(x: W<-1>) -> W<-2> {}",
        "type A = W<-1>",
        "const A: W<-1> = W::<-1>",
        "struct S(W<-1>)",
        "struct S { a: W<-1> }",
        "match x { W::<-1>::C => 1, y @ A::<-2>::B if z => 2 }",
        "let x: [W<-1>; 2] = y",
        "x as &'a mut W<-1>",
        "x as fn(W<-1>) -> W<-2>",
        "static A: W<-1> = b",
        "trait T<const N: i32>: U<-1> { type A: U<-2>; }",
    ] {
        check(same, same);
    }
}

#[test]
fn comparisons_with_a_space_are_no_arrows() {
    for same in
        ["a < -b", "a < - b", "a << -b", "a <<-b", "a <= -b", "a <=-b", "if a < -1 {}", "a < -b && c < -d", "a <<= -1"]
    {
        check(same, same);
    }
}

#[test]
fn other_macros_keep_their_tokens() {
    for same in [
        "other!(<-rx)",
        "other! { a <- b }",
        "a::b![<-c]",
        "select! { v = <-rx => v }",
        "go!(f(<-rx))",
        "vela! { <-rx }",
        "macro_rules! m { () => { <-rx } }",
    ] {
        check(same, same);
    }
    check("println!(\"{}\", <-rx)", "println!(\"{}\", recv(rx))");
    check("std::assert!(<-rx, \"{}\", tx <- 1)", "std::assert!(recv(rx), \"{}\", send(tx, 1))");
    check("matches!(<-rx, Some(W::<-1>))", "matches!(recv(rx), Some(W::<-1>))");
}

#[test]
fn untouched_code_is_copied_token_by_token() {
    let source = include_str!("arrows.rs").replace("//!", "//");
    let text = |stream: TokenStream| stream.to_string();
    let expansion = Macro::Vela.expand(&source);
    assert_eq!(text(expansion), text(tokens(&source)));
}

#[test]
fn lets_and_items_stay_where_they_are() {
    let is_block = |input: &str| {
        let trees: Vec<TokenTree> = Macro::Vela.expand(input).into_iter().collect();
        matches!(trees.as_slice(), [TokenTree::Group(group)] if group.delimiter() == Delimiter::Brace)
    };
    assert!(!is_block("let a = <-rx; let b = 1;"));
    assert!(!is_block("#[allow(x)] let a = 1;"));
    assert!(!is_block("pub async fn f() {} use a::{b, c}; #[x] struct S { y: u8 }"));
    assert!(!is_block(""));
    assert!(is_block("let a = 1; a"));
    assert!(is_block("<-rx"));
    assert!(is_block("fn f() {} let x = f();"));
}
