//! The command `kiln` as a person calls it: `lab` and `datasets`, where they end early.

use std::path::PathBuf;
use std::process::{Command, Output};

fn kiln(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
    command.args(arguments);
    for variable in ["KILN_DATA", "KILN_HOME", "KILN_PYTHON", "FASHION_MNIST_DIR", "KILN_FASHION_MNIST_URL"] {
        command.env_remove(variable);
    }
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("kiln-command-line-{name}-{}", std::process::id()))
}

#[test]
fn the_list_says_where_a_program_would_look() {
    let output = kiln(&["datasets", "list"]).env("FASHION_MNIST_DIR", "/my/folder").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("found: /my/folder"), "{text}");

    let output = kiln(&["datasets", "list"]).env("KILN_DATA", "all").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("unknown value `all`"), "{}", said(&output));
}

/// The last line but the help is the reason: a notebook shows it.
#[test]
fn a_download_that_fails_says_why_and_leaves_nothing() {
    let cache = folder("cache");
    let output = kiln(&["datasets", "fetch", "fashion_mnist", "--url", "http://127.0.0.1:9", "--to"])
        .arg(&cache)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<String> = said(&output).lines().map(str::to_owned).collect();
    assert!(lines[lines.len() - 2].starts_with("error: http://127.0.0.1:9/train-images"), "{lines:?}");
    assert!(lines[lines.len() - 1].starts_with("help: "), "{lines:?}");
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 0);
    std::fs::remove_dir_all(cache).ok();
}

#[test]
fn an_unknown_data_set_lists_the_known_ones() {
    let output = kiln(&["datasets", "fetch", "mnist"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("fashion_mnist"), "{}", said(&output));
}

/// Neither a missing notebook nor a missing Python costs minutes of building first.
#[test]
fn what_is_missing_is_said_before_anything_is_built() {
    let home = folder("home");
    let output = kiln(&["lab", "--headless", "no/such.ipynb"]).env("KILN_HOME", &home).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(said(&output), "error: no/such.ipynb: there is no such notebook\n");
    assert!(!home.exists());

    let output = kiln(&["lab"]).env("KILN_HOME", &home).env("KILN_PYTHON", "/no/python").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).starts_with("error: no Python was found: `/no/python`"), "{}", said(&output));
    assert!(said(&output).contains("\nhelp: "), "{}", said(&output));
    std::fs::remove_dir_all(home).ok();
}
