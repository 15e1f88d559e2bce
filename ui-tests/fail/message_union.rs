use vela::actor::Message;

#[derive(Message)]
union Either {
    number: u64,
    bytes: [u8; 8],
}

fn main() {}
