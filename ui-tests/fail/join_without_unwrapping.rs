use vela::prelude::*;

async fn run(task: Task<u32>) {
    vela! {
        let number: u32 = <-task;
        drop(number);
    }
}

fn main() {}
