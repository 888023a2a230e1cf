//! What a notebook loads is a budget: cargo and rust-analyzer read every crate of the bundle at each start.

use std::collections::BTreeSet;
use std::process::Command;

/// The crates in the graph of a package, as cargo resolves it for notebooks.
fn crates(package: &str) -> BTreeSet<String> {
    // Notebooks have the devices of ArrayFire, which adds the crate that loads a library.
    let features: &[&str] = if package == "kiln-bundle" { &["--features", "arrayfire"] } else { &[] };
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--manifest-path", manifest, "-p", package])
        .args(features)
        .args(["--edges", "normal,build", "--prefix", "none", "--format", "{p}"])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_string).collect()
}

/// 71 crates when this was written; polars brings 148 more, and would double the time of every cell.
#[test]
fn the_bundle_stays_small() {
    let bundle = crates("kiln-bundle");
    assert!(bundle.contains("kiln") && bundle.contains("faer"), "{bundle:?}");
    assert!(bundle.len() <= 90, "{} crates: {bundle:?}", bundle.len());
    for heavy in ["polars", "tiny-skia", "resvg", "ureq", "rustls", "tokio", "evcxr", "arrayfire"] {
        assert!(!bundle.contains(heavy), "the bundle must not have {heavy}");
    }
}

#[test]
fn polars_is_in_the_graph_only_when_it_is_asked_for() {
    for package in ["kiln", "kiln-kernel", "kiln-tests"] {
        assert!(!crates(package).iter().any(|name| name.starts_with("polars")), "{package}");
    }
}
