//! `tx <- v`: a `Result` whose error hands the value back.

use vela::prelude::*;

#[vela::test]
async fn gives_the_value_back() {
    let (tx, rx) = vela::channel::<String>(2);
    vela! {
        let sent = tx <- "a".to_owned() + "b";
        assert!(sent.is_ok());
        assert!((tx <- if sent.is_ok() { "c".to_owned() } else { String::new() }).is_ok());
        assert_eq!(<-rx, Some("ab".to_owned()));
        drop(rx);
        match tx <- "late".to_owned() {
            Ok(()) => unreachable!(),
            Err(error) => assert_eq!(error.into_inner(), "late"),
        }
    }
}
