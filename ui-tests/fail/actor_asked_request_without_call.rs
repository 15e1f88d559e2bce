use vela::actor::{Actor, ActorContext, Address, Message, Request};

struct Get;

impl Request for Get { type Reply = u32; }

#[derive(Message)]
enum Msg {
    Get(Get),
}

struct Counter;

impl Actor for Counter {
    type Message = Msg;
    type Error = std::fmt::Error;
    async fn handle(&mut self, _: Msg, _: &mut ActorContext<Self>) -> Result<(), std::fmt::Error> { Ok(()) }
}

async fn ask(counter: Address<Counter>) {
    let _ = counter.ask(Get).await;
}

fn main() {}
