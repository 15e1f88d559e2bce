use vela::actor::{Actor, ActorContext, Address};

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
    let _ = counter.send(Wrong).await;
}

fn main() {}
