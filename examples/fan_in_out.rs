//! Fan-out (one source, many tasks) and fan-in (many sources, one task), each in the ways there are.
//!
//! Run it: `cargo run --release --example fan_in_out`

use vela::prelude::*;
use vela::{SelectSet, broadcast};

vela! {
/// A source: `name` with the numbers 1 to `n`, then closed.
fn source(name: char, n: u32) -> Receiver<(char, u32)> {
    let (tx, rx) = vela::channel(1);
    go! { for i in 1..=n { tx <- (name, i) else { return }; } };
    rx
}

/// Fan-in of any number of sources, which may become fewer: one task that selects over all that are left.
fn merge<T: Send + 'static>(sources: Vec<Receiver<T>>) -> Receiver<T> {
    let (tx, merged) = vela::channel(0);
    go! {
        let mut open = SelectSet::new(); // keeps its place in every channel's queue from round to round
        for source in sources { open.insert(source); }
        while !open.is_empty() {
            match <-open {
                (_, Some(value)) => { tx <- value else { return }; }
                (i, None) => drop(open.remove(i)), // closed: it would fire again and again
            }
        }
    };
    merged
}

#[vela::main]
async fn main() -> vela::Result<()> {
    println!("-- Fan-out: each value to one of three");
    let (numbers, shares) = vela::channel(4);
    // All receive from one channel, so the work spreads by itself: a slow one takes less.
    let sums: Vec<Task<u64>> = (0..3).map(|_| go!(clone(shares) {
        let mut sum = 0;
        for n in <-shares { sum += n; }
        sum
    })).collect();
    drop(shares);
    for n in 1..=100 { numbers <- n else { break }; }
    drop(numbers);
    let mut total = 0;
    for sum in sums { total += (<-sum)?; }
    println!("three shares make {total}");

    println!("-- Fan-out: each value to all of three");
    let (news, first) = broadcast::channel(16); // keeps 16 values for who is slower
    let readers = [first, news.subscribe(), news.subscribe()].map(|feed| go! {
        let mut seen = Vec::new();
        for item in <-feed { seen.push(item?); } // an Err says how many were missed
        Ok::<_, broadcast::Lagged>(seen)
    });
    for n in [3, 1, 2] { news <- n else { break }; }
    drop(news);
    for reader in &readers { println!("{:?}", (<-reader)??); }

    println!("-- Fan-in: clones of one sender");
    let (tx, rx) = vela::channel(4);
    for name in ["a", "b", "c"] { go!(clone(tx) { tx <- name else { return }; }); }
    drop(tx);
    let mut names = Vec::new();
    for name in <-rx { names.push(name); }
    names.sort_unstable();
    println!("{names:?}");

    println!("-- Fan-in: a select over two");
    let (left, right) = (source('l', 3), source('r', 2));
    let mut counts = [0, 0];
    loop {
        select! {
            Some(_) = <-left  => counts[0] += 1,
            Some(_) = <-right => counts[1] += 1,
            closed            => break, // both are
        }
    }
    println!("{counts:?}");

    println!("-- Fan-in: a set chosen at run time");
    let mut values = Vec::new();
    for value in <-merge(vec![source('x', 2), source('y', 3), source('z', 1)]) { values.push(value); }
    values.sort_by_key(|(name, _)| *name); // stable: what came from one source stays as it came
    println!("{values:?}");
    Ok(())
}
}
