//! `kiln doctor`: what is here, what is missing, and what adds it.

mod arrayfire;

use super::{install, lab};
use crate::paths;
use crate::session::memory_limit as session_memory_limit;
use crate::toolchain::Toolchain;
use anyhow::{Result, bail};
use kiln_datasets::fashion_mnist::{Options, Source};
use std::path::PathBuf;
use std::process::Command;

/// One finding.
enum Finding {
    /// It is there, as described.
    Good(String),
    /// It is missing, which costs something, and this adds it.
    Missing { cost: &'static str, help: &'static str },
    /// Nothing works without it.
    Bad(String),
}

pub(super) fn main() -> Result<()> {
    let mut is_broken = false;
    for (name, finding) in findings() {
        match finding {
            Finding::Good(text) => println!("  ok       {name}: {text}"),
            Finding::Missing { cost, help } => println!("  missing  {name}: {cost}\n           help: {help}"),
            Finding::Bad(text) => {
                is_broken = true;
                println!("  broken   {name}: {}", text.replace('\n', "\n           "));
            }
        }
    }
    if is_broken {
        bail!("what is marked `broken` keeps notebooks from running");
    }
    Ok(())
}

fn findings() -> Vec<(&'static str, Finding)> {
    let described = |result: Result<String>| match result {
        Ok(text) => Finding::Good(text),
        Err(error) => Finding::Bad(format!("{error:#}")),
    };
    let shown = |path: PathBuf| path.display().to_string();
    let toolchain =
        Toolchain::find().map(|found| format!("rustc {} at {}", found.release(), found.rustc.display()));
    vec![
        ("Rust toolchain", described(toolchain)),
        ("linker", linker()),
        ("sources of Kiln", described(paths::source().map(shown))),
        ("cache", described(paths::cache().map(shown))),
        ("sessions", described(paths::sessions().map(shown))),
        ("history of cells", described(paths::data().map(|data| shown(data.join("history.sqlite"))))),
        ("memory of a session", described(session_memory())),
        ("toolkit built ahead", prebuilt()),
        ("evaluator standing by", described(crate::standby::described())),
        (
            "Python",
            program(
                &["python3"],
                "JupyterLab cannot be set up; `kiln run` needs none",
                "install Python 3 (Debian: apt-get install python3 python3-venv)",
            ),
        ),
        ("kernel in Jupyter", installed()),
        (
            "browser",
            program(
                &["chromium", "google-chrome", "chromium-browser", "firefox"],
                "figures as a browser draws them; Kiln draws its own without",
                "install Chromium (Debian: apt-get install chromium)",
            ),
        ),
        ("ArrayFire", arrayfire()),
        ("Fashion-MNIST", data()),
    ]
}

/// The compiler links by `cc`.
fn linker() -> Finding {
    let help = "install a C compiler (Debian: apt-get install gcc libc6-dev)";
    match program(&["cc"], "no cell can be linked", help) {
        Finding::Missing { cost, help } => Finding::Bad(format!("there is no `cc`, so {cost}\nhelp: {help}")),
        found => found,
    }
}

fn session_memory() -> Result<String> {
    Ok(match session_memory_limit()? {
        Some(limit) => format!("at most {limit} now (KILN_MEMORY sets it)"),
        None => "without a limit".to_owned(),
    })
}

/// Where Jupyter finds the kernel, of the places that it looks at.
fn installed() -> Finding {
    let mut places: Vec<PathBuf> = std::env::var_os("JUPYTER_PATH")
        .map(|paths| std::env::split_paths(&paths).collect())
        .unwrap_or_default();
    places.extend(install::user_data().ok());
    places.extend(install::python_prefix().ok().map(|prefix| prefix.join("share/jupyter")));
    places.extend(lab::environment().map(|prefix| prefix.join("share/jupyter")));
    places.extend(["/usr/local/share/jupyter", "/usr/share/jupyter"].map(PathBuf::from));
    let found: Vec<String> = places
        .iter()
        .map(|place| place.join("kernels/kiln"))
        .filter(|kernel| kernel.join("kernel.json").is_file())
        .map(|kernel| kernel.display().to_string())
        .collect();
    if found.is_empty() {
        return Finding::Missing {
            cost: "`cargo lab` has an environment of its own, any other Jupyter does not know the kernel",
            help: "run `cargo lab`, or `kiln install`",
        };
    }
    Finding::Good(found.join(", "))
}

fn program(names: &[&str], cost: &'static str, help: &'static str) -> Finding {
    for name in names {
        if let Ok(output) = Command::new(name).arg("--version").output()
            && output.status.success()
        {
            let text = String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned();
            return Finding::Good(text);
        }
    }
    Finding::Missing { cost, help }
}

fn prebuilt() -> Finding {
    match crate::bundle::is_prebuilt() {
        Ok(true) => Finding::Good("up to date".to_owned()),
        _ => {
            Finding::Missing { cost: "the first notebook waits for it (minutes)", help: "run `kiln install`" }
        }
    }
}

fn arrayfire() -> Finding {
    let found: Vec<String> = crate::arrayfire::backends()
        .into_iter()
        .map(|(backend, library)| {
            let devices = match arrayfire::devices(&library) {
                Ok(devices) => devices.join("; "),
                Err(error) => format!("does not work: {error}"),
            };
            format!("{backend} ({}): {devices}", library.display())
        })
        .collect();
    if found.is_empty() {
        return Finding::Missing {
            cost: "no graphics card is used; the processor computes, by the engine that is built in",
            help: "install ArrayFire 3.9 or later (https://arrayfire.com/download) into /opt/arrayfire, or set AF_PATH",
        };
    }
    Finding::Good(found.join("\n           "))
}

fn data() -> Finding {
    let source = match Options::from_env() {
        Ok(options) => options.find(),
        Err(error) => return Finding::Bad(error.to_string()),
    };
    match source {
        Source::Embedded => Finding::Missing {
            cost: "it is downloaded when first used (30 MB), or a part of 7,000 images that is built in stands for it",
            help: "run `kiln datasets fetch fashion_mnist` (Debian: apt-get install dataset-fashion-mnist)",
        },
        found => Finding::Good(format!("all of it, from {found}")),
    }
}
