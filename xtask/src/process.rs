//! Running other programs: their output line by line, with an end that comes in any case.

use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The root of the workspace.
///
/// # Errors
///
/// When cargo cannot be asked, or this is not the workspace that xtask belongs to.
pub(crate) fn root() -> Result<PathBuf> {
    // Set by `cargo run`; without it, look from where we stand.
    let xtask = match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => std::env::current_dir()?.join("xtask"),
    };
    match xtask.parent() {
        Some(root) if root.join("xtask").join("Cargo.toml").is_file() => Ok(root.to_owned()),
        _ => bail!("run this as `cargo xtask` inside the workspace, or from its root"),
    }
}

/// The cargo that runs us, set to work in `root`.
pub(crate) fn cargo(root: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    prepared(Command::new(cargo), root)
}

/// The cargo of another toolchain, by way of rustup.
pub(crate) fn cargo_of(toolchain: &str, root: &Path) -> Command {
    let mut command = prepared(Command::new("rustup"), root);
    // Ours would point at the toolchain that built xtask.
    for name in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN", "CARGO_ENCODED_RUSTFLAGS", "LD_LIBRARY_PATH"] {
        command.env_remove(name);
    }
    command.args(["run", toolchain, "cargo"]);
    command
}

fn prepared(mut command: Command, root: &Path) -> Command {
    command.current_dir(root).stdin(Stdio::null());
    // `cargo run` describes xtask to us in these. Handed on, they would look to build scripts like a changed
    // environment, and everything would be built again.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    if io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    command
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    Badly,
    /// It was killed, with all it had started, because its time was up.
    Late,
}

/// Runs `command` with its output shown; says what it runs.
///
/// # Errors
///
/// When the program cannot be started.
pub(crate) fn run(command: Command, until: Option<Instant>) -> Result<Ended> {
    stream(command, until, |_| ())
}

/// Runs `command`, shows its output and gives each line to `on_line`. Both of its outputs come through one pipe,
/// so the lines are in the order in which they were written.
///
/// # Errors
///
/// When the program cannot be started.
pub(crate) fn stream(command: Command, until: Option<Instant>, on_line: impl FnMut(&str)) -> Result<Ended> {
    follow(command, until, true, on_line)
}

/// Like [`stream`], for output that is not for people's eyes.
///
/// # Errors
///
/// When the program cannot be started.
pub(crate) fn read(command: Command, until: Option<Instant>, on_line: impl FnMut(&str)) -> Result<Ended> {
    follow(command, until, false, on_line)
}

fn follow(mut command: Command, until: Option<Instant>, show: bool, mut on_line: impl FnMut(&str)) -> Result<Ended> {
    let shown = describe(&command);
    println!("$ {shown}");
    let (reader, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("cannot start `{shown}`"))?;
    drop(command); // and with it our copies of the pipe's writing end: the reader must see its end

    let (lines_in, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(n) if n > 0) {
            if lines_in.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });

    let mut silent_since_exit = 0;
    loop {
        if until.is_some_and(|until| Instant::now() >= until) {
            kill_tree(&mut child);
            child.wait()?;
            println!("\n`{shown}` did not end in time and was killed");
            return Ok(Ended::Late);
        }
        match lines.recv_timeout(Duration::from_millis(100)) {
            Ok(line) => {
                if show {
                    let _ = io::stdout().write_all(line.as_bytes());
                }
                on_line(strip_colours(&line).trim_end());
            }
            Err(RecvTimeoutError::Disconnected) => break,
            // Something that the program left behind may hold the pipe for ever: a second of silence is the end.
            Err(RecvTimeoutError::Timeout) if child.try_wait()?.is_some() => {
                silent_since_exit += 1;
                if silent_since_exit == 10 {
                    break;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    // The pipe may be closed before the program ends; the limit still holds.
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if until.is_some_and(|until| Instant::now() >= until) {
            kill_tree(&mut child);
            child.wait()?;
            return Ok(Ended::Late);
        }
        thread::sleep(Duration::from_millis(10));
    };
    Ok(if status.success() { Ended::Well } else { Ended::Badly })
}

/// True if `command` runs and ends well; its output is not shown.
pub(crate) fn works(mut command: Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// What `command` prints.
///
/// # Errors
///
/// When it cannot be started or ends badly; its error output is in the message.
pub(crate) fn output(mut command: Command) -> Result<String> {
    let shown = describe(&command);
    let output = command.output().with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}` failed:\n{}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The command as one would type it, with the variables that are set for it.
pub(crate) fn describe(command: &Command) -> String {
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        if let (Some(value), true) = (value, name != "CARGO_TERM_COLOR") {
            words.push(format!("{}={}", name.display(), quoted(&value.to_string_lossy())));
        }
    }
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    words.push(program.display().to_string());
    words.extend(command.get_args().map(|arg| quoted(&arg.to_string_lossy())));
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=+,:".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

/// Drops the escape sequences that colour a terminal.
fn strip_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c != '\x1b' {
            plain.push(c);
        } else if chars.next() == Some('[') {
            chars.find(char::is_ascii_alphabetic);
        }
    }
    plain
}

/// Kills `child` and what it has started: killing cargo alone would leave a hanging test at work.
/// Where there is no `/proc`, only the child itself.
fn kill_tree(child: &mut Child) {
    let mut ids = vec![child.id()];
    let mut next = 0;
    while let Some(id) = ids.get(next).copied() {
        next += 1;
        let tasks = std::fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            ids.extend(children.split_whitespace().filter_map(|word| word.parse::<u32>().ok()));
        }
    }
    if ids.len() > 1 {
        let list: Vec<String> = ids.iter().skip(1).map(u32::to_string).collect();
        works({
            let mut kill = Command::new("sh");
            kill.arg("-c").arg(format!("kill -KILL {}", list.join(" ")));
            kill
        });
    }
    let _ = child.kill();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).stdin(Stdio::null());
        command
    }

    #[test]
    #[cfg(unix)]
    fn both_outputs_arrive_in_the_order_written() {
        let mut seen = Vec::new();
        let ended = stream(shell("echo a; echo b >&2; echo c; echo d >&2"), None, |l| seen.push(l.to_owned()));
        assert_eq!(ended.unwrap(), Ended::Well);
        assert_eq!(seen, ["a", "b", "c", "d"]);
    }

    #[test]
    #[cfg(unix)]
    fn bad_exit_is_reported() {
        assert_eq!(run(shell("exit 3"), None).unwrap(), Ended::Badly);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn late_program_is_killed_with_its_children() {
        let mut id = String::new();
        let until = Instant::now() + Duration::from_millis(700);
        let ended = stream(shell("sleep 600 & echo $!; wait"), Some(until), |line| id = line.to_owned());
        assert_eq!(ended.unwrap(), Ended::Late);
        // Killed, it is gone or a zombie that nobody has buried yet.
        // A killed process may take a moment to go.
        let stat = || std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let gone = (0..1000).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            let stat = stat();
            stat.is_empty() || stat.contains(") Z")
        });
        assert!(gone, "still there: {}", stat());
    }

    #[test]
    #[cfg(unix)]
    fn what_a_program_leaves_behind_does_not_hold_us_up() {
        let before = Instant::now();
        assert_eq!(run(shell("sleep 20 & exit 0"), None).unwrap(), Ended::Well);
        assert!(before.elapsed() < Duration::from_secs(15));
    }

    #[test]
    fn colours_are_stripped() {
        assert_eq!(strip_colours("\x1b[1m\x1b[32m   Doc-tests\x1b[0m vela"), "   Doc-tests vela");
    }

    #[test]
    fn commands_are_shown_as_typed() {
        let mut command = Command::new("/somewhere/bin/cargo");
        command.args(["test", "-p", "vela-core", "a b"]).env("RUSTFLAGS", "--cfg vela_loom");
        assert_eq!(describe(&command), "RUSTFLAGS='--cfg vela_loom' cargo test -p vela-core 'a b'");
    }
}
