use vela::prelude::*;

use std::rc::Rc;

fn show(n: Rc<u32>) {
    println!("{n}");
}

async fn run() {
    go!(show(Rc::new(5)));
}

fn main() {}
