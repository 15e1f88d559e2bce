//! Many children: what they cost grows as their number does.

use std::convert::Infallible;

use vela::actor::{Actor, ActorContext, Strategy, System, child};
use vela::sim::{Simulation, Strategy as Order};

struct Idle;

impl Actor for Idle {
    type Message = ();
    type Error = Infallible;

    async fn handle(&mut self, (): (), _: &mut ActorContext<Self>) -> Result<(), Infallible> {
        Ok(())
    }
}

async fn start_and_stop(strategy: Strategy, many: u32) {
    let system = System::with("s", strategy).unwrap();
    for n in 0..many {
        system.spawn(child(format!("{n}")), || Idle).unwrap();
    }
    system.children().settled().await;
    assert_eq!(system.children().len(), many as usize);
    system.shutdown().await.unwrap();
    assert!(system.children().is_empty());
}

/// In the simulation, where a step is a poll.
fn steps(strategy: Strategy, many: u32) -> u64 {
    let simulation = Simulation::new().strategy(Order::Random).schedules(1).max_steps(u64::MAX);
    simulation.check(move || start_and_stop(strategy, many)).unwrap().steps
}

#[test]
fn ten_times_the_children_take_ten_times_the_steps() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll] {
        let (few, many) = (steps(strategy, 200), steps(strategy, 2_000));
        assert!(many <= few * 11, "{strategy:?}: {few} steps, {many} steps");
    }
}

#[vela::test(tokio, flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_children_start_and_stop() {
    start_and_stop(Strategy::OneForOne, 100_000).await;
}

#[vela::test(tokio, flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_children_start_and_stop_in_turn() {
    start_and_stop(Strategy::RestForOne, 10_000).await;
}
