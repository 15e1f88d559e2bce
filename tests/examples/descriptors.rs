//! Enough file descriptors for a test with many sockets.

use std::process::{Command, Stdio};

/// Set in the second run, so that there is no third.
const RAISED: &str = "VELA_TEST_DESCRIPTORS_RAISED";

/// Runs `body` where a process (this one, and those that it starts) may open `wanted` files.
///
/// If that is more than the soft limit, the test `name` is run again, by itself, in a process with a higher one.
///
/// # Panics
///
/// If the limit cannot be raised that far: a test that would quietly do less is worse than one that fails.
pub(crate) fn with_descriptors(name: &str, wanted: u64, body: impl FnOnce()) {
    let soft = limit("-S");
    if soft >= wanted {
        return body();
    }
    let hard = limit("-H");
    assert!(
        hard >= wanted && std::env::var_os(RAISED).is_none(),
        "{name} needs {wanted} open files, and the limit cannot be raised: it is {soft}, at most {hard}. \
         Raise the hard limit (`ulimit -Hn`) and run the test again"
    );
    let run = Command::new("sh")
        .args(["-c", r#"ulimit -S -n "$0" && exec "$@""#, &wanted.to_string()])
        .arg(std::env::current_exe().expect("this program has a path"))
        .args(["--exact", name, "--nocapture"])
        .env(RAISED, "1")
        .stdin(Stdio::null())
        .output()
        .expect("there is a shell");
    let (stdout, stderr) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    let ran = stdout.contains("1 passed");
    assert!(run.status.success() && ran, "{name}, with {wanted} open files allowed:\n{stdout}{stderr}");
}

/// The soft (`-S`) or hard (`-H`) limit of this process, as its children inherit it.
fn limit(which: &str) -> u64 {
    let shell = Command::new("sh").args(["-c", &format!("ulimit {which} -n")]).output().expect("there is a shell");
    let text = String::from_utf8_lossy(&shell.stdout);
    match text.trim() {
        "unlimited" => u64::MAX,
        number => number.parse().unwrap_or_else(|_| panic!("`ulimit {which} -n` says `{number}`")),
    }
}
