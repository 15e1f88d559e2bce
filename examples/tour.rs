//! Tour.
use vela::prelude::*;

#[vela::main]
async fn main() -> vela::Result<()> {
    let (tx, rx) = vela::channel::<u64>(0);
    let producer = go!(clone(tx) {
        for n in 0..10 { tx <- n else { break }; }
    });
    drop(tx);
    vela! {
        for n in <-rx { println!("got {n}"); }
        (<-producer)?;
    }
    let (a, ra) = vela::channel(1);
    let (b, rb) = vela::channel(1);
    go!(clone(b) { b <- 2 else { return }; });
    let mut pending = String::from("x");
    let v = select! {
        Some(x) = <-rb => x,
        a <- mut pending => { pending = "sent".into(); 5 },
        closed => 0,
    };
    println!("{v} {pending} {:?}", ra.try_recv());
    drop((a, b));
    Ok(())
}
