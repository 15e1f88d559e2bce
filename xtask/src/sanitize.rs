//! `cargo xtask sanitize`: vela-core's tests under the sanitizers and Miri, as far as their components are there.

use std::path::{Path, PathBuf};
use std::process::Command as Program;

use anyhow::{Result, bail};

use crate::args::Args;
use crate::tally::Tally;
use crate::workspace::Workspace;
use crate::{Command, Outcome, process, test};

pub(crate) const COMMAND: Command = Command {
    name: "sanitize",
    options: "[address|leak|thread|miri]… [--require]",
    about: "the tests of the core under AddressSanitizer, LeakSanitizer, ThreadSanitizer, Miri",
    details: "\
Runs the unit and integration tests of vela-core on the nightly toolchain, each tool in a target
directory of its own (target/sanitize/…). Without a name: all four.

  address   memory errors, use of a stack frame after its return included (nodes live in futures)
  leak      memory that nobody can reach any more; xtask/lsan.supp lists what leaks on purpose
  thread    data races; needs the component rust-src: without a standard library that is built with
            ThreadSanitizer too, it does not see the locks and atomics inside std and reports races
            that are none, already in the test harness
  miri      undefined behaviour, unit tests only; needs the components miri and rust-src

What is missing is said loudly and counts as skipped.

  --require   a tool that was named and cannot run is a failure

Ends with `N passed, N failed, N skipped`.",
    counts: true,
    run,
};

const TOOLCHAIN: &str = "nightly";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Address,
    Leak,
    Thread,
    Miri,
}

impl Tool {
    const ALL: [Self; 4] = [Self::Address, Self::Leak, Self::Thread, Self::Miri];

    fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Leak => "leak",
            Self::Thread => "thread",
            Self::Miri => "miri",
        }
    }

    /// The part of the runtime library's file name that is the sanitizer's own.
    fn runtime(self) -> Option<&'static str> {
        match self {
            Self::Address => Some("rt.asan"),
            Self::Leak => Some("rt.lsan"),
            Self::Thread => Some("rt.tsan"),
            Self::Miri => None,
        }
    }

    fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|tool| tool.name() == name);
        found.map_or_else(|| bail!("`{name}` is none of address, leak, thread, miri"), Ok)
    }
}

/// What the nightly toolchain has.
#[derive(Debug, Default)]
struct Nightly {
    host: String,
    /// The file names of the host's libraries.
    libraries: Vec<String>,
    rust_src: bool,
    miri: bool,
}

impl Nightly {
    /// `None` without a nightly toolchain.
    fn look(root: &Path) -> Option<Self> {
        let rustc = |args: &[&str]| {
            let mut rustup = Program::new("rustup");
            rustup.current_dir(root).args(["run", TOOLCHAIN, "rustc"]).args(args);
            process::output(rustup).ok()
        };
        let version = rustc(&["-vV"])?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "))?.to_owned();
        let libs = PathBuf::from(rustc(&["--print", "sysroot"])?.trim()).join("lib/rustlib");
        let files = std::fs::read_dir(libs.join(&host).join("lib")).into_iter().flatten().flatten();
        let mut miri = process::cargo_of(TOOLCHAIN, root);
        miri.args(["miri", "--version"]);
        Some(Self {
            libraries: files.map(|file| file.file_name().to_string_lossy().into_owned()).collect(),
            rust_src: libs.join("src/rust/library/Cargo.lock").is_file(),
            miri: process::works(miri),
            host,
        })
    }

    /// Why `tool` cannot run here.
    fn obstacle(&self, tool: Tool) -> Option<String> {
        if let Some(runtime) = tool.runtime()
            && !self.libraries.iter().any(|file| file.contains(runtime))
        {
            return Some(format!("nightly has no runtime library for it on {}", self.host));
        }
        match tool {
            Tool::Thread if !self.rust_src => Some(
                "the component rust-src is missing (rustup +nightly component add rust-src). Without it std cannot be \
                 built with ThreadSanitizer, which then does not see the locks and atomics inside std and reports \
                 races that are none, already in the test harness"
                    .to_owned(),
            ),
            Tool::Miri if !self.miri || !self.rust_src => Some(
                "the components miri and rust-src are needed (rustup +nightly component add miri rust-src)".to_owned(),
            ),
            _ => None,
        }
    }
}

fn run(mut args: Args) -> Outcome {
    let require = args.flag("--require");
    let mut named = Vec::new();
    while let Some(word) = args.word() {
        named.push(Tool::named(&word)?);
    }
    args.finish()?;

    let workspace = Workspace::load()?;
    let nightly = Nightly::look(&workspace.root);
    let mut tally = Tally::default();
    for tool in if named.is_empty() { Tool::ALL.to_vec() } else { named.clone() } {
        println!("\n==> {}", tool.name());
        let obstacle = match &nightly {
            None => Some("there is no nightly toolchain (rustup toolchain install nightly)".to_owned()),
            Some(nightly) => nightly.obstacle(tool),
        };
        tally.add(match (obstacle, &nightly) {
            (None, Some(nightly)) => test::counted_some(command(tool, &nightly.host, &workspace), None, tool.name())?,
            (obstacle, _) => {
                let what = format!("{}: {}", tool.name(), obstacle.unwrap_or_default());
                let required = require && named.contains(&tool);
                println!("{}: {what}", if required { "FAILED" } else { "SKIPPED" });
                if required { Tally::one_failure(what) } else { Tally::one_skip(what) }
            }
        });
    }
    Ok(test::conclude(&tally))
}

fn command(tool: Tool, host: &str, workspace: &Workspace) -> Program {
    let mut cargo = process::cargo_of(TOOLCHAIN, &workspace.root);
    cargo.env("CARGO_TARGET_DIR", workspace.target.join("sanitize").join(tool.name()));
    if tool == Tool::Miri {
        // The real clock: tests look at it. The integration tests take hours under Miri.
        cargo.env("MIRIFLAGS", "-Zmiri-disable-isolation -Zmiri-strict-provenance");
        cargo.args(["miri", "test", "--package", "vela-core", "--lib", "--no-fail-fast"]);
        return cargo;
    }
    cargo.env("RUSTFLAGS", format!("-Zsanitizer={} -Cforce-frame-pointers=yes", tool.name()));
    match tool {
        // Leaks are the business of `leak`, which knows what is leaked on purpose.
        Tool::Address => {
            cargo.env("ASAN_OPTIONS", "detect_leaks=0:detect_stack_use_after_return=1:strict_init_order=1");
        }
        Tool::Leak => {
            let list = workspace.root.join("xtask").join("lsan.supp");
            // The fast unwinder loses the frames between std and the test, and with them the name to look for.
            let options = format!("suppressions={}:print_suppressions=0:fast_unwind_on_malloc=0", list.display());
            cargo.env("LSAN_OPTIONS", options);
        }
        Tool::Thread | Tool::Miri => {}
    }
    cargo.arg("test");
    if tool == Tool::Thread {
        cargo.arg("-Zbuild-std");
    }
    // With `--target`, build scripts and macros are built without the sanitizer.
    cargo.args(["--package", "vela-core", "--target", host, "--lib", "--no-fail-fast"]);
    if tool == Tool::Address {
        // The suites of channels, selects and the language, too. (`alloc` counts with an allocator of its own, `examples`
        // runs programs that are built without the sanitizer; LeakSanitizer would report the futures that `it` leaks.)
        cargo.args(["--package", "vela", "--test", "it", "--test", "[!aei]*"]);
        println!(
            "left out: repeated_selects_do_not_grow_memory looks at the process's memory, which the sanitizer keeps"
        );
        cargo.args(["--", "--skip", "repeated_selects_do_not_grow_memory"]);
    } else {
        cargo.arg("--tests");
    }
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nightly(libraries: &[&str], rust_src: bool, miri: bool) -> Nightly {
        let libraries = libraries.iter().map(|&name| name.to_owned()).collect();
        Nightly { host: "h".to_owned(), libraries, rust_src, miri }
    }

    fn workspace() -> Workspace {
        Workspace { root: PathBuf::from("w"), target: PathBuf::from("t"), packages: vec![] }
    }

    #[test]
    fn missing_components_are_named() {
        let bare = nightly(&["librustc-nightly_rt.asan.a", "librustc-nightly_rt.tsan.a"], false, false);
        assert_eq!(bare.obstacle(Tool::Address), None);
        assert!(bare.obstacle(Tool::Leak).unwrap().contains("no runtime library"));
        assert!(bare.obstacle(Tool::Thread).unwrap().contains("rust-src"));
        assert!(bare.obstacle(Tool::Miri).unwrap().contains("component add miri"));
        let full = nightly(&["librustc-nightly_rt.tsan.a"], true, true);
        assert_eq!(full.obstacle(Tool::Thread), None);
        assert_eq!(full.obstacle(Tool::Miri), None);
    }

    #[test]
    fn each_tool_builds_apart() {
        for tool in Tool::ALL {
            let shown = process::describe(&command(tool, "h", &workspace()));
            assert!(shown.contains(&format!("CARGO_TARGET_DIR=t/sanitize/{}", tool.name())), "{shown}");
        }
    }

    #[test]
    fn std_is_built_again_for_thread_only() {
        for tool in Tool::ALL {
            let shown = process::describe(&command(tool, "h", &workspace()));
            assert_eq!(shown.contains("-Zbuild-std"), tool == Tool::Thread, "{shown}");
            assert_eq!(shown.contains("--target h"), tool != Tool::Miri, "{shown}");
        }
    }

    #[test]
    fn unknown_tool_is_an_error() {
        assert_eq!(Tool::named("leak").unwrap(), Tool::Leak);
        assert!(Tool::named("memory").unwrap_err().to_string().contains("none of"));
    }
}
