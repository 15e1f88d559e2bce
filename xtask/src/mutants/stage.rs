//! Test programs, and what becomes of a mutant in them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::SWITCH;

/// A test program with its arguments.
pub(super) struct Stage {
    pub(super) program: PathBuf,
    pub(super) dir: PathBuf,
    pub(super) args: Vec<&'static str>,
}

/// How long each stage may take: what it takes without a mutant, and plenty.
pub(super) fn baseline(stages: &[Stage]) -> Result<Vec<Duration>> {
    let limit = |stage: &Stage| {
        let before = Instant::now();
        if let Some(failure) = stage.failure(0, Duration::from_secs(600))? {
            bail!("without a mutant: {failure}");
        }
        Ok(before.elapsed() * 4 + Duration::from_secs(10))
    };
    stages.iter().map(limit).collect()
}

/// What caught the mutant; `None`: nothing did.
pub(super) fn fate(stages: &[Stage], limits: &[Duration], mutant: usize) -> Option<String> {
    stages.iter().zip(limits).find_map(|(stage, &limit)| {
        stage.failure(mutant, limit).unwrap_or_else(|error| Some(format!("cannot be tested: {error:#}")))
    })
}

impl Stage {
    /// Runs the tests with a mutant switched on, up to the first that fails.
    pub(super) fn failure(&self, mutant: usize, limit: Duration) -> Result<Option<String>> {
        let mut command = std::process::Command::new(&self.program);
        command.args(&self.args).arg("--test-threads=2").current_dir(&self.dir);
        // The bodies of all mutants of a function share one frame.
        command.env(SWITCH, mutant.to_string()).env("RUST_MIN_STACK", "67108864");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let until = Instant::now() + limit;
        let reader = BufReader::new(child.stdout.take().context("no output")?);
        let (lines_in, lines) = mpsc::channel();
        thread::spawn(move || reader.lines().map_while(Result::ok).try_for_each(|line| lines_in.send(line)));
        let failure = loop {
            match lines.recv_timeout(Duration::from_millis(50)) {
                Ok(line) if line.ends_with("... FAILED") => break Some(format!("caught by {line}")),
                Err(mpsc::RecvTimeoutError::Disconnected) => break None,
                _ if Instant::now() > until => break Some("timeout".to_owned()),
                _ if pages(child.id()) > MOST_PAGES => break Some("caught: takes all memory".to_owned()),
                _ => {}
            }
        };
        if failure.is_some() {
            child.kill()?;
        }
        let status = child.wait()?;
        Ok(failure.or_else(|| (!status.success()).then(|| format!("caught: ends with {status}"))))
    }
}

/// 3 GiB, of 4 KiB each.
pub(super) const MOST_PAGES: u64 = 3 << 18;

/// How much memory a process has; 0 where there is no `/proc`.
pub(super) fn pages(id: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{id}/statm")).unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0)
}
