use vela::prelude::*;

fn first(rx: &Receiver<u32>) -> Option<u32> {
    vela! { <-rx }
}

fn main() {}
