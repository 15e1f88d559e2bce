use vela::actor::Message;

#[derive(Message)]
enum Counter {
    Add(u64),
    Get(String),
    Set(u64),
}

fn main() {}
