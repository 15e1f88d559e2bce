//! Reading once more: all or nothing.

use std::sync::Arc;

use vela_core::config;
use vela_core::settings::Capacity;

use super::Directory;

#[test]
fn reload_says_what_is_different() {
    let directory = Directory::new("reload").with("base.toml", "[channels.a]\ncapacity = 1\n[channels.b]\n");
    let config = directory.builder().load().unwrap();
    assert_eq!(config.reload().unwrap().changes().len(), 0);

    directory.write(
        "base.toml",
        "unbounded = \"warn\"\n\n[channels.a]\ncapacity = 2\noverflow = \"reject\"\n[channels.c]\n",
    );
    let reload = config.reload().unwrap();
    let changes: Vec<_> = reload.changes().map(ToString::to_string).collect();
    assert_eq!(
        changes,
        [
            "unbounded: allow → warn (base.toml:1)",
            "channels.a.capacity: 1 → 2 (base.toml:4)",
            "channels.a.overflow: block → reject (base.toml:5)",
            "channels.b.capacity: 1000 → (none)",
            "channels.b.overflow: block → (none)",
            "channels.b.monitored: true → (none)",
            "channels.b.saturated_at: 0.8 → (none)",
            "channels.b.relieved_at: 0.5 → (none)",
            "channels.b.report_every: 10s → (none)",
            "channels.c.capacity: (none) → 1000 (default)",
            "channels.c.overflow: (none) → block (default)",
            "channels.c.monitored: (none) → true (default)",
            "channels.c.saturated_at: (none) → 0.8 (default)",
            "channels.c.relieved_at: (none) → 0.5 (default)",
            "channels.c.report_every: (none) → 10s (default)",
        ]
    );
    assert_eq!(config.channel("a").unwrap().capacity, Capacity::Bounded(1), "the old one is as it was");
    assert_eq!(reload.into_config().channel("a").unwrap().capacity, Capacity::Bounded(2));
}

#[test]
fn value_that_comes_from_elsewhere_now_is_no_difference() {
    let directory = Directory::new("elsewhere").with("base.toml", "[channels.a]\ncapacity = 1\n");
    let config = directory.builder().load().unwrap();
    directory.write("development.toml", "[channels.a]\ncapacity = 1\n");
    let reload = config.reload().unwrap();
    assert_eq!(reload.changes().len(), 0);
    assert_eq!(reload.config().origin("channels.a.capacity").unwrap().to_string(), "development.toml:2");
}

/// The only test that touches the configuration of the process.
#[test]
fn installed_configuration_changes_only_when_all_is_right() {
    assert!(config::installed().is_none());
    let directory = Directory::new("install").with("base.toml", "[channels.a]\ncapacity = 1\n[channels.b]\n");
    let first = directory.builder().load().unwrap().install();
    assert!(Arc::ptr_eq(&first, &config::installed().unwrap()));

    // One good change and one mistake: neither happens.
    directory.write("base.toml", "[channels.a]\ncapacity = 2\n[channels.b]\ncapacity = -1\n");
    let error = config::installed().unwrap().reload().unwrap_err();
    assert_eq!(error.errors().map(|mistake| mistake.key().unwrap()).collect::<Vec<_>>(), ["channels.b.capacity"]);
    assert!(Arc::ptr_eq(&first, &config::installed().unwrap()));

    directory.write("base.toml", "[channels.a]\ncapacity = 2\n[channels.b]\n");
    let reload = config::installed().unwrap().reload().unwrap();
    assert!(Arc::ptr_eq(&first, &config::installed().unwrap()), "not before it is installed");
    reload.install();
    let capacity = config::installed().unwrap().channel("a").unwrap().capacity;
    assert_eq!(capacity, Capacity::Bounded(2));
}
