//! What a failing, replayed or hanging test says, and that its guide says the same.

use std::process::Command;

use crate::child::{Child, End, file};

const TEST: &str = "crawl::visits_every_page";

fn with_the_bug() -> Child {
    Child::of(TEST).env("CRAWL_WITH_THE_BUG", "1")
}

/// The report in what a process has said.
#[track_caller]
fn report(end: &End) -> Vec<String> {
    let from = end.text.find("vela: DEADLOCK").unwrap_or_else(|| panic!("no report: {}", end.text));
    let lines = end.text[from..].lines().take_while(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// What stands behind `name` in the command that a line of the report names.
#[track_caller]
fn value<'a>(report: &'a [String], name: &str) -> &'a str {
    let found = report.iter().find_map(|line| line.split_once(name)?.1.split_whitespace().next());
    found.unwrap_or_else(|| panic!("no {name} in {report:#?}"))
}

#[test]
fn a_failing_test_ends_with_a_report_that_leads_back_to_it() {
    // One test for all of it: the processes share the file in which the schedule is kept.
    let end = with_the_bug().run();
    assert_eq!(end.code, Some(101), "{}", end.text);
    let found = report(&end);
    assert!(found.len() <= 24, "{} lines: {found:#?}", found.len());
    assert!(found.iter().all(|line| line.chars().count() <= 120), "{found:#?}");
    assert!(
        file("src/guide/testing.md").contains(&found.join("\n")),
        "the guide shows another report than\n{}",
        found.join("\n")
    );
    assert_eq!(report(&with_the_bug().run()), found, "another process says something else");

    // By its seed: found in the first schedule that is run, and shrunk to the same.
    let seed = value(&found, "VELA_SEED=");
    let again = with_the_bug().env("VELA_SEED", seed).run();
    assert_eq!(again.code, Some(101), "{}", again.text);
    let again = report(&again);
    assert!(again[0].contains(seed) && !again[0].contains("schedule"), "{}", again[0]);
    assert_eq!(again[1..], found[1..]);

    // The shrunk schedule itself.
    assert_eq!(value(&found, "VELA_REPLAY="), "1");
    let replayed = with_the_bug().env("VELA_REPLAY", "1").run();
    assert_eq!(replayed.code, Some(101), "{}", replayed.text);
    let replayed = report(&replayed);
    assert!(replayed[0].contains("replayed"), "{}", replayed[0]);
    let who_waits =
        |report: &[String]| report[1..].iter().filter(|line| line.contains(" at ")).cloned().collect::<Vec<_>>();
    assert_eq!(who_waits(&replayed), who_waits(&found));

    // The fixed program passes both.
    for (name, value) in [("VELA_SEED", seed), ("VELA_REPLAY", "1")] {
        let fixed = Child::of(TEST).env(name, value).run();
        assert_eq!(fixed.code, Some(0), "{name}={value}: {}", fixed.text);
        assert!(fixed.text.contains("1 passed"), "{}", fixed.text);
    }
    fails_under_nextest();
}

/// What nextest does, without a build: one process for each test, called like this.
fn fails_under_nextest() {
    let program = std::env::current_exe().expect("this program has a path");
    let listed = Command::new(&program).args(["--list", "--format", "terse"]).output().expect("it runs");
    assert!(String::from_utf8_lossy(&listed.stdout).contains(&format!("{TEST}: test")));
    let mut command = Command::new(&program);
    command
        .args([TEST, "--nocapture", "--exact"])
        .env("NEXTEST", "1")
        .env("NEXTEST_EXECUTION_MODE", "process-per-test");
    let end = Child::by(command).env("CRAWL_WITH_THE_BUG", "1").env("VELA_SCHEDULES", "10_000").run();
    assert_eq!(end.code, Some(101), "{}", end.text);
    assert_eq!(value(&report(&end), "VELA_REPLAY="), "1");
}

#[test]
fn a_wrong_value_of_a_variable_is_an_error_that_names_it() {
    for (name, value, says) in [
        ("VELA_SEED", "yes", "VELA_SEED: `yes` is no number (12, 0x5eed)"),
        ("VELA_SCHEDULES", "many", "VELA_SCHEDULES: `many` is no number"),
        ("VELA_REPLAY", "/nowhere/at/all", "VELA_REPLAY: /nowhere/at/all: "),
        ("VELA_REPLAY", "Cargo.toml", "VELA_REPLAY: Cargo.toml: "),
    ] {
        let end = Child::of(TEST).env(name, value).run();
        assert_eq!(end.code, Some(101), "{name}={value}: {}", end.text);
        assert!(end.text.contains(says), "{name}={value}: {}", end.text);
    }
}

#[test]
fn the_watchdog_ends_a_test_that_hangs() {
    let end = Child::of("hangs::lock_held_over_an_await").env("HANG_ON_A_LOCK", "1").env("VELA_WATCHDOG", "2").run();
    assert_eq!(end.code, Some(101), "{}", end.text);
    assert!(end.text.contains("vela: HANGS in `hangs::lock_held_over_an_await`: task 1 spawned at "), "{}", end.text);
    assert!(end.text.contains("tests/sim_process/hangs.rs") && end.text.contains("for 2 s"), "{}", end.text);
}

#[test]
fn the_guide_shows_the_code_that_is_tested() {
    let (guide, code) = (file("src/guide/testing.md"), file("tests/sim_process/crawl.rs"));
    let shown: Vec<&str> = guide
        .split("```")
        .skip(1)
        .step_by(2)
        .filter(|block| block.contains("async fn crawl"))
        .flat_map(str::lines)
        .skip(1)
        .filter(|line| !line.starts_with('#') && !line.starts_with("rust") && !line.is_empty())
        .collect();
    assert!(shown.len() > 50, "{} lines", shown.len());
    for line in shown {
        assert!(code.lines().any(|other| other == line), "only in the guide: {line}");
    }
}
