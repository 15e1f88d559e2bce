//! A program whose tasks are Tokio's own; it says whose they are.

use vela::task::RunQueue;

#[vela::main(run_queue = "tokio")]
async fn main() -> vela::Result<()> {
    let task = vela::go! { RunQueue::current() };
    println!("{:?}", task.await?);
    Ok(())
}
