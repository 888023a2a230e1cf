//! Asks the compiler for the types of a cell's variables, and for what is wrong with the cell.
//!
//! evcxr must know the type of every variable that it keeps. It would find them with rust-analyzer, which needs the
//! sources of the standard library and seconds to read them; the compiler knows better, and needs neither. The cell is
//! put into a function, and behind each `let` goes a value of type `KilnProbe<T>` that is used twice: the compiler then
//! reports "move occurs because `kiln_probe_0` has type `KilnProbe<std::vec::Vec<f64>>`", with all types inferred, and
//! by paths that can be written in code. No code is generated, so this takes less than a tenth of a second.

use super::cell::{Cell, StatementKind, without_items};
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The session's code so far, as the probe needs it.
#[derive(Debug, Default, Clone)]
pub(super) struct Scope {
    /// Items of earlier cells, as source.
    pub(super) items: String,
    /// Variables of earlier cells, with their types.
    pub(super) variables: Vec<(String, String)>,
}

/// Calls the compiler as cargo calls it for the session's cells.
#[derive(Debug)]
pub(super) struct Compiler {
    directory: PathBuf,
    record: PathBuf,
}

/// What the compiler said of a cell.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// The type of each probe, by its number; none for code that the compiler could not get through.
    pub(super) types: HashMap<usize, String>,
    /// The probes whose variables borrow from something that ends with the cell.
    pub(super) borrowed: HashSet<usize>,
    /// The errors, as the compiler's messages with spans in bytes of the cell.
    pub(super) errors: Vec<Value>,
    /// Errors within items of earlier cells: the byte of the scope's items, and what the compiler says.
    pub(super) in_items: Vec<(usize, String)>,
}

/// The probe's source, and where the cell's bytes lie in it.
struct Source {
    text: String,
    /// Ranges of the text with the place in the cell where each begins.
    from_cell: Vec<(Range<usize>, usize)>,
    probes: Vec<(Range<usize>, usize)>,
    /// How many bytes at the beginning are items of earlier cells.
    items: usize,
}

const HELPERS: &str = "
struct KilnProbe<T: ?Sized>(::core::marker::PhantomData<T>);
fn kiln_probe<T>(_: &T) -> KilnProbe<T> { loop {} }
fn kiln_static<T: 'static>(_: &T) {}
fn kiln_twice<T>(_: T) {}
struct KilnCellError;
impl<T: ::std::fmt::Display> ::std::convert::From<T> for KilnCellError { fn from(_: T) -> Self { loop {} } }
";

impl Compiler {
    /// `record` is the file in which the compiler's last call for a cell was recorded.
    pub(super) fn new(directory: &Path, record: &Path) -> Self {
        Self { directory: directory.to_owned(), record: record.to_owned() }
    }

    /// Compiles the cell as far as its types; numbers the probes in the order of the cell's variables.
    pub(super) fn probe(&self, code: &str, cell: &Cell, scope: &Scope) -> Result<Findings> {
        let source = write_source(code, cell, scope, None);
        let mut findings = read_messages(&source, &self.run(&source.text)?);
        let mut references: HashSet<usize> = findings
            .types
            .iter()
            .filter(|(_, ty)| ty.contains(['&', '\'']))
            .map(|(&number, _)| number)
            .collect();
        // Of several variables that share one borrow, the compiler names one: it is asked again without that one.
        while findings.errors.is_empty() && !references.is_empty() {
            let source = write_source(code, cell, scope, Some(&references));
            let borrowed = read_messages(&source, &self.run(&source.text)?).borrowed;
            if borrowed.is_empty() {
                break;
            }
            references.retain(|number| !borrowed.contains(number));
            findings.borrowed.extend(borrowed);
        }
        Ok(findings)
    }

    fn run(&self, text: &str) -> Result<String> {
        let file = self.directory.join("probe.rs");
        std::fs::write(&file, text)?;
        let record = std::fs::read_to_string(&self.record).context("no cell has been compiled yet")?;
        let mut arguments = record.lines();
        let rustc = arguments.next().context("the record of the compiler's call is empty")?;
        let output = Command::new(rustc)
            .args(kept_arguments(arguments))
            .arg(&file)
            .args(["--crate-name=ctx", "--crate-type=lib", "--error-format=json", "--cap-lints=warn"])
            .arg(format!("--emit=metadata={}", self.directory.join("probe.rmeta").display()))
            .args(["-Ztrim-diagnostic-paths=no", "-Zwrite-long-types-to-disk=no"])
            // The two options only shape messages; they are not stable as options, hence this.
            .env("RUSTC_BOOTSTRAP", "1")
            .output()
            .with_context(|| format!("cannot run the compiler {rustc}"))?;
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Of cargo's arguments, those that decide what names and types mean.
fn kept_arguments<'a>(arguments: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut kept = Vec::new();
    let mut arguments = arguments.peekable();
    while let Some(argument) = arguments.next() {
        match argument {
            "--extern" | "-L" | "--target" | "--cfg" | "--check-cfg" => {
                kept.push(argument);
                kept.extend(arguments.next());
            }
            "-C" => {
                if let Some(option) = arguments.next().filter(|option| option.starts_with("prefer-dynamic")) {
                    kept.extend(["-C", option]);
                }
            }
            _ if argument.starts_with("--edition") || argument.starts_with("-L") => kept.push(argument),
            _ => {}
        }
    }
    kept
}

fn write_source(code: &str, cell: &Cell, scope: &Scope, references: Option<&HashSet<usize>>) -> Source {
    let mut source = Source { text: String::new(), from_cell: Vec::new(), probes: Vec::new(), items: 0 };
    let names: HashSet<String> = cell.names().cloned().collect();
    if names.is_empty() {
        source.text.push_str(&scope.items);
    } else {
        source.text.push_str(&without_items(&scope.items, &names));
    }
    source.items = source.text.len();
    source.text.push_str(HELPERS);
    for item in &cell.items {
        if item.is_macro {
            source.text.push_str("#[macro_export] ");
        }
        source.copy(code, item.range.clone());
        source.text.push('\n');
    }
    source.text.push_str(if cell.is_async { "async fn kiln_cell(" } else { "fn kiln_cell(" });
    for (name, ty) in &scope.variables {
        source.text.push_str(&format!("mut {name}: {ty}, "));
    }
    source.text.push_str(") -> ::std::result::Result<(), KilnCellError> {\n");
    let mut number = 0;
    let mut late = Vec::new();
    for statement in &cell.statements {
        match &statement.kind {
            StatementKind::Let(found) => {
                source.copy(code, statement.range.clone());
                for variable in &found.variables {
                    if found.has_value {
                        source.add_probe(&variable.name, number, references);
                    } else {
                        late.push((variable.name.clone(), number));
                    }
                    number += 1;
                }
            }
            StatementKind::Last => {
                source.text.push('(');
                source.copy(code, statement.range.clone());
                source.text.push_str(").evcxr_display();");
            }
            StatementKind::Other => source.copy(code, statement.range.clone()),
        }
        source.text.push('\n');
    }
    for (name, number) in late {
        source.add_probe(&name, number, references);
    }
    source.text.push_str("::std::result::Result::Ok(()) }\n");
    source
}

impl Source {
    fn copy(&mut self, code: &str, range: Range<usize>) {
        let start = self.text.len();
        self.text.push_str(&code[range.clone()]);
        self.from_cell.push((start..self.text.len(), range.start));
    }

    fn add_probe(&mut self, name: &str, number: usize, references: Option<&HashSet<usize>>) {
        let start = self.text.len();
        match references {
            None => self.text.push_str(&format!(
                " let kiln_probe_{number} = kiln_probe(&{name}); kiln_twice(kiln_probe_{number}); kiln_twice(kiln_probe_{number});"
            )),
            Some(numbers) if numbers.contains(&number) => self.text.push_str(&format!(" kiln_static(&{name});")),
            Some(_) => {}
        }
        self.probes.push((start..self.text.len(), number));
    }

    /// The place in the cell of a range of the source, if it lies in the cell.
    fn to_cell(&self, range: Range<usize>) -> Option<Range<usize>> {
        let (piece, start) = self
            .from_cell
            .iter()
            .find(|(piece, _)| piece.start <= range.start && range.start <= piece.end)?;
        let begin = start + range.start - piece.start;
        Some(begin..begin + range.len().min(piece.end - range.start))
    }
}

fn read_messages(source: &Source, messages: &str) -> Findings {
    let mut findings = Findings::default();
    for line in messages.lines() {
        let Ok(mut message) = serde_json::from_str::<Value>(line) else { continue };
        if message["level"] != "error" {
            continue;
        }
        if let Some((number, ty)) = probed_type(&message) {
            findings.types.insert(number, ty);
            continue;
        }
        let probe = spans(&message).find_map(|range| {
            source
                .probes
                .iter()
                .find(|(probe, _)| !probe.is_empty() && probe.start <= range.start && range.start < probe.end)
        });
        if let Some((_, number)) = probe {
            findings.borrowed.insert(*number);
            continue;
        }
        if let Some(range) = spans(&message).next().filter(|range| range.start < source.items) {
            let text = message["message"].as_str().unwrap_or_default().to_owned();
            findings.in_items.push((range.start, text));
        } else if message["spans"].as_array().is_some_and(|spans| !spans.is_empty()) {
            move_spans_to_cell(source, &mut message);
            findings.errors.push(message);
        }
    }
    findings
}

/// The number and the type of a probe, if this is the error that tells it.
fn probed_type(message: &Value) -> Option<(usize, String)> {
    let labels = message["spans"].as_array()?.iter().filter_map(|span| span["label"].as_str());
    for label in labels {
        if let Some(rest) = label.strip_prefix("move occurs because `kiln_probe_")
            && let Some((number, rest)) = rest.split_once("` has type `")
            && let Some((ty, _)) = rest.rsplit_once("`, which does not implement")
            && let Some(ty) = ty.strip_prefix("KilnProbe<").and_then(|ty| ty.strip_suffix('>'))
        {
            return Some((number.parse().ok()?, ty.to_owned()));
        }
    }
    None
}

fn spans(message: &Value) -> impl Iterator<Item = Range<usize>> + '_ {
    message["spans"].as_array().into_iter().flatten().filter_map(byte_range)
}

fn byte_range(span: &Value) -> Option<Range<usize>> {
    let at = |key: &str| span[key].as_u64().and_then(|at| usize::try_from(at).ok());
    Some(at("byte_start")?..at("byte_end")?)
}

/// Gives each span its place in the cell, or takes it away, in the message and in its notes.
fn move_spans_to_cell(source: &Source, message: &mut Value) {
    if let Some(spans) = message["spans"].as_array_mut() {
        let moved = spans.drain(..).filter_map(|span| in_cell(source, span)).collect();
        *spans = moved;
    }
    for child in message["children"].as_array_mut().into_iter().flatten() {
        move_spans_to_cell(source, child);
    }
}

fn in_cell(source: &Source, mut span: Value) -> Option<Value> {
    let of_probe = span["file_name"].as_str().is_some_and(|name| name.ends_with("probe.rs"));
    match byte_range(&span).filter(|_| of_probe).and_then(|range| source.to_cell(range)) {
        Some(range) => {
            span["byte_start"] = range.start.into();
            span["byte_end"] = range.end.into();
            Some(span)
        }
        // An error within a macro: the place where the cell calls it.
        None => {
            let (label, primary) = (span["label"].clone(), span["is_primary"].clone());
            let outer =
                span.get_mut("expansion").and_then(|expansion| expansion.get_mut("span")).map(Value::take)?;
            let mut outer = in_cell(source, outer)?;
            outer["label"] = label;
            outer["is_primary"] = primary;
            Some(outer)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The type is read from the compiler's sentence, whatever brackets are in it.
    #[test]
    fn types_are_read_from_the_compilers_sentence() {
        let label = "move occurs because `kiln_probe_12` has type `KilnProbe<std::vec::Vec<f64>>`, which does not implement the `Copy` trait";
        let message = json!({"spans": [{"label": null}, {"label": label}]});
        assert_eq!(probed_type(&message), Some((12, "std::vec::Vec<f64>".into())));
    }

    /// Cargo's choices for code generation stay out, its choices of crates stay.
    #[test]
    fn only_what_decides_meaning_is_kept() {
        let call = [
            "--crate-name",
            "ctx",
            "--edition=2024",
            "-C",
            "opt-level=2",
            "-C",
            "prefer-dynamic",
            "--extern",
            "kiln=/a.so",
            "-L",
            "dependency=/d",
        ];
        let kept =
            ["--edition=2024", "-C", "prefer-dynamic", "--extern", "kiln=/a.so", "-L", "dependency=/d"];
        assert_eq!(kept_arguments(call.into_iter()), kept);
    }
}
