//! Keeps rust-analyzer from what the compiler has found already.
//!
//! evcxr asks rust-analyzer for the type of each variable, even where the type is written down, and rust-analyzer then
//! infers all types of the cell: with the toolkit's methods in it, that takes longer than to compile the cell. What it need
//! not see, the values and the statements, goes into a macro that exists for the compiler only.

use super::cell::{cell_range, is_complete, statements};
use super::types::LOCAL_NAME;
use ra_ap_syntax::AstNode;
use ra_ap_syntax::ast;
use std::ops::Range;

/// The code with the values of variables whose type is written down, and with all statements but the last expression, in
/// the macro. Line breaks are neither added nor removed.
pub(super) fn hide(code: &str) -> String {
    let mut hidden = String::with_capacity(code.len() + 64);
    let mut at = 0;
    for (range, behind) in hideable(code).unwrap_or_default() {
        hidden.push_str(&code[at..range.start]);
        hidden.push_str(&format!("{LOCAL_NAME}!{{{}}}{behind}", &code[range.clone()]));
        at = range.end;
    }
    hidden.push_str(&code[at..]);
    hidden
}

/// What can be hidden, in order, each with what must follow it.
fn hideable(code: &str) -> Option<Vec<(Range<usize>, &'static str)>> {
    let mut found = Vec::new();
    for statement in statements(code)?.statements() {
        match statement {
            ast::Stmt::LetStmt(statement) => {
                let is_simple = matches!(statement.pat(), Some(ast::Pat::IdentPat(_)));
                let is_typed = statement.ty().is_some_and(|ty| is_complete(&ty));
                if let (true, true, Some(value)) = (is_simple, is_typed, statement.initializer()) {
                    found.push((cell_range(value.syntax().text_range()), ""));
                }
            }
            ast::Stmt::ExprStmt(statement) => {
                if !is_hidden(&statement) {
                    found.push((cell_range(statement.syntax().text_range()), ";"));
                }
            }
            ast::Stmt::Item(_) => {}
        }
    }
    Some(found)
}

fn is_hidden(statement: &ast::ExprStmt) -> bool {
    let call = match statement.expr() {
        Some(ast::Expr::MacroExpr(expression)) => expression.macro_call(),
        _ => None,
    };
    call.and_then(|call| call.path()).is_some_and(|path| path.syntax().text() == LOCAL_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and types stay visible, values and statements do not; the expression at the end is evcxr's to show.
    #[test]
    fn values_and_statements_are_hidden() {
        assert_eq!(
            hide("let mut x: i32 = f(1);\nx += 1;\nfn g() {}\nx"),
            "let mut x: i32 = kiln_local!{f(1)};\nkiln_local!{x += 1;};\nfn g() {}\nx"
        );
        assert_eq!(hide("for i in 0..2 {\n}\nlet y = 1;"), "kiln_local!{for i in 0..2 {\n}};\nlet y = 1;");
        assert_eq!(hide("kiln_local!{a();};"), "kiln_local!{a();};");
    }

    /// Whatever is no whole statement stays as it is.
    #[test]
    fn broken_code_is_left_alone() {
        assert_eq!(hide("let x: i32 = ("), "let x: i32 = (");
        assert_eq!(hide("let (a, b): (i32, i32) = f();"), "let (a, b): (i32, i32) = f();");
    }
}
