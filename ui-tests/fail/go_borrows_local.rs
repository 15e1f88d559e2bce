use vela::prelude::*;

fn show(text: &str) {
    println!("{text}");
}

async fn run() {
    let text = String::from("a");
    go!(show(&text));
}

fn main() {}
