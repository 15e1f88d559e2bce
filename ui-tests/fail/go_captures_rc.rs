use vela::prelude::*;

use std::rc::Rc;

async fn run() {
    let shared = Rc::new(5);
    go! {
        println!("{shared}");
    };
}

fn main() {}
