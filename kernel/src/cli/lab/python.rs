//! Python: finding one that can make a virtual environment, making it, filling it, and knowing that it is whole.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::command;
use super::plan::Environment;
use super::progress::Report;

/// What goes into the environment. plotly stays at 6: its 7 draws with a plotly.js that the figures are not made for.
const REQUIREMENTS: [&str; 3] = ["jupyterlab>=4.4,<5", "nbconvert>=7.16,<8", "plotly>=6,<7"];
/// JupyterLab 4.4 needs it.
const OLDEST: (u32, u32) = (3, 9);
/// JupyterLab's own question whether to fetch news and updates stays away; the user's settings go before these.
const SETTINGS: &str = r#"{
  "@jupyterlab/apputils-extension:notification": { "fetchNews": "false", "checkForUpdates": false }
}
"#;
const STAMP: &str = "kiln-stamp.txt";

/// A Python interpreter that can make a virtual environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Python {
    program: OsString,
    maker: Maker,
}

/// What makes the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Maker {
    /// `python3 -m venv`.
    Venv,
    /// `python3 -m virtualenv`, where a distribution has split venv off.
    VirtualenvModule,
    /// The command `virtualenv`.
    VirtualenvCommand,
}

impl Python {
    /// The interpreter in `KILN_PYTHON`, else `python3`, else `python`.
    ///
    /// # Errors
    /// No Python, one that is too old, or one that cannot make environments; the error says what to install.
    pub(crate) fn find() -> Result<Self> {
        let candidates = match std::env::var_os("KILN_PYTHON").filter(|value| !value.is_empty()) {
            Some(program) => vec![program],
            None => ["python3", "python"].map(OsString::from).to_vec(),
        };
        Self::among(&candidates)
    }

    fn among(candidates: &[OsString]) -> Result<Self> {
        let mut problem = None;
        for program in candidates {
            let Some(said) = probe(program) else { continue };
            match judge(&said, virtualenv_command_exists()) {
                Ok(maker) => return Ok(Self { program: program.clone(), maker }),
                Err(error) => problem = problem.or(Some(format!("`{}` {error}", program.display()))),
            }
        }
        match problem {
            Some(problem) => bail!("{problem}\nhelp: {}", how_to_install("python3-venv")),
            None => {
                let names: Vec<String> =
                    candidates.iter().map(|name| format!("`{}`", name.display())).collect();
                bail!(
                    "no Python was found: {} cannot be run\nhelp: {}",
                    names.join(", "),
                    how_to_install("python3")
                )
            }
        }
    }

    /// Makes an empty environment in the folder, in the place of an unfinished one.
    ///
    /// # Errors
    /// A folder that is there and bears no stamp: it is someone else's and is left alone.
    pub(crate) fn make_environment(&self, folder: &Path, log: &Path, report: &Report) -> Result<()> {
        if folder.exists() {
            if !folder.join(STAMP).exists() {
                bail!(
                    "{}: the folder is there, but `cargo lab` did not make it\n\
                     help: remove it, or name another place by KILN_HOME",
                    folder.display()
                );
            }
            // The stamp goes last, so that a removal that is interrupted can be resumed.
            clear(folder).with_context(|| {
                format!("{}: the unfinished environment cannot be removed", folder.display())
            })?;
        }
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(folder.join(STAMP), "unfinished\n"))
            .with_context(|| format!("{}: the environment cannot be written", folder.display()))?;
        let mut command = match self.maker {
            Maker::Venv => python_command(&self.program, &["-m", "venv"]),
            Maker::VirtualenvModule => python_command(&self.program, &["-m", "virtualenv"]),
            Maker::VirtualenvCommand => {
                let mut command = Command::new("virtualenv");
                command.arg("--python").arg(&self.program);
                command
            }
        };
        command.arg(folder);
        command::run(&mut command, "make a virtual environment", &how_to_install("python3-venv"), log, report)
    }
}

/// Removes all in the folder but the stamp.
fn clear(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else if entry.file_name() != STAMP {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// What an interpreter says of itself: version, and whether it has the modules.
fn probe(program: &OsString) -> Option<String> {
    let script = "import sys, importlib.util as u; \
        print(*sys.version_info[:2], *(int(u.find_spec(name) is not None) for name in ('venv', 'ensurepip', 'virtualenv')))";
    let output = python_command(program, &["-c", script]).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn judge(said: &str, virtualenv_command: bool) -> Result<Maker, String> {
    let numbers: Vec<u32> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [major, minor, venv, ensurepip, virtualenv] = numbers[..] else {
        return Err(format!("does not answer like a Python: {:?}", said.trim()));
    };
    if (major, minor) < OLDEST {
        return Err(format!(
            "is Python {major}.{minor}, but JupyterLab needs {}.{} or later",
            OLDEST.0, OLDEST.1
        ));
    }
    match (venv == 1 && ensurepip == 1, virtualenv == 1, virtualenv_command) {
        (true, ..) => Ok(Maker::Venv),
        (_, true, _) => Ok(Maker::VirtualenvModule),
        (.., true) => Ok(Maker::VirtualenvCommand),
        _ => Err(format!("is Python {major}.{minor} without the modules `venv` and `ensurepip`")),
    }
}

fn virtualenv_command_exists() -> bool {
    let mut command = Command::new("virtualenv");
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The command that installs a package of Debian's name with this system's package manager.
fn how_to_install(debian: &str) -> String {
    let is_there = |program: &str| Path::new("/usr/bin").join(program).exists();
    if is_there("apt-get") {
        let more = if debian == "python3" { " python3-venv" } else { "" };
        format!("sudo apt install {debian}{more}")
    } else if is_there("dnf") {
        "sudo dnf install python3 python3-pip".to_owned()
    } else if is_there("zypper") {
        "sudo zypper install python3 python3-pip".to_owned()
    } else if is_there("pacman") {
        "sudo pacman -S python".to_owned()
    } else if cfg!(target_os = "macos") {
        "brew install python".to_owned()
    } else {
        "install Python 3.9 or later, with its module `venv`, from https://www.python.org/downloads/"
            .to_owned()
    }
}

/// The environment's interpreter.
pub(crate) fn interpreter(environment: &Path) -> PathBuf {
    environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}

/// A Python command that sees no other packages than its own.
pub(crate) fn python_command(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    for variable in ["PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"] {
        command.env_remove(variable);
    }
    command.env("PYTHONNOUSERSITE", "1");
    command
}

/// Installs the requirements, then the settings, and puts the stamp at the very end.
pub(crate) fn install_packages(environment: &Path, log: &Path, report: &Report) -> Result<()> {
    let python = interpreter(environment);
    let mut pip =
        python_command(&python, &["-m", "pip", "install", "--no-input", "--disable-pip-version-check"]);
    // A user's settings for installs elsewhere must not lead this one astray.
    for variable in ["PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"] {
        pip.env_remove(variable);
    }
    pip.env("PIP_USER", "0");
    pip.args(["--prefer-binary", "--progress-bar", "off", "--retries", "2"]).args(REQUIREMENTS);
    let repair = "is there a network, and room for 400 MB? Then `cargo lab` again; a proxy or an index of your own \
        is set as for any pip, by environment variables or pip.conf";
    command::run(&mut pip, "install JupyterLab and plotly", repair, log, report)?;

    let settings = environment.join("share/jupyter/lab/settings");
    let write = || {
        fs::create_dir_all(&settings)?;
        fs::write(settings.join("overrides.json"), SETTINGS)?;
        fs::write(environment.join(STAMP), stamp(environment))
    };
    write().with_context(|| format!("{}: the environment cannot be written", environment.display()))
}

/// Whether the environment is whole; no command is run, so that this takes no time.
pub(crate) fn state(environment: &Path) -> Environment {
    if !environment.exists() {
        return Environment::Missing;
    }
    let is_whole = fs::read_to_string(environment.join(STAMP)).is_ok_and(|text| text == stamp(environment))
        // Through the link: the Python it was made with may be gone.
        && fs::metadata(interpreter(environment)).is_ok_and(|metadata| metadata.is_file());
    if is_whole { Environment::Ready } else { Environment::Unfinished }
}

/// What the environment must hold, and where: its programs name the folder, so that a moved one is not whole.
fn stamp(environment: &Path) -> String {
    format!("{}\n{}\n{SETTINGS}", environment.display(), REQUIREMENTS.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maker_follows_what_python_has() {
        assert_eq!(judge("3 11 1 1 0", false), Ok(Maker::Venv));
        assert_eq!(judge("3 9 1 1 1\n", true), Ok(Maker::Venv));
        assert_eq!(judge("3 11 1 0 1", false), Ok(Maker::VirtualenvModule));
        assert_eq!(judge("3 11 0 0 0", true), Ok(Maker::VirtualenvCommand));
    }

    #[test]
    fn what_is_missing_is_said() {
        assert!(judge("3 11 1 0 0", false).unwrap_err().contains("without the modules `venv`"));
        assert!(judge("3 8 1 1 0", false).unwrap_err().contains("is Python 3.8, but JupyterLab needs 3.9"));
        assert!(judge("2 7 0 0 1", true).unwrap_err().contains("2.7"));
        assert!(judge("hello", false).unwrap_err().contains("hello"));
    }

    #[test]
    fn no_python_at_all_names_the_command_that_adds_it() {
        let error = Python::among(&["/no/such/python".into()]).unwrap_err().to_string();
        assert!(error.starts_with("no Python was found: `/no/such/python`"), "{error}");
        assert!(error.contains("help: "), "{error}");
    }

    /// Missing, half-made, whole, and whole but moved.
    #[cfg(unix)]
    #[test]
    fn the_state_of_an_environment() {
        let folder = std::env::temp_dir().join(format!("kiln-lab-environment-{}", std::process::id()));
        let environment = folder.join("venv");
        assert_eq!(state(&environment), Environment::Missing);
        fs::create_dir_all(environment.join("bin")).unwrap();
        assert_eq!(state(&environment), Environment::Unfinished);
        fs::write(environment.join(STAMP), stamp(&environment)).unwrap();
        assert_eq!(state(&environment), Environment::Unfinished);
        std::os::unix::fs::symlink("/bin/sh", interpreter(&environment)).unwrap();
        assert_eq!(state(&environment), Environment::Ready);
        let moved = folder.join("moved");
        fs::rename(&environment, &moved).unwrap();
        assert_eq!(state(&moved), Environment::Unfinished);
        fs::remove_dir_all(folder).ok();
    }
}
