//! Keras's own files, both ways. What is public of it is in [`models`](crate::models).

use crate::models::Sequential;
use crate::{Error, Result};
use serde_json::Value;
use std::path::Path;

mod archive;
mod atomic;
mod chain;
mod date;
mod hdf5;
mod keras3;
mod limits;
mod matching;
mod optimizer;
mod report;
mod safety;

pub use report::{LoadOptions, LoadReport, OptimizerReport};

/// The version of Keras whose files are written.
const KERAS_VERSION: &str = "3.15.1";

pub(crate) fn load(path: &Path) -> Result<Sequential> {
    in_file(path, || {
        let bytes = read(path)?;
        if bytes.starts_with(archive::SIGNATURE) {
            return load_archive(&bytes);
        }
        Err(Error::file("neither a .keras archive nor an HDF5 file"))
    })
}

fn load_archive(bytes: &[u8]) -> Result<Sequential> {
    let archive = archive::read(bytes)?;
    let config: Value = serde_json::from_str(&archive.config)
        .map_err(|error| Error::file(format!("the member `config.json` is no JSON: {error}")))?;
    let mut model = described(config, bytes.len())?;
    keras3::read(&mut model, archive.weights, LoadOptions::new())?;
    Ok(model)
}

/// The model of a configuration from a file of this size, with weights of zero.
fn described(config: Value, size: usize) -> Result<Sequential> {
    safety::check(&config)?;
    let config = chain::straightened(config)?;
    Sequential::blank_from_config(&config, limits::content_of(size))
}

pub(crate) fn save(model: &Sequential, path: &Path) -> Result<()> {
    in_file(path, || {
        let bytes = match ending(path) {
            Ending::Keras => archive::write(&model.to_config()?.to_string(), &keras3::write(model)?)?,
            _ => return Err(unknown_ending("a model", ".keras or .h5")),
        };
        atomic::write(path, &bytes)
    })
}

pub(crate) fn save_weights(model: &Sequential, path: &Path) -> Result<()> {
    in_file(path, || {
        model.get_weights()?;
        let bytes = match ending(path) {
            Ending::Weights => keras3::write(model)?,
            _ => return Err(unknown_ending("weights", ".weights.h5 or .safetensors")),
        };
        atomic::write(path, &bytes)
    })
}

pub(crate) fn load_weights(model: &mut Sequential, path: &Path, options: LoadOptions) -> Result<LoadReport> {
    in_file(path, || {
        let bytes = read(path)?;
        model.get_weights()?;
        if bytes.starts_with(archive::SIGNATURE) {
            return keras3::read(model, archive::read(&bytes)?.weights, options);
        }
        keras3::read(model, bytes, options)
    })
}

#[derive(PartialEq, Eq)]
enum Ending {
    Keras,
    Legacy,
    Weights,
    Safetensors,
    Unknown,
}

fn ending(path: &Path) -> Ending {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let endings = [
        (".keras", Ending::Keras),
        (".weights.h5", Ending::Weights),
        (".h5", Ending::Legacy),
        (".hdf5", Ending::Legacy),
        (".safetensors", Ending::Safetensors),
    ];
    let found = endings.into_iter().find(|(ending, _)| name.ends_with(ending));
    found.map_or(Ending::Unknown, |(_, ending)| ending)
}

fn unknown_ending(what: &str, valid: &str) -> Error {
    Error::argument(format!("{what} can be saved to a file that ends in {valid}"))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| Error::file(error.to_string()))
}

/// Runs what works on a file: errors begin with its name, and a panic in a reader of broken files is an error too.
fn in_file<T>(path: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    result
        .unwrap_or_else(|_| Err(Error::file("the file is broken: reading it has failed")))
        .map_err(|error| error.in_context(path.display()))
}
