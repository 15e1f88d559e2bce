use vela::prelude::*;

struct Log;

impl Transmit<u32> for &Log {
    type Output = ();
    type Case = vela::select::Polled<std::future::Ready<()>>;

    fn transmit(self, _: u32) -> Self::Case {
        vela::select::Polled::new(std::future::ready(()))
    }
}

async fn run(log: Log) {
    select! {
        log <- 1 => println!("written"),
        closed => {}
    }
}

fn main() {}
