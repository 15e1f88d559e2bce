//! `echo_server` under real sockets: a thousand at once, slow and vanishing clients, and its three graceful ends.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Barrier;
use vela::prelude::*;

use crate::descriptors::with_descriptors;
use crate::process::{Program, WATCHDOG};

/// Sockets that a test may have open, in this process and in the server each.
const MANY: u64 = 2048;

/// What client `id` sends: of its own, so that mixed-up connections show.
fn bytes(id: usize, len: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(id as u64);
    (0..len).map(|_| random.u8(..)).collect()
}

/// Arguments of the server: it serves until it is stopped, and then waits for its clients as long as we would.
const FOR_EVER: [&str; 2] = ["18446744073709551615", "600000"];

/// Runs `test`, but not for ever.
fn try_run<T>(test: impl Future<Output = vela::Result<T>>) -> vela::Result<T> {
    vela::block_on(timeout(WATCHDOG, test)).expect("hangs")
}

#[track_caller]
fn run<T>(test: impl Future<Output = vela::Result<T>>) -> T {
    try_run(test).expect("no client meets an error")
}

/// The two numbers of the server's last line: bytes read, bytes echoed.
#[track_caller]
fn account(lines: &[String]) -> (usize, usize) {
    let last = lines.last().expect("the server says what it did");
    let words: Vec<&str> = last.split(' ').collect();
    let [read, "bytes", "read,", echoed, "echoed"] = words[..] else { panic!("the last line is: {last}") };
    (read.parse().expect("a number"), echoed.parse().expect("a number"))
}

/// Sends all of `sent` and receives at the same time, until the server closes; both halves must agree.
async fn exchange(socket: TcpStream, sent: Vec<u8>) -> vela::Result<()> {
    let (mut from, to) = socket.into_split();
    let writer = go!(send_and_finish(to, sent.clone()));
    let mut got = Vec::new();
    from.read_to_end(&mut got).await?;
    writer.await??;
    if got != sent {
        return Err(vela::Error::msg(format!("sent {} bytes, got {} others", sent.len(), got.len())));
    }
    Ok(())
}

async fn send_and_finish(mut to: OwnedWriteHalf, sent: Vec<u8>) -> io::Result<()> {
    to.write_all(&sent).await?;
    to.shutdown().await
}

/// A first exchange: from here on the connection is known to be served, not only queued.
async fn greet(address: &str, id: usize) -> vela::Result<TcpStream> {
    let mut socket = TcpStream::connect(address).await?;
    let hello = bytes(id, 16);
    socket.write_all(&hello).await?;
    let mut got = [0; 16];
    socket.read_exact(&mut got).await?;
    assert_eq!(hello, got, "client {id}");
    Ok(socket)
}

#[test]
fn a_thousand_connections_at_once() {
    with_descriptors("echo::a_thousand_connections_at_once", MANY, || {
        const CLIENTS: usize = 1000;
        const LEN: usize = 20_000;
        let (server, address) = Program::serve("echo_server", &FOR_EVER);
        run(async {
            let all_here = Arc::new(Barrier::new(CLIENTS));
            let quick_done = WaitGroup::new();
            let clients = Group::new();
            for id in 0..CLIENTS {
                let quick = (id % 10 > 1).then(|| quick_done.add());
                go!(in(clients) clone(address, all_here, quick_done) -> vela::Result<()> {
                    let socket = greet(&address, id).await?;
                    all_here.wait().await;
                    match id % 10 {
                        // Vanishes: it closes without reading its echo, which resets the connection under the server.
                        0 => {
                            let (_from, mut to) = socket.into_split();
                            Ok(to.write_all(&bytes(id, LEN)).await?)
                        }
                        // Slow: reads nothing until all quick ones are through, then in small pieces.
                        1 => {
                            let (from, to) = socket.into_split();
                            let writer = go!(send_and_finish(to, bytes(id, LEN)));
                            quick_done.wait().await;
                            assert_eq!(bytes(id, LEN), read_in_pieces(from).await?, "client {id}");
                            Ok(writer.await??)
                        }
                        _ => {
                            exchange(socket, bytes(id, LEN)).await?;
                            drop(quick);
                            Ok(())
                        }
                    }
                });
            }
            clients.join().await
        });
        server.signal("TERM");
        let lines = server.end().well();
        assert_eq!(lines[0], "stopped: SIGTERM");
        assert_eq!(lines.len(), 2, "nobody is cut off: {lines:?}");
        let (read, echoed) = account(&lines);
        let loyal = CLIENTS * 9 / 10 * LEN;
        assert!(loyal + CLIENTS * 16 <= echoed && echoed <= read, "{loyal}: {lines:?}");
        assert!(read <= CLIENTS * (LEN + 16), "read more than was sent: {lines:?}");
    });
}

async fn read_in_pieces(mut from: OwnedReadHalf) -> io::Result<Vec<u8>> {
    let (mut got, mut piece) = (Vec::new(), [0; 100]);
    loop {
        match from.read(&mut piece).await? {
            0 => return Ok(got),
            n => got.extend_from_slice(&piece[..n]),
        }
    }
}

/// Clients that are served.
async fn greet_all(address: &str, count: usize) -> vela::Result<Vec<TcpStream>> {
    let mut sockets = Vec::new();
    for id in 0..count {
        sockets.push(greet(address, id).await?);
    }
    Ok(sockets)
}

/// Ends a server while clients are sending: each gets the beginning of what it sent, and all in all exactly what the
/// server says it has read.
#[track_caller]
fn ends_gracefully(server: Program, sockets: Vec<TcpStream>, end: impl FnOnce(&Program), reason: &str) {
    let got = run(async {
        let greeted = 16 * sockets.len();
        let readers: Vec<_> =
            sockets.into_iter().enumerate().map(|(id, socket)| go!(until_closed(id, socket))).collect();
        end(&server);
        let mut got = greeted;
        for reader in readers {
            got += reader.await??;
        }
        Ok(got)
    });
    let lines = server.end().well();
    assert_eq!(lines[0], format!("stopped: {reason}"));
    assert_eq!(lines.len(), 2, "nobody is cut off: {lines:?}");
    assert_eq!(account(&lines), (got, got));
}

/// A client that never stops by itself: of three, one sends on and on, one sends once, one is quiet.
async fn until_closed(id: usize, socket: TcpStream) -> vela::Result<usize> {
    let (mut from, mut to) = socket.into_split();
    let pattern = bytes(id, 5000);
    let writer = go!(clone(pattern) -> io::Result<OwnedWriteHalf> {
        for _ in 0..[usize::MAX, 1, 0][id % 3] {
            to.write_all(&pattern).await?; // an error: the server has closed
        }
        Ok(to)
    });
    // In pieces: what one who sends on and on gets back in all is much.
    let (mut got, mut piece) = (0, vec![0; pattern.len()]);
    loop {
        let at = got % pattern.len();
        let n = from.read(&mut piece[at..]).await?;
        if n == 0 {
            writer.cancel();
            return Ok(got);
        }
        assert_eq!(piece[at..at + n], pattern[at..at + n], "client {id} got others' bytes");
        got += n;
    }
}

#[test]
fn sigterm_ends_it_and_no_accepted_byte_is_lost() {
    with_descriptors("echo::sigterm_ends_it_and_no_accepted_byte_is_lost", MANY, || {
        let (server, address) = Program::serve("echo_server", &FOR_EVER);
        let sockets = run(greet_all(&address, 300));
        ends_gracefully(server, sockets, |server| server.signal("TERM"), "SIGTERM");
    });
}

#[test]
fn ctrl_c_ends_it_and_no_accepted_byte_is_lost() {
    let (server, address) = Program::serve("echo_server", &FOR_EVER);
    let sockets = run(greet_all(&address, 30));
    ends_gracefully(server, sockets, |server| server.signal("INT"), "SIGINT");
}

#[test]
fn the_context_ends_it_and_no_accepted_byte_is_lost() {
    // The deadline is a real one: on a machine that is too busy for it, the next longer one.
    for time in ["500", "4000", "32000"] {
        let (server, address) = Program::serve("echo_server", &[time, FOR_EVER[1]]);
        if let Ok(sockets) = try_run(greet_all(&address, 6)) {
            return ends_gracefully(server, sockets, |_| {}, "the deadline of the context has passed");
        }
    }
    panic!("6 clients could not connect within 32 s");
}

#[test]
fn a_client_that_takes_nothing_is_cut_off() {
    let (server, address) = Program::serve("echo_server", &[FOR_EVER[0], "200"]);
    run(async {
        let (_from, mut to) = greet(&address, 0).await?.into_split();
        // More than the system's buffers hold: this never ends, and the server waits for us to read.
        let flood = go! { while to.write_all(&[0; 65536]).await.is_ok() {} };
        server.signal("TERM");
        let lines = server.end().well();
        assert_eq!(lines[..2], ["cut off: 1", "stopped: SIGTERM"]);
        flood.await?;
        Ok(())
    });
}

#[test]
fn a_port_in_use_is_an_error() {
    let (_server, address) = Program::serve("echo_server", &FOR_EVER);
    let port = address.rsplit(':').next().expect("an address has a port");
    let second = Program::start("echo_server", &[port]).end();
    assert_eq!(second.code, Some(1));
    assert!(second.stderr.starts_with("Error: Address already in use"), "{}", second.stderr);
}
