#[vela::main(crate = "../vela")]
async fn main() {
    println!("hello");
}
