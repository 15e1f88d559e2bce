//! `cargo xtask`: the one door to Vela's chores; the only place where scripts live.
//!
//! This file knows the commands and their help; each command has a file of its own.

mod args;
mod bench;
mod ci;
mod features;
mod fuzz;
mod layers;
mod lints;
mod loom;
mod mutants;
mod process;
mod sanitize;
mod stress;
mod tally;
mod test;
mod trees;
mod workspace;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use args::Args;

/// What a command came to. A command that fails has said why by then.
type Outcome = Result<ExitCode>;

/// One subcommand.
struct Command {
    name: &'static str,
    /// What follows the name in the usage line.
    options: &'static str,
    /// One line, for the list.
    about: &'static str,
    /// The rest of the help.
    details: &'static str,
    /// Whether its last line is `N passed, N failed, N skipped`, also when it cannot even start.
    counts: bool,
    run: fn(Args) -> Outcome,
}

/// All commands, in the order of the help.
const COMMANDS: &[Command] = &[
    test::COMMAND,
    ci::COMMAND,
    layers::COMMAND,
    lints::COMMAND,
    stress::COMMAND,
    trees::COMMAND,
    sanitize::COMMAND,
    loom::COMMAND,
    fuzz::COMMAND,
    mutants::COMMAND,
    bench::COMMAND,
];

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    if words.is_empty() || matches!(words[0].as_str(), "--help" | "-h" | "help") {
        // `help test` is `test --help`.
        match words.get(1).and_then(|name| find(name)) {
            Some(command) => say(&command_help(command)),
            None => say(&help()),
        }
        return if words.is_empty() { ExitCode::from(2) } else { ExitCode::SUCCESS };
    }
    let name = words.remove(0);
    let Some(command) = find(&name) else {
        eprintln!("error: no command `{name}`\n");
        eprint!("{}", help());
        return ExitCode::from(2);
    };
    let own = words.iter().take_while(|word| *word != "--");
    if own.into_iter().any(|word| word == "--help" || word == "-h") {
        say(&command_help(command));
        return ExitCode::SUCCESS;
    }
    (command.run)(Args::new(words)).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        if command.counts {
            say(&format!("{}\n", tally::Tally::one_failure("")));
        }
        ExitCode::FAILURE
    })
}

fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

/// Prints without a panic where the reader has gone (`cargo xtask --help | head -1`).
fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

fn help() -> String {
    let mut text = String::from("Vela's chores.\n\nUsage: cargo xtask <command> [options]\n\nCommands:\n");
    for command in COMMANDS {
        text += &format!("  {:<10}{}\n", command.name, command.about);
    }
    text += "\n`cargo xtask <command> --help` tells the rest. Start with `cargo xtask test`.\n";
    text
}

fn command_help(command: &Command) -> String {
    let Command { name, options, about, details, .. } = command;
    let usage = format!("cargo xtask {name} {options}");
    format!("{about}\n\nUsage: {}\n\n{}\n", usage.trim_end(), details.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_command_once() {
        let text = help();
        for command in COMMANDS {
            assert_eq!(text.matches(&format!("\n  {:<10}", command.name)).count(), 1, "{}", command.name);
        }
    }

    #[test]
    fn every_command_has_help_with_its_usage() {
        for command in COMMANDS {
            let text = command_help(command);
            assert!(text.contains(&format!("Usage: cargo xtask {}", command.name)), "{text}");
            assert!(command.details.len() > 80, "{} has hardly any help", command.name);
            assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        }
    }

    #[test]
    fn unknown_command_is_not_found() {
        assert!(find("tset").is_none());
        assert!(find("test").is_some());
    }
}
