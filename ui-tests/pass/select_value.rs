//! A select is an expression.

use vela::prelude::*;

fn id<T>(value: T) -> T {
    value
}

#[vela::test]
async fn results_are_used() {
    let (tx, rx) = vela::channel::<u32>(8);
    let text: &str = select! { tx <- 1 => "sent", closed => "closed" };
    assert_eq!(text, "sent");
    let got = id(select! { n = <-rx => n }).map(|n| n + 1);
    assert_eq!(got, Some(2));
    match select! { n = <-rx => n, else => Some(9) } {
        Some(9) => {}
        _ => unreachable!(),
    }
    let sum = select! { else => 1, _ = <-rx => 2 } + select! { _ = <-rx => 3, else => 4 };
    assert_eq!(sum, 5);
    let sent = vela! { tx <- select! { n = <-rx => n.unwrap_or(0), else => 6 } };
    assert!(sent.is_ok());
    let array = [select! { n = <-rx => n }, select! { n = <-rx => n, else => None }];
    assert_eq!(array, [Some(6), None]);
    if select! { _ = <-rx => true, else => false } {
        unreachable!();
    }
}
