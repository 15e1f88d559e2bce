use vela::prelude::*;

#[vela::main]
async fn main() -> vela::Result<()> {
    sleep(ms(1)).await;
}
