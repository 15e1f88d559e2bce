//! Which of our crates depends on which.

use super::Violation;
use super::table::{CRATES, FREE_DIRS};
use crate::workspace::Package;

/// Checks every member against the table.
pub(super) fn check(packages: &[Package]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in packages {
        let manifest = if package.dir.is_empty() { "Cargo.toml".into() } else { format!("{}/Cargo.toml", package.dir) };
        let mut blame = |what: String| violations.push(Violation { file: manifest.clone(), line: 0, what });
        let allowed = CRATES.iter().find(|(name, _)| *name == package.name).map(|(_, allowed)| *allowed);
        let free = FREE_DIRS.contains(&package.dir.split('/').next().unwrap_or_default());
        if allowed.is_none() && !free {
            blame(format!("the crate {} is not in CRATES of xtask/src/layers/table.rs", package.name));
            continue;
        }
        let ours = |name: &str| CRATES.iter().any(|(n, _)| *n == name) || packages.iter().any(|p| p.name == name);
        for dependency in package.dependencies.iter().filter(|dependency| ours(&dependency.name)) {
            let name = &dependency.name;
            if !dependency.dev && !free && !allowed.is_some_and(|allowed| allowed.contains(&name.as_str())) {
                blame(format!("{} may not depend on {name}", package.name));
            }
            if name == "vela-macros" && !dependency.dev && !dependency.requirement.starts_with('=') {
                // What expansions name and what the library has change together.
                blame(format!("{} must pin vela-macros with `=`, not `{}`", package.name, dependency.requirement));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, dir: &str, dependencies: &[(&str, &str, bool)]) -> Package {
        let dependencies = dependencies.iter().map(|&(name, requirement, dev)| Dependency {
            name: name.to_owned(),
            requirement: requirement.to_owned(),
            dev,
        });
        Package {
            name: name.to_owned(),
            dir: dir.to_owned(),
            published: true,
            features: vec![],
            dependencies: dependencies.collect(),
            targets: vec![],
        }
    }

    fn complaints(packages: &[Package]) -> Vec<String> {
        check(packages).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_table_allows_is_fine() {
        let packages = [
            package(
                "vela",
                "",
                &[("vela-core", "^0.1.0", false), ("vela-macros", "=0.1.0", false), ("tokio", "^1", false)],
            ),
            package("vela-core", "vela-core", &[("tokio", "^1", false), ("vela", "*", true)]),
            package("vela-console", "vela-console", &[("vela-actor", "^0.1.0", false)]),
            package("vela-benches", "benches", &[("vela", "^0.1.0", false), ("vela-core", "^0.1.0", false)]),
            package("vela-example-http", "examples/http", &[("vela", "^0.1.0", false)]),
        ];
        assert_eq!(complaints(&packages), [""; 0]);
    }

    #[test]
    fn siblings_do_not_know_each_other() {
        let packages = [package("vela-actor", "vela-actor", &[("vela-pool", "^0.1.0", false)])];
        assert_eq!(complaints(&packages), ["vela-actor/Cargo.toml: vela-actor may not depend on vela-pool"]);
    }

    #[test]
    fn nobody_depends_on_the_facade_and_macros_on_nothing() {
        let packages = [
            package("xtask", "xtask", &[("vela", "^0.1.0", false)]),
            package("vela-macros", "vela-macros", &[("vela-core", "^0.1.0", false)]),
        ];
        assert_eq!(
            complaints(&packages),
            [
                "xtask/Cargo.toml: xtask may not depend on vela",
                "vela-macros/Cargo.toml: vela-macros may not depend on vela-core"
            ]
        );
    }

    #[test]
    fn macros_are_pinned_exactly() {
        let packages = [package("vela", "", &[("vela-macros", "^0.1.0", false)])];
        assert_eq!(complaints(&packages), ["Cargo.toml: vela must pin vela-macros with `=`, not `^0.1.0`"]);
    }

    #[test]
    fn unknown_crate_wants_a_place_in_the_table() {
        let packages = [package("vela-extra", "vela-extra", &[])];
        assert!(complaints(&packages)[0].contains("not in CRATES"));
    }
}
