//! The figures of `cargo xtask bench compile`, which needs cargo and therefore measures by itself.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// What was measured.
pub(crate) struct Compile {
    /// The processor's time with Vela to that with Tokio; below 1: Vela is quicker.
    pub(crate) ratio: f64,
    /// A table.
    pub(crate) markdown: String,
    pub(crate) json: Value,
}

impl Compile {
    /// Reads the file that the command has written.
    ///
    /// # Errors
    ///
    /// When there is no such file, or it is not of that command.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let json: Value = serde_json::from_str(&text)?;
        let ratio = json["ratio"].as_f64().context("the file has no `ratio`")?;
        let markdown = json["markdown"].as_str().context("the file has no `markdown`")?.to_owned();
        Ok(Self { ratio, markdown, json })
    }
}
