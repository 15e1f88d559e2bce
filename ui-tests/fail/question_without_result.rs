use vela::prelude::*;

async fn run(task: Task<u32>) {
    vela! {
        (<-task)?;
    }
}

fn main() {}
