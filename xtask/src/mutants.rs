//! `cargo xtask mutants`: are the tests sharp enough to notice a changed line?
//!
//! cargo-mutants builds and tests each mutant by itself. Here its list of mutants is built once, all of them in one
//! program, where a variable of the environment says which is on: minutes for what takes cargo-mutants hours. The few
//! that cannot be switched (in `const` functions, say) are built one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::args::Args;
use crate::process::{self, Ended};
use crate::workspace::Workspace;
use crate::{Command, Outcome};

pub(crate) const COMMAND: Command = Command {
    name: "mutants",
    options: "[--missed] [--jobs N] | [args…]",
    about: "changes lines of the engine and sees whether a test notices (cargo-mutants)",
    details: "\
Changes one thing at a time in the engine (vela-core's chan, select and waitlist), by cargo-mutants'
list, and runs the tests of vela-core, then those of channels and selects, until one fails. All
mutants are built at once, and switched on one by one; takes about half an hour on two processors.
Fails if fewer than 90 % of the mutants that compile are caught. What was missed, and each fate, is
in missed.txt and fates.txt under target/mutants/; xtask/mutants.md explains what remains.

  --missed   only those that the last run missed
  --jobs N   how many are tested at a time [default: the number of processors]

Other arguments are passed on to cargo-mutants itself, whose report goes to mutants.out under
target/: `cargo xtask mutants --file vela-core/src/time/ticker.rs`. Installs cargo-mutants with
`cargo install cargo-mutants --locked` if it is missing. Not part of ci. Wants a quiet machine: a
test that fails for want of time counts as one that has caught the mutant.",
    counts: false,
    run,
};

/// What is mutated, and what not: as cargo-mutants wants it.
const ENGINE: &[&str] =
    &["--package=vela-core", "--file=vela-core/src/{chan,select,waitlist}/*.rs", "--exclude=**/loom_tests.rs"];
/// Percent of the viable mutants that must be caught.
const WANTED: f64 = 90.0;
/// The variable that says which mutant is on.
const SWITCH: &str = "VELA_MUTANT";

fn run(mut args: Args) -> Outcome {
    let workspace = Workspace::load()?;
    let root = &workspace.root;
    let mut version = process::cargo(root);
    version.args(["mutants", "--version"]);
    if !process::works(version) {
        let mut install = process::cargo(root);
        install.args(["install", "cargo-mutants", "--locked"]);
        if process::run(install, None)? != Ended::Well {
            bail!("cargo-mutants is missing and cannot be installed");
        }
    }
    let missed = args.flag("--missed");
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.number("--jobs")?.map_or(Ok(processors), usize::try_from)?.max(1);
    let words = args.rest();
    if words.is_empty() {
        return engine(&workspace, missed, jobs);
    }
    let mut cargo = process::cargo(root);
    cargo.args(["mutants", "--output"]).arg(&workspace.target).args(words);
    Ok(match process::run(cargo, None)? {
        Ended::Well => ExitCode::SUCCESS,
        Ended::Badly | Ended::Late => ExitCode::FAILURE,
    })
}

fn engine(workspace: &Workspace, only_missed: bool, jobs: usize) -> Outcome {
    let dir = workspace.target.join("mutants");
    let mut mutants = listed(&workspace.root)?;
    if only_missed {
        let text = fs::read_to_string(dir.join("missed.txt")).context("there is no list of an earlier run")?;
        let missed: BTreeSet<_> = text.lines().collect();
        mutants.retain(|mutant| missed.contains(mutant.name.as_str()));
    }
    ensure!(!mutants.is_empty(), "there is nothing to mutate");
    let tree = Tree::copy(&workspace.root, &dir)?;
    println!("{} mutants; building those that can be built together…", mutants.len());
    let apart: BTreeSet<usize> = (0..mutants.len()).filter(|&index| !tree.can_switch(&mutants[index])).collect();
    let together = tree.viable(&mutants, &apart)?;
    let stages = tree.stages()?;
    let limits = baseline(&stages)?;
    println!("{} of them compile, {} are built apart", together.len(), apart.len());

    let fates = Mutex::new(BTreeMap::new());
    let note = |index: usize, fate: Option<String>| {
        println!("{}: {}", fate.as_deref().unwrap_or("MISSED"), mutants[index].name);
        fates.lock().expect("no panic").insert(index, fate);
    };
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(&index) = together.get(next.fetch_add(1, Ordering::Relaxed)) {
                    note(index, fate(&stages, &limits, index + 1));
                }
            });
        }
    });
    tree.restore(&mutants, &[])?;
    for index in apart {
        fs::write(tree.path.join(&mutants[index].file), mutants[index].applied(tree.text(&mutants[index])?)?)?;
        if let Ok(stages) = tree.stages() {
            note(index, fate(&stages, &limits, 0));
        }
        fs::write(tree.path.join(&mutants[index].file), tree.text(&mutants[index])?)?;
    }
    conclude(&dir, &mutants, &fates.into_inner().expect("no panic"))
}

/// Writes the lists, and prints a line for each directory and one for all.
fn conclude(dir: &Path, mutants: &[Mutant], fates: &BTreeMap<usize, Option<String>>) -> Outcome {
    let (mut missed, mut all) = (String::new(), String::new());
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (&index, fate) in fates {
        let Mutant { name, file, .. } = &mutants[index];
        let (caught, viable) = counts.entry(file.rsplit_once('/').map_or("", |(dir, _)| dir)).or_default();
        *caught += usize::from(fate.is_some());
        *viable += 1;
        all += &format!("{name}\t{}\n", fate.as_deref().unwrap_or("MISSED"));
        if fate.is_none() {
            missed += &format!("{name}\n");
        }
    }
    fs::write(dir.join("missed.txt"), &missed)?;
    fs::write(dir.join("fates.txt"), all)?;
    println!("\nMISSED:\n{missed}");
    let percent = |(caught, viable): (usize, usize)| 100.0 * caught as f64 / viable.max(1) as f64;
    for (dir, &count) in &counts {
        println!("{dir}: {} of {} caught ({:.1} %)", count.0, count.1, percent(count));
    }
    let total = counts.values().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    println!("{} of {} viable mutants caught ({:.1} %)", total.0, total.1, percent(total));
    Ok(if percent(total) < WANTED { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// One entry of cargo-mutants' list.
#[derive(Debug)]
struct Mutant {
    name: String,
    file: String,
    diff: String,
    /// Where its function begins and ends: line and column, from 1.
    function: Option<[(usize, usize); 2]>,
}

fn listed(root: &Path) -> Result<Vec<Mutant>> {
    let mut cargo = process::cargo(root);
    cargo.args(["mutants", "--list", "--json"]).args(ENGINE);
    let list: Value = serde_json::from_str(&process::output(cargo)?)?;
    list.as_array().context("cargo-mutants gives no list")?.iter().map(Mutant::parse).collect()
}

impl Mutant {
    fn parse(json: &Value) -> Result<Self> {
        let text =
            |key: &str| json[key].as_str().map(str::to_owned).with_context(|| format!("a mutant has no `{key}`"));
        let place = |place: &Value| -> Option<(usize, usize)> {
            let number = |key: &str| place[key].as_u64().and_then(|n| usize::try_from(n).ok());
            Some((number("line")?, number("column")?))
        };
        let span = &json["function"]["span"];
        Ok(Self {
            name: text("name")?,
            file: text("file")?,
            diff: text("diff")?,
            function: place(&span["start"]).zip(place(&span["end"])).map(|(start, end)| [start, end]),
        })
    }

    /// The text of the file with the change.
    fn applied(&self, source: &str) -> Result<String> {
        let mut lines: Vec<_> = source.split('\n').collect();
        let mut hunk = self.diff.lines().skip_while(|line| !line.starts_with("@@ -"));
        let head = hunk.next().and_then(|head| head["@@ -".len()..].split([',', ' ']).next()?.parse::<usize>().ok());
        let start = head.with_context(|| format!("no diff: {}", self.name))? - 1;
        let hunk: Vec<_> = hunk.filter(|line| !line.starts_with('\\')).collect();
        let side =
            |other: char| hunk.iter().filter(move |line| !line.starts_with(other)).filter_map(|line| line.get(1..));
        let end = start + side('+').count();
        ensure!(lines.get(start..end).is_some_and(|old| old.iter().copied().eq(side('+'))), "stale: {}", self.name);
        lines.splice(start..end, side('-'));
        Ok(lines.join("\n"))
    }

    /// Where its function begins and ends in the source.
    fn function(&self, source: &str) -> Option<(usize, usize)> {
        let offset = |(line, column): (usize, usize)| -> usize {
            let before = source.split_inclusive('\n').take(line - 1).map(str::len).sum::<usize>();
            before + source[before..].chars().take(column - 1).map(char::len_utf8).sum::<usize>()
        };
        self.function.map(|[start, end]| (offset(start), offset(end)))
    }
}

/// Where the body of the function at `start` begins.
fn body_at(source: &str, start: usize) -> usize {
    let (mut at, mut depth, mut word) = (start, 0_u32, false);
    while at < source.len() {
        let rest = &source[at..];
        let next = rest.chars().next().map_or(1, char::len_utf8);
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        if let Some(text) = rest.strip_prefix('"') {
            // An attribute's text, without an escaped quote.
            at += text.find('"').map_or(rest.len(), |length| length + 2);
            continue;
        }
        match rest.as_bytes()[0] {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'{' if depth == 0 && word => return at,
            b'f' if depth == 0 && rest.starts_with("fn ") => word = true,
            _ => {}
        }
        at += next;
    }
    source.len()
}

/// A copy of the workspace in which the mutants are built.
struct Tree {
    path: PathBuf,
    build: PathBuf,
    sources: BTreeMap<String, String>,
}

impl Tree {
    fn copy(root: &Path, dir: &Path) -> Result<Self> {
        let path = dir.join("tree");
        let mut git = std::process::Command::new("git");
        git.current_dir(root).args(["ls-files", "--cached", "--others", "--exclude-standard"]);
        let mut sources = BTreeMap::new();
        for name in process::output(git)?.lines() {
            // What git knows may be deleted here.
            let Ok(bytes) = fs::read(root.join(name)) else { continue };
            let copy = path.join(name);
            if fs::read(&copy).ok().as_ref() != Some(&bytes) {
                fs::create_dir_all(copy.parent().unwrap_or(&path))?;
                fs::write(&copy, &bytes)?;
            }
            if let Ok(text) = String::from_utf8(bytes) {
                sources.insert(name.to_owned(), text);
            }
        }
        Ok(Self { path, build: dir.join("build"), sources })
    }

    fn text(&self, mutant: &Mutant) -> Result<&str> {
        self.sources.get(&mutant.file).map(String::as_str).with_context(|| format!("no source: {}", mutant.file))
    }

    /// Whether the mutant lies in a function that can look at the switch, and whose bodies are of one type.
    fn can_switch(&self, mutant: &Mutant) -> bool {
        let Ok(source) = self.text(mutant) else { return false };
        mutant.function(source).is_some_and(|(start, _)| {
            let signature = &source[start..body_at(source, start)];
            !signature.contains("const fn ") && !signature.contains("-> impl ")
        })
    }

    /// Writes the sources with these mutants switchable.
    fn restore(&self, mutants: &[Mutant], on: &[usize]) -> Result<()> {
        let files: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.file.as_str()).collect();
        for file in files {
            let source = &self.sources[file];
            let mut functions: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
            for &index in on.iter().filter(|&&index| mutants[index].file == file) {
                functions.entry(mutants[index].function(source).context("no function")?).or_default().push(index);
            }
            let functions: Vec<_> = functions.into_iter().collect();
            let text = switched(source, mutants, 0..source.len(), &functions)?;
            fs::write(self.path.join(file), text)?;
        }
        let lib = "vela-core/src/lib.rs";
        let text = self.sources.get(lib).context("no vela-core")?;
        fs::write(self.path.join(lib), format!("{text}{}", SWITCH_SOURCE.replace("{SWITCH}", SWITCH)))?;
        Ok(())
    }

    fn cargo(&self, words: &[&str]) -> std::process::Command {
        let mut cargo = process::cargo(&self.path);
        cargo.env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", "--cap-lints=allow");
        cargo.env("CARGO_TARGET_DIR", &self.build).env("CARGO_PROFILE_DEV_DEBUG", "false");
        cargo.args(words).arg("--message-format=json").stderr(Stdio::null());
        cargo
    }

    /// The mutants in whose text the compiler finds errors; `None` is an error elsewhere.
    fn errors(&self, mutants: &[Mutant], on: &[usize]) -> Result<BTreeSet<Option<usize>>> {
        self.restore(mutants, on)?;
        let output = self.cargo(&["check", "--package", "vela-core"]).output()?;
        let mut found = BTreeSet::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let Ok(json) = serde_json::from_str::<Value>(line) else { continue };
            let message = &json["message"];
            if message["level"] != "error" {
                continue;
            }
            for span in message["spans"].as_array().into_iter().flatten().filter(|span| span["is_primary"] == true) {
                let (file, line) = (span["file_name"].as_str(), span["line_start"].as_u64());
                if let (Some(file), Some(line)) = (file, line) {
                    let text = fs::read_to_string(self.path.join(file)).unwrap_or_default();
                    found.insert(owner(&text, usize::try_from(line)?));
                }
            }
        }
        if found.is_empty() && !output.status.success() {
            found.insert(None);
        }
        Ok(found)
    }

    /// Leaves out what does not compile, until the rest does.
    fn viable(&self, mutants: &[Mutant], apart: &BTreeSet<usize>) -> Result<Vec<usize>> {
        let mut on: Vec<usize> = (0..mutants.len()).filter(|index| !apart.contains(index)).collect();
        loop {
            let mut errors = self.errors(mutants, &on)?;
            if errors.is_empty() {
                return Ok(on);
            }
            if errors.iter().all(Option::is_none) {
                // The compiler does not say whose fault it is: halve.
                let mut suspects = on.clone();
                while suspects.len() > 1 {
                    let half = suspects.split_off(suspects.len() / 2);
                    if self.errors(mutants, &suspects)?.is_empty() {
                        suspects = half;
                    }
                }
                ensure!(!suspects.is_empty(), "vela-core does not compile");
                errors.extend(suspects.into_iter().map(Some));
            }
            on.retain(|&index| !errors.contains(&Some(index)));
        }
    }

    /// Builds the test programs; gives them in the order in which a mutant meets them, the quick ones first.
    fn stages(&self) -> Result<Vec<Stage>> {
        let mut stages = Vec::new();
        for words in [
            &["--package", "vela-core", "--lib", "--tests"][..],
            &["--package", "vela", "--test", "it", "--test", "alloc"],
        ] {
            let mut cargo = self.cargo(&["test", "--no-run"]);
            let text = process::output({
                cargo.args(words);
                cargo
            })?;
            for line in text.lines() {
                let Ok(json) = serde_json::from_str::<Value>(line) else { continue };
                let (Some(program), Some(name)) = (json["executable"].as_str(), json["target"]["name"].as_str()) else {
                    continue;
                };
                let dir = Path::new(json["manifest_path"].as_str().unwrap_or_default()).parent().unwrap_or(&self.path);
                let stage = |args: Vec<&'static str>| Stage { program: program.into(), dir: dir.to_owned(), args };
                if name == "it" {
                    stages.push(stage(
                        ["channel::", "select::"].into_iter().chain(SLOW.iter().flat_map(|s| ["--skip", s])).collect(),
                    ));
                    stages.push(stage(SLOW.to_vec()));
                } else {
                    stages.push(stage(Vec::new()));
                }
            }
        }
        ensure!(stages.len() > 3, "the test programs are missing");
        stages.sort_by_key(|stage| stage.args == SLOW);
        Ok(stages)
    }
}

/// Tests that take seconds.
const SLOW: &[&str] = &[
    "channel::model",
    "channel::stress",
    "channel::workloads",
    "select::foreign",
    "select::instant",
    "select::meeting",
    "select::memory",
];

/// Given to vela-core.
const SWITCH_SOURCE: &str = r#"
#[doc(hidden)]
#[allow(missing_docs)]
pub mod mutant {
    use std::sync::atomic::{AtomicU32, Ordering};

    static ON: AtomicU32 = AtomicU32::new(u32::MAX);

    #[inline]
    pub fn on() -> u32 {
        match ON.load(Ordering::Relaxed) {
            u32::MAX => first(),
            on => on,
        }
    }

    #[cold]
    fn first() -> u32 {
        let on = std::env::var("{SWITCH}").ok().and_then(|on| on.parse().ok()).unwrap_or(0);
        ON.store(on, Ordering::Relaxed);
        on
    }
}
"#;

/// One function after the other, with a body for each of its mutants. A function inside another is mutated in the
/// other's own body only.
fn switched(
    source: &str,
    mutants: &[Mutant],
    part: std::ops::Range<usize>,
    functions: &[((usize, usize), Vec<usize>)],
) -> Result<String> {
    let (mut text, mut at, mut rest) = (String::new(), part.start, functions);
    while let Some((((start, end), own), behind)) = rest.split_first() {
        let inside = behind.iter().take_while(|((_, other), _)| other <= end).count();
        let body = body_at(source, *start);
        text += &source[at..body];
        text += "{ match crate::mutant::on() {";
        for &index in own {
            let mutated = mutants[index].applied(source)?;
            let body = &mutated[body..mutated.len() - (source.len() - end)];
            text += &format!("\n{BEGIN}{}\n{} => {body}\n{END}", index, index + 1);
        }
        text += "\n_ => ";
        text += &switched(source, mutants, body..*end, &behind[..inside])?;
        text += " } }";
        at = *end;
        rest = &behind[inside..];
    }
    text += &source[at..part.end];
    Ok(text)
}

const BEGIN: &str = "//mutant ";
const END: &str = "//end of mutant";

/// The mutant to whose body a line belongs.
fn owner(text: &str, line: usize) -> Option<usize> {
    let above = text.lines().take(line).filter(|line| line.starts_with(BEGIN) || line.starts_with(END));
    above.last().and_then(|mark| mark.strip_prefix(BEGIN)?.parse().ok())
}

/// A test program with its arguments.
struct Stage {
    program: PathBuf,
    dir: PathBuf,
    args: Vec<&'static str>,
}

/// How long each stage may take: what it takes without a mutant, and plenty.
fn baseline(stages: &[Stage]) -> Result<Vec<Duration>> {
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
fn fate(stages: &[Stage], limits: &[Duration], mutant: usize) -> Option<String> {
    stages.iter().zip(limits).find_map(|(stage, &limit)| {
        stage.failure(mutant, limit).unwrap_or_else(|error| Some(format!("cannot be tested: {error:#}")))
    })
}

impl Stage {
    /// Runs the tests with a mutant switched on, up to the first that fails.
    fn failure(&self, mutant: usize, limit: Duration) -> Result<Option<String>> {
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
const MOST_PAGES: u64 = 3 << 18;

/// How much memory a process has; 0 where there is no `/proc`.
fn pages(id: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{id}/statm")).unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "/// {\nfn f(a: [u8; 2]) -> bool {\n    a[0] < 1\n}\n";

    fn mutant() -> Mutant {
        Mutant {
            name: "f".to_owned(),
            file: "f.rs".to_owned(),
            diff: "--- f.rs\n+++ f\n@@ -1,4 +1,4 @@\n /// {\n fn f(a: [u8; 2]) -> bool {\n-    a[0] < 1\n+    a[0] > 1\n }\n"
                .to_owned(),
            function: Some([(1, 1), (4, 2)]),
        }
    }

    #[test]
    fn diffs_are_applied() {
        assert_eq!(mutant().applied(SOURCE).unwrap(), SOURCE.replace('<', ">"));
        assert!(mutant().applied("fn g() {}\n").is_err());
    }

    #[test]
    fn bodies_begin_behind_the_signature() {
        let at = body_at(SOURCE, 0);
        assert!(SOURCE[at..].starts_with("{\n    a[0]"));
    }

    #[test]
    fn each_mutant_has_a_body_of_its_own_and_its_lines_are_known() {
        let mutants = [mutant()];
        let function = mutants[0].function(SOURCE).unwrap();
        let text = switched(SOURCE, &mutants, 0..SOURCE.len(), &[(function, vec![0])]).unwrap();
        assert_eq!(text.matches("a[0] > 1").count(), 1, "{text}");
        assert_eq!(text.matches("a[0] < 1").count(), 1, "{text}");
        let line = |part: &str| text.lines().position(|line| line.contains(part)).unwrap() + 1;
        assert_eq!(owner(&text, line("a[0] > 1")), Some(0));
        assert_eq!(owner(&text, line("a[0] < 1")), None);
    }
}
