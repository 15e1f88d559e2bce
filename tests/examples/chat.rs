//! `chat_server` under real sockets: one order for all, slow readers dropped with notice, and its end.

use std::fmt::Write as _;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpSocket;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use vela::prelude::*;

use crate::process::{Program, WATCHDOG};

struct Client {
    name: String,
    lines: Lines<BufReader<OwnedReadHalf>>,
    to: OwnedWriteHalf,
}

impl Client {
    /// Connects and waits until it has joined. `buffer`: how much the system may keep for it, in bytes.
    async fn join(address: &str, name: &str, buffer: Option<u32>) -> vela::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        if let Some(size) = buffer {
            socket.set_recv_buffer_size(size)?;
        }
        let socket = socket.connect(address.parse()?).await?;
        socket.set_nodelay(true)?;
        let (from, to) = socket.into_split();
        let mut client = Self { name: name.to_owned(), lines: BufReader::new(from).lines(), to };
        assert_eq!(client.hears().await?, "* your name?");
        client.says(name).await?;
        assert_eq!(client.hears().await?, format!("* {name} has joined"));
        Ok(client)
    }

    async fn says(&mut self, text: &str) -> vela::Result<()> {
        Ok(self.to.write_all(format!("{text}\n").as_bytes()).await?)
    }

    async fn hears(&mut self) -> vela::Result<String> {
        match self.lines.next_line().await? {
            Some(line) => Ok(line),
            None => Err(vela::Error::msg(format!("{} heard the end", self.name))),
        }
    }

    async fn hears_the_end(&mut self) -> vela::Result<bool> {
        Ok(self.lines.next_line().await?.is_none())
    }
}

/// Runs `test`, but not for ever.
fn run(test: impl Future<Output = vela::Result<()>>) {
    vela::block_on(timeout(WATCHDOG, test)).expect("hangs").expect("no client meets an error");
}

#[test]
fn all_hear_everything_in_one_order() {
    let (server, address) = Program::serve("chat_server", &[]);
    run(async {
        let mut clients = Vec::<Client>::new();
        for name in ["ann", "bob", "cid", "dan", "eve"] {
            let new = Client::join(&address, name, None).await?;
            for earlier in &mut clients {
                assert_eq!(earlier.hears().await?, format!("* {name} has joined"));
            }
            clients.push(new);
        }
        for round in 0..50 {
            // All speak at once, in any order; and nobody is ever more than a round behind, so nobody is slow.
            for client in &mut clients {
                client.says(&format!("round {round}")).await?;
            }
            let mut first = String::new();
            for client in &mut clients {
                let mut heard = String::new();
                for _ in 0..5 {
                    writeln!(heard, "{}", client.hears().await?)?;
                }
                if first.is_empty() {
                    first = heard;
                } else {
                    assert_eq!(first, heard, "{} has heard another order", client.name);
                }
            }
            let mut speakers: Vec<&str> = first.lines().collect();
            speakers.sort_unstable();
            let all = ["ann", "bob", "cid", "dan", "eve"].map(|name| format!("{name}: round {round}"));
            assert_eq!(speakers, all, "each is heard once");
        }
        Ok(())
    });
    drop(server);
}

#[test]
fn a_slow_reader_is_dropped_with_notice_and_the_others_miss_nothing() {
    let (server, address) = Program::serve("chat_server", &[]);
    run(async {
        let mut ann = Client::join(&address, "ann", None).await?;
        let mut bob = Client::join(&address, "bob", None).await?;
        assert_eq!(ann.hears().await?, "* bob has joined");
        let mut slow = Client::join(&address, "slow", Some(4096)).await?;
        assert_eq!((ann.hears().await?, bob.hears().await?), ("* slow has joined".into(), "* slow has joined".into()));

        // Line by line, so that ann and bob are never behind. `slow` reads nothing, until it is dropped for that.
        let text = |n: usize| format!("{n} {}", "x".repeat(4000));
        let (mut said, mut dropped) = (0, false);
        while !dropped {
            assert!(said < 20_000, "80 MB were taken for one who does not read");
            ann.says(&text(said)).await?;
            let mut notices = [0, 0];
            for (client, notices) in [&mut ann, &mut bob].into_iter().zip(&mut notices) {
                loop {
                    let line = client.hears().await?;
                    if line == "* slow was too slow and is dropped" {
                        *notices += 1;
                        continue;
                    }
                    assert_eq!(line, format!("ann: {}", text(said)), "{} misses a line", client.name);
                    break;
                }
            }
            // The notice comes after the line that was too much, so with the next one; and both see it there.
            assert_eq!(notices[0], notices[1]);
            dropped = notices[0] == 1;
            said += 1;
        }

        // What it was sent before comes all the same, in order, and at the end the reason.
        let mut heard = 0;
        loop {
            let line = slow.hears().await?;
            if line == "* you were too slow and are dropped" {
                break;
            }
            assert_eq!(line, format!("ann: {}", text(heard)));
            heard += 1;
        }
        assert_eq!(heard, said - 2, "dropped at the first line for which there was no room");
        assert!(slow.hears_the_end().await?);

        // Nobody else notices: the room goes on.
        bob.says("still there?").await?;
        assert_eq!((ann.hears().await?, bob.hears().await?), ("bob: still there?".into(), "bob: still there?".into()));
        Ok(())
    });
    drop(server);
}

#[test]
fn leaving_vanishing_and_the_end() {
    let (server, address) = Program::serve("chat_server", &[]);
    run(async {
        let mut ann = Client::join(&address, "ann", None).await?;
        for name in ["bob", "cid"] {
            let mut guest = Client::join(&address, name, None).await?;
            assert_eq!(ann.hears().await?, format!("* {name} has joined"));
            if name == "bob" {
                guest.to.shutdown().await?; // says goodbye
                assert_eq!(ann.hears().await?, "* bob has left");
                assert!(guest.hears_the_end().await?);
            } else {
                ann.says("unread").await?; // … by cid, whose connection is reset therefore
                assert_eq!(ann.hears().await?, "ann: unread");
                drop(guest);
                assert_eq!(ann.hears().await?, "* cid has left");
            }
        }
        let stranger = tokio::net::TcpStream::connect(&address).await?; // never gives a name
        server.signal("INT");
        assert_eq!(ann.hears().await?, "* the server stops");
        assert!(ann.hears_the_end().await?);
        drop((ann, stranger));
        assert_eq!(server.end().well(), ["everybody has left"]);
        Ok(())
    });
}
