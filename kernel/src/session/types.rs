//! Writes the types that the compiler found into a cell, so that evcxr can keep its variables.

use super::cell::{Cell, Let, Place, Statement, StatementKind};
use super::probe::Findings;

/// A cell as evcxr gets it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Annotated {
    pub(super) code: String,
    /// Variables that end with the cell, each with the reason.
    pub(super) local: Vec<(String, String)>,
}

/// Hides a statement from evcxr, so that its variables end with the cell.
pub(super) const LOCAL_MACRO: &str = "macro_rules! kiln_local { ($($code:tt)*) => { $($code)* } }";

/// Adds to each `let` of the cell its variables' types, and shows the value of the last expression. Line breaks are
/// neither added nor removed.
pub(super) fn annotate(code: &str, cell: &Cell, findings: &Findings) -> Annotated {
    let mut result = Annotated::default();
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    let mut number = 0;
    for statement in &cell.statements {
        let found = match &statement.kind {
            StatementKind::Let(found) => found,
            StatementKind::Last => {
                show(statement, &mut edits);
                continue;
            }
            StatementKind::Other => continue,
        };
        let types: Vec<Result<String, String>> = (number..number + found.variables.len())
            .map(|number| {
                if findings.borrowed.contains(&number) {
                    return Err(
                        "it borrows from another variable, and a borrow ends with its cell".to_owned()
                    );
                }
                let ty = findings.types.get(&number).ok_or("its type is not known")?;
                nameable(ty)
                    .ok_or_else(|| format!("its type has no name that could be written: {}", readable(ty)))
            })
            .collect();
        number += found.variables.len();
        annotate_let(statement, found, &types, &mut edits, &mut result.local);
    }
    edits.sort_by_key(|(start, ..)| *start);
    let mut at = 0;
    for (start, end, text) in edits {
        result.code.push_str(&code[at..start]);
        result.code.push_str(&text);
        at = end;
    }
    result.code.push_str(&code[at..]);
    result
}

/// Written out here, since evcxr shows a value by `Debug` whenever its own first attempt does not compile, also where the
/// reason is another one: an expression that uses a variable up.
fn show(statement: &Statement, edits: &mut Vec<(usize, usize, String)>) {
    let (start, end) = (statement.range.start, statement.range.end);
    edits.push((start, start, "(".to_owned()));
    edits.push((end, end, ").evcxr_display();".to_owned()));
}

fn annotate_let(
    statement: &Statement,
    found: &Let,
    types: &[Result<String, String>],
    edits: &mut Vec<(usize, usize, String)>,
    local: &mut Vec<(String, String)>,
) {
    for (variable, ty) in found.variables.iter().zip(types) {
        if let Err(reason) = ty {
            local.push((variable.name.clone(), reason.clone()));
        }
    }
    match (&found.place, types) {
        (Place::AfterName(at), [Ok(ty)]) => edits.push((*at, *at, format!(": {ty}"))),
        (Place::InsteadOf(range), [Ok(ty)]) => edits.push((range.start, range.end, ty.clone())),
        _ => {
            let (start, end) = (statement.range.start, statement.range.end);
            edits.push((start, start, "kiln_local!{".to_owned()));
            let mut behind = "};".to_owned();
            for (variable, ty) in found.variables.iter().zip(types) {
                if let Ok(ty) = ty {
                    let mutable = if variable.is_mutable { "mut " } else { "" };
                    behind.push_str(&format!(" let {mutable}{0}: {ty} = {0};", variable.name));
                }
            }
            edits.push((end, end, behind));
        }
    }
}

/// The type as it can be written in code, if it can.
fn nameable(ty: &str) -> Option<String> {
    let mut text = readable(ty);
    // The type of a function itself has no name, but it is also a function pointer.
    let is_function = ["fn(", "for<", "unsafe fn("].iter().any(|start| text.starts_with(start));
    if let Some(start) = text.rfind(" {").filter(|_| is_function && text.ends_with('}')) {
        text.truncate(start);
    }
    let unnamed =
        text.contains(['{', '}']) || has_word(&text, "impl") || text.contains('!') || has_word(&text, "_");
    (!unnamed).then_some(text)
}

/// The compiler's path of a type, by the names that a cell knows.
fn readable(ty: &str) -> String {
    let ty = ty
        .replace("kiln_cell::{closure#0}::", "")
        .replace("kiln_cell::", "")
        .replace("kiln_bundle::", "kiln::");
    ty.replace("ctx::", "")
}

pub(super) fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '\'').any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::super::cell::parse;
    use super::*;

    fn annotated(code: &str, types: &[&str]) -> Annotated {
        let findings = Findings {
            types: types.iter().enumerate().map(|(number, ty)| (number, (*ty).to_owned())).collect(),
            ..Findings::default()
        };
        annotate(code, &parse(code).unwrap_or_default(), &findings)
    }

    /// Types are written where Rust wants them.
    #[test]
    fn writes_types_into_the_code() {
        assert_eq!(
            annotated("let mut x = 1;\nx", &["i32"]).code,
            "let mut x: i32 = 1;\n(x).evcxr_display();"
        );
        assert_eq!(
            annotated("let v: Vec<_> = f();", &["std::vec::Vec<u8>"]).code,
            "let v: std::vec::Vec<u8> = f();"
        );
        assert_eq!(
            annotated("let (a, mut b) = f();\na", &["i32", "u8"]).code,
            "kiln_local!{let (a, mut b) = f();}; let a: i32 = a; let mut b: u8 = b;\n(a).evcxr_display();"
        );
        assert_eq!(annotated("let f = g;", &["fn(f64) -> f64 {g}"]).code, "let f: fn(f64) -> f64 = g;");
    }

    /// What cannot be kept ends with the cell, and the reason is told.
    #[test]
    fn keeps_what_cannot_be_named_within_the_cell() {
        let result = annotated("let f = |x| x;", &["{closure@probe.rs:1:9: 1:12}"]);
        assert_eq!(result.code, "kiln_local!{let f = |x| x;};");
        assert_eq!(result.local.len(), 1);
        assert_eq!(nameable("impl std::iter::Iterator<Item = f64>"), None);
        assert_eq!(nameable("kiln_cell::Point").as_deref(), Some("Point"));
        assert_eq!(nameable("simpl::X").as_deref(), Some("simpl::X"));
    }
}
