use vela::actor::{Actor, ActorContext, Address};
use vela::prelude::*;

struct Wrong;

struct Counter;

impl Actor for Counter {
    type Message = u32;
    type Error = std::fmt::Error;

    async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), std::fmt::Error> {
        Ok(())
    }
}

async fn send(counter: Address<Counter>) {
    vela! { let _ = counter <- Wrong; }
}

fn main() {}
