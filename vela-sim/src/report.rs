//! The report of a failure: what is wrong, who waits for whom, how it came about, how to see it again.

use std::fmt::Write as _;
use std::panic::Location;

use crate::decision::Decision;
use crate::ledger::{Act, ChannelRecord, Ledger, Target, Users};
use crate::verdict::Verdict;

/// How many tasks a report shows, and how many lines it has: it has to fit on a screen.
const TASKS: usize = 8;
const SCREEN: usize = 24;

/// How many characters of a task's doings there are on a line.
const LINE: usize = 100;

/// How many lines of the story there are at least.
const STORY: usize = 5;

/// No channel with a bound has one that is so large.
const UNBOUNDED: usize = usize::MAX / 2;

/// What the first line says beside the verdict.
pub(crate) struct Headline {
    pub(crate) found: String,
    pub(crate) steps: u64,
    pub(crate) steps_before: u64,
    /// As it was found, before it turned out that it cannot be repeated.
    pub(crate) original: Option<Verdict>,
}

pub(crate) fn write(verdict: &Verdict, headline: &Headline, ledger: &Ledger, again: &str) -> String {
    let mut text = String::new();
    let blocked = blocked(ledger);
    let count = match verdict {
        Verdict::Deadlock | Verdict::Leak => {
            // What is not Vela's might still be woken, from another thread; so might who waits for an end that no task here
            // was ever seen with.
            let known = blocked.iter().all(|&task| {
                let waits = &ledger.tasks[task as usize].waits;
                !waits.is_empty() && !waits.iter().any(|act| is_unseen(ledger, act))
            });
            let certain = if known { " (certain)" } else { "" };
            format!("{certain}, {}", counted(blocked.len(), "task"))
        }
        _ => String::new(),
    };
    let steps = if headline.steps < headline.steps_before {
        format!("shrunk from {} to {} steps", headline.steps_before, headline.steps)
    } else {
        counted(headline.steps as usize, "step")
    };
    let _ = writeln!(text, "vela: {verdict}{count}        {}, {steps}", headline.found);
    explain(&mut text, verdict, ledger);
    if let Some(original) = &headline.original {
        let _ = writeln!(text, " it was found as: {original}");
        explain(&mut text, original, ledger);
    }
    if !matches!(verdict, Verdict::Panicked(_) | Verdict::Failed(_)) || !blocked.is_empty() {
        waiting(&mut text, verdict, ledger, &blocked);
    }
    story(&mut text, ledger);
    if !again.is_empty() {
        let _ = writeln!(text, " {again}");
    }
    text
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn explain(text: &mut String, verdict: &Verdict, ledger: &Ledger) {
    let _ = match verdict {
        Verdict::Deadlock => return,
        Verdict::Leak => writeln!(text, " the test has ended; nobody will ever wake what is left:"),
        Verdict::Panicked(panic) => {
            let at = panic.at.as_deref().map_or(String::new(), |at| format!(" at {at}"));
            writeln!(text, " {} panicked{at}: {}", task_name(ledger, panic.task), panic.message)
        }
        Verdict::Failed(error) => writeln!(text, " the test returned an error: {error}"),
        Verdict::Endless { steps } => writeln!(
            text,
            " no end after {steps} steps: a loop that makes no progress? (`max_steps` allows more, where that is no fault)"
        ),
        Verdict::WokenFromOutside => writeln!(
            text,
            " a task was woken from another thread (a thread of the test's own, a runtime, a blocking pool): what happens \
             there is not under the simulation's control, so no run could be repeated.\n Use `#[vela::test(tokio)]` for it."
        ),
        Verdict::OutOfTime => writeln!(text, " the time limit was exceeded"),
        Verdict::NotDeterministic => writeln!(
            text,
            " the same decisions have led to something else: the test depends on what the simulation does not control \
             (`tokio::select!` without `biased`, `HashMap`'s random seeds, the real clock, threads, addresses)"
        ),
    };
    if let Verdict::Panicked(panic) = verdict
        && (panic.message.contains("no reactor running") || panic.message.contains("Tokio 1.x runtime"))
    {
        let _ = writeln!(
            text,
            " help: a deterministic test has no Tokio runtime: use `vela::time` and `go!`, or `#[vela::test(tokio)]` for \
             sockets, `tokio::time` and `tokio::spawn`"
        );
    }
}

/// The tasks that wait, by number.
fn blocked(ledger: &Ledger) -> Vec<u32> {
    let all = ledger.tasks.iter().enumerate();
    all.filter(|(_, task)| task.blocked).map(|(number, _)| number as u32).collect()
}

fn task_name(ledger: &Ledger, task: u32) -> String {
    let record = ledger.tasks.get(task as usize);
    let name = record.and_then(|record| record.name.as_deref());
    match (task, name) {
        (0, _) => "task 0 (the test)".to_owned(),
        (task, Some(name)) => format!("task {task} \"{name}\""),
        (task, None) => format!("task {task}"),
    }
}

fn waiting(text: &mut String, verdict: &Verdict, ledger: &Ledger, blocked: &[u32]) {
    let cycle = if matches!(verdict, Verdict::Deadlock | Verdict::Leak) { cycle(ledger, blocked) } else { Vec::new() };
    // Those in the cycle first.
    let mut shown = blocked.to_vec();
    shown.sort_by_key(|task| (!cycle.contains(task), *task));
    for &task in shown.iter().take(TASKS) {
        let record = &ledger.tasks[task as usize];
        let site = record.site.map_or(String::new(), |site| match task {
            0 => format!(" at {}", short(site)),
            _ => format!(" go! at {}", short(site)),
        });
        let _ = write!(text, " {}{site}", task_name(ledger, task));
        match record.waits.as_slice() {
            [] => {
                let _ = writeln!(
                    text,
                    ", waits for something that is not Vela's\n   (if another thread is to wake it, this is no deadlock: \
                     `#[vela::test(tokio)]` is for such tests)"
                );
            }
            [act] => {
                let _ = writeln!(text, ", {}", act_text(ledger, act, record.site));
                other_end(text, ledger, act, 3);
            }
            acts => {
                let _ = writeln!(text, ", waits for any of {}:", acts.len());
                for act in acts.iter().take(4) {
                    let _ = writeln!(text, "   {}", act_text(ledger, act, record.site));
                    other_end(text, ledger, act, 5);
                }
            }
        }
    }
    if shown.len() > TASKS {
        let _ = writeln!(text, " … and {} more", shown.len() - TASKS);
    }
    if let Some(first) = cycle.first() {
        let path: Vec<String> = cycle.iter().chain([first]).map(u32::to_string).collect();
        let _ = writeln!(text, " => cycle {}", path.join(" → "));
    }
}

fn short(site: &Location<'_>) -> String {
    format!("{}:{}", site.file(), site.line())
}

fn act_text(ledger: &Ledger, act: &Act, near: Option<&Location<'_>>) -> String {
    let line = match near {
        Some(near) if near.file() == act.site.file() => format!(":{}", act.site.line()),
        _ => short(act.site),
    };
    match act.on {
        Target::Receiving(channel) | Target::Sending(channel) | Target::Channel(channel) => {
            format!("{} {} at {line}", act.name, channel_text(ledger, channel))
        }
        Target::Task(task) => format!("{} of {} at {line}", act.name, task_name(ledger, task)),
        Target::Other => format!("{} at {line}", act.name),
    }
}

fn channel_text(ledger: &Ledger, number: usize) -> String {
    let channel = &ledger.channels[number];
    let name = channel.name.as_deref().map_or(String::new(), |name| format!(" \"{name}\""));
    format!("#{number}{name} {}", state_text(channel))
}

fn state_text(channel: &ChannelRecord) -> String {
    let closed = if channel.closed { ", closed" } else { "" };
    if channel.site.is_none() {
        return format!("(made outside of the test{closed})");
    }
    match channel.capacity {
        0 => format!("(cap 0{closed})"),
        UNBOUNDED.. => format!("(unbounded, {} in it{closed})", channel.len),
        capacity if channel.len >= capacity => format!("(cap {capacity}, full{closed})"),
        capacity if channel.len == 0 => format!("(cap {capacity}, empty{closed})"),
        capacity => format!("(cap {capacity}, {} in it{closed})", channel.len),
    }
}

/// The other end of the channel that a task waits at: what it is called, how many there are, and who has used it.
fn counterpart<'l>(ledger: &'l Ledger, act: &Act) -> Option<(&'static str, usize, &'l Users)> {
    match act.on {
        Target::Receiving(channel) => {
            let channel = &ledger.channels[channel];
            Some(("senders", channel.senders, &channel.sent_by))
        }
        Target::Sending(channel) => {
            let channel = &ledger.channels[channel];
            Some(("receivers", channel.receivers, &channel.received_by))
        }
        Target::Channel(_) | Target::Task(_) | Target::Other => None,
    }
}

/// Whether the other end is alive and nobody has used it.
fn is_unseen(ledger: &Ledger, act: &Act) -> bool {
    counterpart(ledger, act).is_some_and(|(_, alive, users)| alive > 0 && users.is_empty())
}

/// Who could help.
fn other_end(text: &mut String, ledger: &Ledger, act: &Act, indent: usize) {
    let Some((word, alive, users)) = counterpart(ledger, act) else { return };
    let used = match users.last() {
        Some((task, site)) => {
            let gone =
                if ledger.tasks.get(*task as usize).is_some_and(|task| task.gone) { ", which has ended" } else { "" };
            format!("last used by {} ({}){gone}", task_name(ledger, *task), short(site))
        }
        None => "never used".to_owned(),
    };
    let _ = writeln!(text, "{:indent$}{word} alive: {alive}, {used}", "");
}

/// A circle of tasks each of which waits for the next one: by a join, or for the end of a channel that the next has used last.
fn cycle(ledger: &Ledger, blocked: &[u32]) -> Vec<u32> {
    let waits_for = |task: u32| -> Vec<u32> {
        let mut others = Vec::new();
        for act in &ledger.tasks[task as usize].waits {
            match act.on {
                Target::Task(other) => others.push(other),
                Target::Receiving(channel) => others.extend(tasks(&ledger.channels[channel].sent_by)),
                Target::Sending(channel) => others.extend(tasks(&ledger.channels[channel].received_by)),
                Target::Channel(_) | Target::Other => {}
            }
        }
        others.retain(|other| *other != task && blocked.contains(other));
        others
    };
    for &start in blocked {
        // A walk that takes the first way on; who comes back to where it was has found a circle.
        let mut path = vec![start];
        while let Some(&next) = waits_for(path[path.len() - 1]).first() {
            if let Some(begin) = path.iter().position(|&task| task == next) {
                return path.split_off(begin);
            }
            path.push(next);
        }
    }
    Vec::new()
}

fn tasks(users: &Users) -> impl Iterator<Item = u32> {
    users.iter().rev().map(|(task, _)| *task)
}

/// The steps, those of one task in a row on one line.
fn story(text: &mut String, ledger: &Ledger) {
    let mut lines: Vec<(u32, Vec<String>)> = Vec::new();
    for step in &ledger.steps {
        let (task, fault) = match step.decision {
            Decision::Run(task) => (task, None),
            Decision::Poll(task) => (task, Some("polled without a wake")),
            Decision::Cancel(task) => (task, Some("CANCELLED")),
            Decision::Panic(task) => (task, Some("PANICS (injected)")),
            Decision::Delay(task) => (task, Some("delayed")),
            Decision::Draw(_) => continue,
        };
        let mut words: Vec<String> = fault.map(str::to_owned).into_iter().collect();
        let waits = step.acts.iter().filter(|act| !act.done).count();
        for act in &step.acts {
            let on = match act.on {
                Target::Receiving(channel) | Target::Sending(channel) | Target::Channel(channel) => {
                    format!(" #{channel}")
                }
                Target::Task(task) => format!(" task {task}"),
                Target::Other => String::new(),
            };
            let end = if act.done { "" } else { "…" };
            if act.done || waits <= 3 {
                words.push(format!("{}{on} :{}{end}", act.name, act.site.line()));
            }
        }
        if waits > 3 {
            words.push(format!("waits for {waits}…"));
        }
        match lines.last_mut() {
            Some((last, story)) if *last == task => story.extend(words),
            _ => lines.push((task, words)),
        }
    }
    if lines.is_empty() {
        return;
    }
    // One line is the heading, two are to come: how to see it again.
    let room = SCREEN.saturating_sub(text.lines().count() + 3).max(STORY);
    let left_out = if lines.len() <= room { 0 } else { lines.len() + 1 - room };
    let _ = writeln!(text, " how it came about (… = has to wait):");
    if left_out > 0 {
        let _ = writeln!(text, "   … {left_out} before");
    }
    for (task, words) in &lines[left_out..] {
        // The last things that it did are those that matter.
        let mut room = LINE;
        let fits = words.iter().rev().take_while(|word| {
            let long = word.chars().count() + 2;
            let fits = long <= room;
            room = room.saturating_sub(long);
            fits
        });
        let first = words.len() - fits.count().max(usize::from(!words.is_empty()));
        let line = if words.is_empty() { "runs".to_owned() } else { words[first..].join(", ") };
        let _ = writeln!(text, "   task {task}: {}{line}", if first > 0 { "… " } else { "" });
    }
}
