//! Compile errors as a reader of a notebook sees them: the message, the lines of the cell, a hint.

use super::output::CellError;
use serde_json::Value;
use std::ops::Range;

const RED: &str = "\u{1b}[1;31m";
const BLUE: &str = "\u{1b}[1;34m";
const BOLD: &str = "\u{1b}[1m";
const RESET: &str = "\u{1b}[0m";

/// What a session knows that helps to explain an error.
#[derive(Debug, Default)]
pub(super) struct Known<'a> {
    /// Variables of earlier cells that are gone, each with the reason.
    pub(super) lost: &'a [(String, String)],
}

/// The error of a cell that does not compile, from the compiler's messages with spans in bytes of `code`.
pub(super) fn compile_error(code: &str, messages: &[Value], known: &Known<'_>) -> CellError {
    let first = messages.first().map(headline).unwrap_or_default();
    let mut lines = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        if index > 0 {
            lines.push(String::new());
        }
        render(code, message, known, &mut lines);
    }
    CellError { name: "CompileError".to_owned(), value: first, traceback: lines }
}

fn headline(message: &Value) -> String {
    let text = message["message"].as_str().unwrap_or("the cell does not compile");
    if shows_nothing(message) {
        return format!("the value of the last line cannot be shown: {text}");
    }
    match message["code"]["code"].as_str() {
        Some(code) => format!("[{code}] {text}"),
        None => text.to_owned(),
    }
}

fn shows_nothing(message: &Value) -> bool {
    let names_it = |text: &Value| text.as_str().is_some_and(|text| text.contains("`evcxr_display`"));
    let labels = message["spans"].as_array().into_iter().flatten().map(|span| &span["label"]);
    names_it(&message["message"]) || labels.into_iter().any(names_it)
}

fn render(code: &str, message: &Value, known: &Known<'_>, lines: &mut Vec<String>) {
    lines.push(format!("{RED}error{RESET}{BOLD}: {}{RESET}", headline(message)));
    let mut spans = places(message);
    // The method by which the kernel shows a value is no concern of the reader.
    spans.retain(|(_, label, _)| !label.contains("`evcxr_display`"));
    spans.sort_by_key(|(range, _, primary)| (!primary, range.start));
    for (index, (range, label, primary)) in spans.iter().enumerate() {
        render_span(code, range.clone(), label, *primary, index == 0, lines);
    }
    if shows_nothing(message) {
        lines.push(format!("  {BLUE}={RESET} help: end the line with `;`, show one of its parts, or put `#[derive(Debug)]` before the type"));
        return;
    }
    for child in message["children"].as_array().into_iter().flatten() {
        let (level, text) =
            (child["level"].as_str().unwrap_or("note"), child["message"].as_str().unwrap_or_default());
        if level == "failure-note" || text.is_empty() {
            continue;
        }
        let mut text = text.to_owned();
        let suggestion = child["spans"]
            .as_array()
            .into_iter()
            .flatten()
            .find_map(|span| span["suggested_replacement"].as_str());
        if let Some(suggestion) = suggestion.map(str::trim).filter(|suggestion| !suggestion.is_empty()) {
            text.push_str(&format!(": `{suggestion}`"));
        }
        lines.push(format!("  {BLUE}={RESET} {level}: {}", text.replace('\n', "\n          ")));
    }
    if let Some(hint) = hint(message, known) {
        lines.push(format!("  {BLUE}={RESET} help: {hint}"));
    }
}

/// Advice for what people who write notebooks run into, and that the compiler cannot know.
fn hint(message: &Value, known: &Known<'_>) -> Option<String> {
    let text = message["message"].as_str()?;
    match message["code"]["code"].as_str()? {
        "E0425" | "E0412" | "E0405" | "E0599" | "E0432" | "E0433" if is_lost(text, known).is_some() => {
            let (name, reason) = is_lost(text, known)?;
            Some(format!("`{name}` of an earlier cell was not kept: {reason}"))
        }
        "E0382" => Some(
            "pass a reference (`&`) or a `.clone()`, so that the variable is still there for later cells"
                .to_owned(),
        ),
        "E0384" | "E0596" => {
            Some("a variable of an earlier cell is made mutable by `let mut x = x;`".to_owned())
        }
        "E0432" | "E0433" if text.contains("unresolved") => {
            Some("a crate is added by a line `:dep NAME = \"VERSION\"` at the top of a cell".to_owned())
        }
        _ => None,
    }
}

/// The name that the compiler does not find, if an earlier cell had it.
fn is_lost<'a>(text: &'a str, known: &Known<'a>) -> Option<(&'a str, &'a str)> {
    let name = text.split('`').nth(1)?;
    known.lost.iter().rev().find(|(lost, _)| lost == name).map(|(_, reason)| (name, reason.as_str()))
}

fn places(message: &Value) -> Vec<(Range<usize>, String, bool)> {
    let at = |span: &Value, key: &str| span[key].as_u64().and_then(|at| usize::try_from(at).ok());
    message["spans"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|span| {
            let range = at(span, "byte_start")?..at(span, "byte_end")?;
            Some((
                range,
                span["label"].as_str().unwrap_or_default().to_owned(),
                span["is_primary"] == Value::Bool(true),
            ))
        })
        .collect()
}

fn render_span(
    code: &str,
    range: Range<usize>,
    label: &str,
    primary: bool,
    first: bool,
    lines: &mut Vec<String>,
) {
    let start = floor(code, range.start);
    let end = floor(code, range.end).max(start);
    let line_start = code[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = code[start..].find('\n').map_or(code.len(), |at| start + at);
    let number = code[..line_start].matches('\n').count() + 1;
    let column = code[line_start..start].chars().count() + 1;
    let width = number.to_string().len().max(2);
    if first {
        lines.push(format!("{:width$}{BLUE}-->{RESET} line {number}, column {column}", ""));
        lines.push(format!("{:width$} {BLUE}|{RESET}", ""));
    }
    lines.push(format!("{BLUE}{number:>width$} |{RESET} {}", &code[line_start..line_end]));
    let indent = columns(&code[line_start..start]);
    let length = columns(&code[start..end.min(line_end)]).max(1);
    let (colour, mark) = if primary { (RED, "^") } else { (BLUE, "-") };
    lines.push(format!(
        "{:width$} {BLUE}|{RESET} {:indent$}{colour}{} {label}{RESET}",
        "",
        "",
        mark.repeat(length)
    ));
}

fn floor(code: &str, at: usize) -> usize {
    let at = at.min(code.len());
    (0..=at).rev().find(|&at| code.is_char_boundary(at)).unwrap_or(0)
}

/// The width in a fixed-width font, in which Hangul, kana and Chinese characters take two columns.
fn columns(text: &str) -> usize {
    let wide = |c: char| matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0x303e | 0x3041..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff);
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plain(error: &CellError) -> String {
        let mut text = error.traceback.join("\n");
        for escape in [RED, BLUE, BOLD, RESET] {
            text = text.replace(escape, "");
        }
        text
    }

    /// The mark stands below the name, also behind Korean text.
    #[test]
    fn marks_stand_below_korean_text() {
        let code = "let s = \"가나\";\nlet t = (\"가나\", zz);";
        let at = code.find("zz").unwrap_or_default();
        let message = json!({
            "message": "cannot find value `zz` in this scope", "code": {"code": "E0425"}, "level": "error",
            "spans": [{"byte_start": at, "byte_end": at + 2, "label": "not found", "is_primary": true}],
            "children": [],
        });
        let lost = [("zz".to_owned(), "it was moved".to_owned())];
        let error = compile_error(code, &[message], &Known { lost: &lost });
        let expected = "error: [E0425] cannot find value `zz` in this scope
  --> line 2, column 16
   |
 2 | let t = (\"가나\", zz);
   |                  ^^ not found
  = help: `zz` of an earlier cell was not kept: it was moved";
        assert_eq!(plain(&error), expected);
        assert_eq!(error.value, "[E0425] cannot find value `zz` in this scope");
    }
}
