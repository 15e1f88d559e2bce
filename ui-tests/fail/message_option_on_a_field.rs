use vela::actor::Message;

#[derive(Message)]
enum Counter {
    Add(#[message(skip)] u64),
}

fn main() {}
