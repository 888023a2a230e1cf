//! The cells that were run, in this session and in earlier ones, for the front end's history keys.
//!
//! As IPython does, one SQLite database in the user's data directory holds all of it: sessions with a number, inputs by
//! session and line, and outputs. Any number of kernels write into it; SQLite has each wait for the others. Where it
//! cannot be opened or written, the history lasts as long as the session, and the kernel's log says why.

use crate::paths;
use anyhow::{Context, Result};
use jupyter_protocol::HistoryRequest;
use rusqlite::{Connection, Row, params};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// The tables; `line` counts the cells of a session from 1.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS sessions (
    session INTEGER PRIMARY KEY AUTOINCREMENT,
    start TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS cells (
    session INTEGER NOT NULL,
    line INTEGER NOT NULL,
    input TEXT NOT NULL,
    output TEXT NOT NULL,
    PRIMARY KEY (session, line)
);
";

/// How long one kernel waits for another that writes.
const BUSY: Duration = Duration::from_secs(2);

/// The history of cells; opened when first used, so that no kernel waits for it at its start.
#[derive(Default)]
pub(super) struct History(OnceLock<Option<Mutex<Store>>>);

struct Store {
    database: Connection,
    /// The number of this session.
    session: i64,
}

impl History {
    /// Opens the user's history, and begins a session in it.
    pub(super) fn open(&self) {
        drop(self.store());
    }

    fn store(&self) -> Option<MutexGuard<'_, Store>> {
        let store = self.0.get_or_init(|| {
            let opened = paths::data().and_then(|data| Store::open(&data.join("history.sqlite")));
            let store = opened.or_else(|error| {
                eprintln!("kiln: the history of cells ends with this session: {error:#}");
                Store::in_memory()
            });
            store.ok().map(Mutex::new)
        });
        store.as_ref().map(|store| store.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds a cell of this session, with the text of its result.
    pub(super) fn add(&self, line: usize, input: &str, output: &str) {
        if let Some(Err(error)) = self.store().map(|store| store.add(line, input, output)) {
            eprintln!("kiln: a cell is not in the history: {error:#}");
        }
    }

    /// The entries that a request asks for, as `[session, line, input]` or `[session, line, [input, output]]`, the oldest
    /// first.
    pub(super) fn answer(&self, request: &HistoryRequest) -> Value {
        let answered = self.store().map(|store| store.answer(request));
        answered.unwrap_or_else(|| Ok(json!([]))).unwrap_or_else(|error| {
            eprintln!("kiln: the history cannot be read: {error:#}");
            json!([])
        })
    }
}

impl Store {
    fn open(path: &Path) -> Result<Self> {
        if let Some(directory) = path.parent() {
            paths::make_private(directory)?;
        }
        let database = Connection::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        Self::begin(database).with_context(|| format!("cannot use {}", path.display()))
    }

    /// A history that ends with the session.
    fn in_memory() -> Result<Self> {
        Ok(Self::begin(Connection::open_in_memory()?)?)
    }

    fn begin(database: Connection) -> rusqlite::Result<Self> {
        database.busy_timeout(BUSY)?;
        // A reader then never waits for a writer; on a file system without shared memory it stays as it was.
        database.pragma_update(None, "journal_mode", "WAL")?;
        database.pragma_update(None, "synchronous", "NORMAL")?;
        database.execute_batch(TABLES)?;
        database.execute("INSERT INTO sessions DEFAULT VALUES", [])?;
        let session = database.last_insert_rowid();
        Ok(Self { database, session })
    }

    fn add(&self, line: usize, input: &str, output: &str) -> Result<()> {
        let line = i64::try_from(line)?;
        let mut statement = self.database.prepare("INSERT OR REPLACE INTO cells VALUES (?1, ?2, ?3, ?4)")?;
        statement.execute(params![self.session, line, input, output])?;
        Ok(())
    }

    fn answer(&self, request: &HistoryRequest) -> Result<Value> {
        let (mut entries, with_output) = match request {
            // Zero and less count sessions back from this one.
            HistoryRequest::Range { session, start, stop, output, .. } => {
                let session = match i64::from(session.unwrap_or(0)) {
                    back if back <= 0 => self.session + back,
                    session => session,
                };
                let stop = if *stop <= 0 { i64::MAX } else { i64::from(*stop) };
                let sql = "SELECT session, line, input, output FROM cells
                           WHERE session = ?1 AND line >= ?2 AND line < ?3 ORDER BY line";
                (self.select(sql, params![session, *start, stop])?, *output)
            }
            HistoryRequest::Tail { n, output, .. } => {
                let sql = "SELECT session, line, input, output FROM cells
                           ORDER BY session DESC, line DESC LIMIT ?1";
                (reversed(self.select(sql, params![limit(*n)])?), *output)
            }
            HistoryRequest::Search { pattern, unique, output, n, .. } => {
                let sql = match unique {
                    // With `max`, SQLite takes the other columns from the latest of equal inputs.
                    true => {
                        "SELECT session, line, input, output, max(session * 1000000 + line) AS place FROM cells
                         WHERE input GLOB ?1 GROUP BY input ORDER BY place DESC LIMIT ?2"
                    }
                    false => {
                        "SELECT session, line, input, output FROM cells
                         WHERE input GLOB ?1 ORDER BY session DESC, line DESC LIMIT ?2"
                    }
                };
                (reversed(self.select(sql, params![literal_brackets(pattern), limit(*n)])?), *output)
            }
        };
        let entry = |(session, line, input, result): (i64, i64, String, String)| match with_output {
            true => json!([session, line, [input, result]]),
            false => json!([session, line, input]),
        };
        Ok(Value::Array(entries.drain(..).map(entry).collect()))
    }

    fn select(&self, sql: &str, values: impl rusqlite::Params) -> Result<Vec<(i64, i64, String, String)>> {
        let mut statement = self.database.prepare(sql)?;
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let rows = statement.query_map(values, read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn reversed<T>(mut entries: Vec<T>) -> Vec<T> {
    entries.reverse();
    entries
}

/// SQLite takes a negative number as no limit.
fn limit(n: i32) -> i64 {
    if n > 0 { i64::from(n) } else { -1 }
}

/// A front end's pattern knows `*` and `?`; to SQLite, brackets are special too.
fn literal_brackets(pattern: &str) -> String {
    pattern.replace('[', "[[]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(pattern: &str, unique: bool, n: i32) -> HistoryRequest {
        HistoryRequest::Search { pattern: pattern.into(), unique, output: false, raw: true, n }
    }

    fn tail(n: i32) -> HistoryRequest {
        HistoryRequest::Tail { n, output: false, raw: true }
    }

    /// What the three kinds of requests find.
    #[test]
    fn finds_entries() -> Result<()> {
        let store = Store::in_memory()?;
        for (line, input) in ["1*2", "x[0]", "1*3", "1*2"].iter().enumerate() {
            store.add(line + 1, input, "r")?;
        }
        assert_eq!(store.answer(&tail(2))?, json!([[1, 3, "1*3"], [1, 4, "1*2"]]));
        assert_eq!(store.answer(&search("1?*", true, 9))?, json!([[1, 3, "1*3"], [1, 4, "1*2"]]));
        assert_eq!(store.answer(&search("1?*", false, 2))?, json!([[1, 3, "1*3"], [1, 4, "1*2"]]));
        assert_eq!(store.answer(&search("x[*", false, 0))?, json!([[1, 2, "x[0]"]]));
        let range = HistoryRequest::Range { session: Some(0), start: 2, stop: 3, output: true, raw: true };
        assert_eq!(store.answer(&range)?, json!([[1, 2, ["x[0]", "r"]]]));
        Ok(())
    }

    /// A later session finds the cells of an earlier one, and several at once lose nothing.
    #[test]
    fn sessions_share_a_history() -> Result<()> {
        let directory = std::env::temp_dir().join(format!("kiln-history-{}", std::process::id()));
        let path = directory.join("history.sqlite");
        let first = Store::open(&path)?;
        first.add(1, "first", "")?;
        let writers: Vec<_> = (0..4)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || -> Result<()> {
                    let store = Store::open(&path)?;
                    (1..=25).try_for_each(|line| store.add(line, "more", ""))
                })
            })
            .collect();
        for writer in writers {
            writer.join().map_err(|_| anyhow::anyhow!("a writer panicked"))??;
        }
        let last = Store::open(&path)?;
        assert_eq!(last.answer(&search("first", false, 5))?, json!([[1, 1, "first"]]));
        assert_eq!(last.answer(&tail(1000))?.as_array().map(Vec::len), Some(101));
        last.add(1, "last", "")?;
        let before = HistoryRequest::Range { session: Some(-1), start: 1, stop: 2, output: false, raw: true };
        assert_eq!(last.answer(&before)?, json!([[5, 1, "more"]]));
        std::fs::remove_dir_all(directory)?;
        Ok(())
    }
}
