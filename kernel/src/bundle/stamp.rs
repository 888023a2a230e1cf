//! What the prebuilt toolkit was built from, in few characters.

use crate::toolchain::Toolchain;
use anyhow::{Context, Result};
use std::fs::Metadata;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// What goes into the bundle, relative to the root of the sources.
const SOURCES: [&str; 5] = ["Cargo.toml", "Cargo.lock", "toolkit", "datasets", "kernel/bundle"];

/// A stamp that changes when a source file, the toolchain, or the way of building changes.
pub(super) fn of(source: &Path, toolchain: &Toolchain) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    (
        super::template::MANIFEST,
        super::template::PROFILE,
        super::template::recorder(),
        env!("CARGO_PKG_VERSION"),
    )
        .hash(&mut hasher);
    (&toolchain.version, source).hash(&mut hasher);
    for name in SOURCES {
        add(&source.join(name), &mut hasher)
            .with_context(|| format!("cannot read {}", source.join(name).display()))?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn add(path: &Path, hasher: &mut DefaultHasher) -> std::io::Result<()> {
    let about = std::fs::metadata(path)?;
    if !about.is_dir() {
        return add_file(path, &about, hasher);
    }
    let mut entries: Vec<_> = std::fs::read_dir(path)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        // Tests, benches and build products are no part of the library.
        if ["target", "tests", "benches", "examples"].iter().any(|skipped| name == *skipped) {
            continue;
        }
        add(&entry.path(), hasher)?;
    }
    Ok(())
}

fn add_file(path: &Path, about: &Metadata, hasher: &mut DefaultHasher) -> std::io::Result<()> {
    (path, about.len(), about.modified()?).hash(hasher);
    Ok(())
}
