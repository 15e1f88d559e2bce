//! What `cargo metadata` says about the workspace.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The workspace and its members.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// One member.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its directory below the root, `/` between the parts, empty for the root itself.
    pub(crate) dir: String,
    /// False with `publish = false`.
    pub(crate) published: bool,
    pub(crate) features: Vec<String>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
}

/// One entry in a table of dependencies, under the name of the package that it means.
#[derive(Debug)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) requirement: String,
    /// For tests, examples and benches only.
    pub(crate) dev: bool,
}

/// Something that cargo can build.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kinds: Vec<String>,
    /// `cargo test` runs its tests.
    pub(crate) test: bool,
    /// `cargo test` runs the code in its docs.
    pub(crate) doctest: bool,
}

impl Workspace {
    /// Asks cargo.
    ///
    /// # Errors
    ///
    /// When a manifest cannot be read; cargo's message says which.
    pub(crate) fn load() -> Result<Self> {
        let root = process::root()?;
        let mut cargo = process::cargo(&root);
        cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
        Self::parse(&process::output(cargo)?)
    }

    fn parse(json: &str) -> Result<Self> {
        let json: Value = serde_json::from_str(json)?;
        let root = PathBuf::from(text(&json, "workspace_root")?);
        let packages = list(&json, "packages").iter().map(|package| Package::parse(package, &root));
        Ok(Self {
            target: PathBuf::from(text(&json, "target_directory")?),
            packages: packages.collect::<Result<_>>()?,
            root,
        })
    }

    /// The member of that name.
    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// Whether a member has a binary of that name.
    pub(crate) fn has_bin(&self, package: &str, bin: &str) -> bool {
        let targets = self.package(package).map_or(&[][..], |package| &package.targets);
        targets.iter().any(|target| target.name == bin && target.kinds.iter().any(|kind| kind == "bin"))
    }

    /// How many programs a full `cargo test --workspace` starts: one for each tested target, one for each crate's docs.
    pub(crate) fn test_programs(&self) -> usize {
        let targets = self.packages.iter().flat_map(|package| &package.targets);
        targets.map(|target| usize::from(target.test) + usize::from(target.doctest)).sum()
    }
}

impl Package {
    fn parse(json: &Value, root: &Path) -> Result<Self> {
        let manifest = PathBuf::from(text(json, "manifest_path")?);
        let dir = manifest.parent().and_then(|dir| dir.strip_prefix(root).ok()).unwrap_or(Path::new(""));
        let dir: Vec<_> = dir.iter().map(|part| part.to_string_lossy()).collect();
        let features = json.get("features").and_then(Value::as_object);
        let dependencies = list(json, "dependencies").iter().map(|dependency| {
            Ok(Dependency {
                name: text(dependency, "name")?,
                requirement: text(dependency, "req")?,
                dev: dependency.get("kind").and_then(Value::as_str) == Some("dev"),
            })
        });
        let targets = list(json, "targets").iter().map(|target| {
            let is = |key| target.get(key).and_then(Value::as_bool).unwrap_or(false);
            let kinds = list(target, "kind").iter().filter_map(Value::as_str).map(str::to_owned).collect();
            Ok(Target { name: text(target, "name")?, kinds, test: is("test"), doctest: is("doctest") })
        });
        Ok(Self {
            name: text(json, "name")?,
            dir: dir.join("/"),
            published: json.get("publish").is_none_or(Value::is_null),
            features: features.map(|map| map.keys().cloned().collect()).unwrap_or_default(),
            dependencies: dependencies.collect::<Result<_>>()?,
            targets: targets.collect::<Result<_>>()?,
        })
    }
}

fn text(json: &Value, key: &str) -> Result<String> {
    let value = json.get(key).and_then(Value::as_str);
    value.map(str::to_owned).with_context(|| format!("cargo metadata has no `{key}` where it should"))
}

fn list<'a>(json: &'a Value, key: &str) -> &'a [Value] {
    json.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{
        "workspace_root": "/w", "target_directory": "/w/target", "packages": [
        {"name": "vela", "manifest_path": "/w/Cargo.toml", "publish": null, "features": {"default": ["macros"], "macros": []},
         "dependencies": [
            {"name": "vela-macros", "req": "=0.1.0", "kind": null, "rename": "m"},
            {"name": "tokio", "req": "^1", "kind": "dev", "rename": null}],
         "targets": [
            {"name": "vela", "kind": ["lib"], "test": true, "doctest": true},
            {"name": "tour", "kind": ["example"], "test": false, "doctest": false},
            {"name": "it", "kind": ["test"], "test": true, "doctest": false}]},
        {"name": "vela-benches", "manifest_path": "/w/benches/Cargo.toml", "publish": [], "features": {}, "dependencies": [],
         "targets": [{"name": "stress", "kind": ["bin"], "test": true, "doctest": false}]}
    ]}"#;

    #[test]
    fn reads_what_cargo_prints() {
        let workspace = Workspace::parse(METADATA).unwrap();
        let vela = workspace.package("vela").unwrap();
        assert_eq!((vela.dir.as_str(), vela.published), ("", true));
        assert_eq!(vela.features, ["default", "macros"]);
        assert_eq!(vela.dependencies[0].requirement, "=0.1.0");
        assert!(vela.dependencies[1].dev && !vela.dependencies[0].dev);
        let benches = workspace.package("vela-benches").unwrap();
        assert_eq!((benches.dir.as_str(), benches.published), ("benches", false));
        assert!(workspace.has_bin("vela-benches", "stress"));
        assert!(!workspace.has_bin("vela", "tour"));
        assert_eq!(workspace.test_programs(), 4);
    }

    #[test]
    fn missing_fields_are_named() {
        let error = Workspace::parse("{}").unwrap_err().to_string();
        assert!(error.contains("workspace_root"), "{error}");
    }
}
