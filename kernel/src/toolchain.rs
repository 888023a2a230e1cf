//! The Rust toolchain that compiles cells.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler and cargo, as evcxr finds them, and where their libraries lie.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// The compiler itself, not rustup's proxy.
    pub rustc: PathBuf,
    /// Cargo itself, not rustup's proxy.
    pub cargo: PathBuf,
    /// The compiler's version and commit, all that `rustc -vV` says.
    pub version: String,
    /// The platform, such as `x86_64-unknown-linux-gnu`.
    pub host: String,
    /// The directory with the shared standard library.
    pub libraries: PathBuf,
}

impl Toolchain {
    /// Finds the toolchain.
    ///
    /// # Errors
    /// When there is no compiler on the path, with the command that installs one.
    pub fn find() -> Result<Self> {
        let rustc = tool("rustc")?;
        let version = run(&rustc, &["-vV"])?;
        let host = version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .context("`rustc -vV` names no host")?;
        let (host, version) = (host.to_owned(), version.clone());
        let root = rustc
            .parent()
            .and_then(Path::parent)
            .map(|root| root.join("lib/rustlib").join(&host).join("lib"));
        let libraries = match root.filter(|path| path.is_dir()) {
            Some(path) => path,
            None => PathBuf::from(run(&rustc, &["--print", "target-libdir"])?.trim()),
        };
        Ok(Self { cargo: tool("cargo")?, rustc, version, host, libraries })
    }

    /// The short version, such as `1.95.0`.
    pub fn release(&self) -> &str {
        self.version.lines().find_map(|line| line.strip_prefix("release: ")).unwrap_or("unknown")
    }
}

/// What rustup would run, or the tool on the path.
fn tool(name: &str) -> Result<PathBuf> {
    if let Ok(path) = run(Path::new("rustup"), &["which", name]) {
        return Ok(PathBuf::from(path.trim()));
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    match std::env::split_paths(&paths).map(|directory| directory.join(name)).find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!("`{name}` is not on the path\nhelp: install Rust from https://rustup.rs"),
    }
}

fn run(program: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("cannot run {} {}", program.display(), arguments.join(" ")))?;
    if !output.status.success() {
        bail!(
            "{} {} failed: {}",
            program.display(),
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}
