use vela::prelude::*;

async fn run() {
    go! {
        let n = "5".parse::<u32>()?;
        println!("{n}");
        Ok(())
    };
}

fn main() {}
