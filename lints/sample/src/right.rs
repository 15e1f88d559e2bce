//! The same as it should be, and exceptions with their reasons: nothing is found here.

use std::collections::HashSet;
use std::convert::Infallible;
use std::time::Duration;

use vela::actor::{Actor, ActorContext, Address};
use vela::prelude::*;

pub async fn right() {
    let Ok((tx, rx)) = Channel::bounded(4).name("sample.right").build() else { return }; //? disallowed_methods: the capacity stands in the code
    let sends = go!(clone(tx) {
        if let Err(error) = tx.send(1).await {
            eprintln!("{} comes too late", error.into_inner());
        }
    });
    drop(tx);
    select! {
        Some(value) = <-rx => println!("{value}"),
        _ = <-after(Duration::from_secs(1)) => println!("nothing"),
        closed => {}
    }
    if let Err(error) = sends.await {
        eprintln!("{error}");
    }
    let began = vela::time::Instant::now();
    vela::time::sleep(Duration::ZERO).await;
    println!("{:?}", began.elapsed());
    let mut room = HashSet::new();
    join(&mut room, vela::actor::spawn(Member));

    #[expect(clippy::disallowed_methods, reason = "a thread of its own, outside the runtime")]
    let beats = std::thread::spawn(|| std::thread::sleep(Duration::ZERO));
    drop(beats.join());
    #[expect(clippy::disallowed_methods, reason = "written by hand at the terminal, a few lines in an hour")]
    let (commands, _) = unbounded::<String>();
    drop(commands);
}

struct Member;

impl Actor for Member {
    type Message = String;
    type Error = Infallible;

    async fn handle(&mut self, line: String, _: &mut ActorContext<Self>) -> Result<(), Infallible> {
        println!("{line}");
        Ok(())
    }
}

/// What changes behind an address is not what it is compared by.
fn join(room: &mut HashSet<Address<Member>>, member: Address<Member>) {
    room.insert(member);
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_test_may_end_with_a_panic() {
        let (tx, _rx) = vela::channel(1); //? disallowed_methods: has no name and no monitor
        tx.try_send(1).unwrap();
    }
}
