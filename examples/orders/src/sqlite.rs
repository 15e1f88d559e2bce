//! Orders in an SQLite file.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use vela::task::spawn_blocking;

use crate::order::Outcome;
use crate::store::{Row, Store};

/// Whoever else writes to the file holds us up; only after so long is that an error.
const LOCKED_FOR: Duration = Duration::from_secs(60);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS orders (
        id TEXT NOT NULL PRIMARY KEY,
        item TEXT NOT NULL,
        quantity INTEGER NOT NULL,
        cents INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS dead_letters (
        id TEXT NOT NULL PRIMARY KEY,
        item TEXT NOT NULL,
        quantity INTEGER NOT NULL,
        reason TEXT NOT NULL
    ) STRICT;";

/// A connection to the file.
#[derive(Debug)]
pub struct Sqlite {
    /// `None` while a thread has it, and for ever if `save` was dropped then.
    connection: Option<Connection>,
}

impl Sqlite {
    /// Opens the file; makes it, and the tables, if they are not there.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(LOCKED_FOR)?;
        // One write and one sync for a transaction, and those who read are not held up by it.
        connection.pragma_update(None, "journal_mode", "wal")?;
        // With `normal`, what was committed last could be lost when the power fails.
        connection.pragma_update(None, "synchronous", "full")?;
        connection.execute_batch(TABLES)?;
        Ok(Self { connection: Some(connection) })
    }
}

impl Store for Sqlite {
    /// One transaction. SQLite blocks, so it runs on a thread for that: the connection goes there and comes back, and needs no
    /// lock.
    async fn save(&mut self, rows: Vec<Row>) -> vela::Result<()> {
        let mut connection = self.connection.take().ok_or_else(|| vela::Error::msg("a save was interrupted"))?;
        let (connection, saved) = spawn_blocking(move || {
            let saved = write(&mut connection, &rows);
            (connection, saved)
        })
        .await?;
        self.connection = Some(connection);
        Ok(saved?)
    }
}

fn write(connection: &mut Connection, rows: &[Row]) -> rusqlite::Result<()> {
    // Takes the lock now, so that it is waited for here; rolled back if it is dropped.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut order = transaction.prepare("INSERT INTO orders VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")?;
        let mut letter = transaction.prepare("INSERT INTO dead_letters VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")?;
        for (of, outcome) in rows {
            match outcome {
                Outcome::Priced(cents) => order.execute((&of.id, &of.item, of.quantity, cents.cast_signed()))?,
                Outcome::Rejected(reason) => letter.execute((&of.id, &of.item, of.quantity, reason))?,
            };
        }
    }
    transaction.commit()
}
