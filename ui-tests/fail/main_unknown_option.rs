#[vela::main(flavour = "current_thread")]
async fn main() {
    println!("hello");
}
