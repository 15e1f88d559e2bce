#[vela::main(flavor = "single")]
async fn main() {
    println!("hello");
}
