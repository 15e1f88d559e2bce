//! The file of rules, with its optional ones switched on and its paths checked.

/// With every optional rule, which is a commented line that begins a table.
pub(super) fn with_optional(rules: &str) -> String {
    lines(rules, |line| line.replacen("# { path", "{ path", 1))
}

/// With an error of clippy's for each path of these crates that there is not. (Users have it without: they may not have the crate.)
pub(super) fn checked(rules: &str, crates: &[&str]) -> String {
    lines(rules, |line| {
        let is_of = |name: &str| line.contains(&format!("path = \"{name}::"));
        if crates.iter().any(|name| is_of(name)) { line.replace(", allow-invalid = true", "") } else { line.to_owned() }
    })
}

fn lines(rules: &str, each: impl Fn(&str) -> String) -> String {
    rules.lines().map(|line| each(line) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
disallowed-methods = [
    # Why.
    { path = "tokio::a", reason = "b", allow-invalid = true },
    # { path = "other::c", reason = "d", allow-invalid = true },
]
"#;

    #[test]
    fn optional_rules_are_the_commented_tables() {
        let all = with_optional(RULES);
        assert!(all.contains("\n    { path = \"other::c\"") && all.contains("\n    # Why.\n"), "{all}");
    }

    #[test]
    fn paths_of_known_crates_must_be_there() {
        let checked = checked(&with_optional(RULES), &["std", "tokio"]);
        assert!(checked.contains("{ path = \"tokio::a\", reason = \"b\" },"), "{checked}");
        assert!(checked.contains("{ path = \"other::c\", reason = \"d\", allow-invalid = true },"), "{checked}");
    }
}
