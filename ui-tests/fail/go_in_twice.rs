use vela::prelude::*;

async fn run(a: vela::task::Group, b: vela::task::Group) {
    go!(in(a) in(b) {
        println!("hello");
    });
}

fn main() {}
