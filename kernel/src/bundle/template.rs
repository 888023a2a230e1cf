//! The crate that stands for a session's cells when the toolkit is built ahead.

use anyhow::{Context, Result};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The directory of the crate of cells, within the template's directory and within a session's.
pub(crate) const CRATE: &str = "cells";

/// The environment variable that names the file for [`write_recorder`].
pub(super) const RECORD: &str = "KILN_RECORD_COMPILER";

/// The manifest, as evcxr 0.22 writes it: profile settings are part of what cargo compares.
pub(super) const MANIFEST: &str = r#"
[package]
name = "ctx"
version = "1.0.0"
edition = "2024"

[lib]
crate-type = ["cdylib"]
path = "src/lib.rs"

[profile.dev]
opt-level = 2
debug = false
strip = "debuginfo"
rpath = true
lto = false
debug-assertions = true
codegen-units = 16
panic = 'unwind'
incremental = true
overflow-checks = true

[dependencies]
"#;

/// A cargo configuration above the crate of cells. evcxr's profile would build the toolkit with overflow checks and
/// debug assertions, which its loops pay for; cells keep overflow checks, since people learn from them.
pub(super) const PROFILE: &str = r#"[profile.dev]
debug-assertions = false

[profile.dev.package."*"]
opt-level = 3
debug-assertions = false
overflow-checks = false
"#;

/// Files below this size are copied: small files are what cargo rewrites in place.
const LINKED_SIZE: u64 = 64 * 1024;

pub(super) fn dependency(bundle: &Path) -> String {
    // In TOML's basic strings, as in JSON's, a quotation mark and a backslash are escaped.
    format!(
        r#"{{ package = "kiln-bundle", path = {}, features = ["arrayfire"] }}"#,
        serde_json::Value::from(bundle.display().to_string())
    )
}

/// The manifest of the crate of cells, as evcxr writes it too.
pub(super) fn manifest(bundle: &Path) -> String {
    format!("{MANIFEST}{} = {}\n", super::DEPENDENCY, dependency(bundle))
}

pub(super) fn write(template: &Path, bundle: &Path, source: &Path) -> Result<()> {
    let cells = template.join(CRATE);
    let write = |path: std::path::PathBuf, text: &str| {
        path.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&path, text))
            .with_context(|| format!("cannot write {}", path.display()))
    };
    write(template.join(".cargo/config.toml"), PROFILE)?;
    write(cells.join("Cargo.toml"), &manifest(bundle))?;
    write(cells.join("src/lib.rs"), "pub use kiln as _;\n")?;
    // The workspace's versions; cargo drops what the cells do not need.
    let lock = source.join("Cargo.lock");
    fs::copy(&lock, cells.join("Cargo.lock")).with_context(|| format!("cannot copy {}", lock.display()))?;
    Ok(())
}

/// The program that stands before the compiler: it records the call for the crate of cells, lists the other crates by name
/// in a file beside the record, and makes every call.
pub(super) fn recorder() -> String {
    format!(
        r#"#!/bin/sh
all=" $* "
case "$all" in
  *' --crate-name ctx '*) printf '%s\n' "$@" > "${RECORD}" ;;
  *' --crate-name ___ '*) ;;
  *' --crate-name '*) rest="${{all#* --crate-name }}"; printf '%s\n' "${{rest%% *}}" >> "${RECORD}.crates" ;;
esac
exec "$@"
"#
    )
}

/// Writes the [`recorder`].
pub(super) fn write_recorder(path: &Path) -> Result<()> {
    let script = recorder();
    // Another process may be running it: it is replaced, never rewritten.
    let new = path.with_extension("new");
    fs::write(&new, script)?;
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755))?;
    fs::rename(&new, path)?;
    Ok(())
}

/// Gives a session the template's build products: links where that can be, copies elsewhere.
pub(super) fn take_over(template: &Path, session: &Path) -> Result<()> {
    let copy = |name: &str| -> Result<()> {
        let target = session.join(name);
        target.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::copy(template.join(name), &target)
            .with_context(|| format!("cannot copy to {}", target.display()))?;
        Ok(())
    };
    copy(".cargo/config.toml")?;
    copy(&format!("{CRATE}/Cargo.lock"))?;
    take_over_directory(&template.join(CRATE).join("target"), &session.join(CRATE).join("target"))
}

/// Gives a session the compiler's call for the template's crate, as a call for its own.
pub(super) fn take_over_call(template: &Path, session: &Path) -> Result<()> {
    let from = template.join("call");
    let call = fs::read_to_string(&from).with_context(|| format!("cannot read {}", from.display()))?;
    let call = call.replace(&template.display().to_string(), &session.display().to_string());
    fs::write(session.join("call"), call).context("cannot write the session's record of the compiler's call")
}

fn take_over_directory(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        let text = name.to_string_lossy();
        let is_of_template_only = text == "incremental"
            || text == ".cargo-lock"
            || text.starts_with("ctx-")
            || text.starts_with("libctx");
        if is_of_template_only {
            continue;
        }
        let about = entry.metadata()?;
        if about.is_dir() {
            take_over_directory(&entry.path(), &target)?;
        } else if about.len() < LINKED_SIZE || fs::hard_link(entry.path(), &target).is_err() {
            fs::copy(entry.path(), &target)?;
            // Cargo compares times.
            fs::File::options().write(true).open(&target)?.set_modified(about.modified()?)?;
        }
    }
    Ok(())
}
