use vela::prelude::*;

fn first(a: &Receiver<u32>, b: &Receiver<u32>) -> Option<u32> {
    select! {
        x = <-a => x,
        x = <-b => x,
    }
}

fn main() {}
