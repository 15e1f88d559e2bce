use vela::prelude::*;

async fn run(a: Receiver<u32>, tx: Sender<String>, mut job: (String, u32)) {
    select! {
        then;
        None = <-a => {}
        x = <-a? => drop(x),
        tx <- mut job.0 => job.1 += 1,
        _ = <-after(ms(1)).await => {}
        default => {}
    }
}

fn main() {}
