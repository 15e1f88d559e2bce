use vela_macros::Message;

#[derive(Message)]
enum Words {
    Say(String),
    Whisper(std::string::String),
}

fn main() {}
