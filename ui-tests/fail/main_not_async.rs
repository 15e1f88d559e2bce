#[vela::main]
fn main() {
    println!("hello");
}
