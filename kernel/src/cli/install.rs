//! `kiln install`: makes the kernel known to Jupyter.

use crate::{arrayfire, bundle};
use anyhow::{Context, Result, bail};
use serde_json::json;
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
    bundle::prebuild(&mut |line| eprintln!("{line}"))?;
    let directory = match (&arguments.prefix, arguments.sys_prefix) {
        (Some(prefix), _) => install_to(prefix, &arguments.name)?,
        (None, true) => install_to(&python_prefix()?, &arguments.name)?,
        (None, false) => install_into(&user_data()?, &arguments.name)?,
    };
    match arrayfire::directory() {
        Some(place) => eprintln!("ArrayFire is at {}", place.display()),
        None => {
            eprintln!("ArrayFire was not found: the host engine computes (`kiln doctor` says how to add it)")
        }
    }
    eprintln!("the kernel \"Rust (Kiln)\" is installed in {}", directory.display());
    Ok(())
}

/// Writes the kernelspec `PREFIX/share/jupyter/kernels/NAME/kernel.json`, and returns its directory.
///
/// # Errors
/// When the directory cannot be written, or the name is none that Jupyter takes.
pub fn install_to(prefix: &Path, name: &str) -> Result<PathBuf> {
    install_into(&prefix.join("share/jupyter"), name)
}

fn install_into(data: &Path, name: &str) -> Result<PathBuf> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
        bail!("`{name}` is no name for a kernel\nhelp: Jupyter takes letters, digits, `.`, `_` and `-`");
    }
    let directory = std::path::absolute(data)?.join("kernels").join(name);
    let file = directory.join("kernel.json");
    let text = serde_json::to_string_pretty(&specification()?)? + "\n";
    std::fs::create_dir_all(&directory).and_then(|()| std::fs::write(&file, text)).with_context(|| {
        format!("cannot write {}\nhelp: `--user` and `--prefix DIR` install elsewhere", file.display())
    })?;
    Ok(directory)
}

fn specification() -> Result<serde_json::Value> {
    let program = std::env::current_exe()?;
    let mut environment = serde_json::Map::new();
    // Jupyter may be started from a desktop, with a shorter path and without these.
    for name in ["PATH", "CARGO_HOME", "RUSTUP_HOME", "KILN_CACHE", "KILN_SOURCE", "AF_PATH"] {
        if let Some(value) = std::env::var_os(name).and_then(|value| value.into_string().ok()) {
            environment.insert(name.to_owned(), value.into());
        }
    }
    // Where ArrayFire is now: notebooks look there first, and say so when it is gone.
    if let Some(place) = arrayfire::directory() {
        environment.insert("KILN_ARRAYFIRE".to_owned(), place.display().to_string().into());
    }
    Ok(json!({
        "argv": [program, "kernel", "{connection_file}"],
        "display_name": "Rust (Kiln)",
        "language": "rust",
        "interrupt_mode": "message",
        "env": environment,
        "metadata": {"debugger": false},
    }))
}

/// Jupyter's data directory of this user.
fn user_data() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("JUPYTER_DATA_DIR").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let home =
        PathBuf::from(std::env::var_os("HOME").context("there is no HOME directory; use --prefix DIR")?);
    if cfg!(target_os = "macos") {
        return Ok(home.join("Library/Jupyter"));
    }
    let data = std::env::var_os("XDG_DATA_HOME").filter(|path| !path.is_empty());
    Ok(data.map_or_else(|| home.join(".local/share"), PathBuf::from).join("jupyter"))
}

fn python_prefix() -> Result<PathBuf> {
    let output = std::process::Command::new("python3")
        .args(["-c", "import sys; print(sys.prefix)"])
        .output()
        .context("`python3` is not on the path; use --prefix DIR")?;
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name that Jupyter would not find is refused before anything is written.
    #[test]
    fn refuses_names_that_jupyter_does_not_take() {
        assert!(
            install_to(Path::new("/nowhere"), "a b")
                .is_err_and(|error| error.to_string().contains("no name"))
        );
        assert!(install_to(Path::new("/nowhere"), "../x").is_err());
    }
}
