//! Counting tests from what `cargo test` prints.

use std::fmt;

use crate::process::Ended;

/// What ran, and how it went.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    /// The names of what failed, each with its program.
    pub(crate) failures: Vec<String>,
    /// What was skipped, each with the reason.
    pub(crate) skips: Vec<String>,
    /// The test programs that were started, as cargo names them.
    pub(crate) programs: Vec<String>,
}

impl Tally {
    /// One thing failed.
    pub(crate) fn one_failure(what: impl Into<String>) -> Self {
        Self { failed: 1, failures: vec![what.into()], ..Self::default() }
    }

    /// One thing was skipped: `what` says which, and why.
    pub(crate) fn one_skip(what: impl Into<String>) -> Self {
        Self { skipped: 1, skips: vec![what.into()], ..Self::default() }
    }

    /// Adds `other` to this.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.failures.extend(other.failures);
        self.skips.extend(other.skips);
        self.programs.extend(other.programs);
    }

    /// Prints what failed and what was skipped; the line of counts comes last and alone.
    pub(crate) fn report(&self) {
        println!();
        if !self.skips.is_empty() {
            println!("SKIPPED ({}):", self.skipped);
            self.skips.iter().for_each(|skip| println!("  - {skip}"));
        }
        if !self.failures.is_empty() {
            println!("FAILED ({}):", self.failed);
            self.failures.iter().for_each(|failure| println!("  - {failure}"));
        }
        println!("{self}");
    }
}

/// `N passed, N failed, N skipped`.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Reads the output of `cargo test --no-fail-fast`, line by line.
///
/// A program ends where the next begins. One that printed no `test result:` either crashed, and then cargo says that
/// it failed, or has no test harness, and then it is one test.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    done: Tally,
    current: Option<Program>,
}

#[derive(Debug)]
struct Program {
    name: String,
    tally: Tally,
    results: u32,
    cargo_says_failed: bool,
}

impl Counter {
    /// Takes the next line, without colours.
    pub(crate) fn line(&mut self, line: &str) {
        if let Some(name) = program_of(line) {
            self.close();
            let tally = Tally { programs: vec![name.clone()], ..Tally::default() };
            self.current = Some(Program { name, tally, results: 0, cargo_says_failed: false });
            return;
        }
        let Some(program) = &mut self.current else { return };
        if line.starts_with("error: test failed") || line.starts_with("error: doctest failed") {
            program.cargo_says_failed = true;
        } else if let Some((passed, failed, ignored)) = result_of(line) {
            program.results += 1;
            program.tally.passed += passed;
            program.tally.failed += failed;
            program.tally.skipped += ignored;
        } else if let Some((test, verdict)) = verdict_of(line) {
            if verdict == "FAILED" {
                program.tally.failures.push(format!("{}: {test}", program.name));
            } else if let Some(reason) = verdict.strip_prefix("ignored") {
                let reason = reason.strip_prefix(", ").unwrap_or("ignored, no reason given");
                program.tally.skips.push(format!("{}: {test}: {reason}", program.name));
            }
        }
    }

    fn close(&mut self) {
        let Some(Program { name, mut tally, results, cargo_says_failed }) = self.current.take() else { return };
        if cargo_says_failed && tally.failed == 0 {
            tally.add(Tally::one_failure(format!("{name}: ended badly; its output is above")));
        } else if results == 0 && !cargo_says_failed {
            tally.passed += 1; // a test without a harness
        }
        self.done.add(tally);
    }

    /// All lines were given; `ended` is how cargo itself ended.
    pub(crate) fn finish(mut self, ended: Ended) -> Tally {
        if let (Ended::Late, Some(program)) = (ended, &mut self.current) {
            program.cargo_says_failed = true;
            let what = format!("{}: was still running when the time was up", program.name);
            program.tally.add(Tally::one_failure(what));
        }
        self.close();
        if ended != Ended::Well && self.done.failed == 0 {
            self.done.add(Tally::one_failure("cargo test: failed before any test did; its output is above"));
        }
        self.done
    }
}

/// The program that cargo says it starts: `     Running unittests src/lib.rs (…)`, `   Doc-tests vela`.
fn program_of(line: &str) -> Option<String> {
    if let Some(rest) = line.strip_prefix("     Running ") {
        let (source, binary) = rest.strip_suffix(')')?.rsplit_once(" (")?;
        // target/debug/deps/vela_core-0123456789abcdef: many crates have a src/lib.rs, so both names are told.
        let file = binary.rsplit(['/', '\\']).next()?.trim_end_matches(".exe");
        let stem = file.rsplit_once('-').map_or(file, |(stem, _)| stem);
        return Some(format!("{stem} ({})", source.trim_start_matches("unittests ")));
    }
    line.strip_prefix("   Doc-tests ").map(|name| format!("{name} (doctests)"))
}

/// The counts of `test result: ok. 5 passed; 0 failed; 1 ignored; …`.
fn result_of(line: &str) -> Option<(u64, u64, u64)> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let of = |what: &str| {
        let part = counts.split("; ").find(|part| part.ends_with(what))?;
        part.strip_suffix(what)?.trim().parse().ok()
    };
    Some((of("passed")?, of("failed")?, of("ignored")?))
}

/// The test and its verdict: `test chan::fifo ... ignored, too long`.
fn verdict_of(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("test ")?.rsplit_once(" ... ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str, ended: Ended) -> Tally {
        let mut counter = Counter::default();
        text.lines().for_each(|line| counter.line(line));
        counter.finish(ended)
    }

    const GOOD: &str = "
    Finished `test` profile [unoptimized] target(s) in 0.02s
     Running unittests src/lib.rs (target/debug/deps/vela_core-0123456789abcdef)

running 3 tests
test a ... ok
test b ... ignored, needs a network
test c ... ignored

test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s

   Doc-tests vela

running 1 test
test src/lib.rs - (line 3) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.11s

all doctests ran in 0.11s; merged doctests compilation took 0.09s
";

    #[test]
    fn counts_programs_and_reasons() {
        let tally = count(GOOD, Ended::Well);
        assert_eq!(tally.to_string(), "2 passed, 0 failed, 2 skipped");
        assert_eq!(tally.programs, ["vela_core (src/lib.rs)", "vela (doctests)"]);
        assert_eq!(
            tally.skips,
            ["vela_core (src/lib.rs): b: needs a network", "vela_core (src/lib.rs): c: ignored, no reason given"]
        );
    }

    #[test]
    fn failing_tests_are_named() {
        let text = "     Running tests/it/main.rs (target/debug/deps/it-0123)
test x::y ... FAILED
test result: FAILED. 4 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s

error: test failed, to rerun pass `-p vela --test it`";
        let tally = count(text, Ended::Badly);
        assert_eq!(tally.to_string(), "4 passed, 1 failed, 0 skipped");
        assert_eq!(tally.failures, ["it (tests/it/main.rs): x::y"]);
    }

    #[test]
    fn crash_counts_as_a_failure_and_the_next_program_is_still_counted() {
        let text = "     Running tests/crash.rs (target/debug/deps/crash-0123)
running 2 tests
error: test failed, to rerun pass `-p vela --test crash`

Caused by:
  process didn't exit successfully: (signal: 6, SIGABRT: process abort signal)
     Running tests/it/main.rs (target/debug/deps/it-0123)
test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s
error: 1 target failed:
    `-p vela --test crash`";
        let tally = count(text, Ended::Badly);
        assert_eq!(tally.to_string(), "4 passed, 1 failed, 0 skipped");
        assert!(tally.failures[0].contains("crash (tests/crash.rs): ended badly"));
    }

    #[test]
    fn program_without_harness_is_one_test() {
        let text = "     Running tests/alloc.rs (target/debug/deps/alloc-0123)\nall well";
        assert_eq!(count(text, Ended::Well).to_string(), "1 passed, 0 failed, 0 skipped");
        let failed = format!("{text}\nerror: test failed, to rerun pass `-p vela --test alloc`");
        assert_eq!(count(&failed, Ended::Badly).to_string(), "0 passed, 1 failed, 0 skipped");
    }

    #[test]
    fn broken_build_is_a_failure() {
        let tally = count("error[E0425]: cannot find value `x` in this scope", Ended::Badly);
        assert_eq!(tally.to_string(), "0 passed, 1 failed, 0 skipped");
    }

    #[test]
    fn hanging_program_is_one_failure() {
        let text = "     Running tests/it/main.rs (target/debug/deps/it-0123)\ntest a ... ok";
        let tally = count(text, Ended::Late);
        assert_eq!(tally.to_string(), "0 passed, 1 failed, 0 skipped");
        assert!(tally.failures[0].contains("still running"));
    }

    #[test]
    fn what_tests_print_is_not_counted() {
        let text = "     Running tests/ui.rs (target/debug/deps/ui-0123)
test ui/fail/refutable.rs [should fail to compile] ... ok
     Running away from it all
test result: a sentence of ours
test ui ... ok
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9.00s";
        assert_eq!(count(text, Ended::Well).to_string(), "1 passed, 0 failed, 0 skipped");
    }
}
