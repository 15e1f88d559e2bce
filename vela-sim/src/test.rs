//! What `#[vela::test]` expands to: options, the environment, the file in which a failing schedule is kept, the end of the test.

use std::env;
use std::fs;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use vela_core::__private::seam::TestOptions;

use crate::environment::{number, variable};
use crate::faults::Faults;
use crate::simulation::{Failure, Only, Simulation};
use crate::strategy::Strategy;
use crate::verdict::Output;

/// How long a test may take, unless it is said.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// PCT's depth, unless it is said.
const DEPTH: u32 = 3;

/// Runs the body of a test in many schedules, and fails the test if one of them does.
///
/// # Panics
///
/// That is how a test fails.
#[doc(hidden)]
#[track_caller]
pub fn simulate<B, F>(options: TestOptions, body: B)
where
    B: Fn() -> F,
    F: Future<Output: Output>,
{
    // As the test harness names it: without the crate.
    let name = options.name.split_once("::").map_or(options.name, |(_, name)| name);
    let simulation = match configure(name, &options) {
        Ok(simulation) => simulation,
        Err(error) => fail(&format!("vela: `{name}` cannot run: {error}")),
    };
    let enough = simulation.schedules.is_some();
    let exhaustive = matches!(simulation.strategy, Strategy::Exhaustive { .. }) && simulation.only.is_none();
    match simulation.check(body) {
        Ok(passed) if exhaustive && !passed.complete && !enough => fail(&format!(
            "vela: `{name}` is not done after {} schedules of an exhaustive search: bound it (`preemptions = 2`), make the \
             test smaller, or say how many are enough (`schedules = …`)",
            passed.schedules
        )),
        Ok(passed) if exhaustive => {
            let how = if passed.complete { "complete" } else { "NOT complete" };
            say(&format!("vela: `{name}`: exhaustive search {how}, {} schedules", passed.schedules));
        }
        Ok(_) => {}
        Err(failure) => {
            let kept = keep(name, &failure);
            fail(&format!("{failure}{kept}"));
        }
    }
}

/// Fails the test: the report goes to standard error, and is the payload (`#[should_panic(expected = …)]` sees it).
fn fail(report: &str) -> ! {
    say(report);
    // Not `panic!`: its first line would point here.
    std::panic::resume_unwind(Box::new(report.to_owned()))
}

/// In one piece, as tests run side by side: standard error has no buffer, and each part of a text would be a write of its own.
fn say(text: &str) {
    let line = format!("{text}\n");
    eprint!("{line}");
}

fn configure(name: &str, options: &TestOptions) -> Result<Simulation, String> {
    let mut simulation = Simulation::new().name(name);
    simulation.strategy = strategy(options)?;
    simulation.schedules = options.schedules;
    simulation.seed = options.seed;
    simulation.faults = faults(options.faults)?;
    simulation.time_limit = Some(options.time_limit.unwrap_or(TIME_LIMIT));
    simulation.leaks_allowed = options.allow_leaks;
    if let Some(steps) = options.max_steps {
        simulation.max_steps = steps;
    }
    simulation.test = Some(name.to_owned());
    if let Some(schedules) = variable("VELA_SCHEDULES")? {
        simulation.schedules = match number(&schedules) {
            Ok(0) => return Err("VELA_SCHEDULES: at least one schedule has to be run".to_owned()),
            Ok(schedules) => Some(schedules),
            Err(error) => return Err(format!("VELA_SCHEDULES: {error}")),
        };
    }
    if let Some(seed) = variable("VELA_SEED")? {
        if seed == "random" {
            simulation.seed = Some(fresh());
        } else {
            simulation.only = Some(Only::Seed(number(&seed).map_err(|error| {
                format!("VELA_SEED: {error}\nhelp: it is a seed that a report has named, or the word `random`")
            })?));
        }
    }
    if let Some(seconds) = variable("VELA_WATCHDOG")? {
        number(&seconds)
            .map_err(|error| format!("VELA_WATCHDOG: {error}\nhelp: it is a number of seconds; 0: for ever"))?;
    }
    if let Some(replay) = variable("VELA_REPLAY")? {
        let path = if replay == "1" { place(name) } else { PathBuf::from(replay) };
        let text = fs::read_to_string(&path).map_err(|error| {
            let help = "it is 1 for the schedule that was kept when this test failed last (none is where it passed), or a file";
            format!("VELA_REPLAY: {}: {error}\nhelp: {help}", path.display())
        })?;
        simulation = simulation.replay(&text).map_err(|error| format!("VELA_REPLAY: {}: {error}", path.display()))?;
    }
    Ok(simulation)
}

fn strategy(options: &TestOptions) -> Result<Strategy, String> {
    let depth = options.depth.unwrap_or(DEPTH);
    match options.strategy.unwrap_or("mixed") {
        "mixed" => Ok(Strategy::Mixed),
        "random" => Ok(Strategy::Random),
        "pct" => Ok(Strategy::Pct { depth }),
        "exhaustive" => Ok(Strategy::Exhaustive { preemptions: options.preemptions }),
        other => Err(format!("no strategy is called `{other}`")),
    }
}

fn faults(names: &[&str]) -> Result<Faults, String> {
    names.iter().try_fold(Faults::none(), |faults, name| match *name {
        "spurious" => Ok(faults.spurious()),
        "cancel" => Ok(faults.cancel(1)),
        "panic" => Ok(faults.panic(1)),
        "delay" => Ok(faults.delay()),
        other => Err(format!("no fault is called `{other}`")),
    })
}

/// A number that differs from run to run.
fn fresh() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}

/// Where the schedule of a test is kept: in cargo's target directory, or else that for temporary files.
fn place(name: &str) -> PathBuf {
    let exe = env::current_exe().unwrap_or_default();
    let target = exe.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file()).map(Path::to_path_buf);
    // With the test program: others may have a test of the same name.
    let program = exe.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let program = program.rsplit_once('-').map_or(program, |(program, _)| program);
    let file = format!("{program}-{}.schedule", name.replace("::", "-"));
    target.unwrap_or_else(env::temp_dir).join("vela").join(file)
}

/// Keeps the shrunk schedule, and says how to see it again.
fn keep(name: &str, failure: &Failure) -> String {
    let path = place(name);
    let text = format!("# {name}: {}\n{}\n", failure.verdict(), failure.decisions());
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
    match written {
        Ok(()) => format!(" see it again: VELA_REPLAY=1 cargo test {name} -- --exact\n"),
        Err(error) => could_not_keep(&path, &error),
    }
}

fn could_not_keep(path: &Path, error: &io::Error) -> String {
    format!(" (the schedule could not be kept in {}: {error})\n", path.display())
}
