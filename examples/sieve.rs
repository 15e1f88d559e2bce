//! The prime sieve, Go's classic: one task per prime, in a chain of rendezvous channels.
//!
//! Every number walks down the chain until a filter knows one of its divisors; what comes out at the end is the next
//! prime, and gets a filter of its own. Nobody is told to stop: when the last receiver is dropped, the ends of the
//! channels close one after the other, up to the source.
//!
//! Run it: `cargo run --release --example sieve [how many]`

use vela::prelude::*;

vela! {
/// 2, 3, 4, … until nobody listens.
async fn numbers(out: Sender<u64>) {
    for n in 2.. {
        out <- n else { return };
    }
}

/// Passes on what `prime` does not divide.
async fn filter(prime: u64, numbers: Receiver<u64>, out: Sender<u64>) {
    for n in <-numbers {
        if n % prime != 0 {
            out <- n else { return };
        }
    }
}

#[vela::main]
async fn main() -> vela::Result<()> {
    let count: usize = std::env::args().nth(1).as_deref().unwrap_or("20").parse()?;

    // The scope is left only when all tasks in it have ended: that the program ends shows that none is left over.
    let primes = scope(async |tasks| {
        let (out, mut candidates) = vela::channel(0);
        go!(in(tasks) numbers(out));
        let mut primes = Vec::new();
        while primes.len() < count
            && let Some(prime) = <-candidates
        {
            primes.push(prime);
            let (out, filtered) = vela::channel(0);
            go!(in(tasks) filter(prime, candidates, out));
            candidates = filtered;
        }
        Ok(primes)
    })
    .await?;

    for row in primes.chunks(10) {
        println!("{}", row.iter().map(u64::to_string).collect::<Vec<_>>().join(" "));
    }
    Ok(())
}
}
