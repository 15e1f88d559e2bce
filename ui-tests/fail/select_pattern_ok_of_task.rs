use vela::prelude::*;

async fn run(task: Task<u32>, b: Receiver<u32>) {
    select! {
        Ok(n) = <-task => drop(n),
        _ = <-b => {}
    }
}

fn main() {}
