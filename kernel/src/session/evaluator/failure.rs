//! How a cell failed, in the reader's words.

use super::super::cell::{self, Cell};
use super::super::channel::Report;
use super::super::diagnostics::{Known, compile_error};
use super::super::output::CellError;
use super::Evaluator;
use serde_json::Value;
use std::path::Path;

impl Evaluator {
    /// Names the variables that a failing cell would have left behind, and those that it took along.
    pub(super) fn with_lost(&mut self, error: CellError, cell: &Cell, earlier: &[String]) -> CellError {
        // What does not compile has run nothing, and every earlier variable is still there.
        if error.name == "CompileError" {
            return error;
        }
        let is_gone = |name: &&String| !self.scope.variables.iter().any(|(kept, _)| kept == *name);
        let of_cell: Vec<String> = cell.variables.iter().filter(is_gone).cloned().collect();
        let is_told = |name: &&String| self.lost.iter().any(|(lost, _)| lost == *name);
        let moved: Vec<String> = earlier
            .iter()
            .filter(|name| is_gone(name) && !is_told(name) && !cell.variables.contains(name))
            .cloned()
            .collect();
        let mut lines = Vec::new();
        if !of_cell.is_empty() {
            lines.push(format!("not kept, since this cell failed: {}", of_cell.join(", ")));
        }
        if !moved.is_empty() {
            lines.push(format!("moved by this cell, and so lost: {}", moved.join(", ")));
            lines.push("help: pass a reference (`&`) or a `.clone()` to keep a variable".to_owned());
        }
        let reason = "the cell that defined it failed";
        self.lost.extend(of_cell.into_iter().map(|name| (name, reason.to_owned())));
        error.with_lines(lines)
    }

    pub(super) fn outcome(&self, code: &str, annotated: &str, report: &Report) -> Result<(), CellError> {
        if let Some(panic) = &report.panic {
            let place = panic.location.as_ref().map(|location| self.place(code, annotated, location));
            let value = if panic.message.is_empty() { "the cell panicked" } else { &panic.message };
            return Err(CellError::new("panic", value).with_lines(place));
        }
        if let Some((message, type_name)) = &report.failure {
            return Err(CellError::new(short_name(type_name), message.clone()));
        }
        if report.interrupted {
            return Err(interrupted("its variables were kept"));
        }
        Ok(())
    }

    pub(super) fn process_ended(&mut self, message: &str, variables: &[String]) -> CellError {
        let report = self.channel.report(true);
        let was_interrupted = self.channel.is_interrupted();
        let mut lines = Vec::new();
        if let Some(panic) = report.panic.filter(|_| !was_interrupted) {
            lines.push(format!("panic: {}", panic.message));
        }
        if !variables.is_empty() {
            lines.push(format!("lost: {}", variables.join(", ")));
            let reason = "the process that ran the cells ended";
            self.lost.extend(variables.iter().map(|name| (name.clone(), reason.to_owned())));
        }
        lines.push("functions, types and imports of earlier cells are still there".to_owned());
        if was_interrupted {
            return interrupted("it did not react, so its process was ended").with_lines(lines);
        }
        if let Some(reason) = report.reason {
            lines.push(
                "help: the variable KILN_MEMORY sets the limit: `8G`, `50%` of what is free, or `none`"
                    .to_owned(),
            );
            return CellError::new(
                "MemoryLimit",
                format!("the process that runs the cells was ended: {reason}"),
            )
            .with_lines(lines);
        }
        let how = message.rsplit_once("status: ").map_or(message, |(_, how)| how);
        CellError::new("ProcessEnded", format!("the process that runs the cells ended: {how}"))
            .with_lines(lines)
    }

    /// evcxr could not compile the cell: the compiler says why in terms of the cell's own lines, or else evcxr does.
    pub(super) fn compile_error(&self, code: &str, errors: &[evcxr::CompilationError]) -> CellError {
        let known = Known { lost: &self.lost };
        if let Some(parsed) = cell::parse(code)
            && let Ok(findings) = self.compiler.probe(code, &parsed, &self.scope)
            && !findings.errors.is_empty()
        {
            return compile_error(code, &findings.errors, &known);
        }
        let messages: Vec<Value> = errors.iter().map(|error| positioned(code, error)).collect();
        compile_error(code, &messages, &known)
    }

    /// Where a panic was, in the cell's own lines if it was there.
    fn place(&self, code: &str, annotated: &str, (file, line, column): &(String, u32, u32)) -> String {
        if !file.ends_with("src/lib.rs") || Path::new(file).is_absolute() {
            return format!("at {file}:{line}:{column}");
        }
        let source = self.commands.last_source().unwrap_or_default();
        let index = usize::try_from(*line).unwrap_or(usize::MAX).saturating_sub(1);
        let text = source.lines().nth(index).unwrap_or_default().trim();
        // The types that were written into the cell changed no line's number.
        let found = annotated.lines().position(|line| {
            let line = line.trim();
            !line.is_empty()
                && (text == line || (text.len() > 3 && line.contains(text)) || text.contains(line))
        });
        match found {
            Some(number) => format!(
                "at line {} of this cell: {}",
                number + 1,
                code.lines().nth(number).unwrap_or_default().trim()
            ),
            None => format!("at: {text}"),
        }
    }
}

pub(super) fn toolkit_changed() -> CellError {
    let message = "the toolkit was edited since this kernel started, and cargo would build the new one beside the one that is loaded";
    CellError::new("ToolkitChanged", message).with_lines(["help: restart the kernel".to_owned()])
}

pub(super) fn interrupted(how: &str) -> CellError {
    CellError::new("Interrupted", format!("the cell was interrupted: {how}"))
}

/// The last part of a type's path, without its parameters.
fn short_name(type_name: &str) -> &str {
    let path = type_name.split('<').next().unwrap_or(type_name);
    path.rsplit("::").next().filter(|name| !name.is_empty()).unwrap_or("Error")
}

/// An error of evcxr in the form of the compiler's messages, with spans in bytes of the cell.
fn positioned(code: &str, error: &evcxr::CompilationError) -> Value {
    let starts: Vec<usize> =
        std::iter::once(0).chain(code.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let byte = |line: usize, column: usize| {
        let start = starts.get(line.saturating_sub(1)).copied().unwrap_or(code.len());
        let chars = code[start..].char_indices().nth(column.saturating_sub(1));
        chars.map_or(code.len(), |(at, _)| start + at)
    };
    let spans: Vec<Value> = error
        .spanned_messages()
        .iter()
        .filter_map(|message| {
            let span = message.span?;
            Some(serde_json::json!({
                "byte_start": byte(span.start_line, span.start_column), "byte_end": byte(span.end_line, span.end_column),
                "label": message.label, "is_primary": message.is_primary,
            }))
        })
        .collect();
    let help: Vec<Value> =
        error.help().into_iter().map(|help| serde_json::json!({"level": "help", "message": help})).collect();
    serde_json::json!({"message": error.message(), "code": error.json["code"], "level": "error", "spans": spans, "children": help})
}
