#[vela::main]
async fn main<T>() {
    println!("hello");
}
