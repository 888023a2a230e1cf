//! Where Kiln keeps what it builds, and what a session needs.

use crate::session::user;
use anyhow::{Context, Result, bail};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The directory of what is built once and used by all sessions: `KILN_CACHE`, or `kiln` in the user's cache directory.
///
/// # Errors
/// When neither `KILN_CACHE`, `XDG_CACHE_HOME` nor `HOME` is set.
pub fn cache() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("KILN_CACHE").filter(|path| !path.is_empty()) {
        return Ok(std::path::absolute(PathBuf::from(path))?);
    }
    if let Some(path) = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()) {
        return Ok(PathBuf::from(path).join("kiln"));
    }
    let home =
        std::env::var_os("HOME").context("there is no HOME directory; set KILN_CACHE to a directory")?;
    Ok(PathBuf::from(home).join(".cache/kiln"))
}

/// The directory of what outlives all sessions, the history of cells: `KILN_STATE`, or `kiln` in the user's data directory.
///
/// # Errors
/// When neither `KILN_STATE`, `XDG_DATA_HOME` nor `HOME` is set.
pub fn data() -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    if let Some(path) = set("KILN_STATE") {
        return Ok(std::path::absolute(path)?);
    }
    if let Some(path) = set("XDG_DATA_HOME") {
        return Ok(path.join("kiln"));
    }
    let home = set("HOME").context("there is no HOME directory; set KILN_STATE to a directory")?;
    Ok(if cfg!(target_os = "macos") {
        home.join("Library/Application Support/kiln")
    } else {
        home.join(".local/share/kiln")
    })
}

/// Makes a directory that only its owner may read, if it is not there.
///
/// # Errors
/// When it cannot be made.
pub fn make_private(directory: &Path) -> Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .with_context(|| format!("cannot make the directory {}", directory.display()))
}

/// The sources of the toolkit: `KILN_SOURCE`, or where this program was built.
///
/// # Errors
/// When they are not there any more.
pub fn source() -> Result<PathBuf> {
    let built_at = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("/"));
    let path = std::env::var_os("KILN_SOURCE").map_or_else(|| built_at.to_owned(), PathBuf::from);
    if !path.join("kernel/bundle/Cargo.toml").is_file() {
        bail!(
            "the sources of Kiln are not at {}\nhelp: set KILN_SOURCE to the directory of the clone, or run `cargo lab` there again",
            path.display()
        );
    }
    Ok(path)
}

/// Cargo's home as the user has it: a session changes the variable in its own process.
///
/// # Errors
/// When there is neither `CARGO_HOME` nor `HOME`.
pub fn cargo_home() -> Result<PathBuf> {
    static HOME: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = HOME.get_or_init(|| {
        let set = std::env::var_os("CARGO_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
        set.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))
    });
    found.clone().context("there is neither CARGO_HOME nor HOME")
}

/// The directory of all sessions of this user, which nobody else may read.
///
/// It lies in the directory for temporary files, and not below the one in which the toolchain lies: evcxr 0.22 links
/// cells so that they would not find the standard library from there.
///
/// # Errors
/// When it cannot be made, or belongs to someone else.
pub fn sessions() -> Result<PathBuf> {
    let root = std::env::temp_dir().join(format!("kiln-{}", user()));
    match std::fs::DirBuilder::new().mode(0o700).create(&root) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => {
            return Err(error).with_context(|| format!("cannot make the directory {}", root.display()));
        }
    }
    let about = std::fs::symlink_metadata(&root)?;
    if !about.is_dir() || about.uid() != user() {
        bail!("{} belongs to someone else\nhelp: set TMPDIR to a directory of your own", root.display());
    }
    Ok(root)
}
