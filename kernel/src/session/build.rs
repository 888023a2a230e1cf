//! How cells are compiled: by the compiler itself, with cargo only where cargo has something to decide.
//!
//! evcxr has cargo build each cell. For a cell that needs no other crates than the last one, cargo decides nothing: it
//! reads the manifests and the times of all files, and calls the compiler as before. Evcxr can be told to put the linker
//! `mold` before cargo, as `mold -run cargo build ...`; the `mold` that it finds is a script of ours, which calls this
//! program. It makes the compiler's last call again, if nothing that cargo looks at has changed, and else calls cargo.
//!
//! The toolkit itself is no reason to ask cargo: this session's process has loaded its library, and a cell that is
//! compiled against another one could not run.

use super::metadata::{quoted, this_program};
use crate::bundle;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Set by the script for the process that builds; names the session's directory.
pub(crate) const SESSION: &str = "KILN_BUILD_SESSION";

/// Where evcxr's wrapper of the compiler would write the path of a cell's library, and where evcxr reads it.
const LIBRARY_PATH: &str = "EVCXR_EXECUTION_SO_PATH";

/// The compiler's last call, as the recorder wrote it: the program and its arguments, one a line.
pub(super) fn record(session: &Path) -> PathBuf {
    session.join("call")
}

/// What cargo was asked when that call was recorded.
fn record_of_request(session: &Path) -> PathBuf {
    session.join("call.request")
}

/// The folder with the script, for evcxr's `PATH`.
pub(super) fn programs(session: &Path) -> PathBuf {
    session.join("bin")
}

/// Writes the script.
pub(super) fn write_script(session: &Path) -> Result<()> {
    let folder = programs(session);
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("mold");
    let script =
        format!("#!/bin/sh\n{SESSION}={} exec {} \"$@\"\n", quoted(session), quoted(&this_program()?));
    std::fs::write(&path, script)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Says that the call which the session begins with is the one for the toolkit and nothing else.
pub(super) fn begin_session(session: &Path, cargo: &Path, rustc: &Path, manifest: &str) -> Result<()> {
    let request = Request::new(cargo, rustc.display().to_string(), bundle::RUST_FLAGS.to_owned(), manifest);
    std::fs::write(record_of_request(session), request.text())?;
    Ok(())
}

/// Whether cargo is called for the session's next cell even if it needs no other crates than the last one.
pub(super) fn asks_cargo(session: &Path) -> bool {
    let text = std::fs::read_to_string(record_of_request(session)).unwrap_or_default();
    Request::parse(&text).is_none_or(|request| !request.is_fixed())
}

/// Does what `mold -run cargo ...` is asked for.
pub(crate) fn run(session: OsString) -> ExitCode {
    let session = PathBuf::from(session);
    let mut words = std::env::args_os().skip(1);
    let rest: Vec<OsString> = match (words.next(), words.next()) {
        (Some(run), Some(cargo)) if run == "-run" => std::iter::once(cargo).chain(words).collect(),
        (first, second) => first.into_iter().chain(second).chain(words).collect(),
    };
    match build(&session, &rest) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn build(session: &Path, words: &[OsString]) -> Result<ExitCode> {
    let (cargo, arguments) = words.split_first().context("`mold` is called with nothing to run")?;
    let is_build = arguments.iter().any(|word| word == "build");
    let recorded = std::fs::read_to_string(record_of_request(session)).unwrap_or_default();
    let answered = Request::parse(&recorded);
    if arguments.iter().any(|word| word == "metadata")
        && answered.as_ref().is_some_and(Request::is_only_asked_about)
    {
        // Evcxr asks whether the toolkit is a crate, and reads no more of the answer than that there is one.
        println!("{{}}");
        return Ok(ExitCode::SUCCESS);
    }
    if !is_build {
        return Err(real(cargo, arguments, session).exec())
            .with_context(|| format!("cannot run {}", cargo.display()));
    }
    let request = Request::read(Path::new(cargo));
    if let Ok(request) = &request
        && answered.is_some_and(|answered| request.is_answered_by(&answered))
        && let Ok(call) = std::fs::read_to_string(record(session))
    {
        return Err(compile(&call)?);
    }
    // The record is overwritten on the way: until all of it went well, it is not one to repeat.
    let _ = std::fs::remove_file(record_of_request(session));
    let status = real(cargo, arguments, session)
        .status()
        .with_context(|| format!("cannot run {}", cargo.display()))?;
    if status.success()
        && let Ok(request) = request
    {
        std::fs::write(record_of_request(session), request.text())?;
    }
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The call of cargo as evcxr means it.
fn real(cargo: &OsString, arguments: &[OsString], session: &Path) -> Command {
    let mut command = Command::new(cargo);
    command.args(arguments).env_remove(SESSION).env("PATH", path_without(&programs(session)));
    command
}

/// Becomes the compiler; returns only if it cannot.
fn compile(call: &str) -> Result<anyhow::Error> {
    let mut words = call.lines();
    let compiler = words.next().context("the record of the compiler's call is empty")?;
    let words: Vec<&str> = words.collect();
    let output = words.iter().position(|word| *word == "--out-dir").and_then(|at| words.get(at + 1));
    let output = Path::new(output.context("the record of the compiler's call names no folder")?);
    if let Some(path) = std::env::var_os(LIBRARY_PATH) {
        let name = format!("{}ctx{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        std::fs::write(path, output.join(name).display().to_string())?;
    }
    let error = Command::new(compiler)
        // Cargo reads what the crate depends on; nobody does here.
        .args(words.iter().map(|word| if word.starts_with("--emit=") { "--emit=link" } else { *word }))
        .env("CARGO_CRATE_NAME", "ctx")
        .env("CARGO_PKG_NAME", "ctx")
        .env("CARGO_PKG_VERSION", "1.0.0")
        .env("CARGO_MANIFEST_DIR", std::env::current_dir()?)
        .env_remove(SESSION)
        .exec();
    Ok(anyhow::Error::from(error).context(format!("cannot run {compiler}")))
}

fn path_without(folder: &Path) -> OsString {
    let before = std::env::var_os("PATH").unwrap_or_default();
    let kept = std::env::split_paths(&before).filter(|path| path != folder);
    std::env::join_paths(kept).unwrap_or(before.clone())
}

/// All that cargo's decisions follow from, but for the times of files.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    /// The tools, the flags, and the manifest without its dependencies.
    settings: String,
    dependencies: Vec<String>,
}

const DEPENDENCIES: &str = "[dependencies]";

impl Request {
    fn new(cargo: &Path, rustc: String, flags: String, manifest: &str) -> Self {
        let (settings, dependencies) = manifest.split_once(DEPENDENCIES).unwrap_or((manifest, ""));
        let lines = |text: &str| -> Vec<String> {
            text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
        };
        let mut dependencies = lines(dependencies);
        dependencies.sort_unstable();
        let tools = format!("{}\n{rustc}\n{flags}\n", cargo.display());
        Self { settings: tools + &lines(settings).join("\n"), dependencies }
    }

    /// What this process is asked for, in evcxr's directory and environment.
    fn read(cargo: &Path) -> Result<Self> {
        let manifest =
            std::fs::read_to_string("Cargo.toml").context("cannot read the manifest of the cells")?;
        let variable = |name| std::env::var(name).unwrap_or_default();
        Ok(Self::new(cargo, variable("RUSTC"), variable("RUSTFLAGS"), &manifest))
    }

    fn text(&self) -> String {
        format!("{}\n{DEPENDENCIES}\n{}\n", self.settings, self.dependencies.join("\n"))
    }

    fn parse(text: &str) -> Option<Self> {
        let (settings, dependencies) = text.split_once(DEPENDENCIES)?;
        let dependencies = dependencies.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        Some(Self { settings: settings.trim_end().to_owned(), dependencies })
    }

    /// Whether evcxr tries out a dependency, and it is the one of this request, the toolkit.
    fn is_only_asked_about(&self) -> bool {
        let manifest = std::fs::read_to_string("Cargo.toml").unwrap_or_default();
        let tried = Self::new(Path::new(""), String::new(), String::new(), &manifest);
        manifest.contains("\"evcxr_dummy_validate_dep\"")
            && self.dependencies.len() == 1
            && tried.dependencies == self.dependencies
    }

    /// Whether the call that was recorded for `other` serves this request too.
    fn is_answered_by(&self, other: &Self) -> bool {
        // Before the toolkit is added, evcxr tries itself out on a cell without any crate.
        self.settings == other.settings
            && (self.dependencies.is_empty() || self.dependencies == other.dependencies)
            && self.is_fixed()
    }

    /// Whether no crate may be edited between two cells: a user's own may, the toolkit's may not change under a session.
    fn is_fixed(&self) -> bool {
        let is_toolkit = |line: &str| line.starts_with(&format!("{} =", bundle::DEPENDENCY));
        self.dependencies.iter().all(|line| !line.contains("path") || is_toolkit(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(flags: &str, dependencies: &str) -> Request {
        let manifest = format!("[package]\nname = \"ctx\"\n\n{DEPENDENCIES}\n{dependencies}\n");
        Request::new(Path::new("/bin/cargo"), "/bin/rustc".into(), flags.into(), &manifest)
    }

    /// The compiler is called directly only when cargo would call it so.
    #[test]
    fn another_crate_or_flag_is_cargos_decision() {
        let toolkit = format!("{} = {{ path = \"/k\" }}\n", bundle::DEPENDENCY);
        let recorded = request("-Cprefer-dynamic", &toolkit);
        assert_eq!(Request::parse(&recorded.text()).as_ref(), Some(&recorded));
        assert!(request("-Cprefer-dynamic", &toolkit).is_answered_by(&recorded));
        assert!(request("-Cprefer-dynamic", "").is_answered_by(&recorded));
        assert!(!request("-Cprefer-dynamic -Clink-arg=-s", &toolkit).is_answered_by(&recorded));
        let more = format!("{toolkit}ndarray = \"0.17\"\n");
        assert!(!request("-Cprefer-dynamic", &more).is_answered_by(&recorded));
        assert!(request("-Cprefer-dynamic", &more).is_answered_by(&request("-Cprefer-dynamic", &more)));
    }

    /// A crate in a folder of the user's may be edited between two cells.
    #[test]
    fn a_crate_of_the_users_is_always_asked_for() {
        let own = "mine = { path = \"/home/me/mine\" }";
        assert!(!request("", own).is_answered_by(&request("", own)));
    }
}
