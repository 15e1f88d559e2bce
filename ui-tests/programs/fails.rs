//! A program whose `main` returns an error.

#[vela::main(flavor = "current_thread")]
async fn main() -> vela::Result<()> {
    let (tx, rx) = vela::channel::<u8>(1);
    drop(tx);
    let nothing = rx.recv().await;
    Err(vela::Error::msg(format!("got {nothing:?}")))
}
