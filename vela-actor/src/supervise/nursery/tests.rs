//! Tests of the keeper, by hand.

use std::convert::Infallible;
use std::pin::pin;
use std::task::Waker;

use vela::sim::Simulation;
use vela_core::time::{ms, sleep};

use super::*;
use crate::actor::Actor;
use crate::cell::Cell;
use crate::context::ActorContext;
use crate::identity::Identity;
use crate::mailbox::MailboxSpec;
use crate::supervise::{Strategy, child};

struct Idle;

impl Actor for Idle {
    type Message = ();
    type Error = Infallible;

    async fn handle(&mut self, (): (), _: &mut ActorContext<Self>) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Computing takes no time in a simulation: the keeper is polled by hand, when the time has passed.
#[test]
fn a_child_that_was_in_time_is_not_late_because_the_keeper_was() {
    let passed = Simulation::new().schedules(10).check(async || {
        let supervision = Supervision::new(Strategy::OneForOne).max_restarts(0);
        let (nursery, keeper) = Nursery::make(supervision, "s".into(), None, Box::new(|_| ()));
        let mut keeper = pin!(keeper.run());
        let mut poll = || keeper.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let mut made = None;
        let make = |parent| {
            let who = Identity::new("s/a".into());
            let mailbox = MailboxSpec::default().open(&who).unwrap();
            let factory: crate::cell::Factory<Idle> = Box::new(|| Idle);
            let cell = Cell::new(who, mailbox, Some(factory), Some(parent), None);
            made = Some(Arc::clone(&cell));
            cell as _
        };
        nursery.add(child("a").start_timeout(ms(50)), false, make).unwrap();
        assert!(poll().is_pending());
        sleep(ms(60)).await;
        assert!(poll().is_pending());
        sleep(ms(1)).await;
        assert!(poll().is_pending(), "it has given up");
        let cell = made.unwrap();
        assert_eq!((cell.core.state(), cell.core.restarts()), (ActorState::Running, 0));
        nursery.close(Event::Shutdown);
        assert!(poll().is_pending());
        sleep(ms(1)).await;
        assert!(poll().is_ready());
    });
    passed.unwrap();
}
