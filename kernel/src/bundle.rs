//! The toolkit, built ahead for notebooks.

use anyhow::Result;
use std::path::PathBuf;

/// What [`prebuild`] made: where the sessions of a kernel start from.
#[derive(Debug, Clone)]
pub struct Prebuilt {
    /// The crate directory whose build products a session takes over.
    pub template: PathBuf,
    /// The dynamic library that holds the toolkit.
    pub library: PathBuf,
}

/// Builds what is missing or out of date, with one line to `progress` for each step; quick when nothing is.
///
/// # Errors
/// When there is no Rust toolchain, or the toolkit does not compile; the error carries the compiler's message.
pub fn prebuild(progress: &mut dyn FnMut(&str)) -> Result<Prebuilt> {
    let _ = progress;
    anyhow::bail!("not there yet")
}
