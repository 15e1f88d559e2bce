use vela::prelude::*;

async fn run(a: Receiver<u32>, mut job: (String, u32)) {
    go!(nmae("fetch") clone(job.0) name() {
        let x = <-a?;
        job.1 += x;
    });
}

fn main() {}
