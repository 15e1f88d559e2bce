//! Macros by example that hand their tokens on to Vela's.

use vela::prelude::*;

macro_rules! spawn_all {
    ($($body:block)*) => { [$(go! { $body }),*] };
}

macro_rules! first_of {
    ($($name:ident from $rx:expr => $body:expr),* $(,)?) => {
        select! { $($name = <-$rx => $body,)* }
    };
}

macro_rules! forward {
    ($($tokens:tt)*) => { vela! { $($tokens)* } };
}

macro_rules! go_named {
    ($name:literal, $future:expr) => { go!(name($name) { $future.await }) };
}

#[vela::test]
async fn tokens_arrive() -> vela::Result<()> {
    let (tx, rx) = vela::channel::<u32>(2);
    let (_quiet, never) = vela::channel::<u32>(0);
    forward! {
        tx <- 5 else { unreachable!() };
    }
    let got = first_of! { n from rx => n, m from never => m };
    assert_eq!(got, Some(5));
    let tasks = spawn_all! { { 1 } { 2 } };
    forward! {
        for task in &tasks {
            assert!((<-task)? > 0);
        }
        let named = go_named!("named", std::future::ready(3));
        assert_eq!(named.name(), Some("named"));
        assert_eq!((<-named)?, 3);
    }
    Ok(())
}
