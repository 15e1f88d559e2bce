//! A chat server: what one says, all hear, in one order. Who is too slow is dropped, with notice to him and to all.
//!
//! One task, the room, owns the list of members: no locks. Each member has an outbox of bounded size; the room never
//! waits for it, so that one slow reader cannot hold up the others.
//!
//! Run it: `cargo run --release --example chat_server [port, 0 = any]`, then `nc localhost 7008`; Ctrl-C stops it.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use vela::prelude::*;
use vela::{TrySendError, oneshot};

/// How many lines a member may be behind; what the system's sockets hold comes on top.
const BACKLOG: usize = 64;

struct Member {
    id: u64,
    name: String,
    outbox: Sender<Arc<str>>,
    farewell: oneshot::Sender<&'static str>,
}

enum Event {
    Join(Member),
    Say(u64, String),
    Leave(u64),
}

vela! {
/// Owns the members, and ends when `ctx` does.
async fn room(events: Receiver<Event>, ctx: Context) {
    let (mut members, mut news) = (Vec::<Member>::new(), VecDeque::new());
    loop {
        select! {
            biased; // what was said before the end is still heard
            Some(event) = <-events => match event {
                Event::Join(new) => {
                    news.push_back(format!("* {} has joined\n", new.name));
                    members.push(new);
                }
                Event::Say(id, text) => {
                    news.extend(members.iter().find(|who| who.id == id).map(|who| format!("{}: {text}\n", who.name)));
                }
                Event::Leave(id) => {
                    news.extend(members.extract_if(.., |who| who.id == id).map(|who| format!("* {} has left\n", who.name)));
                }
            },
            <-ctx.done() => break,
            closed       => break,
        }
        while let Some(line) = news.pop_front() {
            let line: Arc<str> = line.into();
            let is_slow = |who: &mut Member| matches!(who.outbox.try_send(line.clone()), Err(TrySendError::Full(_)));
            for slow in members.extract_if(.., is_slow) {
                news.push_back(format!("* {} was too slow and is dropped\n", slow.name));
                _ = slow.farewell.send("* you were too slow and are dropped\n");
            }
        }
    }
    for member in members {
        _ = member.farewell.send("* the server stops\n");
    }
}

/// One client: reads here, and writes in a task of its own.
async fn connection(id: u64, socket: TcpStream, events: Sender<Event>) -> vela::Result<()> {
    socket.set_nodelay(true)?; // lines are short, and wanted at once
    let (from, mut to) = socket.into_split();
    let mut lines = BufReader::new(from).lines(); // a real server limits the length of a line
    to.write_all(b"* your name?\n").await?;
    let Some(name) = lines.next_line().await? else { return Ok(()) };
    let (outbox, inbox) = vela::channel::<Arc<str>>(BACKLOG);
    let (farewell, goodbye) = oneshot::channel::<&str>();
    (events <- Event::Join(Member { id, name, outbox, farewell }))?;
    let writer = go!(-> vela::Result<()> {
        for line in <-inbox {
            timeout(secs(10), to.write_all(line.as_bytes())).await??; // takes nothing for so long: gone
        }
        // The room has dropped the outbox: it says why, unless it was the client who left.
        let Some(reason) = <-goodbye else { return Ok(()) };
        Ok(timeout(secs(10), to.write_all(reason.as_bytes())).await??)
    });
    loop {
        select! {
            line = lines.next_line() => {
                let Ok(Some(text)) = line else { break };
                events <- Event::Say(id, text) else { break };
            }
            _ = <-writer => break,
        }
    }
    _ = events <- Event::Leave(id);
    _ = <-writer; // so that the server does not end before its last words
    Ok(())
}

#[vela::main]
async fn main() -> vela::Result<()> {
    let port: u16 = std::env::args().nth(1).as_deref().unwrap_or("7008").parse()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on {}", listener.local_addr()?);
    let ctx = Context::background().with_cancel();
    go!(clone(ctx) { if tokio::signal::ctrl_c().await.is_ok() { ctx.cancel(); } });
    scope(async |tasks| {
        let (events, incoming) = vela::channel(BACKLOG);
        go!(in(tasks) room(incoming, ctx.clone()));
        for id in 0.. {
            select! {
                client = listener.accept() => {
                    let (socket, _) = client?;
                    go!(in(tasks) clone(events) { _ = connection(id, socket, events).await; });
                }
                <-ctx.done() => break,
            }
        }
        Ok(())
    })
    .await?;
    println!("everybody has left");
    Ok(())
}
}
