//! Feature combinations: what each published crate must build with.

use std::time::Instant;

use anyhow::Result;

use crate::process::{self, Ended};
use crate::workspace::{Package, Workspace};

/// The arguments for each combination worth building: none, each alone, the default, all; none twice.
fn combinations(package: &Package) -> Vec<Vec<String>> {
    let others: Vec<&String> = package.features.iter().filter(|name| *name != "default").collect();
    let alone = |name: &String| vec!["--no-default-features".to_owned(), "--features".to_owned(), name.clone()];
    let mut all = vec![vec!["--no-default-features".to_owned()]];
    all.extend(others.iter().map(|name| alone(name)));
    if package.features.len() > others.len() {
        all.push(vec![]); // `default` as it is
    }
    if others.len() > 1 {
        all.push(vec!["--all-features".to_owned()]); // of one feature, all is each alone
    }
    all
}

/// Lints the library of each published crate with each combination, alone, so that no other crate's choice of
/// features helps it. Returns how many combinations there were, and those that failed.
///
/// # Errors
///
/// When cargo cannot be started.
pub(crate) fn check(workspace: &Workspace, until: Instant) -> Result<(usize, Vec<String>)> {
    let mut count = 0;
    let mut failed = Vec::new();
    for package in workspace.packages.iter().filter(|package| package.published) {
        for combination in combinations(package) {
            count += 1;
            let mut cargo = process::cargo(&workspace.root);
            cargo.args(["clippy", "--lib", "--package", &package.name]);
            cargo.args(&combination).args(["--", "-D", "warnings"]);
            if process::run(cargo, Some(until))? != Ended::Well {
                failed.push(format!("{} {}", package.name, combination.join(" ")).trim_end().to_owned());
            }
        }
    }
    Ok((count, failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(features: &[&str]) -> Vec<String> {
        let package = Package {
            name: "p".to_owned(),
            dir: String::new(),
            published: true,
            features: features.iter().map(|&name| name.to_owned()).collect(),
            dependencies: vec![],
            targets: vec![],
        };
        combinations(&package).iter().map(|words| words.join(" ")).collect()
    }

    #[test]
    fn none_each_default_and_all() {
        assert_eq!(
            of(&["default", "macros", "tracing"]),
            [
                "--no-default-features",
                "--no-default-features --features macros",
                "--no-default-features --features tracing",
                "",
                "--all-features"
            ]
        );
    }

    #[test]
    fn nothing_is_built_twice() {
        assert_eq!(of(&[]), ["--no-default-features"]);
        assert_eq!(of(&["a"]), ["--no-default-features", "--no-default-features --features a"]);
    }
}
