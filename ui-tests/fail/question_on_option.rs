use vela::prelude::*;

async fn run(rx: Receiver<u32>) -> vela::Result<()> {
    vela! {
        let number = (<-rx)?;
        drop(number);
        Ok(())
    }
}

fn main() {}
