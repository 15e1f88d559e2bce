//! Giving up: time limits, deadlines, contexts, dropping a task, and what is lost by it (nothing).
//!
//! Run it: `cargo run --release --example timeouts_and_cancel`

use vela::SendTimeoutError;
use vela::prelude::*;

/// Says when it goes: a cancelled task is dropped, and so is all that it holds.
struct Resource(&'static str);

impl Drop for Resource {
    fn drop(&mut self) {
        println!("  {} is given back", self.0);
    }
}

vela! {
/// Works in steps until it is told to stop, and says why it did. A context only signals: the work looks at it.
async fn polite(ctx: Context) -> String {
    let step = tick(ms(1));
    loop {
        select! {
            <-ctx.done()      => return ctx.cause().map_or_else(String::new, |cause| cause.to_string()),
            Some(_) = <-step  => {} // one step of work
            closed            => return "out of steps".into(),
        }
    }
}

#[vela::main]
async fn main() -> vela::Result<()> {
    println!("-- A limit for one future");
    println!("  in time:  {:?}", timeout(secs(60), async { 7 }).await);
    println!("  too late: {:?}", timeout(ms(5), sleep(secs(60))).await);

    println!("-- A limit for one step, and one for the whole loop");
    let (tx, rx) = vela::channel(1);
    (tx <- "hello")?;
    let deadline = after(ms(20)); // outside of the loop: it does not start again
    let mut quiet = false;
    loop {
        select! {
            biased;
            Some(word) = <-rx         => println!("  {word}"),
            <-after(ms(5)), if !quiet => { println!("  quiet for 5 ms"); quiet = true; } // a new one in each round
            <-deadline, if quiet      => break println!("  20 ms are over"),
            closed                    => break,
        }
    }

    println!("-- What is given up loses nothing");
    let mut letter = String::from("a letter");
    let (post, _nobody) = vela::channel::<String>(0);
    select! {
        post <- mut letter => { println!("  sent"); letter = String::new(); }
        <-after(ms(5))     => println!("  not sent"), // `letter` was only lent
    }
    println!("  kept:      {letter:?}");
    let refused = post.send_timeout(letter, ms(5)).await; // without select: the error hands it back
    println!("  and back:  {:?}", refused.map_err(SendTimeoutError::into_inner));
    println!("  a receive: {:?}", timeout(ms(5), rx.recv()).await);
    (tx <- "late")?; // … is not taken by the receive that was given up
    println!("  the next:  {:?}", <-rx);

    println!("-- A context: cancelled with a cause, or at its deadline, and with it all that are derived from it");
    let ctx = Context::background().with_cancel();
    let (child, hurried) = (ctx.with_value("request 7"), ctx.with_timeout(ms(5)));
    let tasks = [go!(polite(child)), go!(polite(hurried))];
    println!("  {}", (<-tasks[1])?);
    ctx.cancel_with(vela::Error::msg("the user has left"));
    println!("  {}", (<-tasks[0])?);

    println!("-- A task that cannot be asked is dropped");
    let (ready, started) = vela::channel(1);
    let stubborn = go! {
        let _held = Resource("a lock");
        ready <- () else { return };
        sleep(secs(3600)).await;
    };
    <-started;
    stubborn.cancel();
    println!("  {:?}", <-stubborn);

    println!("-- A scope: the first error cancels the rest, and comes out when all have ended");
    let result = scope(async |s| {
        let (ready, started) = vela::channel(1);
        go!(in(s) { let _held = Resource("a file"); ready <- () else { return }; sleep(secs(3600)).await; });
        <-started;
        go!(in(s) -> vela::Result<()> { Err(vela::Error::msg("disk full")) });
        Ok(())
    });
    println!("  {}", result.await.map_or_else(|error| error.to_string(), |()| "fine".into()));
    Ok(())
}
}
