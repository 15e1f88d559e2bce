//! The select protocol, every state of it; and planted mistakes, each of which must be found.

use std::collections::BTreeSet;
use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};
use vela_models::graph::walk;
use vela_models::select::{Bug, Config, End, Frame, State, Word, configs};

/// States of all configurations together: less means that a part of the protocol is not reached any more.
const FLOOR: usize = 80_000;

/// What the configurations must reach between them, lest a property holds because nothing happens.
#[derive(Debug, Default, PartialEq, Eq)]
struct Reached {
    /// An owner was passed over while it was busy, and looks again.
    rearmed: bool,
    /// An owner meets its claimer at work.
    in_progress: bool,
    /// A hold fails, because a counterpart was quicker.
    hold_failed: bool,
    /// A value came back.
    returned: bool,
    /// `else` after a double collect that has seen a change.
    second_round: bool,
    /// `else`, or an arm, by all locks.
    else_locked: bool,
}

impl Reached {
    fn see(&mut self, s: &State) {
        for task in &s.tasks {
            match task.stack.last() {
                Some(Frame::Rearm) => self.rearmed = true,
                Some(Frame::Settle { .. }) => self.in_progress = true,
                Some(Frame::Hold) if matches!(task.word, Word::Claimed(_) | Word::Done(_)) => self.hold_failed = true,
                Some(Frame::Collect { round: 1, .. }) => self.second_round = true,
                Some(Frame::LookAll { park: false }) => self.else_locked = true,
                _ => {}
            }
        }
        self.returned |= s.chans.iter().any(|chan| !chan.returned.is_empty());
    }
}

#[test]
fn the_protocol_keeps_its_properties_in_every_state() {
    let (mut total, mut reached, start) = (0, Reached::default(), Instant::now());
    for config in configs::all() {
        let (name, begin) = (config.name, Instant::now());
        let graph = walk(&config, &mut |s| reached.see(s));
        assert!(graph.cycle.is_none(), "{name}: a livelock: {:?}", graph.cycle);
        let outcomes: BTreeSet<Vec<&[End]>> =
            graph.ends.iter().map(|s| s.tasks.iter().map(|task| &task.ends[..]).collect()).collect();
        let checker = config.checker().spawn_bfs().join();
        if let Some((property, path)) = checker.discoveries().into_iter().next() {
            panic!("{name}: {property}: {:#?}\n{:#?}", path.clone().into_actions(), path.last_state());
        }
        assert!(checker.is_done(), "{name}: not every state was visited");
        assert_eq!(graph.states, checker.unique_state_count(), "{name}: the two walks saw different states");
        let (depth, outcomes) = (checker.max_depth() - 1, outcomes.len());
        println!(
            "{name}: {} states, {} steps, {depth} deep, {outcomes} outcomes, {:.1?}",
            graph.states,
            graph.steps,
            begin.elapsed()
        );
        total += graph.states;
    }
    println!("{total} states in {:.1?}; {reached:?}", start.elapsed());
    assert!(total > FLOOR, "only {total} states");
    let all = Reached {
        rearmed: true,
        in_progress: true,
        hold_failed: true,
        returned: true,
        second_round: true,
        else_locked: true,
    };
    assert_eq!(reached, all);
}

/// The shortest way to a state in which a property does not hold.
///
/// The checker goes on for a while after it has found one, and keeps the last: so it is asked for a shorter one until
/// there is none.
fn shortest(config: &Config) -> Option<(&'static str, usize)> {
    let (mut best, mut depth) = (None, usize::MAX);
    loop {
        let checker = config.clone().checker().finish_when(HasDiscoveries::AnyFailures).target_max_depth(depth);
        let found = checker.spawn_bfs().join().discoveries();
        let found = found.into_iter().map(|(property, path)| (path.into_actions().len(), property)).min();
        let Some((steps, property)) = found else { return best };
        best = Some((property, steps));
        // In states, of which a path has one more than steps; those at this depth are left out.
        depth = steps + 1;
    }
}

#[track_caller]
fn finds(config: Config, bug: Bug, property: &'static str, steps: usize) {
    let begin = Instant::now();
    let found = shortest(&config.clone().plant(bug));
    println!("{bug:?} in {}: {found:?} in {:.1?}", config.name, begin.elapsed());
    assert_eq!(found, Some((property, steps)), "{bug:?} in {}", config.name);
}

#[test]
fn a_sleep_over_a_mark_is_found() {
    finds(configs::rendezvous(), Bug::SleepUnchecked, "no lost wake-up", 8);
    finds(configs::two_senders(), Bug::SleepUnchecked, "no lost wake-up", 11);
    finds(configs::crossing(), Bug::SleepUnchecked, "no lost wake-up", 12);
}

#[test]
fn an_enrolment_without_a_look_is_found() {
    finds(configs::rendezvous(), Bug::EnrolBlind, "no lost wake-up", 4);
    finds(configs::two_senders(), Bug::EnrolBlind, "no lost wake-up", 9);
}

#[test]
fn a_value_that_is_dropped_with_its_receiver_is_found() {
    finds(configs::cancelled_receiver(), Bug::CancelDropsValue, "no value is lost", 7);
    finds(configs::cancelled_select(), Bug::CancelDropsValue, "no value is lost", 10);
}

#[test]
fn a_value_that_came_back_and_wakes_nobody_is_found() {
    finds(configs::cancelled_receiver(), Bug::CancelHandsNothingOn, "no lost wake-up", 10);
    finds(configs::cancelled_select(), Bug::CancelHandsNothingOn, "no lost wake-up", 16);
}

#[test]
fn an_else_by_a_single_collect_is_found() {
    finds(configs::walking_token(), Bug::SingleCollect, "else only at a calm instant", 16);
}

#[test]
fn a_claim_by_load_and_store_is_found() {
    finds(configs::two_senders(), Bug::ClaimByStore, "exactly one winner", 11);
    finds(configs::two_receivers(), Bug::ClaimByStore, "exactly one winner", 11);
}

#[test]
fn a_claim_by_load_and_store_over_an_awake_owner_is_found() {
    finds(configs::rendezvous(), Bug::ClaimByStore, "no lost wake-up", 16);
}

#[test]
fn a_value_that_is_taken_and_stays_is_found() {
    finds(configs::rendezvous(), Bug::TakeByCopy, "no value is in two places", 4);
}

#[test]
fn a_loser_that_stays_linked_is_found() {
    finds(configs::two_senders(), Bug::LoserStaysLinked, "no node stays behind", 6);
}

#[test]
fn a_touch_after_the_unlock_is_found() {
    finds(configs::cancelled_receiver(), Bug::CompleteAfterUnlock, "nothing is touched after its end", 7);
}

#[test]
fn locks_in_the_order_of_the_arms_are_found() {
    finds(configs::crossing(), Bug::LocksInTextOrder, "no deadlock", 16);
}

#[test]
fn a_look_at_one_arm_after_the_other_is_found() {
    // No property of a single state fails: the two selects mark each other for ever.
    let config = configs::crossing().plant(Bug::LookArmByArm);
    assert_eq!(shortest(&config), None);
    let cycle = walk(&config, &mut |_| {}).cycle;
    println!("LookArmByArm in crossing: a cycle of {:?} steps", cycle.as_ref().map(Vec::len));
    assert!(cycle.is_some(), "the livelock was not found");
}
