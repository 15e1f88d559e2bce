//! Chat rooms over TCP: each connection is an actor, each room is one, made when the first one enters it.
//!
//! A session receives from its socket and from its mailbox, in a `run` of its own. Rooms watch their members. Who is in a room
//! is kept outside it, so a room that fails comes back with its members: say `/crash` and go on talking.
//!
//! Run it: `cargo run --release --features actor --example rooms [port, 0 = any]`, then `nc localhost 7009`; Ctrl-C stops it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use vela::actor::prelude::*;
use vela::actor::{ActorId, SpawnError};
use vela::prelude::*;

struct Member {
    name: String,
    session: Address<Session>,
}

/// Who is in a room: outlives the crashes of the room.
type Members = Arc<Mutex<BTreeMap<ActorId, Member>>>;

struct Room(Members);

#[derive(Message)]
enum RoomMsg {
    Join(Member),
    Say(String),
    Crash,
}

impl Room {
    /// Who has no room in his mailbox for one line more is too slow, and is thrown out.
    fn tell(&self, line: &str) {
        for Member { session, .. } in self.0.lock().unwrap().values() {
            if session.try_send(line).is_err() {
                session.stop();
            }
        }
    }
}

impl Actor for Room {
    type Message = RoomMsg;
    type Error = &'static str;

    async fn restarting(&mut self, failure: &Failure, _: &mut ActorContext<Self>) -> Result<(), &'static str> {
        self.tell(&format!("* {failure}"));
        Ok(())
    }

    async fn started(&mut self, cx: &mut ActorContext<Self>) -> Result<(), &'static str> {
        self.0.lock().unwrap().values().for_each(|member| cx.watch(&member.session));
        Ok(())
    }

    async fn handle(&mut self, message: RoomMsg, cx: &mut ActorContext<Self>) -> Result<(), &'static str> {
        match message {
            RoomMsg::Join(member) => {
                cx.watch(&member.session);
                let line = format!("* {} has joined {}", member.name, cx.name());
                self.0.lock().unwrap().insert(member.session.id(), member);
                self.tell(&line);
            }
            RoomMsg::Say(line) => self.tell(&line),
            RoomMsg::Crash => return Err("somebody said /crash"),
        }
        Ok(())
    }

    async fn on_terminated(&mut self, who: Terminated, _: &mut ActorContext<Self>) -> Result<(), &'static str> {
        let gone = self.0.lock().unwrap().remove(&who.id);
        gone.iter().for_each(|member| self.tell(&format!("* {} has left", member.name)));
        Ok(())
    }
}

/// Makes the rooms, which are its children.
struct House;

/// Asks for the room of this name. There is none if that is no name.
struct Find(String);

impl Request for Find {
    type Reply = Result<Address<Room>, SpawnError>;
}

impl Actor for House {
    type Message = Call<Find>;
    type Error = Infallible;

    async fn handle(&mut self, call: Call<Find>, cx: &mut ActorContext<Self>) -> Result<(), Infallible> {
        let Find(name) = &call.request;
        let members = Members::default(); // of all runs of the room
        // The room that has the name, or a new one. None of them ends, so this waits for nobody.
        let room = cx.children().get_or_spawn(child(name.as_str()), move || Room(members.clone())).await;
        call.reply(room);
        Ok(())
    }
}

/// One connection. Its messages are lines for the client.
struct Session {
    from: Lines<BufReader<OwnedReadHalf>>, // a real server limits the length of a line
    to: OwnedWriteHalf,
    house: Address<House>,
}

vela! {
impl Actor for Session {
    type Message = String;
    type Error = vela::Error;

    async fn run(&mut self, inbox: &mut Inbox<Self>, cx: &mut ActorContext<Self>) -> vela::Result<()> {
        cx.handle(self, "* your name, and the room?".into()).await?;
        let entry = select! { line = self.from.next_line() => line?, _ = <-inbox => None };
        let Some(entry) = entry else { return Ok(()) };
        let (name, room) = entry.split_once(' ').unwrap_or((&entry, "lobby"));
        let room = (<-self.house.ask(Find(room.into())))??;
        cx.watch(&room);
        (room <- Member { name: name.into(), session: cx.address() })?;
        loop {
            select! {
                line = <-inbox => {
                    let Some(line) = line else { return Ok(()) }; // it was told to stop
                    cx.handle(self, line).await?;
                }
                text = self.from.next_line() => match text?.as_deref() {
                    Some("/crash") => (room <- RoomMsg::Crash)?,
                    Some(text) => (room <- format!("{name}: {text}"))?,
                    None => return Ok(()),
                },
                _ = inbox.notice() => return Ok(()), // the room is gone for good
            }
        }
    }

    async fn handle(&mut self, line: String, _: &mut ActorContext<Self>) -> vela::Result<()> {
        Ok(timeout(secs(10), self.to.write_all(format!("{line}\n").as_bytes())).await??)
    }

    async fn stopped(&mut self, _: &Exit, cx: &mut ActorContext<Self>) -> vela::Result<()> {
        cx.handle(self, "* goodbye".into()).await
    }
}

#[vela::main]
async fn main() -> vela::Result<()> {
    let port: u16 = std::env::args().nth(1).as_deref().unwrap_or("7009").parse()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on {}", listener.local_addr()?);
    let system = System::new("chat");
    let house = system.spawn(child("house"), || House)?;
    let sessions = system.children().supervisor(child("sessions"), Supervisor::new(Strategy::OneForOne))?;
    let mut interrupt = pin!(tokio::signal::ctrl_c()); // once: made anew in each round, it would miss what comes during a body
    for id in 0.. {
        select! {
            client = listener.accept() => {
                let (from, to) = client?.0.into_split();
                let session = Session { from: BufReader::new(from).lines(), to, house: house.clone() };
                let spec = child(format!("session-{id}")).mailbox(64, Overflow::Block);
                sessions.children().await?.spawn_once(spec, session)?;
            }
            _ = &mut interrupt => break,
        }
    }
    system.shutdown_within(secs(10)).await?; // one after the other, but not for ever
    println!("everybody has left");
    Ok(())
}
}
