#[vela::main(crate = "valve")]
async fn main() {
    println!("hello");
}
