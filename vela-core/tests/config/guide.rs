//! The guide `vela::guide::configuration`: its files are good or bad as it says, and its errors are those that there are.

use vela_core::config::{Builder, Config};
use vela_core::settings::ChannelSettings;

use super::NONE;

const GUIDE: &str = include_str!("../../../src/guide/configuration.md");

/// The blocks of code: the words after the fence, and the text.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let mut parts = GUIDE.split("```");
    parts.next();
    let mut blocks = Vec::new();
    while let (Some(block), _) = (parts.next(), parts.next()) {
        blocks.push(block.split_once('\n').expect("a fence ends its line"));
    }
    blocks
}

/// `base` alone, or a file that says by its first line which one it is on top of it.
fn layered(base: &str, text: &str) -> Builder {
    let name = text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or("base.toml");
    let builder = Config::builder().variables(NONE);
    match name {
        "base.toml" => builder.text("config/base.toml", text),
        name => builder.text("config/base.toml", base).text(format!("config/{name}"), text),
    }
}

#[test]
fn files_of_the_guide_are_as_it_says() {
    let blocks = blocks();
    let base = blocks.iter().find(|(kind, _)| *kind == "toml").unwrap().1;
    let mut seen = (0, 0);
    for (at, (kind, text)) in blocks.iter().enumerate() {
        let result = layered(base, text).load();
        match *kind {
            "toml" => {
                assert!(result.is_ok(), "{text}\n{result:?}");
                seen.0 += 1;
            }
            "toml,wrong" => {
                assert_eq!(result.unwrap_err().to_string() + "\n", blocks[at + 1].1);
                seen.1 += 1;
            }
            _ => {}
        }
    }
    assert_eq!(seen, (4, 3));
}

#[test]
fn variables_of_the_guide_fit_its_files() {
    let blocks = blocks();
    let base = blocks.iter().find(|(kind, _)| *kind == "toml").unwrap().1;
    let lines = blocks.iter().find(|(_, text)| text.starts_with("VELA_CHANNELS__WORKER")).unwrap().1.lines();
    let pairs = lines.map(|line| line.split_once('=').unwrap()).map(|(name, value)| (name, value.trim_matches('\'')));
    let config = Config::builder().text("base.toml", base).variables(pairs).load();
    assert!(config.is_ok(), "{config:?}");
}

#[test]
fn defaults_of_the_guide_are_those_in_force() {
    let config =
        Config::from_toml("[channels.a]\nsizing = { peak_rate = 1, processing_time = \"1s\" }\n[channels.b]\n")
            .unwrap();
    let table = config.table().to_string();
    for (key, default) in [
        ("capacity", "1000"),
        ("overflow", "block"),
        ("monitored", "true"),
        ("saturated_at", "0.8"),
        ("relieved_at", "0.5"),
        ("report_every", "10s"),
        ("sizing.safety", "3"),
    ] {
        let documented = GUIDE.lines().find(|line| line.starts_with(&format!("| `{key}` |"))).unwrap();
        assert!(documented.contains(default), "{documented}");
        let holds = table.lines().any(|line| {
            let mut words = line.split_whitespace().skip(1);
            words.next() == Some(key) && words.next() == Some(default)
        });
        assert!(holds, "{key} = {default}\n{table}");
    }
    assert_eq!(config.defaults(), &ChannelSettings::default());
}
