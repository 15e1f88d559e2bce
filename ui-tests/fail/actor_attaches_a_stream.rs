use vela::actor::{Actor, ActorContext};

fn attach<A: Actor<Message = u32>>(cx: &mut ActorContext<A>) {
    cx.attach(futures_util::stream::iter([1, 2]), |n: u32| n);
}

fn main() {}
