use vela::actor::{Call, Message};

struct Add(u32);

#[derive(Message)]
enum Msg {
    Add(Call<Add>),
}

fn main() {}
