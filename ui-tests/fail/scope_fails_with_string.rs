use vela::prelude::*;

#[vela::main]
async fn main() {
    let told = scope(async |_| Err::<(), String>("lost".into())).await;
    drop(told);
}
