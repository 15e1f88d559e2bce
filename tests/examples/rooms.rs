//! `rooms` under real sockets: who is in a room hears it, a room that crashes keeps its members, and the end.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use vela::prelude::*;

use crate::process::{Program, WATCHDOG};

struct Client {
    lines: Lines<BufReader<OwnedReadHalf>>,
    to: OwnedWriteHalf,
}

impl Client {
    async fn connect(address: &str) -> vela::Result<Self> {
        let (from, to) = TcpStream::connect(address).await?.into_split();
        let mut client = Self { lines: BufReader::new(from).lines(), to };
        client.hears("* your name, and the room?").await?;
        Ok(client)
    }

    /// Connects, and waits until it is in the room.
    async fn enter(address: &str, name: &str, room: &str) -> vela::Result<Self> {
        let mut client = Self::connect(address).await?;
        client.says(&format!("{name} {room}")).await?;
        client.hears(&format!("* {name} has joined {room}")).await?;
        Ok(client)
    }

    async fn says(&mut self, text: &str) -> vela::Result<()> {
        Ok(self.to.write_all(format!("{text}\n").as_bytes()).await?)
    }

    #[track_caller]
    fn hears(&mut self, expected: &str) -> impl Future<Output = vela::Result<()>> {
        let caller = std::panic::Location::caller();
        async move {
            assert_eq!(self.lines.next_line().await?.as_deref(), Some(expected), "at {caller}");
            Ok(())
        }
    }

    async fn hears_the_end(&mut self) -> vela::Result<()> {
        assert_eq!(self.lines.next_line().await?, None);
        Ok(())
    }
}

/// Runs `test`, but not for ever.
fn run(test: impl Future<Output = vela::Result<()>>) {
    vela::block_on(timeout(WATCHDOG, test)).expect("hangs").expect("no client meets an error");
}

#[test]
fn a_room_is_heard_by_those_in_it_and_survives_its_crash() {
    let (server, address) = Program::serve("rooms", &[]);
    run(async {
        let mut ann = Client::enter(&address, "ann", "tea").await?;
        let mut bob = Client::enter(&address, "bob", "tea").await?;
        ann.hears("* bob has joined tea").await?;
        let mut cid = Client::enter(&address, "cid", "chess").await?;

        ann.says("hello").await?;
        ann.hears("ann: hello").await?;
        bob.hears("ann: hello").await?;

        bob.says("/crash").await?;
        bob.says("still there?").await?; // waits in the mailbox while the room is away
        for client in [&mut ann, &mut bob] {
            client.hears("* chat/house/tea failed while running: somebody said /crash").await?;
            client.hears("bob: still there?").await?;
        }

        // The new run of the room watches the members of the old one.
        drop(bob);
        ann.hears("* bob has left").await?;

        // Nothing of it in the other room.
        cid.says("check").await?;
        cid.hears("cid: check").await?;

        let mut stranger = Client::connect(&address).await?; // never gives a name
        server.signal("INT");
        stranger.hears("* goodbye").await?;
        for client in [&mut ann, &mut cid] {
            client.hears("* goodbye").await?;
            client.hears_the_end().await?;
        }
        assert_eq!(server.end().well_after_failures(), ["everybody has left"]);
        Ok(())
    });
}

#[test]
fn a_room_that_crashes_too_often_takes_the_house_with_it() {
    let (server, address) = Program::serve("rooms", &[]);
    run(async {
        let mut ann = Client::enter(&address, "ann", "tea").await?;
        let mut cid = Client::enter(&address, "cid", "chess").await?;
        for _ in 0..3 {
            ann.says("/crash").await?;
            ann.hears("* chat/house/tea failed while running: somebody said /crash").await?;
        }
        ann.says("/crash").await?;
        // Now the house fails, with all its rooms, and comes back without them. Who was in one is told so, by the end.
        ann.hears("* goodbye").await?;
        ann.hears_the_end().await?;
        cid.hears("* goodbye").await?;
        let mut ann = Client::enter(&address, "ann", "tea").await?;
        ann.says("again").await?;
        ann.hears("ann: again").await
    });
    drop(server);
}

#[test]
fn a_name_that_is_none_harms_nobody_else() {
    let (server, address) = Program::serve("rooms", &[]);
    run(async {
        let mut ann = Client::enter(&address, "ann", "tea").await?;
        let mut bob = Client::connect(&address).await?;
        bob.says("bob tea/milk").await?;
        bob.hears("* goodbye").await?;
        bob.hears_the_end().await?;
        ann.says("hello").await?;
        ann.hears("ann: hello").await
    });
    drop(server);
}
