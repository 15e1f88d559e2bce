//! The examples that run to their end by themselves: what they print is always the same.

use std::fs;
use std::path::PathBuf;

use crate::process::Program;

#[track_caller]
fn prints(name: &'static str, args: &[&str], expected: &str) {
    let printed = Program::start(name, args).end().well();
    is_printed(name, &printed, expected);
}

#[track_caller]
fn is_printed(name: &str, printed: &[String], expected: &str) {
    let expected: Vec<&str> = expected.lines().collect();
    assert_eq!(printed, expected, "{name} prints something else");
}

/// `$prints` is given the name, its arguments, and what it should print.
macro_rules! examples {
    ($prints:ident: $($name:ident)*) => { $(
        #[test]
        fn $name() {
            $prints(stringify!($name), &[], include_str!(concat!("expected/", stringify!($name), ".txt")));
        }
    )* };
}

examples! { prints: tour sieve pipeline worker_pool rate_limiter fan_in_out timeouts_and_cancel }

#[cfg(feature = "actor")]
examples! { prints: dashboard event_bus }

/// Of programs whose actors fail.
#[cfg(feature = "actor")]
#[track_caller]
fn prints_after_failures(name: &'static str, args: &[&str], expected: &str) {
    is_printed(name, &Program::start(name, args).end().well_after_failures(), expected);
}

#[cfg(feature = "actor")]
examples! { prints_after_failures: bank crawler }

#[cfg(feature = "sim")]
#[test]
fn find_a_deadlock() {
    prints("find_a_deadlock", &[], include_str!("expected/find_a_deadlock.txt"));
    let lines: Vec<&str> = include_str!("expected/find_a_deadlock.txt").lines().collect();
    // Rare: at most one in a thousand of what an ordinary run does; common for the default strategy.
    let among =
        lines[0].strip_prefix("-- It looks well: ").and_then(|rest| rest.split_once(" of 10000 random schedules"));
    let deadlocks: u32 = among.and_then(|(count, _)| count.parse().ok()).expect("a count");
    assert!((1..10).contains(&deadlocks), "{deadlocks} of 10000");
    // The report fits on a screen.
    let end = lines.iter().position(|line| line.starts_with("-- The shrunk")).expect("it is replayed");
    assert!(lines[2].starts_with("vela: DEADLOCK (certain), 3 tasks") && end - 2 <= 24, "{} lines", end - 2);
    assert!(lines.iter().all(|line| line.chars().count() <= 120));
    assert_eq!(lines[lines.len() - 1], "10000 schedules pass");
}

#[test]
fn sieve_of_any_length() {
    let is_prime = |n: &u64| (2..*n).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
    let primes: Vec<u64> = (2..).filter(is_prime).take(130).collect();
    for count in [0, 1, 130] {
        let printed = Program::start("sieve", &[&count.to_string()]).end().well();
        let found: Vec<u64> =
            printed.iter().flat_map(|row| row.split_whitespace()).filter_map(|n| n.parse().ok()).collect();
        assert_eq!(found, primes[..count]);
    }
    let refused = Program::start("sieve", &["many"]).end();
    assert_eq!((refused.code, refused.stderr.trim()), (Some(1), "Error: invalid digit found in string"));
}

#[test]
fn go_port_sums_every_file_once() {
    let root = Folder::new("go_port");
    let mut expected = Vec::new();
    // FNV-1a's own test vectors, and more files than digesters.
    for (name, content, sum) in [("empty", "", 0xcbf2_9ce4_8422_2325_u64), ("a", "a", 0xaf63_dc4c_8601_ec8c)] {
        expected.push((root.write(name, content), sum));
    }
    for i in 0..40 {
        expected.push((root.write(&format!("sub/{}/{i}", i % 3), "foobar"), 0x8594_4171_f739_67e8));
    }
    expected.sort();
    let lines: Vec<_> = expected.iter().map(|(path, sum)| format!("{sum:016x}  {}\n", path.display())).collect();
    prints("go_port", &[&root.0.display().to_string()], &lines.concat());
}

#[test]
fn go_port_reports_what_cannot_be_read() {
    let root = Folder::new("go_port_errors");
    let missing = root.0.join("missing").display().to_string();
    let end = Program::start("go_port", &[&missing]).end();
    assert_eq!(end.code, Some(1));
    assert_eq!(end.rest, [""; 0]);
    assert!(end.stderr.starts_with("Error: "), "{}", end.stderr);
}

/// A folder for one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("the folder for tests can be written to");
        Self(path)
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder can be made");
        fs::write(&path, content).expect("a file can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}
