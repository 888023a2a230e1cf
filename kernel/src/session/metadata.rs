//! What rust-analyzer is told of the crates behind a session's cells.
//!
//! evcxr embeds rust-analyzer, which asks cargo for the graph of dependencies and reads the sources of all of it: for the
//! toolkit's numeric libraries that takes seconds at the start, and again at the first cells. It serves completion only
//! (the types of variables come from the compiler), and nobody completes names of libraries that the toolkit keeps to
//! itself. So the `cargo` that rust-analyzer finds is a script of ours: for `cargo metadata` it calls this program, which
//! leaves out what only the toolkit uses; it passes everything else on to the real cargo.

use crate::paths;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::HashSet;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Set by the script for the process that filters; names the real cargo.
pub(crate) const REAL_CARGO: &str = "KILN_REAL_CARGO";

/// The toolkit's own packages, whose sources rust-analyzer reads.
const OWN_PACKAGES: [&str; 3] = ["kiln-bundle", "kiln", "kiln-datasets"];

/// Writes the script into `home/bin`, where rust-analyzer looks for cargo when `CARGO_HOME` is `home`.
pub(super) fn write_script(home: &Path, cargo: &Path) -> Result<()> {
    let bin = home.join("bin");
    std::fs::create_dir_all(&bin)?;
    let real_home = format!("export CARGO_HOME={}\n", quoted(&paths::cargo_home()?));
    let program = PathBuf::from(format!("/proc/{}/exe", std::process::id()));
    let program = if program.exists() { program } else { std::env::current_exe()? };
    let script = format!(
        "#!/bin/sh\n{real_home}case \"$1\" in\n  metadata) {REAL_CARGO}={cargo} exec {program} \"$@\" ;;\n  \
         -Z*) exit 1 ;;\nesac\nexec {cargo} \"$@\"\n",
        cargo = quoted(cargo),
        program = quoted(&program),
    );
    let path = bin.join("cargo");
    std::fs::write(&path, script)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// A path as one word of a shell.
pub(super) fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// Runs the real `cargo metadata` with the arguments of this process, and prints what is left of its answer.
pub(crate) fn filter(cargo: OsString) -> ExitCode {
    match filtered(&cargo) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn filtered(cargo: &OsString) -> Result<String> {
    let output =
        Command::new(cargo).args(std::env::args_os().skip(1)).output().context("cannot run cargo")?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut metadata: Value = serde_json::from_slice(&output.stdout)?;
    leave_out(&mut metadata);
    Ok(metadata.to_string())
}

/// Leaves out the packages that only the toolkit's own packages need.
fn leave_out(metadata: &mut Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let own: HashSet<String> = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|package| {
            package["source"].is_null() && OWN_PACKAGES.iter().any(|name| package["name"] == *name)
        })
        .map(|package| text(&package["id"]))
        .collect();
    for node in metadata["resolve"]["nodes"].as_array_mut().into_iter().flatten() {
        if !own.contains(&text(&node["id"])) {
            continue;
        }
        if let Some(deps) = node["deps"].as_array_mut() {
            deps.retain(|dependency| own.contains(&text(&dependency["pkg"])));
        }
        if let Some(ids) = node["dependencies"].as_array_mut() {
            ids.retain(|id| own.contains(&text(id)));
        }
    }
    let kept = reachable(metadata);
    if let Some(packages) = metadata["packages"].as_array_mut() {
        packages.retain(|package| kept.contains(&text(&package["id"])));
    }
    if let Some(nodes) = metadata["resolve"]["nodes"].as_array_mut() {
        nodes.retain(|node| kept.contains(&text(&node["id"])));
    }
}

fn reachable(metadata: &Value) -> HashSet<String> {
    let nodes: Vec<&Value> = metadata["resolve"]["nodes"].as_array().into_iter().flatten().collect();
    let members = metadata["workspace_members"].as_array().into_iter().flatten();
    let mut waiting: Vec<String> = members.filter_map(Value::as_str).map(str::to_owned).collect();
    let mut kept = HashSet::new();
    while let Some(id) = waiting.pop() {
        if !kept.insert(id.clone()) {
            continue;
        }
        let node = nodes.iter().find(|node| node["id"] == id.as_str());
        let dependencies = node.and_then(|node| node["dependencies"].as_array()).into_iter().flatten();
        waiting.extend(dependencies.filter_map(Value::as_str).map(str::to_owned));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What a cell's own dependency needs stays; what only the toolkit needs goes.
    #[test]
    fn leaves_out_what_only_the_toolkit_needs() {
        let package = |name: &str, source: Value| json!({"id": name, "name": name, "source": source});
        let node = |id: &str, needs: &[&str]| {
            let deps: Vec<Value> = needs.iter().map(|need| json!({"pkg": need})).collect();
            json!({"id": id, "dependencies": needs, "deps": deps})
        };
        let registry = json!("registry");
        let mut metadata = json!({
            "packages": [package("ctx", Value::Null), package("kiln", Value::Null), package("faer", registry.clone()), package("rand", registry)],
            "workspace_members": ["ctx"],
            "resolve": {"nodes": [node("ctx", &["kiln", "rand"]), node("kiln", &["faer", "rand"]), node("faer", &[]), node("rand", &[])]},
        });
        leave_out(&mut metadata);
        let names: Vec<&str> = metadata["packages"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|p| p["name"].as_str())
            .collect();
        assert_eq!(names, ["ctx", "kiln", "rand"]);
        assert_eq!(metadata["resolve"]["nodes"][1]["dependencies"], json!([]));
    }
}
