use vela::prelude::*;

#[vela::main]
async fn main() {
    let told = scope(async |_| "done").await;
    drop(told);
}
