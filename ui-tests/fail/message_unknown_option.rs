use vela::actor::Message;

#[derive(Message)]
enum Counter {
    #[message(skp)]
    Add(u64),
    #[message]
    Get(String),
}

fn main() {}
