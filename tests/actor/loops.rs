//! Asks by a `run` that receives itself.

use vela::actor::{Actor, ActorContext, Address, Call, Request, spawn};
use vela::prelude::*;

struct Go;

impl Request for Go {
    type Reply = bool;
}

/// Its loop may give up on a handler, and asks then while it receives.
struct Loop {
    other: Address<Partner>,
    answers: vela::Sender<bool>,
}

enum LoopMsg {
    Hang,
    Nothing,
    Go(Call<Go>),
}

impl From<Call<Go>> for LoopMsg {
    fn from(call: Call<Go>) -> Self {
        Self::Go(call)
    }
}

impl Actor for Loop {
    type Message = LoopMsg;
    type Error = std::convert::Infallible;

    async fn run(
        &mut self,
        inbox: &mut vela::actor::Inbox<Self>,
        cx: &mut ActorContext<Self>,
    ) -> Result<(), Self::Error> {
        let Some(first) = inbox.recv().await else { return Ok(()) };
        let _gave_up = timeout(ms(5), cx.handle(self, first)).await;
        let serve = async {
            if let Ok(Some(LoopMsg::Go(call))) = timeout(ms(200), inbox.recv()).await {
                call.reply(true);
            }
        };
        let (answer, ()) = futures_util::future::join(self.other.ask(Ping(cx.address())), serve).await;
        self.answers.send(answer.unwrap_or(false)).await.ok();
        Ok(())
    }

    async fn handle(&mut self, message: LoopMsg, _: &mut ActorContext<Self>) -> Result<(), Self::Error> {
        match message {
            LoopMsg::Hang => std::future::pending().await,
            LoopMsg::Nothing => {}
            LoopMsg::Go(call) => call.reply(true),
        }
        Ok(())
    }
}

struct Partner;

struct Ping(Address<Loop>);

impl Request for Ping {
    type Reply = bool;
}

impl Actor for Partner {
    type Message = Call<Ping>;
    type Error = std::convert::Infallible;

    async fn handle(&mut self, call: Call<Ping>, _: &mut ActorContext<Self>) -> Result<(), Self::Error> {
        let (Ping(to), reply) = call.into_parts();
        reply.send(to.ask(Go).timeout(ms(100)).await.is_ok()).ok();
        Ok(())
    }
}

/// An ask of a loop makes no link, so that it closes no circle.
#[vela::test]
async fn a_loop_that_has_given_up_on_a_handler_asks_as_a_loop() {
    let (answers, answered) = vela::channel(1);
    let one = spawn(Loop { other: spawn(Partner), answers });
    one.send(LoopMsg::Hang).await.unwrap();
    assert_eq!(timeout(secs(1), answered.recv()).await, Ok(Some(true)));
}

#[vela::test]
async fn a_loop_whose_handler_has_ended_asks_as_a_loop() {
    let (answers, answered) = vela::channel(1);
    let one = spawn(Loop { other: spawn(Partner), answers });
    one.send(LoopMsg::Nothing).await.unwrap();
    assert_eq!(timeout(secs(1), answered.recv()).await, Ok(Some(true)));
}
