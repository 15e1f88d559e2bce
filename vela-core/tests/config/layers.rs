//! Good configurations: which layer holds, what is in force, and where it comes from.

use std::time::Duration;

use vela_core::Overflow;
use vela_core::config::{Config, Origin};
use vela_core::settings::{Capacity, ChannelSettings, Sizing, UnboundedPolicy};

use super::{Directory, NONE};

const BASE: &str = r#"
[defaults]
report_every = "1m"

[channels.worker.step_processor.requests]
capacity = 1000

[channels.audit]
sizing = { peak_rate = 100, processing_time = "50ms" }
"#;

fn capacity(config: &Config, channel: &str) -> Capacity {
    config.channel(channel).unwrap().capacity
}

#[test]
fn later_layers_hold() {
    let directory = Directory::new("layers")
        .with("base.toml", BASE)
        .with("production.toml", "[channels.worker.step_processor.requests]\ncapacity = 5000\n")
        .with("host.toml", "[channels.worker.step_processor.requests]\ncapacity = 6000\n");
    let requests = "worker.step_processor.requests";
    let key = "channels.worker.step_processor.requests.capacity";
    let variable = ("VELA_CHANNELS__WORKER__STEP_PROCESSOR__REQUESTS__CAPACITY", "7000");

    let mut builder = directory.builder();
    let mut seen = Vec::new();
    let mut see = |builder: &vela_core::config::Builder| {
        let config = builder.clone().load().unwrap();
        seen.push((capacity(&config, requests), config.origin(key).unwrap().to_string()));
    };
    see(&builder);
    builder = builder.environment("production");
    see(&builder);
    builder = builder.file(directory.0.join("host.toml"));
    see(&builder);
    builder = builder.variables([variable]);
    see(&builder);
    builder = builder.set(key, 1).set(key, 8000);
    see(&builder);
    let expected = [
        (1000, "base.toml:6"),
        (5000, "production.toml:2"),
        (6000, "host.toml:2"),
        (7000, variable.0),
        (8000, "set by the program"),
    ];
    assert_eq!(seen, expected.map(|(n, from)| (Capacity::Bounded(n), from.to_owned())));
}

#[test]
fn all_keys_are_understood() {
    let config = Config::from_toml(
        r#"
        unbounded = "warn"
        [channels.orders]
        capacity = 5000
        overflow = { retry = { attempts = 3, backoff = "10ms" } }
        saturated_at = 0.9
        relieved_at = 0.6
        report_every = "1m 30s"
        monitored = false
        sizing = { peak_rate = 100, processing_time = "50ms", safety = 4 }
        "#,
    )
    .unwrap();
    let mut expected = ChannelSettings::default();
    expected.capacity = Capacity::Bounded(5000);
    expected.overflow = Overflow::Retry { attempts: 3, backoff: Duration::from_millis(10) };
    (expected.saturated_at, expected.relieved_at) = (0.9, 0.6);
    expected.report_every = Duration::from_secs(90);
    expected.monitored = false;
    expected.sizing = Some(Sizing { peak_rate: 100.0, processing_time: Duration::from_millis(50), safety: 4.0 });
    assert_eq!(config.channel("orders").unwrap(), expected);
    assert_eq!(config.unbounded_policy(), UnboundedPolicy::Warn);
}

#[test]
fn channel_of_which_nothing_is_said_has_the_defaults() {
    let config = Config::from_toml("[channels.orders]\n").unwrap();
    assert_eq!(config.channel("orders").unwrap(), ChannelSettings::default());
    assert_eq!(config.unbounded_policy(), UnboundedPolicy::Allow);

    let config = Config::from_toml("[defaults]\ncapacity = 7\n[channels.a]\n[channels.b]\ncapacity = 0\n").unwrap();
    assert_eq!(config.defaults().capacity, Capacity::Bounded(7));
    assert_eq!((capacity(&config, "a"), capacity(&config, "b")), (Capacity::Bounded(7), Capacity::Bounded(0)));
}

#[test]
fn channels_own_settings_go_before_the_defaults_of_any_layer() {
    let own = "[channels.a]\ncapacity = 1\noverflow = \"reject\"\nmonitored = false\nsaturated_at = 0.7\nreport_every = \"1s\"\n";
    let for_all =
        "[defaults]\ncapacity = 2\noverflow = \"block\"\nmonitored = true\nsaturated_at = 0.9\nreport_every = \"2s\"\n";
    let later =
        Config::builder().text("base", own).text("later", for_all).variables([("VELA_DEFAULTS__CAPACITY", "3")]);
    let later = later.load().unwrap();
    let alone = Config::from_toml(own).unwrap();
    assert_eq!(later.channel("a").unwrap(), alone.channel("a").unwrap());
    assert_eq!(later.origin("channels.a.monitored").unwrap().to_string(), "base:4");
    assert_eq!(later.defaults().capacity, Capacity::Bounded(3));
}

#[test]
fn every_policy_is_understood() {
    let second = Duration::from_secs(1);
    for (text, policy) in [
        (r#""block""#, Overflow::Block),
        (r#""reject""#, Overflow::Reject),
        (r#""drop-oldest""#, Overflow::DropOldest),
        (r#""drop-newest""#, Overflow::DropNewest),
        (r#"{ timeout = "1s" }"#, Overflow::Timeout(second)),
        (r#"{ retry = { attempts = 1, backoff = "1s" } }"#, Overflow::Retry { attempts: 1, backoff: second }),
    ] {
        let config = Config::from_toml(&format!("[channels.a]\noverflow = {text}\n")).unwrap();
        assert_eq!(config.channel("a").unwrap().overflow, policy);
        // As a variable without the quotes.
        let builder = Config::builder()
            .text("t", "[channels.a]")
            .variables([("VELA_CHANNELS__A__OVERFLOW", text.trim_matches('"'))]);
        assert_eq!(builder.load().unwrap().channel("a").unwrap().overflow, policy);
    }
}

#[test]
fn policy_is_replaced_as_a_whole() {
    let config = Config::builder()
        .text("base.toml", "[channels.a]\noverflow = { timeout = \"5s\" }\n")
        .text("more.toml", "[channels.a.overflow.retry]\nattempts = 2\nbackoff = \"1ms\"\n")
        .variables(NONE)
        .load()
        .unwrap();
    assert_eq!(
        config.channel("a").unwrap().overflow,
        Overflow::Retry { attempts: 2, backoff: Duration::from_millis(1) }
    );
}

#[test]
fn sizing_is_layered_key_by_key_and_gives_the_capacity() {
    let config = Config::builder()
        .text("base.toml", BASE)
        .text("production.toml", "[channels.audit.sizing]\npeak_rate = 5000\n")
        .variables([("VELA_DEFAULTS__SIZING__SAFETY", "2")])
        .load()
        .unwrap();
    assert_eq!(capacity(&config, "audit"), Capacity::Bounded(500)); // 5000/s × 50 ms × 2
    assert_eq!(config.origin("channels.audit.capacity").unwrap().to_string(), "sizing, production.toml:2");
    assert_eq!(config.origin("channels.audit.sizing.processing_time").unwrap().to_string(), "base.toml:9");
    assert_eq!(config.origin("channels.worker.step_processor.requests.sizing.safety"), None);
}

#[test]
fn capacity_goes_before_the_sizing_and_the_sizing_before_the_default() {
    let sizing = r#"sizing = { peak_rate = 100, processing_time = "50ms" }"#;
    let config = Config::from_toml(&format!(
        "[defaults]\ncapacity = 7\n[channels.a]\n{sizing}\n[channels.b]\ncapacity = 10\n{sizing}\n"
    ));
    let config = config.unwrap();
    assert_eq!((capacity(&config, "a"), capacity(&config, "b")), (Capacity::Bounded(15), Capacity::Bounded(10)));
    assert_eq!(config.channel("a").unwrap().undersized(), None);
    assert_eq!(config.channel("b").unwrap().undersized(), Some(15));
}

#[test]
fn names_may_be_nested_or_quoted_or_both() {
    let config = Config::from_toml(
        r#"
        [channels]
        "worker.jobs".capacity = 1
        worker.steps = { capacity = 2 }
        [channels.worker]
        capacity = 3
        [channels.worker."retry.later"]
        capacity = 4
        [channels."Größe/eu-1"]
        capacity = 5
        "#,
    );
    // TOML itself forbids to add to `worker` in two ways; each way alone is fine.
    assert!(config.is_err());
    let config = Config::from_toml(
        r#"
        [channels]
        "worker.jobs".capacity = 1
        [channels.worker]
        capacity = 2
        steps = { capacity = 3 }
        [channels.worker."retry.later"]
        capacity = 4
        [channels."Größe/eu-1"]
        capacity = 5
        "#,
    )
    .unwrap();
    let seen: Vec<_> = config.channels().map(|(name, settings)| format!("{name} {}", settings.capacity)).collect();
    assert_eq!(seen, ["Größe/eu-1 5", "worker 2", "worker.jobs 1", "worker.retry.later 4", "worker.steps 3"]);
}

#[test]
fn variables_are_found_in_any_case_and_for_any_name() {
    let base = "[channels.worker]\ncapacity = 3\n[channels.worker.jobs-eu]\n[channels.\"Orders/2\"]\n";
    let variables = [
        ("vela_channels__worker__capacity", "1"),
        ("Vela_Channels__Worker__Jobs_EU__Capacity", " 2 "),
        ("VELA_CHANNELS__ORDERS_2__CAPACITY", "unbounded"),
        ("VELA_DEFAULTS__MONITORED", "false"),
        ("VELA_DEFAULTS__REPORT_EVERY", "5s"),
        ("VELA_UNBOUNDED", "warn"),
    ];
    let config = Config::builder().text("base.toml", base).variables(variables).load().unwrap();
    assert_eq!(capacity(&config, "worker"), Capacity::Bounded(1));
    assert_eq!(capacity(&config, "worker.jobs-eu"), Capacity::Bounded(2));
    assert_eq!(capacity(&config, "Orders/2"), Capacity::Unbounded);
    assert!(config.channels().all(|(_, settings)| !settings.monitored));
    assert_eq!(config.unbounded_policy(), UnboundedPolicy::Warn);
    assert_eq!(config.origin("unbounded"), Some(Origin::Variable("VELA_UNBOUNDED".to_owned())));
}

#[test]
fn variables_of_others_do_not_disturb() {
    let others =
        ["RUN_QUEUE", "SEED", "REPLAY", "SCHEDULES", "WATCHDOG", "BLESS", "FUZZ_CASES", "CHANNEL", "CHANNELS", "X__Y"];
    let others = others.map(|name| (format!("VELA_{name}"), "not for us".to_owned()));
    let config = Config::builder().text("base.toml", BASE).variables(others).load();
    assert!(config.is_ok(), "{config:?}");
}

/// What another process, with these variables, makes of a directory.
fn in_a_process(directory: &Directory, variables: &[(&str, &std::ffi::OsStr)]) -> String {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "layers::says_what_it_loads", "--nocapture"]).env(CHILD, &directory.0);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).replace(&directory.0.display().to_string(), "config")
}

/// The directory that the process is to load.
const CHILD: &str = "VELA_TEST_CHILD";

/// No test of its own: the process that others start.
#[test]
fn says_what_it_loads() {
    let Some(directory) = std::env::var_os(CHILD) else { return };
    match Config::load(&directory) {
        Ok(config) => println!("{} {}", config.environment(), capacity(&config, "audit")),
        Err(error) => println!("{error}"),
    }
}

#[test]
fn environment_and_variables_are_those_of_the_process() {
    let directory = Directory::new("process").with("base.toml", BASE).with("test.toml", "# as base\n");
    let seen =
        in_a_process(&directory, &[("VELA_ENV", "test".as_ref()), ("VELA_CHANNELS__AUDIT__CAPACITY", "77".as_ref())]);
    assert!(seen.contains("test 77\n"), "{seen}");
    let seen = in_a_process(&directory, &[("VELA_ENV", "gone".as_ref())]);
    assert!(seen.contains("VELA_ENV: there is no config/gone.toml"), "{seen}");
}

#[cfg(unix)]
#[test]
fn variable_that_is_not_utf8_is_a_mistake_if_it_is_ours() {
    use std::os::unix::ffi::OsStrExt;

    let bad = std::ffi::OsStr::from_bytes(b"\xFF");
    let directory = Directory::new("bytes").with("base.toml", BASE);
    let seen = in_a_process(&directory, &[("VELA_CHANNELS__AUDIT__CAPACITY", bad), ("OTHER", bad), ("VELA_SEED", bad)]);
    let expected = "VELA_CHANNELS__AUDIT__CAPACITY: its value is not valid UTF-8\n  = help: set it anew\n";
    assert!(seen.contains(expected), "{seen}");
    let seen = in_a_process(&directory, &[("OTHER", bad)]);
    assert!(seen.contains("development 15\n"), "{seen}");
}

#[test]
fn environment_is_asked_for_or_development() {
    let directory = Directory::new("environment").with("base.toml", BASE).with("test.toml", "# as base\n");
    let name = |builder: vela_core::config::Builder| builder.load().unwrap().environment().to_owned();
    assert_eq!(name(directory.builder()), "development"); // which has no file
    assert_eq!(name(directory.builder().variables([("VELA_ENV", "test")])), "test");
    assert_eq!(name(directory.builder().variables([("VELA_ENV", "")])), "development");
    assert_eq!(name(directory.builder().variables([("VELA_ENV", "gone")]).environment("test")), "test");

    directory.write("development.toml", "[channels.audit]\ncapacity = 3\n");
    let config = directory.builder().load().unwrap();
    assert_eq!(capacity(&config, "audit"), Capacity::Bounded(3));
    let files: Vec<_> = config.files().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(files, ["base.toml", "development.toml"]);
}

#[test]
fn environment_that_is_asked_for_needs_its_file() {
    let directory = Directory::new("asked").with("base.toml", BASE).with("test.toml", "# as base\n");
    assert_eq!(
        directory.error(directory.builder().environment("tets")),
        "environment(\"tets\"): there is no config/tets.toml for the environment \"tets\"\n  \
         = help: did you mean \"test\"? environments in config: test"
    );
    let error = directory.error(directory.builder().environment("development"));
    assert!(error.contains("there is no config/development.toml"), "{error}");
}

#[test]
fn files_with_carriage_returns_and_comments_are_fine() {
    let config = Config::from_toml("# a\r\n[channels.orders]\r\ncapacity = 3 # b\r\n").unwrap();
    assert_eq!(config.origin("channels.orders.capacity").unwrap().to_string(), "text:3");
}

#[test]
fn unknown_channel_says_what_was_read_and_what_is_like_it() {
    let config = Config::builder().text("a.toml", BASE).text("b.toml", "# nothing").variables(NONE).load().unwrap();
    let unknown = config.channel("billing").unwrap_err();
    assert_eq!(unknown.to_string(), r#"no channel "billing" is configured in a.toml, b.toml"#);
    let unknown = config.channel("worker.step-processor.request").unwrap_err();
    assert_eq!(
        unknown.to_string(),
        r#"no channel "worker.step-processor.request" is configured in a.toml, b.toml; did you mean "worker.step_processor.requests"?"#
    );
    assert_eq!(unknown.similar().collect::<Vec<_>>(), ["worker.step_processor.requests"]);
    assert_eq!(unknown.files().count(), 2);
}

#[test]
fn table_shows_each_key_and_its_origin() {
    let config = Config::builder()
        .text("conf/base.toml", BASE)
        .variables([("VELA_CHANNELS__AUDIT__OVERFLOW", "{ timeout = '5s' }")])
        .set("channels.audit.monitored", false)
        .load()
        .unwrap();
    let table = config.table().to_string();
    let expected = "\
channel                         key                     value               from
                                unbounded               allow               default
audit                           capacity                15                  sizing, base.toml:9
audit                           overflow                { timeout = \"5s\" }  VELA_CHANNELS__AUDIT__OVERFLOW
audit                           monitored               false               set by the program
audit                           saturated_at            0.8                 default
audit                           relieved_at             0.5                 default
audit                           report_every            1m                  base.toml:3
audit                           sizing.peak_rate        100                 base.toml:9
audit                           sizing.processing_time  50ms                base.toml:9
audit                           sizing.safety           3                   default
worker.step_processor.requests  capacity                1000                base.toml:6
worker.step_processor.requests  overflow                block               default
worker.step_processor.requests  monitored               true                default
worker.step_processor.requests  saturated_at            0.8                 default
worker.step_processor.requests  relieved_at             0.5                 default
worker.step_processor.requests  report_every            1m                  base.toml:3
";
    assert_eq!(table, expected, "\n{table}");
}

#[test]
fn production_is_larger_than_test() {
    // What the guidelines on channels ask every program to test.
    let directory = Directory::new("sizes")
        .with("base.toml", BASE)
        .with("test.toml", "[channels.worker.step_processor.requests]\ncapacity = 100\n")
        .with("production.toml", "[channels.worker.step_processor.requests]\ncapacity = 5000\n");
    let bound = |environment: &str| {
        let config = directory.builder().environment(environment).load().unwrap();
        match capacity(&config, "worker.step_processor.requests") {
            Capacity::Bounded(messages) => messages,
            Capacity::Unbounded => usize::MAX,
        }
    };
    assert!(bound("production") > bound("test"));
}

#[cfg(unix)]
#[test]
fn files_whose_names_are_not_utf8_are_given_as_they_are() {
    use std::os::unix::ffi::OsStrExt;
    let name = std::path::Path::new(std::ffi::OsStr::from_bytes(b"caf\xE9.toml"));
    let read = |text: &str| Config::builder().text(name, text).variables(NONE).load();
    let error = read("capacity = 1").unwrap_err();
    let mistake = error.errors().next().unwrap();
    assert_eq!((mistake.file(), mistake.origin()), (Some(name), "caf\u{FFFD}.toml"));
    let unknown = read("[channels.orders]").unwrap().channel("order").unwrap_err();
    assert_eq!(unknown.files().collect::<Vec<_>>(), [name]);
    assert!(unknown.to_string().contains("configured in caf\u{FFFD}.toml;"), "{unknown}");
}
