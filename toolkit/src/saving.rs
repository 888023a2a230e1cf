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
mod keras2;
mod keras3;
mod legacy;
mod limits;
mod matching;
mod optimizer;
mod report;
mod safetensors;
mod safety;
mod seal;

pub use report::{LoadOptions, LoadReport, OptimizerReport};

/// The version of Keras whose files are written.
const KERAS_VERSION: &str = "3.15.1";

pub(crate) fn load(path: &Path) -> Result<Sequential> {
    in_file(path, || {
        let bytes = read(path)?;
        let size = bytes.len();
        let (model, report) = match Content::of(bytes)? {
            Content::Archive(archive) => load_archive(archive, size)?,
            Content::Legacy(root) => legacy::read(&root, size)?,
            Content::Weights(_) => {
                return Err(Error::file("the file holds weights, but no model")
                    .with_help("make the model, then load_weights into it"));
            }
        };
        if let OptimizerReport::Skipped(why) = &report.optimizer {
            // As in Keras, which warns and begins anew.
            eprintln!("{}: the optimizer begins anew: {why}", path.display());
        }
        Ok(model)
    })
}

/// What kind of file it is: by what it holds, whatever its name.
enum Content {
    Archive(archive::Archive),
    Legacy(hdf5::Folder),
    Weights(hdf5::Folder),
}

impl Content {
    fn of(bytes: Vec<u8>) -> Result<Self> {
        if bytes.starts_with(archive::SIGNATURE) {
            return archive::read(&bytes).map(Self::Archive);
        }
        let root = hdf5::open(seal::opened(bytes)?)?;
        if legacy::is_here(&root)? {
            Ok(Self::Legacy(root))
        } else if keras3::is_here(&root)? {
            Ok(Self::Weights(root))
        } else {
            Err(Error::file("the HDF5 file holds neither a model nor weights of Keras"))
        }
    }
}

fn load_archive(archive: archive::Archive, size: usize) -> Result<(Sequential, LoadReport)> {
    let config: Value = serde_json::from_str(&archive.config)
        .map_err(|error| Error::file(format!("the member `config.json` is no JSON: {error}")))?;
    let compile = config.get("compile_config").cloned();
    let mut model = described(config, size)?;
    if let Some(compile) = compile {
        model.compile_from_config(&compile)?;
    }
    let report = keras3::read_root(&mut model, &hdf5::open(archive.weights)?, LoadOptions::new())?;
    Ok((model, report))
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
            Ending::Keras => {
                let config = model.to_config()?;
                let compiled = config["compile_config"]["optimizer"].is_object();
                archive::write(&config.to_string(), &keras3::write(model, compiled)?)?
            }
            Ending::Legacy => seal::sealed(legacy::write(model)?),
            Ending::Weights => {
                return Err(unknown_ending("a model", ".keras or .h5")
                    .with_help("save_weights writes .weights.h5 files"));
            }
            _ => return Err(unknown_ending("a model", ".keras or .h5")),
        };
        atomic::write(path, &bytes)
    })
}

pub(crate) fn save_weights(model: &Sequential, path: &Path) -> Result<()> {
    in_file(path, || {
        model.get_weights()?;
        let bytes = match ending(path) {
            Ending::Weights => seal::sealed(keras3::write(model, model.is_compiled())?),
            Ending::Safetensors => safetensors::write(model)?,
            _ => return Err(unknown_ending("weights", ".weights.h5 or .safetensors")),
        };
        atomic::write(path, &bytes)
    })
}

pub(crate) fn load_weights(model: &mut Sequential, path: &Path, options: LoadOptions) -> Result<LoadReport> {
    in_file(path, || {
        model.get_weights()?;
        let bytes = read(path)?;
        if ending(path) == Ending::Safetensors {
            return safetensors::read(model, &bytes, options);
        }
        match Content::of(bytes)? {
            Content::Archive(archive) => keras3::read_root(model, &hdf5::open(archive.weights)?, options),
            Content::Legacy(root) => legacy::read_weights(model, &root, options),
            Content::Weights(root) => keras3::read_root(model, &root, options),
        }
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

/// Refuses layer names that no group of an HDF5 file can have.
fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name == "." || name.contains(['/', '\0']) {
        return Err(Error::file(format!("a layer has the name `{name}`, which no file of Keras can hold"))
            .with_help("give it one without `/`"));
    }
    Ok(())
}

/// Writes a file in one step.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    in_file(path, || atomic::write(path, bytes))
}

/// The JSON of a file, or nothing where there is none.
pub(crate) fn read_json(path: &Path) -> Result<Option<Value>> {
    in_file(path, || match std::fs::read_to_string(path) {
        Ok(text) => {
            serde_json::from_str(&text).map(Some).map_err(|error| Error::file(format!("no JSON: {error}")))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file(error.to_string())),
    })
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
