#[vela::main]
struct Server;

fn main() {}
