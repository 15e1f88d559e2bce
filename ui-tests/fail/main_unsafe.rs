#[vela::main]
async unsafe fn main() {
    println!("hello");
}
