#![deny(unused_variables)]

use vela::prelude::*;

#[vela::main]
async fn main() {
    let (_tx, rx) = vela::channel::<u32>(1);
    select! {
        Some(number) = <-rx => println!("got one"),
        else => println!("nothing"),
    }
}
