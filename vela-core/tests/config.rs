//! Configuration of named channels: `vela_core::config`.

#[path = "config/app.rs"]
mod app;
#[path = "config/bad.rs"]
mod bad;
#[path = "config/files.rs"]
mod files;
#[path = "config/guide.rs"]
mod guide;
#[path = "config/layers.rs"]
mod layers;
#[path = "config/reload.rs"]
mod reload;
#[path = "config/written.rs"]
mod written;

use std::path::{Path, PathBuf};

use vela_core::config::{Builder, Config};

/// No variables.
const NONE: [(&str, &str); 0] = [];

/// A directory that is removed in the end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("config-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory for the test");
        Self(path)
    }

    fn with(self, file: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.write(file, bytes);
        self
    }

    fn write(&self, file: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(file), bytes).expect("a file of the test");
    }

    fn builder(&self) -> Builder {
        Config::builder().directory(&self.0).variables(NONE)
    }

    /// What is wrong, with this directory by the name `config`.
    fn error(&self, builder: Builder) -> String {
        shown(&self.0, builder)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

fn shown(directory: &Path, builder: Builder) -> String {
    let text = match builder.load() {
        Ok(config) => format!("no mistake:\n{}", config.table()),
        Err(error) => error.to_string(),
    };
    text.replace(&directory.display().to_string(), "config")
}
