use vela::prelude::*;

async fn run(rx: Receiver<u32>, tx: Sender<u32>) {
    go!(|| println!("hello"));
    select! {
        Some(1) = <-rx => {}
        else => {}
    }
    vela! {
        tx <- <-rx? else { return };
    }
}

fn main() {}
