//! An example that runs: its lines as they come, signals for it, and its end; killed when it is dropped.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long anything here may take before it counts as hung. Nothing is expected to come near it.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Program {
    name: &'static str,
    child: Child,
    stdout: mpsc::Receiver<String>,
    stderr: Option<thread::JoinHandle<String>>,
}

/// How a program has ended.
#[derive(Debug)]
pub(crate) struct End {
    /// `None`: by a signal.
    pub(crate) code: Option<i32>,
    /// The lines of standard output that had not been read.
    pub(crate) rest: Vec<String>,
    pub(crate) stderr: String,
}

impl Program {
    pub(crate) fn start(name: &'static str, args: &[&str]) -> Self {
        let mut command = Command::new(binary(name));
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        let (out, err) = (child.stdout.take().expect("is piped"), child.stderr.take().expect("is piped"));
        let (tx, stdout) = mpsc::channel();
        thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| tx.send(line)));
        let stderr = thread::spawn(move || {
            let mut text = String::new();
            _ = BufReader::new(err).read_to_string(&mut text);
            text
        });
        Self { name, child, stdout, stderr: Some(stderr) }
    }

    /// Starts a server on a free port, and gives its address.
    pub(crate) fn serve(name: &'static str, more: &[&str]) -> (Self, String) {
        let program = Self::start(name, &[&["0"], more].concat());
        let line = program.line();
        let address = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{name} began with: {line}"));
        let address = address.to_owned();
        (program, address)
    }

    /// The next line of standard output.
    pub(crate) fn line(&self) -> String {
        self.stdout.recv_timeout(WATCHDOG).unwrap_or_else(|error| panic!("no line from {}: {error}", self.name))
    }

    /// Sends `SIGTERM`, `SIGINT`, … by the system's own `kill`.
    pub(crate) fn signal(&self, signal: &str) {
        let status = Command::new("sh").arg("-c").arg(format!("kill -{signal} {}", self.child.id())).status();
        assert!(status.is_ok_and(|status| status.success()), "cannot send {signal} to {}", self.name);
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> End {
        let deadline = Instant::now() + WATCHDOG;
        let mut rest = Vec::new();
        loop {
            match self.stdout.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => rest.push(line),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("{} does not end; it said {rest:#?}", self.name),
            }
        }
        // Its output is closed: it is about to end. `kill` on drop serves for one that is not.
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                let stderr = self.stderr.take().and_then(|reader| reader.join().ok()).unwrap_or_default();
                return End { code: status.code(), rest, stderr };
            }
            thread::sleep(Duration::from_millis(1));
        }
        panic!("{} has closed its output, but does not end", self.name)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        _ = self.child.kill(); // an error if it has ended already
        _ = self.child.wait();
    }
}

impl End {
    /// All that was left on standard output, if the program has ended well and without complaints.
    #[track_caller]
    pub(crate) fn well(self) -> Vec<String> {
        assert_eq!(self.stderr, "", "complained");
        self.well_at_last()
    }

    /// The same of a program whose actors fail, as they are meant to: each time that is told of.
    #[cfg(feature = "actor")]
    #[track_caller]
    pub(crate) fn well_after_failures(self) -> Vec<String> {
        let told = |line: &str| line.starts_with("vela: ") && line.contains(" failed while running: ");
        let other: Vec<_> = self.stderr.lines().filter(|line| !told(line)).collect();
        assert!(other.is_empty() && !self.stderr.is_empty(), "complained: {other:#?} of {}", self.stderr);
        self.well_at_last()
    }

    #[track_caller]
    fn well_at_last(self) -> Vec<String> {
        assert_eq!(self.code, Some(0), "ended badly; stderr: {}; stdout: {:#?}", self.stderr, self.rest);
        self.rest
    }
}

/// `target/<profile>/examples/<name>`, seen from `target/<profile>/deps/<this test>`.
fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this program has a path");
    let profile = test.parent().and_then(Path::parent).expect("tests lie in target/<profile>/deps");
    let binary = profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(format!("{name}.rs"));
    let modified = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    let how =
        "run `cargo test`, or build it first: `cargo build --examples` (with `--test examples` alone cargo does not)";
    match (modified(&binary), modified(&source)) {
        (None, _) => panic!("the example `{name}` is not built: there is no {}; {how}", binary.display()),
        (Some(built), Some(written)) if built < written => {
            panic!("the example `{name}` has changed since {} was built; {how}", binary.display())
        }
        _ => binary,
    }
}
