//! Files: reading one, and saying why that is not possible.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document;
use super::error::Mistake;
use super::layer::Layer;
use super::place::{Kind, Place, Source};

/// In bytes. A configuration of channels has some kilobytes; what is larger is not one.
const LARGEST: u64 = 1024 * 1024;

/// Reads a file; a later one has a larger number.
pub(super) fn layer(path: &Path, number: usize) -> Layer {
    match read(path, number) {
        Ok(source) => document::read(&source),
        Err(mistake) => Layer::failed(vec![*mistake]),
    }
}

/// A source of a text that is in memory.
pub(super) fn source(path: PathBuf, text: String, number: usize) -> Arc<Source> {
    Arc::new(Source { number, kind: Kind::file(path, text) })
}

fn read(path: &Path, number: usize) -> Result<Arc<Source>, Box<Mistake>> {
    let bytes = bytes(path).map_err(|(message, help)| about(path, number, message, help))?;
    let fault = |message: &str, help: &str| about(path, number, message.to_owned(), Some(help.to_owned()));
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(fault("expected UTF-8, found UTF-16", "save it as UTF-8 without a byte order mark"));
    }
    if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) {
        return Err(fault("starts with a byte order mark", "save it as UTF-8 without a byte order mark"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bad = error.as_bytes()[at];
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let place = Place { source: source(path.to_owned(), text, number), span: at..at + '\u{FFFD}'.len_utf8() };
        let help = "save it as UTF-8".to_owned();
        Box::new(Mistake::new(&place, format!("expected UTF-8, found the byte 0x{bad:02X}")).with_help(help))
    })?;
    if text.trim().is_empty() {
        let help = match path.ends_with("base.toml") {
            true => "declare the channels in it, as `[channels.<name>]`",
            false => {
                "if nothing is to be set here, say so in a comment: an empty file is what a failed copy leaves behind"
            }
        };
        return Err(fault("is empty", help));
    }
    Ok(source(path.to_owned(), text, number))
}

/// A mistake about a file as a whole.
fn about(path: &Path, number: usize, message: String, help: Option<String>) -> Box<Mistake> {
    let place = Place::whole(&source(path.to_owned(), String::new(), number));
    Box::new(Mistake::new(&place, message).with_help(help))
}

fn bytes(path: &Path) -> Result<Vec<u8>, (String, Option<String>)> {
    let failed = |error: io::Error| {
        let help = match error.kind() {
            io::ErrorKind::NotFound => absent(path),
            io::ErrorKind::NotADirectory => path.parent().map(|parent| {
                format!("{} is not a directory: name the directory that the files are in", parent.display())
            }),
            io::ErrorKind::PermissionDenied => Some("let the user that runs the program read it".to_owned()),
            _ => None,
        };
        (format!("cannot be read: {}", reason(&error)), help)
    };
    let metadata = path.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(("expected a file, found a directory".to_owned(), Some("put a TOML file in its place".to_owned())));
    }
    let mut bytes = Vec::new();
    // Not by the size that the metadata tell: of a device or a pipe that is 0.
    File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        let help = "a configuration of channels is a few kilobytes: is this the right file?";
        return Err(("is larger than 1 MiB".to_owned(), Some(help.to_owned())));
    }
    Ok(bytes)
}

/// The usual ones in words that are the same on every system.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// What to do about a file that is not there.
fn absent(path: &Path) -> Option<String> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let missing = directory.filter(|directory| !directory.is_dir());
    let from = match std::env::current_dir() {
        Ok(here) if path.is_relative() => format!(" (looked for from {})", here.display()),
        _ => String::new(),
    };
    match missing {
        Some(directory) => Some(format!("there is no directory {} either{from}", directory.display())),
        None if path.ends_with("base.toml") => {
            Some(format!("create it: it declares the channels, as `[channels.<name>]`{from}"))
        }
        None => (!from.is_empty()).then(|| from.trim_start().trim_matches(['(', ')']).to_owned()),
    }
}
