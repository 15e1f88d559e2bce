use vela_macros::Message;

#[derive(Message)]
struct Add(u64);

fn main() {}
