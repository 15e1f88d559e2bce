//! Files that cannot be read, made on the spot because they do not belong into a repository.

use vela_core::config::Config;

use super::{Directory, NONE};

const ORDERS: &str = "[channels.orders]\n";

#[test]
fn directory_that_is_not_there() {
    let directory = Directory::new("none");
    assert_eq!(
        directory.error(Config::builder().directory(directory.0.join("live")).variables(NONE)),
        "config/live/base.toml: cannot be read: there is no such file\n  \
         = help: there is no directory config/live either"
    );
}

#[test]
fn relative_path_that_is_not_there_says_from_where() {
    let error = Config::builder().file("no/such.toml").variables(NONE).load().unwrap_err().to_string();
    let here = std::env::current_dir().unwrap();
    let help = format!("= help: there is no directory no either (looked for from {})", here.display());
    assert!(error.ends_with(&help), "{error}");
}

#[cfg(unix)]
#[test]
fn file_where_a_directory_should_be() {
    let directory = Directory::new("file").with("base.toml", ORDERS);
    assert_eq!(
        directory.error(Config::builder().directory(directory.0.join("base.toml")).variables(NONE)),
        "config/base.toml/base.toml: cannot be read: there is no such file\n  \
         = help: config/base.toml is not a directory: name the directory that the files are in"
    );
}

#[test]
fn byte_that_is_not_utf8_has_its_place() {
    let directory = Directory::new("latin").with("base.toml", b"# orders\n[channels.orders] # gr\xF6\xDFer\n");
    assert_eq!(
        directory.error(directory.builder()),
        "config/base.toml:2:23: expected UTF-8, found the byte 0xF6\n  \
         |\n\
         2 | [channels.orders] # gr\u{FFFD}\u{FFFD}er\n  \
         |                       ^\n  \
         = help: save it as UTF-8"
    );
}

#[test]
fn byte_that_is_not_utf8_in_front() {
    let directory = Directory::new("front").with("base.toml", b"\x80");
    let error = directory.error(directory.builder());
    assert!(error.starts_with("config/base.toml:1:1: expected UTF-8, found the byte 0x80"), "{error}");
}

#[test]
fn byte_order_marks() {
    let help = "\n  = help: save it as UTF-8 without a byte order mark";
    let utf8 = Directory::new("utf8").with("base.toml", format!("\u{FEFF}{ORDERS}"));
    let expected = format!("config/base.toml: starts with a byte order mark{help}");
    assert_eq!(utf8.error(utf8.builder()), expected);
    for bytes in [b"\xFF\xFE[\0", b"\xFE\xFF\0["] {
        let utf16 = Directory::new("utf16").with("base.toml", bytes);
        let expected = format!("config/base.toml: expected UTF-8, found UTF-16{help}");
        assert_eq!(utf16.error(utf16.builder()), expected);
    }
}

#[test]
fn file_of_more_than_a_mebibyte() {
    let comment = "# 1\n".repeat(256 * 1024);
    let directory = Directory::new("huge").with("base.toml", format!("{comment}{ORDERS}"));
    assert_eq!(
        directory.error(directory.builder()),
        "config/base.toml: is larger than 1 MiB\n  \
         = help: a configuration of channels is a few kilobytes: is this the right file?"
    );
    directory.write("base.toml", &comment); // 1 MiB, and no more
    assert!(directory.builder().load().is_ok());
}

#[cfg(unix)]
#[test]
fn endless_file_is_not_read_to_its_end() {
    let directory = Directory::new("endless").with("base.toml", ORDERS);
    let error = directory.error(directory.builder().file("/dev/zero"));
    assert!(error.starts_with("/dev/zero: is larger than 1 MiB"), "{error}");
}

#[cfg(unix)]
#[test]
fn file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;

    let directory = Directory::new("secret").with("base.toml", ORDERS);
    let path = directory.0.join("base.toml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&path).is_ok() {
        return; // who may read everything cannot see this
    }
    assert_eq!(
        directory.error(directory.builder()),
        "config/base.toml: cannot be read: permission denied\n  \
         = help: let the user that runs the program read it"
    );
}

#[test]
fn nesting_without_end_is_an_error_and_no_crash() {
    for text in [
        format!("[channels{}]\n", ".a".repeat(400_000)),
        format!("channels{} = {{}}\n", ".a".repeat(400_000)),
        format!("channels.a.capacity = {}\n", "[".repeat(800_000)),
        format!("channels = {}\n", "{a=".repeat(300_000)),
    ] {
        let error = Config::from_toml(&text).map(|config| config.channels().len());
        assert!(error.is_err(), "{error:?}");
    }
}

#[test]
fn thousands_of_channels_and_of_mistakes_are_read_in_time() {
    // Quadratic in the number of lines, either would take minutes.
    let text: String = (0..4_000).map(|n| format!("[channels.c{n}]\ncapacity = {n}\n")).collect();
    assert_eq!(Config::from_toml(&text).unwrap().channels().len(), 4_000);
    let wrong = text.replace("capacity =", "capcity =");
    assert_eq!(Config::from_toml(&wrong).unwrap_err().errors().len(), 4_000);
    let unknown = text.replace(".c", ".d");
    let error = Config::builder().text("a", text).text("b", unknown).variables(NONE).load().unwrap_err();
    assert_eq!(error.errors().len(), 4_000);
}

#[test]
fn any_text_is_read_or_refused() {
    // Pieces of configurations put together at random: no panic, and an error shows its line.
    let pieces = [
        "[channels.a]",
        "[defaults]",
        "[channels]",
        "\n",
        "\r\n",
        "capacity",
        "overflow",
        "sizing",
        " = ",
        ".",
        "{",
        "}",
        "\"",
        "[",
        "]",
        "-1",
        "0",
        "1.5e308",
        "inf",
        "\"5s\"",
        "\"drop-oldest\"",
        "timeout",
        "retry",
        "ü",
        "\t",
        "#",
        ",",
        "true",
        "1979-05-27",
        "'''",
        "\"18446744073709551615s 1000000000ns\"",
        "processing_time",
        "report_every",
        "\u{0}",
        "a.b",
    ];
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..20_000 {
        let count = random.usize(1..25);
        let text: String = (0..count).map(|_| pieces[random.usize(..pieces.len())]).collect();
        if let Err(error) = Config::from_toml(&text) {
            assert!(error.errors().all(|mistake| mistake.line().is_some()), "{text:?}\n{error}");
        }
    }
}
