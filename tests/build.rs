//! Says whether there is a device of ArrayFire to test: tests that need one count as skipped where there is none.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(arrayfire_is_there)");
    println!("cargo::rerun-if-changed=build.rs");
    let variables = ["KILN_ARRAYFIRE", "AF_PATH", "LD_LIBRARY_PATH"];
    let usual = ["/opt/arrayfire", "/opt/homebrew", "/usr/local", "/usr"];
    let named = variables.iter().filter_map(|name| {
        println!("cargo::rerun-if-env-changed={name}");
        std::env::var_os(name)
    });
    let named: Vec<PathBuf> =
        named.flat_map(|paths| std::env::split_paths(&paths).collect::<Vec<_>>()).collect();
    let places = named.into_iter().chain(usual.map(PathBuf::from));
    if std::env::var_os("CARGO_FEATURE_ARRAYFIRE").is_some()
        && places.into_iter().any(|place| has_backend(&place))
    {
        println!("cargo::rustc-cfg=arrayfire_is_there");
    }
}

/// Whether the library of a backend lies in this directory or below it, where installers put it.
fn has_backend(place: &Path) -> bool {
    let directories = ["", "lib", "lib64", "lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu"];
    directories.iter().any(|part| {
        let directory = place.join(part);
        // That it is gone is noticed; a path that is not there would have cargo run this each time.
        if directory.ends_with("arrayfire/lib") && directory.is_dir() {
            println!("cargo::rerun-if-changed={}", directory.display());
        }
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).any(|name| {
            ["afcpu", "afopencl", "afcuda"].iter().any(|stem| {
                name.strip_prefix("lib")
                    .unwrap_or(&name)
                    .strip_prefix(stem)
                    .is_some_and(|rest| rest.starts_with('.'))
            })
        })
    })
}
