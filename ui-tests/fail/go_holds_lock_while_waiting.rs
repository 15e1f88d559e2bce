use vela::prelude::*;

use std::sync::{Arc, Mutex};

async fn run(rx: Receiver<u32>, total: Arc<Mutex<u32>>) {
    go! {
        let mut total = total.lock().unwrap();
        for n in <-rx {
            *total += n;
        }
    };
}

fn main() {}
