use vela::actor::Message;

#[derive(Message)]
struct Add(u64);

fn main() {}
