#[vela::main(flavour = "x", worker_threads = 0, crate = 5)]
fn main() {
    println!("hello");
}
