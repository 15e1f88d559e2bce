//! Requests: answered, refused, late, cancelled.

use std::collections::BTreeMap;

use vela::SendErrorKind;
use vela::flow::{Reply, Request, RequestError, call, request};
use vela::prelude::*;
use vela::sim::{Faults, Simulation};

use super::Room;

/// Answers with the square.
fn squares(capacity: usize) -> (Sender<Request<u32, u32>>, Task<u32>) {
    let (tx, rx) = channel(capacity);
    let server = go! {
        let mut served = 0;
        while let Some(Request { query, reply }) = <-rx {
            served += u32::from((reply <- query * query).is_ok());
        }
        served
    };
    (tx, server)
}

#[vela::test]
async fn each_request_gets_its_own_answer() {
    for capacity in [0, 1, 10] {
        let (tx, server) = squares(capacity);
        let clients: Vec<_> = (0..4).map(|n| go!(clone(tx) { (n, request(&tx, n).await.unwrap()) })).collect();
        for client in clients {
            let (n, square) = client.await.unwrap();
            assert_eq!(square, n * n);
        }
        drop(tx);
        assert_eq!(server.await.unwrap(), 4);
    }
}

#[vela::test]
async fn a_request_is_a_source_and_an_arm() {
    let (tx, _server) = squares(1);
    vela! {
        assert_eq!((<-request(&tx, 3)).unwrap(), 9);
        let asked = request(&tx, 4).timeout(secs(1));
        assert_eq!((<-asked).unwrap(), 16);
    }
    let got = select! {
        r = <-request(&tx, 5) => r.unwrap(),
        _ = <-after(secs(1)) => 0,
    };
    assert_eq!(got, 25);
}

#[vela::test]
async fn a_request_that_is_dropped_without_an_answer_is_an_error() {
    let (tx, rx) = channel::<Request<u8, ()>>(1);
    let server = go!({
        drop(rx.recv().await);
        rx.recv().await.map(|request| {
            let _request = request;
            panic!("while serving")
        })
    });
    assert!(matches!(request(&tx, 1).await, Err(RequestError::NoReply)));
    let error = request(&tx, 2).await.unwrap_err();
    assert_eq!(error.to_string(), "the request was dropped without an answer");
    assert!(error.into_unsent().is_none());
    let _: Result<Option<()>, _> = server.await;
}

/// One that waits in the channel when the server goes.
#[vela::test]
async fn a_request_that_nobody_will_receive_is_an_error() {
    let (tx, rx) = channel::<Request<u8, ()>>(4);
    let client = go!(clone(tx) { request(&tx, 1).await });
    sleep(secs(1)).await;
    drop(rx);
    assert!(matches!(client.await.unwrap(), Err(RequestError::NoReply)));
    let error = request(&tx, 2).await.unwrap_err();
    assert!(matches!(&error, RequestError::Unsent(error) if error.kind() == SendErrorKind::Closed));
    assert_eq!(error.into_unsent().unwrap().query, 2);
}

#[vela::test]
async fn a_request_in_a_full_channel_follows_its_policy() {
    let (tx, _rx) = Channel::<Request<u8, ()>>::bounded(1).overflow(Overflow::Reject).build().unwrap();
    let _waits = go!(clone(tx) { request(&tx, 1).timeout(secs(5)).await.is_err() });
    sleep(secs(1)).await;
    let error = request(&tx, 2).await.unwrap_err();
    assert!(matches!(&error, RequestError::Unsent(error) if error.kind() == SendErrorKind::Full));
}

#[vela::test]
async fn a_late_answer_is_none() {
    let start = vela::time::Instant::now();
    let (tx, rx) = channel::<Request<u8, u8>>(0);
    let error = request(&tx, 1).timeout(secs(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "the request could not be sent in time");
    assert_eq!(error.into_unsent().unwrap().query, 1, "nobody took it, so it comes back");

    let server = go!({
        let Request { query, mut reply } = rx.recv().await.unwrap();
        assert!(!reply.is_closed());
        vela!(<-reply.closed());
        assert!(reply.is_closed());
        reply.send(query).unwrap_err().into_inner()
    });
    let error = request(&tx, 2).timeout(secs(1)).await.unwrap_err();
    assert!(matches!(error, RequestError::TimedOut(None)), "{error}");
    assert_eq!((server.await.unwrap(), start.elapsed()), (2, secs(2)));
}

#[vela::test]
async fn work_for_a_caller_who_has_gone_is_dropped() {
    let (tx, rx) = channel::<Request<Room, u8>>(0);
    let server = go!({
        let mut answered = Vec::new();
        while let Some(Request { query, reply }) = <-rx {
            let inside = query.enter();
            answered.push(reply.answer(async move { sleep(secs(10)).await; drop(inside); 7 }).await);
        }
        answered
    });
    let start = vela::time::Instant::now();
    let room = Room::default();
    let client = go!(clone(tx, room) { request(&tx, room).await });
    sleep(secs(5)).await;
    assert_eq!(room.now(), 1);
    client.cancel();
    assert_eq!(request(&tx, room.clone()).await.unwrap(), 7);
    drop(tx);
    assert_eq!((server.await.unwrap(), room.most()), (vec![false, true], 1));
    assert_eq!(start.elapsed(), secs(15), "the first was dropped after 5 s");
}

enum Command {
    Set { key: &'static str, value: u32 },
    Get { key: &'static str, reply: Reply<Option<u32>> },
    Stop(Reply<usize>),
}

async fn store(commands: Receiver<Command>) {
    let mut values = BTreeMap::new();
    vela! {
        for command in <-commands {
            match command {
                Command::Set { key, value } => drop(values.insert(key, value)),
                Command::Get { key, reply } => drop(reply <- values.get(key).copied()),
                Command::Stop(reply) => {
                    commands.close();
                    reply <- values.len() else { break };
                }
            }
        }
    }
}

#[vela::test]
async fn commands_are_served_in_order_each_with_its_own_kind_of_answer() {
    for capacity in [0, 1, 10] {
        let (tx, rx) = channel(capacity);
        let server = go!(store(rx));
        vela! {
            (tx <- Command::Set { key: "a", value: 1 }).ok();
            assert_eq!((<-call(&tx, |reply| Command::Get { key: "a", reply })).unwrap(), Some(1));
            assert_eq!((<-call(&tx, |reply| Command::Get { key: "b", reply })).unwrap(), None);
            assert_eq!((<-call(&tx, Command::Stop)).unwrap(), 1);
            assert!((<-call(&tx, Command::Stop)).is_err());
            (<-server).unwrap();
        }
    }
}

/// Whoever is cancelled, and wherever: nobody hangs.
#[test]
fn nobody_waits_for_one_who_has_gone() {
    let body = async || {
        let (tx, server) = squares(1);
        let clients: Vec<_> = (2..4).map(|n| go!(clone(tx) { (n, request(&tx, n).await) })).collect();
        drop(tx);
        let mut answers = 0;
        for client in clients {
            if let Ok((n, Ok(square))) = client.await {
                assert_eq!(square, n * n);
                answers += 1;
            }
        }
        if let Ok(served) = server.await {
            assert!(served >= answers);
        }
    };
    Simulation::new().schedules(1000).faults(Faults::none().cancel(2).spurious()).check(body).unwrap();
}
