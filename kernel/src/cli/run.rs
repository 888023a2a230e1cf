//! `kiln run`: executes notebooks without Jupyter or Python.

mod echo;
mod outputs;

use crate::session::{CellError, Output, Session};
use anyhow::{Context, Result, bail};
use outputs::Outputs;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Which notebooks, and where they go.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The notebooks to run, in order, each in a kernel of its own
    #[arg(required = true, value_name = "NOTEBOOK")]
    notebooks: Vec<PathBuf>,
    /// Writes the executed notebooks into this directory
    #[arg(long, value_name = "DIR", conflicts_with = "inplace")]
    to: Option<PathBuf>,
    /// Writes the outputs into the notebooks themselves
    #[arg(long)]
    inplace: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<()> {
    // Each run enters its notebook's directory, so relative paths are settled before the first.
    let notebooks: Vec<PathBuf> =
        arguments.notebooks.iter().map(std::path::absolute).collect::<Result<_, _>>()?;
    let to = arguments.to.as_deref().map(std::path::absolute).transpose()?;
    for notebook in &notebooks {
        run_notebook(notebook, to.as_deref(), arguments.inplace)?;
    }
    Ok(())
}

/// Runs one notebook, writes it with its outputs into the directory `to` or, with `inplace`, over itself, and fails with
/// the number and the error of the first cell that fails (the outputs so far are written all the same).
///
/// Cells run in the notebook's directory, as they do in Jupyter, and what they print appears on this program's streams
/// too. Without `to` and `inplace` no file is written.
///
/// # Errors
/// When a cell fails, or the file cannot be read, is no notebook of format 4, or cannot be written.
pub fn run_notebook(path: &Path, to: Option<&Path>, inplace: bool) -> Result<()> {
    let path = std::path::absolute(path)?;
    let to = to.map(std::path::absolute).transpose()?;
    let mut notebook = read(&path)?;
    let directory = path.parent().unwrap_or(Path::new("/"));
    std::env::set_current_dir(directory).with_context(|| format!("cannot enter {}", directory.display()))?;
    eprintln!("running {}", path.display());
    let session = Session::start(|line| eprintln!("{line}"))?;
    let failed = run_cells(&session, &mut notebook);
    drop(session);
    let name = path.file_name().unwrap_or_default();
    let target = if inplace { Some(path.clone()) } else { to.map(|directory| directory.join(name)) };
    if let Some(target) = target {
        write(&target, &notebook)?;
        eprintln!("wrote {}", target.display());
    }
    match failed {
        Some((number, error)) => {
            for line in &error.traceback {
                eprintln!("{line}");
            }
            bail!("{}: code cell {number} failed: {}: {}", path.display(), error.name, error.value);
        }
        None => Ok(()),
    }
}

pub(super) fn read(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let notebook: Value = serde_json::from_str(&text)
        .with_context(|| format!("{} is no notebook: it is not JSON", path.display()))?;
    if notebook["nbformat"] != 4 || !notebook["cells"].is_array() {
        bail!("{} is no notebook of format 4 (its `nbformat` is {})", path.display(), notebook["nbformat"]);
    }
    Ok(notebook)
}

/// Writes as Jupyter does, and never half a file.
fn write(target: &Path, notebook: &Value) -> Result<()> {
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
    serde::Serialize::serialize(notebook, &mut serializer)?;
    text.push(b'\n');
    let unfinished = target.with_extension("ipynb.part");
    target
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(&unfinished, text))
        .and_then(|()| std::fs::rename(&unfinished, target))
        .with_context(|| format!("cannot write {}", target.display()))
}

/// Runs the code cells in order up to the first that fails; its number among the code cells, from 1, and its error.
fn run_cells(session: &Session, notebook: &mut Value) -> Option<(usize, CellError)> {
    let cells = notebook["cells"].as_array_mut()?;
    let outputs = Arc::new(Mutex::new(Outputs::default()));
    let mut failed = None;
    let mut count = 0;
    for (index, cell) in cells.iter_mut().enumerate() {
        if cell["cell_type"] != "code" {
            continue;
        }
        cell["outputs"] = json!([]);
        cell["execution_count"] = Value::Null;
        let code = joined(&cell["source"]);
        if failed.is_some() || code.trim().is_empty() {
            continue;
        }
        count += 1;
        lock(&outputs).begin(index, count);
        let collected = Arc::clone(&outputs);
        let sink = move |output: Output| {
            echo::echo(&output);
            lock(&collected).add(output);
        };
        let result = session.run(&code, Arc::new(sink));
        cell["execution_count"] = json!(count);
        if let Err(error) = result {
            lock(&outputs).add_error(&error);
            failed = Some((count, error));
        }
    }
    for (index, values) in lock(&outputs).take() {
        cells[index]["outputs"] = Value::Array(values);
    }
    failed
}

pub(super) fn joined(source: &Value) -> String {
    match source {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

fn lock(outputs: &Mutex<Outputs>) -> std::sync::MutexGuard<'_, Outputs> {
    outputs.lock().unwrap_or_else(PoisonError::into_inner)
}
