//! User types that `<-` sends to.

use std::cell::RefCell;
use std::future::{Ready, ready};

use vela::prelude::*;
use vela::select::Polled;

/// Keeps what it is sent, of two types.
#[derive(Default)]
struct Log(RefCell<Vec<String>>);

impl Transmit<&str> for &Log {
    type Output = Result<(), std::fmt::Error>;
    type Case = Polled<Ready<Self::Output>>;

    fn transmit(self, value: &str) -> Self::Case {
        self.0.borrow_mut().push(value.to_owned());
        Polled::new(ready(Ok(())))
    }
}

impl Transmit<u32> for &Log {
    type Output = ();
    type Case = Polled<Ready<()>>;

    fn transmit(self, value: u32) -> Self::Case {
        self.0.borrow_mut().push(value.to_string());
        Polled::new(ready(()))
    }
}

#[vela::test]
async fn in_every_form() {
    let log = Log::default();
    vela! {
        log <- "a" else { unreachable!() };
        log <- 1_u32;
    }
    select! {
        log <- "b" => {}
        closed => unreachable!(),
    }
    select! {
        r = log <- 2_u32 => r,
    }
    assert_eq!(log.0.into_inner(), ["a", "1", "b", "2"]);
}
