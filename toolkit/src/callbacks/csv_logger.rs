//! The numbers of each epoch in a file of comma-separated values.

use super::{Callback, Logs, python};
use crate::models::Sequential;
use crate::{Error, Result};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

/// Writes the numbers of each epoch to a CSV file, a line an epoch, as Keras writes them.
///
/// The columns are `epoch` (from 0) and the names of the first epoch's numbers in alphabetical order; without any
/// validation in that epoch there are columns `val_...` as well, for what may come. What is missing reads `NA`. Lines
/// end with a carriage return and a line feed; each is on disk when its epoch has ended.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let (x, y) = (Tensor::ones([8, 1]), Tensor::zeros([8, 1]));
/// let mut model = Sequential::new().add(Dense::new(1).input_shape([1]));
/// model.compile("sgd", "mse", ())?;
/// let path = std::env::temp_dir().join("kiln-csv-logger.csv");
/// model.fit(&x, &y).epochs(2).callback(CSVLogger::new(&path)).verbose(0).run()?;
/// let text = std::fs::read_to_string(&path).expect("the file is there");
/// assert!(text.starts_with("epoch,loss,val_loss\r\n0,"));
/// assert_eq!(text.lines().count(), 3);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug)]
pub struct CSVLogger {
    path: PathBuf,
    separator: String,
    append: bool,
    keys: Option<Vec<String>>,
    file: Option<File>,
}

impl CSVLogger {
    /// Writes to this file, which is made anew when a training begins.
    pub fn new(filename: impl Into<PathBuf>) -> Self {
        Self { path: filename.into(), separator: ",".into(), append: false, keys: None, file: None }
    }

    /// What stands between the columns: one character; a comma by default.
    pub fn separator(mut self, separator: impl Into<String>) -> Self {
        self.separator = separator.into();
        self
    }

    /// Whether lines are added to a file that is there already, without its heading again; false by default.
    pub fn append(mut self, append: bool) -> Self {
        self.append = append;
        self
    }

    fn write(&mut self, cells: impl Iterator<Item = String>) -> Result<()> {
        let line: Vec<String> = cells.map(|cell| quoted(cell, &self.separator)).collect();
        let Some(file) = &mut self.file else { return Ok(()) };
        let written = write!(file, "{}\r\n", line.join(&self.separator)).and_then(|()| file.flush());
        written.map_err(|error| failed("cannot write", &self.path, &error))
    }
}

impl Callback for CSVLogger {
    fn on_train_begin(&mut self, _model: &mut Sequential) -> Result<()> {
        if self.separator.chars().count() != 1 || self.separator.contains(['"', '\r', '\n']) {
            return Err(Error::argument(format!(
                "CSVLogger: separator must be one character and no quotation mark or line end, but is {:?}",
                self.separator
            )));
        }
        let mut options = OpenOptions::new();
        options.create(true).write(true).append(self.append).truncate(!self.append);
        let file = options.open(&self.path).map_err(|error| failed("cannot open", &self.path, &error))?;
        let filled = file.metadata().is_ok_and(|data| data.len() > 0);
        self.file = Some(file);
        // A file that goes on keeps its heading, also when the same logger writes it.
        match &self.keys {
            Some(keys) if !filled => {
                let heading = heading(&keys.clone());
                self.write(heading.into_iter())
            }
            _ => Ok(()),
        }
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, _model: &mut Sequential) -> Result<()> {
        let keys = if let Some(keys) = &self.keys {
            keys.clone()
        } else {
            let keys = columns(logs);
            self.keys = Some(keys.clone());
            let filled =
                self.file.as_ref().is_some_and(|file| file.metadata().is_ok_and(|data| data.len() > 0));
            if !filled {
                self.write(heading(&keys).into_iter())?;
            }
            keys
        };
        let value = |key: &String| logs.get(key).map_or("NA".to_string(), python::repr);
        self.write(std::iter::once(epoch.to_string()).chain(keys.iter().map(value)))
    }

    fn on_train_end(&mut self, _model: &mut Sequential) -> Result<()> {
        self.file = None;
        Ok(())
    }
}

fn columns(logs: &Logs) -> Vec<String> {
    let mut keys: Vec<String> = logs.iter().map(|(name, _)| name.to_string()).collect();
    keys.sort();
    if !keys.iter().any(|key| key.starts_with("val_")) {
        let held: Vec<String> = keys.iter().map(|key| format!("val_{key}")).collect();
        keys.extend(held);
    }
    keys
}

fn heading(keys: &[String]) -> Vec<String> {
    std::iter::once("epoch".to_string()).chain(keys.iter().cloned()).collect()
}

fn failed(what: &str, path: &std::path::Path, error: &std::io::Error) -> Error {
    Error::file(format!("CSVLogger: {what} `{}`: {error}", path.display()))
}

/// A cell with quotation marks where it needs them.
fn quoted(cell: String, separator: &str) -> String {
    if cell.contains(separator) || cell.contains(['"', '\r', '\n']) {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(quoted("a,\"b\"".into(), ","), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("a,b".into(), ";"), "a,b");
    }
}
