use vela::actor::Message;

#[derive(Message)]
enum Nothing {}

fn main() {}
