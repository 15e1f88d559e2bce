//! A program whose tasks are Tokio's own; it says whose they are.

#[vela::main(run_queue = "tokio")]
async fn main() -> vela::Result<()> {
    let task = vela::go! { tokio::task::id().to_string() };
    let id = task.id().map(|id| id.to_string());
    let whose = if id == Some(task.await?) { "tokio" } else { "vela" };
    println!("{whose}");
    Ok(())
}
