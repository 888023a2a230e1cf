//! `kiln doctor`: what is here, what is missing, and what adds it.

use crate::paths;
use crate::toolchain::Toolchain;
use anyhow::{Result, bail};
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
        (
            "linker",
            program(
                &["cc", "gcc", "clang"],
                "no cell can be linked",
                "install a C compiler (Debian: apt-get install gcc)",
            ),
        ),
        ("sources of Kiln", described(paths::source().map(shown))),
        ("cache", described(paths::cache().map(shown))),
        ("sessions", described(paths::sessions().map(shown))),
        ("toolkit built ahead", prebuilt()),
        (
            "Python",
            program(
                &["python3"],
                "JupyterLab cannot be set up",
                "install Python 3 (Debian: apt-get install python3 python3-venv)",
            ),
        ),
        (
            "browser for exact pictures",
            program(
                &["chromium", "google-chrome"],
                "figures are drawn by Kiln itself, which needs none",
                "install Chromium (Debian: apt-get install chromium)",
            ),
        ),
        ("ArrayFire", arrayfire()),
        ("Fashion-MNIST", data()),
    ]
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
        .map(|(name, file)| format!("{name} ({})", file.display()))
        .collect();
    if found.is_empty() {
        Finding::Missing {
            cost: "the host engine computes",
            help: "install ArrayFire 3.9 or later (https://arrayfire.com/download) into /opt/arrayfire, or set AF_PATH",
        }
    } else {
        Finding::Good(found.join(", "))
    }
}

fn data() -> Finding {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let places =
        [home.join(".keras/datasets/fashion-mnist"), PathBuf::from("/usr/share/datasets/fashion-mnist")];
    match places.into_iter().find(|place| place.is_dir()) {
        Some(place) => Finding::Good(format!("all of it, in {}", place.display())),
        None => Finding::Missing {
            cost: "it is downloaded when first used, or a small part that is built in stands for it",
            help: "install it (Debian: apt-get install dataset-fashion-mnist)",
        },
    }
}
