#![deny(unused_must_use)]

use vela::prelude::*;

#[vela::main]
async fn main() {
    let (tx, _rx) = vela::channel::<u32>(1);
    vela! {
        tx <- 1;
    }
}
