//! A notebook as a Rust program.
//!
//! The cells' statements become `main`, in order; their items go before it, and what a cell shows is printed. An item
//! that a later cell defines anew begins a block, which the rest of the notebook lies in: what came before goes on using
//! the old one, as in the notebook. The package's manifest has the notebook's `:dep` lines.

use crate::cli::run::{joined, read};
use crate::paths;
use crate::session::{Piece, pieces};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Prints the values that the notebook shows.
const SHOW: &str = r#"
/// Prints a value, by `Display` where it has one, or else by `Debug`; the unit value is not shown.
macro_rules! show {
    ($value:expr) => {{
        use shown::{ByDebug as _, ByDisplay as _};
        (&shown::Shown(&$value)).show()
    }};
}

mod shown {
    use std::fmt::{Debug, Display};

    pub struct Shown<'a, T>(pub &'a T);

    pub trait ByDisplay {
        fn show(&self);
    }

    impl<T: Display> ByDisplay for Shown<'_, T> {
        fn show(&self) {
            println!("{}", self.0);
        }
    }

    pub trait ByDebug {
        fn show(&self);
    }

    impl<T: Debug> ByDebug for &Shown<'_, T> {
        fn show(&self) {
            if std::any::type_name::<T>() != "()" {
                println!("{:?}", self.0);
            }
        }
    }
}
"#;

/// Writes the program for a notebook: a package into the directory `output`, or the program alone into a file `.rs`.
///
/// # Errors
/// When the notebook cannot be read, a cell is not Rust as far as its syntax goes, or the output cannot be written.
pub(super) fn export(notebook: &Path, output: Option<&Path>) -> Result<()> {
    let cells = read(notebook)?;
    let name = package_name(notebook);
    let program = Program::of(&cells).with_context(|| notebook.display().to_string())?;
    let title = notebook.file_name().unwrap_or_default().to_string_lossy();
    let text = program.text(&title);
    let output = output.map_or_else(|| PathBuf::from(&name), Path::to_owned);
    if output.extension().is_some_and(|extension| extension == "rs") {
        write_source(&output, &text)?;
        eprintln!("wrote {}", output.display());
        return Ok(());
    }
    let source = paths::source()?;
    write_source(&output.join("src/main.rs"), &text)?;
    write(&output.join("Cargo.toml"), &program.manifest(&name, &source))?;
    // The versions that this toolkit is tested with.
    if !output.join("Cargo.lock").exists() {
        std::fs::copy(source.join("Cargo.lock"), output.join("Cargo.lock"))
            .with_context(|| format!("cannot write {}", output.join("Cargo.lock").display()))?;
    }
    eprintln!("wrote {0}: `cargo run --manifest-path {0}/Cargo.toml` runs it", output.display());
    Ok(())
}

#[derive(Default)]
struct Program {
    /// Items before `main`.
    items: String,
    /// The statements of `main`.
    body: String,
    /// How many blocks are open in it.
    blocks: usize,
    /// The items so far that a reader could name, each with its code.
    defined: HashMap<String, String>,
    /// Dependencies as `name = value`, by name.
    dependencies: Vec<(String, String)>,
    is_async: bool,
}

impl Program {
    fn of(notebook: &Value) -> Result<Self> {
        let mut program = Self::default();
        let mut number = 0;
        for cell in notebook["cells"].as_array().into_iter().flatten() {
            let source = joined(&cell["source"]);
            if cell["cell_type"] == "markdown" {
                program.add_comment(&source);
            } else if cell["cell_type"] == "code" && !source.trim().is_empty() {
                number += 1;
                program.add_cell(&source).with_context(|| format!("code cell {number}"))?;
            }
        }
        Ok(program)
    }

    fn add_comment(&mut self, text: &str) {
        self.body.push('\n');
        for line in text.lines() {
            let _ = writeln!(self.body, "// {line}");
        }
    }

    fn add_cell(&mut self, source: &str) -> Result<()> {
        let Some(cell) = pieces(source) else {
            bail!("it is not made of whole statements\nhelp: run the notebook; the cell's error says more");
        };
        self.is_async |= cell.is_async;
        for line in cell.commands.lines() {
            self.add_command(line.trim());
        }
        let is_new =
            |name: &String, code: &String| self.defined.get(name).is_none_or(|before| before == code);
        let items: Vec<(&String, &Vec<(String, String)>)> = cell
            .pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Item { code, names } => Some((code, names)),
                _ => None,
            })
            .collect();
        if !items.iter().all(|(_, names)| names.iter().all(|(name, code)| is_new(name, code))) {
            self.body.push_str("{\n");
            self.blocks += 1;
            self.defined.clear();
        }
        for (code, names) in items {
            let is_there = names.iter().all(|(name, _)| self.defined.contains_key(name));
            if names.is_empty() || !is_there {
                let target = if self.blocks == 0 { &mut self.items } else { &mut self.body };
                let missing = names.iter().filter(|(name, _)| !self.defined.contains_key(name));
                match code.starts_with("use ") {
                    // Names that an earlier import brought are left out.
                    true => missing.for_each(|(_, code)| {
                        let _ = writeln!(target, "{code}");
                    }),
                    false => {
                        let _ = writeln!(target, "\n{code}");
                    }
                }
                self.defined.extend(names.iter().cloned());
            }
        }
        for piece in &cell.pieces {
            let _ = match piece {
                Piece::Item { .. } => Ok(()),
                Piece::Statement(code) => writeln!(self.body, "{code}"),
                Piece::Last(code) => writeln!(self.body, "show!({code});"),
            };
        }
        Ok(())
    }

    /// A dependency goes into the manifest; other commands are for a kernel, and stay as a comment.
    fn add_command(&mut self, line: &str) {
        let dependency = line.strip_prefix(":dep ").map(str::trim);
        match dependency.map(|text| text.split_once('=').unwrap_or((text, "\"*\""))) {
            Some((name, _)) if name.trim() == "kiln" => {}
            Some((name, value)) => {
                let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
                self.dependencies.retain(|(other, _)| *other != name);
                self.dependencies.push((name, value));
            }
            None => {
                if !line.is_empty() {
                    let _ = writeln!(self.body, "// {line}");
                }
            }
        }
    }

    fn text(&self, title: &str) -> String {
        let mut text = format!(
            "//! Made from the notebook `{title}` by `kiln export --to rust`.\n\
             #![allow(unused, non_local_definitions, clippy::all)]\n\n"
        );
        text.push_str(&self.items);
        if self.body.contains("show!(") {
            text.push_str(SHOW);
        }
        let signature = match self.is_async {
            true => "#[tokio::main]\nasync fn main()",
            false => "fn main()",
        };
        let _ = writeln!(text, "\n{signature} -> std::result::Result<(), Box<dyn std::error::Error>> {{");
        text.push_str(self.body.trim_start_matches('\n'));
        text.push_str(&"}\n".repeat(self.blocks));
        text.push_str("Ok(())\n}\n");
        text
    }

    fn manifest(&self, name: &str, source: &Path) -> String {
        let toolkit = Value::from(source.join("toolkit").display().to_string());
        let mut text = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nkiln = {{ path = {toolkit} }}\n"
        );
        for (name, value) in &self.dependencies {
            let _ = writeln!(text, "{name} = {value}");
        }
        if self.is_async && !self.dependencies.iter().any(|(name, _)| name == "tokio") {
            text.push_str("tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }\n");
        }
        // A package of its own, also within a clone of this one; and the toolkit as fast as in a notebook.
        text.push_str("\n[workspace]\n\n[profile.dev.package.\"*\"]\nopt-level = 3\ndebug-assertions = false\noverflow-checks = false\n");
        text
    }
}

/// The notebook's name as cargo takes it: `00-quick start.ipynb` is `quick-start`.
fn package_name(notebook: &Path) -> String {
    let stem = notebook.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = stem.chars().map(allowed).collect();
    let name = name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-').trim_end_matches('-');
    match name {
        "" | "test" | "core" | "std" | "kiln" => "notebook".to_owned(),
        name => name.to_owned(),
    }
}

fn write_source(path: &Path, text: &str) -> Result<()> {
    write(path, text)?;
    // It is the same program without; only lines are not indented then.
    let _ = std::process::Command::new("rustfmt").args(["--edition", "2024", "--quiet"]).arg(path).output();
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    path.parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(path, text))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn program(cells: &[&str]) -> Program {
        let cells: Vec<Value> =
            cells.iter().map(|source| json!({"cell_type": "code", "source": source})).collect();
        Program::of(&json!({ "cells": cells })).unwrap_or_default()
    }

    /// Items stand once, statements keep their order, values are printed, dependencies go into the manifest.
    #[test]
    fn cells_become_a_program() {
        let program = program(&[
            ":dep rand = \"0.9\"\n:vars\nuse std::collections::{BTreeMap, HashMap};\nlet x = 1;",
            "use std::collections::HashMap;\nfn f() -> i32 { 2 }\nx + f()",
            "fn f() -> i32 { 2 }\nlet y = x;",
        ]);
        assert_eq!(
            program.items.trim(),
            "use std::collections::BTreeMap;\nuse std::collections::HashMap;\n\nfn f() -> i32 { 2 }"
        );
        assert_eq!(program.body, "// :vars\nlet x = 1;\nshow!(x + f());\nlet y = x;\n");
        assert!(
            program
                .manifest("n", Path::new("/k"))
                .contains("kiln = { path = \"/k/toolkit\" }\nrand = \"0.9\"\n")
        );
    }

    /// A definition made anew holds from its cell on.
    #[test]
    fn a_new_definition_begins_a_block() {
        let program = program(&["fn f() -> i32 { 1 }\nf()", "fn f() -> i32 { 2 }\nf()"]);
        assert_eq!(program.items, "\nfn f() -> i32 { 1 }\n");
        assert_eq!(program.body, "show!(f());\n{\n\nfn f() -> i32 { 2 }\nshow!(f());\n");
        assert!(program.text("n").ends_with("show!(f());\n}\nOk(())\n}\n"));
    }

    /// Cargo takes the package's name.
    #[test]
    fn names_are_cargos() {
        assert_eq!(package_name(Path::new("notebooks/00-quickstart.ipynb")), "quickstart");
        assert_eq!(package_name(Path::new("2 가.ipynb")), "notebook");
    }
}
