//! A running service, with a directory of its own: small queues, a free port, an empty file.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use orders::order::Order;
use rusqlite::Connection;
pub(crate) use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use tempfile::TempDir;

use crate::page::Page;

/// After so long what should have happened will not happen any more.
const PATIENCE: Duration = Duration::from_secs(60);

/// Looks until it sees something. No test waits for a time: all of them wait for a state.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < until, "never seen: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The service in this directory, which gets a copy of its configuration; its log goes to a file there.
fn command(dir: &TempDir, variables: &[(&str, &str)]) -> Command {
    let config = dir.path().join("config");
    fs::create_dir(&config).unwrap();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("config")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), config.join(file.file_name())).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_orders"));
    command.current_dir(dir).stdin(Stdio::null()).stderr(File::create(dir.path().join("log")).unwrap());
    command.envs([("VELA_ENV", "test"), ("ORDERS_LISTEN", "127.0.0.1:0"), ("ORDERS_LOOKUP", "1ms")]);
    command.envs(variables.iter().copied());
    command
}

/// Starts a service that is expected not to: its status, and its log.
pub(crate) fn refused(variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service { child: command(&dir, variables).spawn().unwrap(), url: String::new(), dir };
    (service.end().code(), service.log())
}

pub(crate) struct Service {
    child: Child,
    url: String,
    dir: TempDir,
}

impl Service {
    /// Starts it with these variables besides, and waits until it listens.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut child = command(&dir, variables).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut service = Self { child, url: String::new(), dir };
        let url = line.trim().strip_prefix("listening on ");
        service.url = url.unwrap_or_else(|| panic!("{line:?}; its log:\n{}", service.log())).to_owned();
        service
    }

    pub(crate) fn client(&self) -> Client {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        Client { agent: agent.into(), url: self.url.clone() }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn end(&mut self) -> ExitStatus {
        eventually("the end of the service", || self.child.try_wait().unwrap())
    }

    /// Waits for its end, which must be a good one.
    pub(crate) fn end_well(&mut self) {
        let status = self.end();
        assert!(status.success(), "{status}; its log:\n{}", self.log());
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap()
    }

    /// The file of this name in its configuration.
    pub(crate) fn config(&self, name: &str) -> PathBuf {
        self.dir.path().join("config").join(name)
    }

    /// A connection of our own to its file.
    pub(crate) fn database(&self) -> Connection {
        Connection::open(self.dir.path().join("orders.db")).unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A client with connections that it keeps.
pub(crate) struct Client {
    agent: ureq::Agent,
    url: String,
}

/// The status, and the seconds after which to try again.
pub(crate) type Answered = (u16, Option<String>);

impl Client {
    /// `Err`: the connection has failed, and nobody knows whether the order was taken.
    pub(crate) fn post(&self, body: &str) -> Result<Answered, ureq::Error> {
        let mut response = self.agent.post(format!("{}/orders", self.url)).send(body)?;
        response.body_mut().read_to_string()?; // so that the connection can be used again
        let retry = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        Ok((response.status().as_u16(), retry))
    }

    pub(crate) fn get(&self, path: &str) -> String {
        let mut response = self.agent.get(format!("{}{path}", self.url)).call().unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}");
        response.body_mut().read_to_string().unwrap()
    }

    pub(crate) fn scrape(&self) -> Page {
        Page::parse(&self.get("/metrics"))
    }
}

pub(crate) fn json(id: &str, item: &str, quantity: u32) -> String {
    serde_json::to_string(&Order { id: id.to_owned(), item: item.to_owned(), quantity }).unwrap()
}
