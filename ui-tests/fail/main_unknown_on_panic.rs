#[vela::main(on_panic = "ignore")]
async fn main() {
    println!("hello");
}
