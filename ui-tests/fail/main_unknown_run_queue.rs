#[vela::main(run_queue = "go")]
async fn main() {
    println!("hello");
}
