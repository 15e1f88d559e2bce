use vela::prelude::*;

async fn run() {
    select! {
        sleep(ms(1)) => println!("late"),
    }
}

fn main() {}
