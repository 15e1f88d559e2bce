use vela::actor::{Actor, ActorContext, Address};

struct Add(u32);

enum Msg {
    Add(Add),
}

struct Counter;

impl Actor for Counter {
    type Message = Msg;
    type Error = std::fmt::Error;

    async fn handle(&mut self, _: Msg, _: &mut ActorContext<Self>) -> Result<(), std::fmt::Error> {
        Ok(())
    }
}

async fn send(counter: Address<Counter>) {
    let _ = counter.send(Add(1)).await;
}

fn main() {}
