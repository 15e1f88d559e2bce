use vela::prelude::*;

async fn run(task: Task<u32>) {
    vela! {
        for x in <-task {
            drop(x);
        }
    }
}

fn main() {}
