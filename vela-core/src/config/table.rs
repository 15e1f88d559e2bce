//! A table of what is in force and where it comes from.

use std::fmt;

use super::Config;

/// What [`Config::table`] gives; `Display` is the table.
///
/// # Examples
///
/// ```
/// use vela_core::config::Config;
///
/// let config = Config::from_toml("unbounded = \"forbid\"\n")?;
/// assert_eq!(
///     config.table().to_string(),
///     "channel  key        value   from\n         unbounded  forbid  text:1\n"
/// );
/// # Ok::<(), vela_core::config::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct Table<'a> {
    config: &'a Config,
}

impl<'a> Table<'a> {
    pub(super) fn new(config: &'a Config) -> Self {
        Self { config }
    }

    fn rows(&self) -> Vec<[String; 4]> {
        let settled = &self.config.settled;
        let from = settled.unbounded_from.as_ref().map_or("default".to_owned(), ToString::to_string);
        let mut rows = vec![
            ["channel", "key", "value", "from"].map(str::to_owned),
            [String::new(), "unbounded".to_owned(), settled.unbounded.to_string(), from],
        ];
        for (name, channel) in &settled.channels {
            for (key, (value, origin)) in &channel.shown {
                rows.push([name.clone(), key.path().to_owned(), value.clone(), origin.to_string()]);
            }
        }
        rows
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows();
        let mut widths = [0; 4];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for [channel, key, value, from] in rows {
            let [a, b, c, _] = widths;
            writeln!(f, "{channel:a$}  {key:b$}  {value:c$}  {from}")?;
        }
        Ok(())
    }
}
