//! Notebooks as programs, and the kernel in and out of Jupyter's directories.

use super::kernel;
use std::path::{Path, PathBuf};
use std::process::Command;

fn kiln(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
    command.args(arguments);
    command
}

fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    path
}

/// Checks a program as far as its types, against the toolkit that is built ahead for notebooks.
#[track_caller]
fn compile(program: &Path) {
    // A kernel that has run a cell has built it.
    drop(kernel().execute("1").ok());
    let call = kiln_kernel::paths::cache().unwrap().join("bundle/call");
    let call = std::fs::read_to_string(call).unwrap();
    let mut words = call.lines();
    let mut rustc = Command::new(words.next().unwrap());
    rustc
        .args(["--edition=2024", "--crate-type=bin", "--emit=metadata", "-o"])
        .arg(program.with_extension("rmeta"));
    while let Some(word) = words.next() {
        if let ("--extern" | "-L", Some(value)) = (word, words.clone().next()) {
            rustc.args([word, value]);
        }
    }
    let output = rustc.arg(program).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The quickstart as a program compiles.
#[test]
fn the_quickstart_becomes_a_program() {
    let notebook = concat!(env!("CARGO_MANIFEST_DIR"), "/../notebooks/00-quickstart.ipynb");
    let out = folder("export-quickstart");
    let run = kiln(&["export", notebook, "--to", "rust", "--output"]).arg(&out).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let manifest = std::fs::read_to_string(out.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("name = \"quickstart\"") && manifest.contains("kiln = { path ="), "{manifest}");
    let program = out.join("src/main.rs");
    let text = std::fs::read_to_string(&program).unwrap();
    assert!(text.contains("show!(plot::history(&history))"), "{text}");
    compile(&program);
}

/// What notebooks do that a program does not: items anywhere, names defined anew, values of all kinds at the end.
#[test]
fn an_unruly_notebook_becomes_a_program() {
    let cells = [
        "let n = early(2)?;\nfn early(n: i32) -> Result<i32, String> { Ok(n) }\nn",
        "use std::collections::{HashMap, BTreeMap as Map};\nlet m: Map<i32, HashMap<i32, i32>> = Map::new();\nm",
        "use std::collections::HashMap;\nstruct P { x: f64 }\nimpl P { fn x(&self) -> f64 { self.x } }\nlet p = P { x: 1.0 };",
        "macro_rules! twice { ($e:expr) => { $e + $e } }\nfor i in 0..2 { println!(\"{}\", twice!(i)); }",
        "#[derive(Debug)] struct P { text: String }\nlet p = P { text: \"가\".into() };\np",
        "fn early(n: i32) -> f64 { f64::from(n) }\nlet z = early(2);\nprintln!(\"{z}\")",
    ];
    let cells: Vec<_> =
        cells.iter().map(|source| serde_json::json!({"cell_type": "code", "source": source})).collect();
    let directory = folder("export-unruly");
    std::fs::create_dir_all(&directory).unwrap();
    let notebook = directory.join("unruly.ipynb");
    std::fs::write(
        &notebook,
        serde_json::json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).to_string(),
    )
    .unwrap();
    let program = directory.join("unruly.rs");
    let run = kiln(&["export", "--to", "rust", "-o"]).arg(&program).arg(&notebook).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    compile(&program);

    std::fs::write(
        &notebook,
        serde_json::json!({"nbformat": 4, "cells": [{"cell_type": "code", "source": "let = 1"}]}).to_string(),
    )
    .unwrap();
    let run = kiln(&["export", "--to", "rust"]).arg(&notebook).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(!run.status.success() && said.contains("code cell 1"), "{said}");
}

/// What is installed is removed, and nothing that is not Kiln's.
#[test]
fn the_kernel_is_uninstalled() {
    let prefix = folder("uninstall");
    let kernels = prefix.join("share/jupyter/kernels");
    std::fs::create_dir_all(kernels.join("other")).unwrap();
    std::fs::write(kernels.join("other/kernel.json"), r#"{"argv": ["python"], "language": "python"}"#)
        .unwrap();
    kiln_kernel::cli::install::install_to(&prefix, "mine").unwrap();
    let uninstall = |name: &str| {
        let output = kiln(&["uninstall", "--name", name, "--prefix"]).arg(&prefix).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert!(uninstall("mine").0);
    assert!(!kernels.join("mine").exists());
    let (done, said) = uninstall("mine");
    assert!(!done && said.contains("help: "), "{said}");
    let (done, said) = uninstall("other");
    assert!(!done && said.contains("not a kernel of Kiln"), "{said}");
    assert!(kernels.join("other/kernel.json").exists());
}
