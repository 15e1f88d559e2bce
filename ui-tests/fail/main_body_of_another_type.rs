#[vela::main]
async fn main() -> vela::Result<()> {
    "hello"
}
