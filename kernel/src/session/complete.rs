//! Completion, and whether code is complete.

use super::evaluator::Evaluator;
use super::{Completions, cell, std_methods};
use ra_ap_syntax::{Edition, SourceFile};
use std::panic::AssertUnwindSafe;

/// Whether code can run as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// It can.
    Complete,
    /// More lines must follow.
    Incomplete,
    /// No lines that follow could make it valid.
    Invalid,
}

/// What completion offers at a byte of `code`.
pub(super) fn complete(evaluator: &mut Evaluator, code: &str, at: usize) -> Completions {
    let commands = evaluator.commands();
    // rust-analyzer panics on some unfinished code; then there is nothing to offer.
    let found = std::panic::catch_unwind(AssertUnwindSafe(|| commands.completions(code, at)));
    let mut completions = Completions { start: at, end: at, ..Completions::default() };
    if let Ok(Ok(found)) = found
        && !found.completions.is_empty()
    {
        let (matches, kinds) =
            found.completions.iter().map(|item| (item.code.clone(), item.kind.to_owned())).unzip();
        completions = Completions { matches, kinds, start: found.start_offset, end: found.end_offset };
    }
    add_std_methods(evaluator, code, at, &mut completions);
    completions
}

/// Adds the methods of a standard type, which rust-analyzer knows nothing of.
fn add_std_methods(evaluator: &Evaluator, code: &str, at: usize, completions: &mut Completions) {
    let Some(receiver) = cell::receiver(code, at) else { return };
    if !completions.matches.is_empty() && completions.start != receiver.name {
        return;
    }
    let Some(ty) = evaluator.type_of(&code[..receiver.statement], &code[receiver.range]) else { return };
    let before = &code[receiver.name..at];
    for method in std_methods::of(&ty) {
        if method.starts_with(before) && !completions.matches.iter().any(|other| other == method) {
            completions.matches.push(method.to_owned());
            completions.kinds.push("method".to_owned());
            (completions.start, completions.end) = (receiver.name, at);
        }
    }
}

/// What is known of the name at a byte of `code`: its signature and documentation, as text and as Markdown.
pub(super) fn inspect(evaluator: &mut Evaluator, code: &str, at: usize) -> Option<(String, String)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let end = code[at..].find(|c| !is_part(c)).map_or(code.len(), |length| at + length);
    let commands = evaluator.commands();
    let found = std::panic::catch_unwind(AssertUnwindSafe(|| commands.hover_at(code, end)));
    match found {
        Ok(Ok((plain, _))) if plain != "No documentation found" => Some((plain.clone(), markdown(&plain))),
        _ => None,
    }
}

/// The first lines of what rust-analyzer says are a signature.
fn markdown(plain: &str) -> String {
    match plain.split_once("\n\n") {
        Some((signature, text)) => format!("```rust\n{signature}\n```\n\n{text}"),
        None => format!("```rust\n{plain}\n```"),
    }
}

/// Judges `code` by its brackets, quotes and syntax.
pub fn completeness(code: &str) -> Completeness {
    if code.trim_start().starts_with([':', '!']) {
        return Completeness::Complete;
    }
    match open_brackets(code) {
        None => Completeness::Invalid,
        Some(Ending::Open) => Completeness::Incomplete,
        Some(Ending::Closed) => {
            let parsed = SourceFile::parse(&format!("fn f() {{\n{code}\n}}"), Edition::Edition2024);
            if parsed.errors().is_empty() {
                Completeness::Complete
            } else if ends_openly(code) {
                Completeness::Incomplete
            } else {
                Completeness::Invalid
            }
        }
    }
}

enum Ending {
    Open,
    Closed,
}

/// Whether a bracket, a text or a comment is open at the end; `None` if a bracket closes that was never opened.
fn open_brackets(code: &str) -> Option<Ending> {
    use ra_ap_syntax::SyntaxKind::{COMMENT, L_BRACK, L_CURLY, L_PAREN, R_BRACK, R_CURLY, R_PAREN, STRING};
    let parsed = SourceFile::parse(code, Edition::Edition2024);
    let mut depth = Vec::new();
    for token in
        parsed.syntax_node().descendants_with_tokens().filter_map(ra_ap_syntax::NodeOrToken::into_token)
    {
        match token.kind() {
            L_CURLY | L_PAREN | L_BRACK => depth.push(token.kind()),
            R_CURLY if depth.pop() != Some(L_CURLY) => return None,
            R_PAREN if depth.pop() != Some(L_PAREN) => return None,
            R_BRACK if depth.pop() != Some(L_BRACK) => return None,
            STRING if token.text().len() < 2 || !token.text().ends_with(['"', '#']) => {
                return Some(Ending::Open);
            }
            COMMENT if token.text().starts_with("/*") && !token.text().ends_with("*/") => {
                return Some(Ending::Open);
            }
            _ => {}
        }
    }
    Some(if depth.is_empty() { Ending::Closed } else { Ending::Open })
}

/// Whether the last line asks for a continuation.
fn ends_openly(code: &str) -> bool {
    let last = code.trim_end();
    ["=", "+", "-", "*", "/", ",", ".", "->", "=>", "&&", "||", "|", "::"]
        .iter()
        .any(|end| last.ends_with(end))
        || ["let", "fn", "else", "struct", "impl", "match", "if"]
            .iter()
            .any(|word| last.split_whitespace().last() == Some(word))
        || last
            .lines()
            .last()
            .is_some_and(|line| line.trim_start().starts_with("#[") || line.trim_start().starts_with("fn "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What JupyterLab's console asks on Enter.
    #[test]
    fn judges_code() {
        for code in
            ["let x = 1;", "1 + 1", "", ":dep a = \"1\"", "fn f() { }", "for i in 0..3 { print!(\"{i}\"); }"]
        {
            assert_eq!(completeness(code), Completeness::Complete, "{code}");
        }
        for code in [
            "fn f(",
            "let v = vec![",
            "let x =",
            "if a {",
            "let s = \"ab",
            "/* a",
            "x.map(|y| {",
            "#[derive(Debug)]",
        ] {
            assert_eq!(completeness(code), Completeness::Incomplete, "{code}");
        }
        for code in ["let = 7", ")", "fn f() }"] {
            assert_eq!(completeness(code), Completeness::Invalid, "{code}");
        }
    }
}
