use vela::actor::{Actor, ActorContext, Address, Request};

struct Get;

impl Request for Get {
    type Reply = u32;
}

struct Counter;

impl Actor for Counter {
    type Message = u32;
    type Error = std::fmt::Error;

    async fn handle(&mut self, _: u32, _: &mut ActorContext<Self>) -> Result<(), std::fmt::Error> {
        Ok(())
    }
}

async fn ask(counter: Address<Counter>) {
    let _ = counter.ask(Get).await;
}

fn main() {}
