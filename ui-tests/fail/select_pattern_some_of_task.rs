use vela::prelude::*;

async fn run(task: Task<u32>) {
    select! {
        Some(n) = <-task => drop(n),
        else => {}
    }
}

fn main() {}
