//! The toolkit, built ahead for notebooks.
//!
//! A session's cells are a crate that evcxr writes. [`prebuild`] builds that crate once, in a template directory, with
//! the same manifest, flags, profile and lock file, and with `kernel/bundle` as its dependency `kiln`. A new session
//! takes over the template's build products (`Prebuilt::start_session`): cargo then finds all but the cell up to date.

mod stamp;
mod template;

use crate::paths;
use crate::toolchain::Toolchain;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The name and the source of the dependency, as evcxr takes them.
pub(crate) const DEPENDENCY: &str = "kiln";

/// What [`prebuild`] made: where the sessions of a kernel start from.
#[derive(Debug, Clone)]
pub struct Prebuilt {
    /// The toolchain that built it.
    pub toolchain: Toolchain,
    /// The directory of `kernel/bundle`.
    pub bundle: PathBuf,
    /// The directory whose build products a session takes over.
    template: PathBuf,
    /// The program that stands before the compiler and records how it is called.
    pub(crate) recorder: PathBuf,
}

/// Builds what is missing or out of date, with one line to `progress` for each step; quick when nothing is.
///
/// # Errors
/// When there is no Rust toolchain, or the toolkit does not compile; the error carries the compiler's message.
pub fn prebuild(progress: &mut dyn FnMut(&str)) -> Result<Prebuilt> {
    let (prebuilt, source, stamp) = locate()?;
    if prebuilt.is_fresh(&stamp) {
        return Ok(prebuilt);
    }
    let cache = paths::cache()?;
    std::fs::create_dir_all(&cache)
        .with_context(|| format!("cannot make the directory {}", cache.display()))?;
    // One process builds; the others wait, and then find it built.
    let lock =
        File::create(cache.join("lock")).with_context(|| format!("cannot write in {}", cache.display()))?;
    if lock.try_lock().is_err() {
        progress("waiting for another process that builds the toolkit");
        lock.lock()?;
    }
    if !prebuilt.is_fresh(&stamp) {
        prebuilt.build(&source, progress)?;
        std::fs::write(prebuilt.stamp_file(), &stamp)?;
    }
    Ok(prebuilt)
}

/// Whether [`prebuild`] has nothing to do.
///
/// # Errors
/// When there is no Rust toolchain, or the toolkit's sources are not there.
pub fn is_prebuilt() -> Result<bool> {
    let (prebuilt, _, stamp) = locate()?;
    Ok(prebuilt.is_fresh(&stamp))
}

/// Where everything is or will be, the sources, and the stamp that says whether it is up to date.
fn locate() -> Result<(Prebuilt, PathBuf, String)> {
    let source = paths::source()?;
    let toolchain = Toolchain::find()?;
    let cache = paths::cache()?;
    let prebuilt = Prebuilt {
        bundle: source.join("kernel/bundle"),
        template: cache.join("bundle"),
        recorder: cache.join("record-rustc"),
        toolchain,
    };
    let stamp = stamp::of(&source, &prebuilt.toolchain)?;
    Ok((prebuilt, source, stamp))
}

impl Prebuilt {
    /// Puts the build products into a session's directory, and returns the toolkit's library there.
    ///
    /// # Errors
    /// When a file can be neither linked nor copied.
    pub(crate) fn start_session(&self, directory: &Path) -> Result<PathBuf> {
        template::take_over(&self.template, directory)?;
        let library = library_in(&directory.join(template::CRATE), &self.toolchain.host);
        if !library.is_file() {
            bail!("the toolkit's library is not at {}", library.display());
        }
        Ok(library)
    }

    /// Writes down the versions that the toolkit was built with for the session's crate: without them cargo would take the
    /// newest releases, and compile the toolkit anew.
    ///
    /// # Errors
    /// When the file cannot be copied.
    pub(crate) fn lock_versions(&self, directory: &Path) -> Result<()> {
        let lock = |crates: &Path| crates.join(template::CRATE).join("Cargo.lock");
        let (from, to) = (lock(&self.template), lock(directory));
        std::fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
        Ok(())
    }

    /// The dependency as evcxr takes it.
    pub(crate) fn dependency(&self) -> String {
        template::dependency(&self.bundle)
    }

    fn stamp_file(&self) -> PathBuf {
        self.template.join("stamp")
    }

    fn is_fresh(&self, stamp: &str) -> bool {
        std::fs::read_to_string(self.stamp_file()).is_ok_and(|built| built == stamp)
            && library_in(&self.template.join(template::CRATE), &self.toolchain.host).is_file()
            && self.recorder.is_file()
    }

    fn build(&self, source: &Path, progress: &mut dyn FnMut(&str)) -> Result<()> {
        progress("building the toolkit for notebooks (once; again when it changes)");
        let _ = std::fs::remove_file(self.stamp_file());
        template::write(&self.template, &self.bundle, source)?;
        template::write_recorder(&self.recorder)?;
        // What the workspace was built with is on this machine already: no network needed.
        if self.run_cargo(&["--offline"], progress).is_err() {
            self.run_cargo(&[], progress)?;
        }
        Ok(())
    }

    fn run_cargo(&self, arguments: &[&str], progress: &mut dyn FnMut(&str)) -> Result<()> {
        let mut cargo = Command::new(&self.toolchain.cargo);
        cargo
            .args(["build", "--message-format=json", "--target", &self.toolchain.host])
            .args(arguments)
            .current_dir(self.template.join(template::CRATE))
            .env("RUSTC", &self.toolchain.rustc)
            .envs(build_environment(&self.recorder, &self.template.join("call"))?)
            .env("CARGO_TARGET_DIR", "target")
            .env("CARGO_BUILD_BUILD_DIR", "target")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child =
            cargo.spawn().with_context(|| format!("cannot run {}", self.toolchain.cargo.display()))?;
        let stderr = child.stderr.take().map(|stream| std::thread::spawn(move || read_text(stream)));
        let mut errors = String::new();
        let mut compiled = 0;
        for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
            let Ok(message) = serde_json::from_str::<Value>(&line?) else { continue };
            if message["reason"] == "compiler-artifact" && message["fresh"] == false {
                compiled += 1;
                if compiled % 10 == 0 || message["target"]["name"] == "kiln" {
                    progress(&format!(
                        "  {compiled} crates compiled ({})",
                        message["target"]["name"].as_str().unwrap_or_default()
                    ));
                }
            }
            if message["message"]["level"] == "error" {
                errors.push_str(message["message"]["rendered"].as_str().unwrap_or_default());
            }
        }
        let notes = stderr.and_then(|reader| reader.join().ok()).unwrap_or_default();
        if !child.wait()?.success() {
            bail!(
                "the toolkit cannot be built for notebooks\n{}",
                if errors.is_empty() { notes } else { errors }
            );
        }
        Ok(())
    }
}

/// What the environment of each build of cells holds, of the template's as of a session's.
pub(crate) fn build_environment(recorder: &Path, record: &Path) -> Result<[(&'static str, String); 4]> {
    Ok([
        ("RUSTFLAGS", "-Cprefer-dynamic".to_owned()),
        ("RUSTC_WRAPPER", recorder.display().to_string()),
        ("CARGO_HOME", paths::cargo_home()?.display().to_string()),
        (template::RECORD, record.display().to_string()),
    ])
}

/// The file in which the crates are listed that were compiled beside the cells' own.
pub(crate) fn compiled_crates(record: &Path) -> PathBuf {
    let mut name = record.as_os_str().to_owned();
    name.push(".crates");
    name.into()
}

fn library_in(directory: &Path, host: &str) -> PathBuf {
    let name = format!("{}kiln_bundle{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    directory.join("target").join(host).join("debug/deps").join(name)
}

fn read_text(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    // What could be read is all that there is to tell.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
