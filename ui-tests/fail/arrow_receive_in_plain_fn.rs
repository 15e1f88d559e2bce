use vela::prelude::*;

vela! {
    fn first(rx: &Receiver<u32>) -> Option<u32> {
        <-rx
    }
}

fn main() {}
