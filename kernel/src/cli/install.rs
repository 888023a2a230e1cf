//! `kiln install`: makes the kernel known to Jupyter.

use crate::{arrayfire, bundle};
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::path::{Path, PathBuf};

/// How the kernel is installed.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    place: Place,
}

/// Where the kernel is installed, and under which name.
#[derive(Debug, clap::Args)]
pub struct Place {
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
    let place = &arguments.place;
    let directory = install_into(&place.data()?, &place.name)?;
    match arrayfire::directory() {
        Some(place) => eprintln!("ArrayFire is at {}", place.display()),
        None => {
            eprintln!("ArrayFire was not found: the host engine computes (`kiln doctor` says how to add it)");
        }
    }
    eprintln!("the kernel \"Rust (Kiln)\" is installed in {}", directory.display());
    Ok(())
}

/// Removes what [`install_to`] wrote, and nothing else.
///
/// # Errors
/// When there is no such kernel, it is not Kiln's, or it cannot be removed.
pub(super) fn uninstall(place: &Place) -> Result<()> {
    let directory = kernel_directory(&place.data()?, &place.name)?;
    let file = directory.join("kernel.json");
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!(
            "no kernel `{}` is installed in {}\nhelp: `jupyter kernelspec list` says what is where; `--user`, `--prefix DIR` and `--sys-prefix` name a place",
            place.name,
            directory.display()
        ),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    let specification: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    if specification["argv"][1] != "kernel" || specification["language"] != "rust" {
        bail!("{} is not a kernel of Kiln, so it stays", directory.display());
    }
    std::fs::remove_dir_all(&directory).with_context(|| format!("cannot remove {}", directory.display()))?;
    eprintln!("the kernel in {} is removed", directory.display());
    eprintln!("what was built for it stays in {}", crate::paths::cache()?.display());
    Ok(())
}

impl Place {
    /// Jupyter's data directory there.
    fn data(&self) -> Result<PathBuf> {
        match (&self.prefix, self.sys_prefix) {
            (Some(prefix), _) => Ok(prefix.join("share/jupyter")),
            (None, true) => Ok(python_prefix()?.join("share/jupyter")),
            (None, false) => user_data(),
        }
    }
}

/// Writes the kernelspec `PREFIX/share/jupyter/kernels/NAME/kernel.json`, and returns its directory.
///
/// # Errors
/// When the directory cannot be written, or the name is none that Jupyter takes.
pub fn install_to(prefix: &Path, name: &str) -> Result<PathBuf> {
    install_into(&prefix.join("share/jupyter"), name)
}

fn kernel_directory(data: &Path, name: &str) -> Result<PathBuf> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
        bail!("`{name}` is no name for a kernel\nhelp: Jupyter takes letters, digits, `.`, `_` and `-`");
    }
    Ok(std::path::absolute(data)?.join("kernels").join(name))
}

fn install_into(data: &Path, name: &str) -> Result<PathBuf> {
    let directory = kernel_directory(data, name)?;
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
    for name in ["PATH", "CARGO_HOME", "RUSTUP_HOME", "KILN_CACHE", "KILN_SOURCE", "KILN_STATE", "AF_PATH"] {
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
pub(super) fn user_data() -> Result<PathBuf> {
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

pub(super) fn python_prefix() -> Result<PathBuf> {
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
