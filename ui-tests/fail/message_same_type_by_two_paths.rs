use vela::actor::Message;

#[derive(Message)]
enum Words {
    Say(String),
    Whisper(std::string::String),
}

fn main() {}
