//! The container of `.keras` files: a zip archive of three members, held in memory.

use super::limits::content_of;
use crate::{Error, Result};
use std::io::{Cursor, Read, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

pub(super) const SIGNATURE: &[u8] = b"PK\x03\x04";

const METADATA: &str = "metadata.json";
const CONFIG: &str = "config.json";
pub(super) const WEIGHTS: &str = "model.weights.h5";

/// What a `.keras` file holds.
pub(super) struct Archive {
    pub(super) config: String,
    pub(super) weights: Vec<u8>,
}

/// The members of the archive that these bytes are. Nothing is unpacked to disk, and no member may be ignored.
pub(super) fn read(bytes: &[u8]) -> Result<Archive> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken("", &error))?;
    for name in archive.file_names() {
        check_name(name)?;
    }
    let mut left = content_of(bytes.len());
    let config = member(&mut archive, CONFIG, &mut left)?;
    let weights = member(&mut archive, WEIGHTS, &mut left)?;
    let config = String::from_utf8(config)
        .map_err(|_| Error::file(format!("the member `{CONFIG}` is not UTF-8 text")))?;
    Ok(Archive { config, weights })
}

fn broken(name: &str, error: &dyn std::fmt::Display) -> Error {
    let place = if name.is_empty() { String::new() } else { format!(" at its member `{name}`") };
    Error::file(format!("the .keras archive is broken{place}: {error}"))
}

/// Refuses names that lead out of the archive, and members that nothing here can use.
fn check_name(name: &str) -> Result<()> {
    let leads_out = name.starts_with(['/', '\\'])
        || name.contains(':')
        || name.split(['/', '\\']).any(|part| part == "..");
    if leads_out {
        return Err(Error::file(format!(
            "the .keras archive has a member `{name}`, whose path leads out of it"
        ))
        .with_help("no model file needs such a path: do not use this file"));
    }
    if [METADATA, CONFIG, WEIGHTS].contains(&name) {
        return Ok(());
    }
    let help = match name {
        "model.weights.npz" => "save the model with HDF5 weights, as Keras does where h5py is installed",
        _ if name.starts_with("assets") => "layers with vocabularies or other assets are not known here",
        _ => "a .keras file has the members metadata.json, config.json and model.weights.h5",
    };
    Err(Error::file(format!("the .keras archive has a member `{name}`, which cannot be read"))
        .with_help(help))
}

fn member(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str, left: &mut usize) -> Result<Vec<u8>> {
    let file = archive.by_name(name).map_err(|error| match error {
        zip::result::ZipError::FileNotFound => {
            Error::file(format!("the .keras archive lacks the member `{name}`"))
        }
        error => broken(name, &error),
    })?;
    let too_large = || {
        Error::file(format!("the member `{name}` of the .keras archive unpacks to more than {left} bytes"))
            .with_help("no model file is packed so densely: do not use this file")
    };
    let declared = usize::try_from(file.size()).unwrap_or(usize::MAX);
    if declared > *left {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // One byte more than declared: what goes on behind the declared end is found out.
    let read = file.take(declared as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| broken(name, &error))?;
    if bytes.len() != declared {
        return Err(broken(name, &format_args!("it has not the {declared} bytes that it declares")));
    }
    *left -= declared;
    Ok(bytes)
}

/// The archive of a model: stored, as Keras does, and the same bytes each time.
pub(super) fn write(config: &str, weights: &[u8]) -> Result<Vec<u8>> {
    let metadata = format!(
        "{{\"keras_version\": \"{}\", \"date_saved\": \"{}\"}}",
        super::KERAS_VERSION,
        super::date::now()
    );
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(weights.len() > 0xf000_0000);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [(METADATA, metadata.as_bytes()), (CONFIG, config.as_bytes()), (WEIGHTS, weights)] {
        archive.start_file(name, options).map_err(|error| unwritten(&error))?;
        archive.write_all(bytes).map_err(|error| unwritten(&error))?;
    }
    archive.finish().map(Cursor::into_inner).map_err(|error| unwritten(&error))
}

fn unwritten(error: &dyn std::fmt::Display) -> Error {
    Error::file(format!("the .keras archive cannot be written: {error}"))
}
