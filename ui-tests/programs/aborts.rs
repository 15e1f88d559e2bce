//! A program that a panic in a detached task ends.

#[vela::main(on_panic = "abort")]
async fn main() {
    drop(vela::go!(name("unlucky") {
        panic!("nobody joins this task");
    }));
    vela::time::sleep(vela::time::secs(60)).await;
}
