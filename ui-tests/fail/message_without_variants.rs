use vela_macros::Message;

#[derive(Message)]
enum Nothing {}

fn main() {}
