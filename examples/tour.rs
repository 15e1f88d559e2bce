//! The language in one page: every form with its result, in the order in which one asks.
//!
//! Run it: `cargo run --release --example tour`

use vela::prelude::*;
use vela::{SendError, broadcast, oneshot};

vela! { // `<-` is no Rust: it works in `vela!`, and in the blocks of `go!` and `select!`
#[vela::main]
async fn main() -> vela::Result<()> {
    println!("-- How do tasks talk?");
    let (tx, rx) = vela::channel::<u32>(0);               // 0: hand to hand; n: a buffer; vela::unbounded()
    let squares = go!(name("squares") clone(tx) {         // a task, with its own clone of `tx`
        for n in 1..=4 { tx <- n * n else { break }; }    // send; `else` leaves when nobody can receive any more
        "no more"                                         // here `tx` is dropped
    });
    drop(tx);                                             // the last sender's drop closes the channel
    println!("<-rx               {:?}", <-rx);            // receive: an Option, anywhere in an expression
    let Some(four) = <-rx else { return Ok(()) };
    println!("let … else         {four}");
    for n in <-rx { println!("for n in <-rx      {n}"); } // until the channel is closed and empty
    println!("<-rx, closed       {:?}", <-rx);
    println!("<-task             {:?}", <-squares);       // joins: Ok(value), or a panic, or cancelled
    println!("go!(call)          {}", (<-go!(u32::pow(2, 10)))?); // Go's form; `?` wants parentheses

    println!("-- And when nobody listens?");
    let (tx, rx) = vela::channel(2);
    println!("tx <- 1            {:?}", tx <- 1);
    drop(rx);
    println!("tx <- 2, closed    {:?}", (tx <- 2).map_err(SendError::into_inner)); // the value comes back

    println!("-- How do I wait for one of several?");
    let ((todo, jobs), (out, sent)) = (vela::channel(4), vela::channel(4));
    let (answer, mut parcel, mut step) = (go! { 6 * 7 }, String::from("parcel"), 0);
    todo <- "dig" else { return Ok(()) };
    drop(todo);
    loop {
        select! {
            biased;                                       // in this order; without it: a fair draw
            Some(job) = <-jobs              => println!("a value            {job}"), // off once closed
            out <- format!("no. {step}"), if step < 2 => step += 1, // a send; the guard is asked first
            out <- mut parcel, if step == 2 => {          // lends: `parcel` is moved only if this arm wins
                parcel = String::from("next parcel");
                step = 3;
            }
            n = <-answer, if step == 3      => { println!("a task             {}", n?); step = 4; }
            s = async { "done" }, if step == 4 => { println!("any future         {s}"); step = 5; }
            <-after(ms(5)), if step == 5    => { println!("a timer            5 ms"); step = 6; }
            closed                          => break println!("closed             every arm is off"),
        }
    }
    println!("what was sent      {:?}, kept: {parcel}", sent.drain().collect::<Vec<_>>());
    let word = select! { v = <-sent => format!("{v:?}"), else => "nothing is ready now".into() };
    println!("else               {word}");
    let nil = None::<Receiver<u8>>;                       // an Option of a handle; None is Go's nil channel
    println!("None               {}", select! { _ = <-nil => "fired", else => "is never ready" });
    let ((a, ra), (b, rb)) = (vela::channel(1), vela::channel(1));
    (a <- 'a')?;
    (b <- 'b')?;
    println!("then;              {:?} goes first", select! { v = <-ra => v, then; v = <-rb => v });
    let mut inputs = [ra, rb];                            // a set that is chosen at run time
    println!("any(&mut inputs)   {:?}", select! { (i, v) = <-any(&mut inputs) => (i, v) });

    println!("-- What else does `<-` serve?");
    let (tx, rx) = oneshot::channel();
    println!("oneshot            {:?} {:?}", tx <- 'v', <-rx);
    let (tx, rx) = broadcast::channel(2);
    for n in 0..3 { tx <- n else { break }; }
    println!("broadcast          {:?} {:?}", (<-rx).map(|v| v.map_err(|lag| lag.missed())), <-rx);
    let ticker = tick(ms(1));
    println!("ticker             {}", (<-ticker).is_some());
    println!("timeout            {:?}", timeout(ms(5), async { <-nil }).await);

    println!("-- How do I stop things?");
    let ctx = Context::background().with_cancel();
    let waiting = go!(clone(ctx) { <-ctx.done(); ctx.cause().map(|cause| cause.to_string()) });
    ctx.cancel_with(vela::Error::msg("had enough"));      // a context signals: the task ends by itself
    println!("<-ctx.done()       {:?}", (<-waiting)?);
    let sleeper = go! { <-after(secs(3600)) };
    sleeper.cancel();                                     // this one is dropped where it waits
    println!("task.cancel()      {:?}", <-sleeper);
    let failed = scope(async |s| {                        // returns when all its tasks have ended
        go!(in(s) { <-after(secs(3600)) });
        go!(in(s) -> vela::Result<()> { Err(vela::Error::msg("first error")) }); // cancels the others
        Ok(())
    });
    println!("scope              {:?}", failed.await.map_err(|error| error.to_string()));
    Ok(())
}
}
