//! A test of this very program, run alone in a process of its own.

use std::path::PathBuf;
use std::process::Command;

/// How it has ended, and all it has said.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

#[derive(Debug)]
pub(crate) struct Child(Command);

impl Child {
    /// `test` alone, as `cargo test -- --exact` runs it.
    pub(crate) fn of(test: &str) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut command = Command::new(program);
        command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
        Self::clean(command)
    }

    /// The same under another runner.
    pub(crate) fn by(mut command: Command) -> Self {
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        Self::clean(command)
    }

    /// Without what was set for this process.
    fn clean(mut command: Command) -> Self {
        for name in ["VELA_SEED", "VELA_REPLAY", "VELA_SCHEDULES", "VELA_WATCHDOG", "RUST_BACKTRACE"] {
            command.env_remove(name);
        }
        Self(command)
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn run(mut self) -> End {
        let output = self.0.output().unwrap_or_else(|error| panic!("{:?} cannot be run: {error}", self.0));
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        End { code: output.status.code(), text: text.concat() }
    }
}

/// A file in this repository.
pub(crate) fn file(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
