#![deny(unused_must_use)]

use vela::prelude::*;

#[vela::main]
async fn main() {
    let task = go!(std::thread::yield_now());
    vela! {
        <-task;
    }
}
