//! `kiln lab`, by its alias `cargo lab`: sets up what is missing, then opens JupyterLab or runs one notebook.
//!
//! Everything it makes lies under `target/lab` (or `KILN_HOME`): a virtual environment with JupyterLab and plotly, and the
//! kernelspec within it. The bundle lies where the kernel keeps it. What is there is known by stamps, so that with nothing
//! missing only cargo is asked, whether the bundle is fresh, before JupyterLab starts. It may be stopped at any time: what was not finished is made anew.

mod command;
mod home;
mod plan;
mod progress;
mod python;

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use home::Home;
use plan::{Environment, Found, Step};
use progress::{Progress, Report, line};
use python::Python;

use super::{install, run};

/// What `cargo lab` is asked to do.
#[derive(Debug, Default, clap::Args)]
pub struct Arguments {
    /// Run this notebook without a browser; exit code 1 if a cell fails
    #[arg(long, value_name = "NOTEBOOK")]
    headless: Option<PathBuf>,
    /// Write the executed notebook into this folder (by default `executed` beside what `cargo lab` makes)
    #[arg(long, value_name = "DIR", requires = "headless")]
    to: Option<PathBuf>,
    /// Write the outputs into the notebook itself
    #[arg(long, requires = "headless", conflicts_with = "to")]
    inplace: bool,
    /// Start JupyterLab, but open no browser
    #[arg(long, conflicts_with = "headless")]
    no_browser: bool,
    /// The port of JupyterLab (by default 8888, or the next that is free)
    #[arg(long, value_name = "PORT", conflicts_with = "headless")]
    port: Option<u16>,
    /// More arguments for JupyterLab
    #[arg(last = true, value_name = "JUPYTER ARGUMENTS")]
    jupyter: Vec<OsString>,
}

/// Sets up what is missing, then opens JupyterLab or runs the notebook.
///
/// A notebook that is run without a browser needs nothing of Python: a part of the set-up that fails there is reported
/// and does not stop the run.
///
/// # Errors
/// A step of the set-up that fails, with its command and the one that repairs it; a notebook with a failing cell.
pub(super) fn main(arguments: &Arguments) -> Result<()> {
    // A wrong path is said before minutes of set-up, not after.
    if let Some(notebook) = &arguments.headless
        && !notebook.is_file()
    {
        bail!("{}: there is no such notebook", notebook.display());
    }
    let home = Home::find()?;
    set_up(&home, arguments.headless.is_some())?;
    let Some(notebook) = &arguments.headless else {
        return open(&home, arguments);
    };
    let to = match (&arguments.to, arguments.inplace) {
        (Some(folder), _) => Some(folder.clone()),
        (None, true) => None,
        (None, false) => Some(home.lab.join("executed")),
    };
    run::run_notebook(notebook, to.as_deref(), arguments.inplace)
}

/// The environment that was made here before, if any.
pub(super) fn environment() -> Option<PathBuf> {
    Home::find().ok().map(|home| home.environment()).filter(|environment| environment.is_dir())
}

fn set_up(home: &Home, headless: bool) -> Result<()> {
    let _lock = lock(home)?;
    let mut steps = plan::plan(look(home));
    let mut python = None;
    if steps.contains(&Step::MakeEnvironment) {
        // Likewise a missing Python: the bundle takes minutes.
        match Python::find() {
            Ok(found) => python = Some(found),
            Err(error) if headless => {
                warn_without_python(&error);
                steps.retain(|step| *step == Step::BuildBundle);
            }
            Err(error) => return Err(error),
        }
    }
    let log = home.lab.join("set-up.log");
    let mut progress = Progress::new(steps.len());
    for step in &steps {
        let work = |report: &Report| match step {
            Step::BuildBundle => crate::bundle::prebuild(&mut |text| report.say(text)).map(|_| ()),
            Step::MakeEnvironment => match &python {
                Some(python) => python.make_environment(&home.environment(), &log, report),
                None => Ok(()),
            },
            Step::InstallPackages => python::install_packages(&home.environment(), &log, report),
            Step::InstallKernelspec => install::install_to(&home.environment(), KERNELSPEC).map(|_| ()),
        };
        let outcome = if *step == Step::BuildBundle {
            progress.quiet_step(step.title(), step.cost(), work)
        } else {
            progress.step(step.title(), step.cost(), work)
        };
        match outcome {
            Ok(()) => {}
            Err(error) if headless && *step != Step::BuildBundle => {
                warn_without_python(&error);
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn warn_without_python(error: &anyhow::Error) {
    line(&format!("{error:#}"));
    line("JupyterLab cannot be opened before this is mended; the notebook runs without it.");
}

const KERNELSPEC: &str = "kiln";

fn look(home: &Home) -> Found {
    let environment = python::state(&home.environment());
    let kernelspec = environment == Environment::Ready && kernelspec_is_ours(&home.environment());
    Found { environment, kernelspec }
}

/// Whether the kernelspec starts this very program.
fn kernelspec_is_ours(environment: &Path) -> bool {
    let path = environment.join("share/jupyter/kernels").join(KERNELSPEC).join("kernel.json");
    let Ok(text) = fs::read_to_string(path) else { return false };
    let Ok(spec) = serde_json::from_str::<serde_json::Value>(&text) else { return false };
    std::env::current_exe().is_ok_and(|program| spec["argv"][0].as_str() == program.to_str())
}

/// Keeps a second `cargo lab` from setting up the same folder; released when dropped, and when the process ends.
fn lock(home: &Home) -> Result<File> {
    let path = home.lab.join("lock");
    let open = || {
        fs::create_dir_all(&home.lab)?;
        let file = File::create(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                line("another `cargo lab` is setting up here; waiting for it");
                file.lock()?;
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(file)
    };
    open().with_context(|| format!("{}: cannot be locked for the set-up", path.display()))
}

/// Becomes JupyterLab on the notebooks.
fn open(home: &Home, arguments: &Arguments) -> Result<()> {
    let environment = home.environment();
    let mut command = python::python_command(python::interpreter(&environment), &["-m", "jupyterlab"]);
    command.current_dir(&home.root).args(jupyter_arguments(home, arguments, runs_as_root()));
    command
        .env("VIRTUAL_ENV", &environment)
        .env("PATH", path_with(&environment)?)
        // The kernel of this environment goes before one of the same name in the user's folders.
        .env("JUPYTER_PREFER_ENV_PATH", "1");
    line(&format!("JupyterLab on {} (Ctrl-C twice ends it)", home.notebooks().display()));
    become_command(command)
}

fn jupyter_arguments(home: &Home, arguments: &Arguments, root: bool) -> Vec<OsString> {
    let mut words = Vec::new();
    // Jupyter takes the folder once; whoever names another one means it.
    if !arguments.jupyter.iter().any(|word| word.to_string_lossy().contains("root_dir")) {
        words.extend([OsString::from("--ServerApp.root_dir"), home.notebooks().into_os_string()]);
    }
    words.push(format!("--MultiKernelManager.default_kernel_name={KERNELSPEC}").into());
    if arguments.no_browser {
        words.push("--no-browser".into());
    }
    if let Some(port) = arguments.port {
        words.push(format!("--ServerApp.port={port}").into());
    }
    // In a container everything runs as root, and Jupyter would refuse to; it listens on this machine only.
    if root {
        words.push("--allow-root".into());
    }
    words.extend(arguments.jupyter.iter().cloned());
    words
}

fn runs_as_root() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
    }
    #[cfg(not(unix))]
    false
}

fn path_with(environment: &Path) -> Result<OsString> {
    let programs = environment.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let before = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(programs).chain(std::env::split_paths(&before)))
        .context("the environment's folder cannot be put into PATH")
}

#[cfg(unix)]
fn become_command(mut command: Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(error).with_context(|| format!("cannot be started: {}", command::show(&command)))
}

#[cfg(not(unix))]
fn become_command(mut command: Command) -> Result<()> {
    let status =
        command.status().with_context(|| format!("cannot be started: {}", command::show(&command)))?;
    if !status.success() {
        bail!("JupyterLab ended with {status}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> Home {
        Home { root: "/clone".into(), lab: "/clone/target/lab".into() }
    }

    #[test]
    fn options_become_jupyters_arguments() {
        let arguments = Arguments {
            no_browser: true,
            port: Some(9000),
            jupyter: vec!["--debug".into()],
            ..Arguments::default()
        };
        let words = jupyter_arguments(&home(), &arguments, false);
        assert_eq!(
            words,
            [
                "--ServerApp.root_dir",
                "/clone",
                "--MultiKernelManager.default_kernel_name=kiln",
                "--no-browser",
                "--ServerApp.port=9000",
                "--debug"
            ]
        );
        assert!(jupyter_arguments(&home(), &Arguments::default(), true).contains(&"--allow-root".into()));
        let elsewhere =
            Arguments { jupyter: vec!["--ServerApp.root_dir=/other".into()], ..Arguments::default() };
        assert!(!jupyter_arguments(&home(), &elsewhere, false).contains(&"/clone".into()));
    }

    #[test]
    fn the_environments_programs_come_first() {
        let path = path_with(Path::new("/clone/target/lab/venv")).unwrap();
        let first = std::env::split_paths(&path).next().unwrap();
        assert!(first.starts_with("/clone/target/lab/venv"), "{first:?}");
    }

    #[test]
    fn a_missing_notebook_is_named_before_any_set_up() {
        let arguments = Arguments { headless: Some("no/such.ipynb".into()), ..Arguments::default() };
        assert_eq!(main(&arguments).unwrap_err().to_string(), "no/such.ipynb: there is no such notebook");
    }

    #[test]
    fn a_lock_is_free_again_when_dropped() {
        let lab = std::env::temp_dir().join(format!("kiln-lab-lock-{}", std::process::id()));
        let home = Home { root: "/clone".into(), lab: lab.clone() };
        let held = lock(&home).unwrap();
        assert!(matches!(File::open(lab.join("lock")).unwrap().try_lock(), Err(TryLockError::WouldBlock)));
        drop(held);
        drop(lock(&home).unwrap());
        fs::remove_dir_all(lab).ok();
    }
}
