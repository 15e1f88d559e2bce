//! Random children, exits, hangs and calls, against what [`World`] knows must hold.

use fastrand::Rng;
use vela_core::time::{ms, secs};

use super::world::{Run, Seen, World, decide};
use super::*;
use crate::supervise::{AutoShutdown, RestartType, Shutdown};

/// How many schedules; each seed is one.
const SCHEDULES: u64 = 100_000;

#[test]
fn random_worlds_keep_the_invariants() {
    for seed in 0..SCHEDULES {
        let blame = Blame { seed, world: World::new(supervision(&mut Rng::with_seed(seed))) };
        live(blame);
    }
}

/// Says which schedule it was, and all of it.
struct Blame {
    seed: u64,
    world: World,
}

impl Drop for Blame {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}:\n{}", self.seed, self.world.log.join("\n"));
        }
    }
}

fn one_of<T: Copy>(rng: &mut Rng, among: &[T]) -> T {
    among[rng.usize(..among.len())]
}

fn supervision(rng: &mut Rng) -> Supervision {
    let strategy = one_of(rng, &[Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne]);
    let auto = [AutoShutdown::Never, AutoShutdown::AnySignificant, AutoShutdown::AllSignificant];
    let backoff = one_of(rng, &[(0, 0), (0, 0), (100, 400), (6_000, 60_000)]);
    let mut supervision = Supervision::new(strategy);
    supervision.together = strategy == Strategy::OneForOne && rng.bool();
    supervision
        .max_restarts(one_of(rng, &[0, 1, 3, 10, u32::MAX]))
        .within(one_of(rng, &[ms(500), secs(5)]))
        .backoff(ms(backoff.0)..ms(backoff.1))
        .jitter(one_of(rng, &[0.0, 0.5]))
        .auto_shutdown(one_of(rng, &auto))
        .on_failure(decide)
}

fn spec(rng: &mut Rng, auto: AutoShutdown) -> ChildSpec {
    let mut spec = child("it");
    spec.restart = one_of(rng, &[RestartType::Permanent, RestartType::Transient, RestartType::Temporary]);
    let shutdowns = [None, Some(Shutdown::Kill), Some(Shutdown::Unlimited), Some(ms(0).into()), Some(ms(700).into())];
    spec.shutdown = one_of(rng, &shutdowns);
    spec.significant = auto != AutoShutdown::Never && spec.restart != RestartType::Permanent && rng.bool();
    if rng.u8(..) < 60 {
        spec.start_timeout = Some(ms(300));
    }
    if spec.restart != RestartType::Temporary && rng.u8(..) < 60 {
        spec.max_restarts = Some(rng.u32(..4));
        spec.within = one_of(rng, &[None, Some(ms(900))]);
        let backoff = one_of(rng, &[None, Some((0, 0)), Some((50, 100))]);
        spec.backoff = backoff.map(|(min, max)| (ms(min)..ms(max)).into());
    }
    spec.drain = !matches!(spec.shutdown, Some(Shutdown::Kill | Shutdown::After(Duration::ZERO))) && rng.u8(..) < 60;
    assert_eq!(spec.check(), Ok(()));
    spec
}

fn exit(rng: &mut Rng, killed: bool) -> Exit {
    match rng.u8(..20) {
        _ if killed && rng.u8(..4) > 0 => Exit::Killed,
        0 => Exit::Failed(Failure::of("escalate")),
        1 | 2 => Exit::Failed(Failure::of("stop")),
        3..=7 => Exit::Normal,
        8 | 9 => Exit::Killed,
        _ => failure(),
    }
}

fn live(mut blame: Blame) {
    let rng = &mut Rng::with_seed(!blame.seed);
    let world = &mut blame.world;
    let auto = supervision(&mut Rng::with_seed(blame.seed)).auto_shutdown;
    for _ in 0..rng.usize(1..6) {
        world.add(spec(rng, auto), rng.bool());
    }
    for _ in 0..rng.usize(5..50) {
        happen(world, rng, auto);
    }
    if !world.engine.is_ending() {
        calm(world);
    }
    finish(world, rng);
}

fn happen(world: &mut World, rng: &mut Rng, auto: AutoShutdown) {
    let keys: Vec<_> = world.children.iter().filter(|(_, seen)| seen.run.is_some()).map(|(&key, _)| key).collect();
    let up = (!keys.is_empty()).then(|| keys[rng.usize(..keys.len())]);
    match (rng.u8(..100), up) {
        (0..30, Some(key)) if world.children[&key].run == Some(Run::Starting) && !world.children[&key].killed => {
            world.started(key);
        }
        (0..50, Some(key)) => {
            let exit = exit(rng, world.children[&key].killed);
            world.exited(key, exit, rng.usize(..5), rng.f64());
        }
        (50..65, _) => {
            let key = Key(rng.u64(1..8));
            match rng.usize(..5) {
                4 => world.find(key, rng.bool()),
                kind => world.call(kind, key),
            }
        }
        (65..70, _) => world.add(spec(rng, auto), rng.bool()),
        (70, _) => world.end(),
        (71, _) => world.kill(),
        (72..75, _) => {
            let key = Key(rng.u64(1..6));
            let timers = [Timer::Start(key), Timer::Shutdown(key), Timer::Backoff(key), Timer::Group];
            world.fire(one_of(rng, &timers));
        }
        (75..85, _) => world.now += ms(rng.u64(..500)),
        _ => _ = next_timer(world),
    }
}

fn next_timer(world: &mut World) -> bool {
    let Some((&timer, &at)) = world.timers.iter().min_by_key(|(_, at)| **at) else { return false };
    world.now = world.now.max(at);
    world.fire(timer);
    true
}

/// All children start, and stop when they are asked to, until nothing is left to be done.
fn calm(world: &mut World) {
    for _ in 0..10_000 {
        let ends = |seen: &Seen| seen.stopped || seen.killed || seen.leaving;
        let busy = world.children.iter().find(|(_, seen)| ends(seen) || seen.run == Some(Run::Starting));
        match busy.map(|(&key, seen)| (key, ends(seen))) {
            Some((key, true)) => world.exited(key, Exit::Normal, 0, 0.0),
            Some((key, false)) => world.started(key),
            None if next_timer(world) => {}
            None if world.engine.is_ending() => return,
            None => return world.check_quiet(),
        }
    }
    panic!("it never gets quiet");
}

/// The end: whoever has a time to stop uses all of it, and the killed exit.
fn finish(world: &mut World, rng: &mut Rng) {
    let times = world.children.values().map(|seen| match seen.spec.shutdown.unwrap_or_default() {
        Shutdown::After(time) => time,
        Shutdown::Kill | Shutdown::Unlimited => Duration::ZERO,
    });
    let together = world.supervision.together;
    let latest = world.now + if together { times.max().unwrap_or_default() } else { times.sum() };
    world.end();
    for _ in 0..1_000 {
        let patient = |spec: &ChildSpec| spec.shutdown == Some(Shutdown::Unlimited);
        let ends = world.children.iter().find(|(_, seen)| seen.killed || seen.stopped && patient(&seen.spec));
        if let Some((&key, _)) = ends {
            let exit = exit(rng, true);
            world.exited(key, exit, rng.usize(..5), 0.5);
        } else if !next_timer(world) {
            break;
        }
    }
    assert!(world.over, "E5: it does not end");
    assert!(world.now <= latest, "E5: it takes too long");
    assert_eq!(world.engine.len(), 0);
    world.call(0, Key(1));
    world.find(Key(1), false);
    world.add(child("late"), true);
    world.end();
}
