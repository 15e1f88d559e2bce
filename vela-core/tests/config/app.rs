//! The program's own settings.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use vela_core::config::Config;

#[derive(Debug, PartialEq, Deserialize)]
struct App {
    name: String,
    server: Server,
    #[serde(default)]
    peers: Vec<Peer>,
    #[serde(default)]
    level: Level,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Server {
    host: String,
    port: u16,
    tls: Option<bool>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Peer {
    #[serde(rename = "maxRate")]
    max_rate: f64,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Level {
    #[default]
    Low,
    VeryHigh,
}

const BASE: &str = "[app]\nname = \"shop\"\n[app.server]\nhost = \"localhost\"\nport = 80\n[channels.orders]\n";

/// What is said of a mistake in the text.
fn error<T: DeserializeOwned + Debug>(text: &str) -> String {
    Config::from_toml(text).unwrap().app::<T>().unwrap_err().to_string()
}

#[test]
fn own_settings_are_layered_key_by_key() {
    let config = Config::builder()
        .text("base.toml", BASE)
        .text("production.toml", "[app.server]\nport = 443\ntls = true\n[[app.peers]]\nmaxRate = 1\n")
        .text("more.toml", "app.peers = [{ maxRate = 2.5 }, { maxRate = 3 }]\n")
        .variables([("VELA_APP__SERVER__TLS", "false"), ("vela_app__level", "very-high")])
        .set("app.server.port", 8443)
        .load()
        .unwrap();
    let app: App = config.app().unwrap();
    let server = Server { host: "localhost".to_owned(), port: 8443, tls: Some(false) };
    let peers = vec![Peer { max_rate: 2.5 }, Peer { max_rate: 3.0 }];
    assert_eq!(app, App { name: "shop".to_owned(), server, peers, level: Level::VeryHigh });
    assert_eq!(config.channels().count(), 1, "none of it is a channel");
    assert_eq!(config.reload().unwrap().into_config().app::<App>().unwrap(), app);
}

#[test]
fn a_variable_means_the_key_that_is_there_or_one_in_lower_case() {
    let config = Config::builder()
        .text("base.toml", "[app]\nmaxItems = 1\nroll-out = \"a\"\n\"a.b\".c = 1\n")
        .variables([
            ("VELA_APP__MAXITEMS", "2"),
            ("VELA_APP__ROLL_OUT", "b"),
            ("VELA_APP__NEW__KEY", "x"),
            ("VELA_APP__LIST", "[1, 2]"),
        ])
        .load()
        .unwrap();
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        #[serde(rename = "maxItems")]
        max_items: u8,
        #[serde(rename = "roll-out")]
        roll_out: String,
        #[serde(rename = "a.b")]
        dotted: BTreeMap<String, u8>,
        new: BTreeMap<String, String>,
        list: Vec<u8>,
    }
    let own: Own = config.app().unwrap();
    assert_eq!((own.max_items, own.roll_out.as_str(), own.new["key"].as_str()), (2, "b", "x"));
    assert_eq!((own.list, own.dotted["c"]), (vec![1, 2], 1));
}

#[test]
fn a_text_in_a_variable_stays_as_it_is_written() {
    for text in ["1.10", "0x10", "+5", "1_000", "true", "1979-05-27", "a = b", "\"quoted\""] {
        let config = Config::builder().text("base.toml", BASE).variables([("VELA_APP__NAME", text)]).load().unwrap();
        assert_eq!(config.app::<App>().unwrap().name, text.trim_matches('"'));
    }
}

#[test]
fn numbers_of_a_file_are_exact() {
    let config =
        Config::from_toml("app = { least = -9223372036854775808, most = 9223372036854775807, hex = 0xFF }").unwrap();
    let app: BTreeMap<String, i64> = config.app().unwrap();
    assert_eq!([app["least"], app["most"], app["hex"]], [i64::MIN, i64::MAX, 255]);
}

#[test]
fn mistakes_have_their_places() {
    let wrong = BASE.replace("80", "\"many\"");
    assert_eq!(
        error::<App>(&wrong),
        "text:5:8: app.server.port: expected an integer, found string \"many\"\n  |\n5 | port = \"many\"\n  |        ^^^^^^"
    );
    let missing = error::<App>(&BASE.replace("port", "prot"));
    assert!(missing.starts_with("text:3:1: app.server.port: is missing\n"), "{missing}");
    let list =
        error::<App>(&BASE.replace("[app.server]", "peers = [{ maxRate = 1 },\n { maxRate = {} }]\n[app.server]"));
    assert!(list.starts_with("text:4:14: app.peers[1].maxRate: expected "), "{list}");
    let word = error::<App>(&BASE.replace("[app.server]", "level = \"loud\"\n[app.server]"));
    assert!(word.starts_with("text:3:9: app.level: ") && word.contains("loud"), "{word}");
    assert_eq!(error::<App>("[channels.orders]"), "text: app.name: is missing");

    let config =
        Config::builder().text("base.toml", BASE).variables([("VELA_APP__SERVER__PORT", "80.5")]).load().unwrap();
    let variable = config.app::<App>().unwrap_err();
    let mistake = variable.errors().next().unwrap();
    assert_eq!((mistake.origin(), mistake.key()), ("VELA_APP__SERVER__PORT", Some("app.server.port")));
}

#[test]
fn own_settings_may_be_missing_if_the_type_says_so() {
    let config = Config::from_toml("[channels.orders]\n").unwrap();
    assert_eq!(config.app::<BTreeMap<String, String>>().unwrap().len(), 0);
}

#[test]
fn what_may_be_secret_is_not_shown_by_debug() {
    let builder = Config::builder()
        .text("base.toml", "[app]\na = 1\n[channels.orders]\n")
        .variables([("VELA_APP__PASSWORD", "hunter2")])
        .set("app.token", "hunter2");
    assert!(!format!("{builder:?}").contains("hunter2"));
    let config = builder.load().unwrap();
    assert_eq!(config.app::<BTreeMap<String, String>>().unwrap()["password"], "hunter2");
    assert!(!format!("{config:?}{:?}", config.reload().unwrap()).contains("hunter2"));
    assert!(!config.table().to_string().contains("hunter2"));
}

/// Whoever goes through them has a stack.
#[test]
fn tables_may_not_be_too_deep() {
    let read = |text: String, name: String| Config::builder().text("base.toml", text).variables([(name, "1")]).load();
    for n in [60, 10_000] {
        let file = read(format!("[app]\n{} = 1\n", vec!["a"; n].join(".")), String::new());
        let variable = read(BASE.to_owned(), format!("VELA_APP__{}", vec!["A"; n].join("__")));
        for config in [file, variable] {
            assert_eq!(config.is_ok(), n == 60);
            assert!(config.is_ok_and(|config| config.app::<IgnoredAny>().is_ok()) == (n == 60));
        }
    }
}
