//! Files that are there whole or not at all.

use crate::{Error, Result};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How often this process has made a temporary file.
static MADE: AtomicU64 = AtomicU64::new(0);

/// Writes a file so that at any moment, also when the process is killed, the old content or the new one is there, whole:
/// into a temporary file beside it, to the disk, and then in its place.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed =
        |what: &str, error: &std::io::Error| Error::file(format!("{}: {what}: {error}", path.display()));
    let Some(name) = path.file_name() else {
        return Err(Error::file(format!("{} names no file", path.display())));
    };
    // A link stays one: what it points to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if target.is_dir() {
        return Err(Error::file(format!("{} is a directory", path.display())));
    }
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder.to_path_buf(),
        _ => PathBuf::from("."),
    };
    if !folder.is_dir() {
        return Err(Error::file(format!("{}: there is no directory `{}`", path.display(), folder.display()))
            .with_help("make it first"));
    }
    let name = name.to_string_lossy();
    remove_abandoned(&folder, &name);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let temporary = folder.join(format!(".{name}.{}.{number}.tmp", std::process::id()));
    let written = fill(&temporary, bytes).and_then(|()| fs::rename(&temporary, &target));
    if let Err(error) = written {
        let _ = fs::remove_file(&temporary);
        return Err(failed("cannot be written", &error));
    }
    // The new name is on the disk when the directory is.
    if let Ok(folder) = File::open(&folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn fill(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes temporary files of this name that killed processes have left.
fn remove_abandoned(folder: &Path, name: &str) {
    let running = Path::new("/proc/self");
    let Ok(entries) = fs::read_dir(folder) else { return };
    if !running.exists() {
        return; // Without a list of the processes nobody knows whose file it is.
    }
    for entry in entries.flatten() {
        let file = entry.file_name();
        let parts =
            file.to_str().and_then(|file| file.strip_prefix('.')?.strip_prefix(name)?.strip_prefix('.'));
        let Some((process, rest)) = parts.and_then(|parts| parts.split_once('.')) else { continue };
        let ours = rest.strip_suffix(".tmp").is_some_and(|number| number.parse::<u64>().is_ok());
        if ours && process.parse::<u32>().is_ok() && !Path::new("/proc").join(process).exists() {
            let _ = fs::remove_file(entry.path());
        }
    }
}
