use vela::prelude::*;

use std::rc::Rc;

async fn run(rx: Receiver<u32>) {
    go! {
        let count = Rc::new(1);
        select! {
            n = <-rx => println!("{n:?} {count}"),
            _ = <-after(ms(1)) => println!("{count}"),
        }
    };
}

fn main() {}
