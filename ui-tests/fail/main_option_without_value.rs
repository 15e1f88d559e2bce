#[vela::main(current_thread)]
async fn main() {
    println!("hello");
}
