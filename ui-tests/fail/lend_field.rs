use vela::prelude::*;

struct Job {
    text: String,
}

async fn run(tx: Sender<String>, mut job: Job) {
    select! {
        tx <- mut job.text => println!("sent"),
        closed => drop(job),
    }
}

fn main() {}
