//! A cell's code, taken apart: commands, items, `let` statements, and what follows.

use super::items::impl_names;
use ra_ap_syntax::ast::{self, HasModuleItem, HasName};
use ra_ap_syntax::{AstNode, Edition, SourceFile, SyntaxNode, TextRange};
use std::collections::HashSet;
use std::ops::Range;

const WRAPPER: &str = "fn f(){";

/// A cell, parsed. All ranges are bytes of its code.
#[derive(Debug, Default)]
pub(super) struct Cell {
    /// Items: functions, types, imports, ...
    pub(super) items: Vec<Item>,
    /// Statements and the last expression, in order.
    pub(super) statements: Vec<Statement>,
    /// The variables that its own `let` statements bind.
    pub(super) variables: Vec<String>,
    /// Whether the cell awaits something.
    pub(super) is_async: bool,
}

impl Cell {
    /// The names of all items.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.items.iter().flat_map(|item| &item.names)
    }
}

#[derive(Debug)]
pub(super) struct Item {
    pub(super) range: Range<usize>,
    /// The names that it brings into scope.
    pub(super) names: Vec<String>,
    /// Whether it defines a macro.
    pub(super) is_macro: bool,
}

#[derive(Debug)]
pub(super) struct Statement {
    pub(super) range: Range<usize>,
    pub(super) kind: StatementKind,
}

#[derive(Debug)]
pub(super) enum StatementKind {
    /// A `let` whose variables need a type written down.
    Let(Let),
    /// The expression at the end, whose value is the cell's result.
    Last,
    Other,
}

/// A `let` statement without a complete type.
#[derive(Debug)]
pub(super) struct Let {
    pub(super) variables: Vec<Variable>,
    pub(super) place: Place,
    /// Whether it has a value; `let x;` gets one later.
    pub(super) has_value: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) is_mutable: bool,
}

/// How the type of a variable is written into the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// `: T` at this byte.
    AfterName(usize),
    /// `T` instead of an incomplete type.
    InsteadOf(Range<usize>),
    /// The pattern takes a value apart: each variable is bound again, behind the statement.
    Behind,
}

/// One part of a cell, as code.
pub(crate) enum Piece {
    /// An item with the names that it brings, each with the code that brings it.
    Item {
        code: String,
        names: Vec<(String, String)>,
    },
    Statement(String),
    /// The expression at the end, whose value is shown.
    Last(String),
}

/// A cell in parts.
pub(crate) struct Pieces {
    /// The lines of commands at its beginning.
    pub(crate) commands: String,
    pub(crate) pieces: Vec<Piece>,
    /// Whether it awaits something.
    pub(crate) is_async: bool,
}

/// A cell in parts, in order; `None` if it is not made of whole statements.
pub(crate) fn pieces(cell: &str) -> Option<Pieces> {
    let (commands, code) = cell.split_at(commands_length(cell));
    let list = statements(code)?;
    let mut pieces = Vec::new();
    for statement in list.statements() {
        let text = statement.syntax().text().to_string();
        pieces.push(match statement {
            ast::Stmt::Item(ast::Item::Use(item)) => Piece::Item { code: text, names: imports(&item) },
            ast::Stmt::Item(item) => {
                let names = names_of(&item).into_iter().map(|name| (name, text.clone())).collect();
                Piece::Item { code: text, names }
            }
            _ => Piece::Statement(text),
        });
    }
    pieces.extend(list.tail_expr().map(|expression| Piece::Last(expression.syntax().text().to_string())));
    Some(Pieces { commands: commands.to_owned(), pieces, is_async: has_await(list.syntax()) })
}

/// The names that an import brings, each with an import of that name alone; a glob import is a name of its own.
fn imports(item: &ast::Use) -> Vec<(String, String)> {
    fn add(tree: &ast::UseTree, before: &str, start: &str, found: &mut Vec<(String, String)>) {
        let own = tree.path().map(|path| path.syntax().text().to_string()).unwrap_or_default();
        let path = match (before.is_empty(), own.as_str()) {
            (true, _) => own,
            (false, "" | "self") => before.to_owned(),
            (false, own) => format!("{before}::{own}"),
        };
        if let Some(list) = tree.use_tree_list() {
            list.use_trees().for_each(|tree| add(&tree, &path, start, found));
        } else if tree.star_token().is_some() {
            found.push((format!("{path}::*"), format!("{start}use {path}::*;")));
        } else if let Some(rename) = tree.rename() {
            let rename = rename.syntax().text().to_string();
            let name = rename.trim_start_matches("as").trim().to_owned();
            let name = if name == "_" { format!("{path} as _") } else { name };
            found.push((name, format!("{start}use {path} {rename};")));
        } else {
            let name = path.rsplit("::").next().unwrap_or(&path).to_owned();
            found.push((name, format!("{start}use {path};")));
        }
    }
    let mut found = Vec::new();
    let start =
        ast::HasVisibility::visibility(item).map(|of| format!("{} ", of.syntax().text())).unwrap_or_default();
    item.use_tree().into_iter().for_each(|tree| add(&tree, "", &start, &mut found));
    found
}

/// Splits leading command lines (`:dep`, `!ls`, ...) from the code that follows them; the length of the first part.
///
/// evcxr takes commands only before the first line of code, so this does as well.
pub(super) fn commands_length(code: &str) -> usize {
    let mut end = 0;
    let mut offset = 0;
    for line in code.split_inclusive('\n') {
        let text = line.trim_start();
        offset += line.len();
        if text.starts_with(':') || line.starts_with('!') {
            end = offset;
        } else if !(text.trim().is_empty() || line.starts_with("//")) {
            break;
        }
    }
    end
}

/// Takes `code` apart; `None` if it is not made of whole statements.
pub(super) fn parse(code: &str) -> Option<Cell> {
    let list = statements(code)?;
    let mut cell = Cell { is_async: has_await(list.syntax()), ..Cell::default() };
    for statement in list.statements() {
        let range = cell_range(statement.syntax().text_range());
        match statement {
            ast::Stmt::Item(item) => {
                let is_macro = matches!(&item, ast::Item::MacroRules(_));
                cell.items.push(Item { range, names: names_of(&item), is_macro });
            }
            ast::Stmt::LetStmt(statement) => {
                cell.variables.extend(variables_of(&statement).into_iter().map(|variable| variable.name));
                let kind = parse_let(&statement).map_or(StatementKind::Other, StatementKind::Let);
                cell.statements.push(Statement { range, kind });
            }
            ast::Stmt::ExprStmt(_) => cell.statements.push(Statement { range, kind: StatementKind::Other }),
        }
    }
    if let Some(expression) = list.tail_expr() {
        let range = cell_range(expression.syntax().text_range());
        cell.statements.push(Statement { range, kind: StatementKind::Last });
    }
    Some(cell)
}

/// The code as one piece, when it is not made of whole statements: the compiler says what is wrong with it.
pub(super) fn unparsed(code: &str) -> Cell {
    let statement = Statement { range: 0..code.len(), kind: StatementKind::Other };
    Cell { statements: vec![statement], ..Cell::default() }
}

/// The items of generated source, without those that bring one of `names` into scope.
pub(super) fn without_items(source: &str, names: &HashSet<String>) -> String {
    let parsed = SourceFile::parse(source, Edition::Edition2024);
    let mut kept = String::with_capacity(source.len());
    let mut at = 0;
    for item in parsed.tree().items() {
        if names_of(&item).iter().any(|name| names.contains(name)) {
            let range = item.syntax().text_range();
            kept.push_str(&source[at..range.start().into()]);
            at = range.end().into();
        }
    }
    kept.push_str(&source[at..]);
    kept
}

/// The items of a cell that is made of whole statements, each with the byte where it begins.
pub(super) fn items(code: &str) -> Vec<(ast::Item, usize)> {
    let Some(list) = statements(code) else { return Vec::new() };
    let items = list.statements().filter_map(|statement| match statement {
        ast::Stmt::Item(item) => Some(item),
        _ => None,
    });
    items.map(|item| (item.clone(), cell_range(item.syntax().text_range()).start)).collect()
}

/// The expression at the end of a cell that is made of whole statements.
pub(super) fn last_expression(code: &str) -> Option<Range<usize>> {
    let expression = statements(code)?.tail_expr()?;
    Some(cell_range(expression.syntax().text_range()))
}

/// What stands before a dot at which a method's name is being written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Receiver {
    /// The expression before the dot.
    pub(super) range: Range<usize>,
    /// Where its statement begins.
    pub(super) statement: usize,
    /// Where the method's name begins.
    pub(super) name: usize,
}

/// The expression before the dot and the beginning of a name that end at a byte of `code`.
pub(super) fn receiver(code: &str, at: usize) -> Option<Receiver> {
    const NAME: &str = "kiln_completion";
    let before = code.get(..at)?;
    let name = before.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_').len();
    let start = before[..name].strip_suffix('.').filter(|start| !start.ends_with('.'))?;
    let parsed = SourceFile::parse(&format!("{WRAPPER}{start}.{NAME}()"), Edition::Edition2024).syntax_node();
    let calls = parsed.descendants().filter_map(ast::MethodCallExpr::cast);
    let call = calls.filter(|call| call.name_ref().is_some_and(|name| name.text() == NAME)).last()?;
    let range = cell_range(call.receiver()?.syntax().text_range());
    // The outermost statement, or the expression at the end, that the call is in.
    let list = parsed.descendants().find_map(ast::StmtList::cast)?;
    let outermost = call.syntax().ancestors().take_while(|node| node != list.syntax()).last()?;
    Some(Receiver { range, statement: cell_range(outermost.text_range()).start, name })
}

/// The statements of a cell, and the expression at its end; `None` if it does not parse.
pub(super) fn statements(code: &str) -> Option<ast::StmtList> {
    let parsed = SourceFile::parse(&format!("{WRAPPER}{code}\n}}"), Edition::Edition2024);
    let function = parsed.tree().items().next().and_then(|item| match item {
        ast::Item::Fn(function) => Some(function),
        _ => None,
    })?;
    if !parsed.errors().is_empty() {
        return None;
    }
    function.body()?.stmt_list()
}

pub(super) fn cell_range(range: TextRange) -> Range<usize> {
    usize::from(range.start()) - WRAPPER.len()..usize::from(range.end()) - WRAPPER.len()
}

fn parse_let(statement: &ast::LetStmt) -> Option<Let> {
    let pattern = statement.pat()?;
    let simple = match &pattern {
        ast::Pat::IdentPat(pattern) => pattern.pat().is_none() && pattern.ref_token().is_none(),
        _ => false,
    };
    let place = match statement.ty() {
        Some(ty) if simple && is_complete(&ty) => return None,
        Some(ty) if simple => Place::InsteadOf(cell_range(ty.syntax().text_range())),
        None if simple => Place::AfterName(cell_range(pattern.syntax().text_range()).end),
        _ => Place::Behind,
    };
    let variables = variables_of(statement);
    (!variables.is_empty()).then_some(Let { variables, place, has_value: statement.initializer().is_some() })
}

fn variables_of(statement: &ast::LetStmt) -> Vec<Variable> {
    let mut variables: Vec<Variable> = Vec::new();
    let patterns =
        statement.pat().into_iter().flat_map(|pattern| pattern.syntax().descendants().collect::<Vec<_>>());
    for pattern in patterns.filter_map(ast::IdentPat::cast) {
        let Some(name) = pattern.name().map(|name| name.text().to_string()) else { continue };
        // `None` and constants look like names of variables.
        if name.starts_with(char::is_uppercase) || variables.iter().any(|variable| variable.name == name) {
            continue;
        }
        variables.push(Variable {
            name,
            is_mutable: pattern.mut_token().is_some() && pattern.ref_token().is_none(),
        });
    }
    variables
}

pub(super) fn is_complete(ty: &ast::Type) -> bool {
    !ty.syntax()
        .descendants()
        .any(|node| ast::InferType::can_cast(node.kind()) || ast::ImplTraitType::can_cast(node.kind()))
}

fn has_await(node: &SyntaxNode) -> bool {
    node.descendants().any(|node| ast::AwaitExpr::can_cast(node.kind()))
}

/// The names that an item brings into scope; an `impl` has names of its own kind.
pub(super) fn names_of(item: &ast::Item) -> Vec<String> {
    fn name(item: &impl HasName) -> Vec<String> {
        item.name().map(|name| name.text().to_string()).into_iter().collect()
    }
    match item {
        ast::Item::Const(item) => name(item),
        ast::Item::Enum(item) => name(item),
        ast::Item::Fn(item) => name(item),
        ast::Item::Impl(item) => impl_names(item),
        ast::Item::MacroRules(item) => name(item),
        ast::Item::Module(item) => name(item),
        ast::Item::Static(item) => name(item),
        ast::Item::Struct(item) => name(item),
        ast::Item::Trait(item) => name(item),
        ast::Item::TypeAlias(item) => name(item),
        ast::Item::Union(item) => name(item),
        ast::Item::Use(item) => imported_names(item),
        _ => Vec::new(),
    }
}

fn imported_names(item: &ast::Use) -> Vec<String> {
    let trees = item.syntax().descendants().filter_map(ast::UseTree::cast);
    trees
        .filter(|tree| tree.use_tree_list().is_none() && tree.star_token().is_none())
        .filter_map(|tree| match tree.rename() {
            Some(rename) => rename.name().map(|name| name.text().to_string()),
            None => tree.path()?.segment()?.name_ref().map(|name| name.text().to_string()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(code: &str) -> Vec<(String, Place)> {
        let cell = parse(code).unwrap_or_default();
        let lets = cell.statements.into_iter().filter_map(|statement| match statement.kind {
            StatementKind::Let(found) => Some(found),
            _ => None,
        });
        lets.flat_map(|found| {
            found.variables.into_iter().map(move |variable| (variable.name, found.place.clone()))
        })
        .collect()
    }

    /// A type is wanted wherever one is missing, and nowhere else.
    #[test]
    fn finds_variables_without_a_type() {
        let after = |end| Place::AfterName(end);
        assert_eq!(variables("let x = 1;"), [("x".into(), after(5))]);
        assert_eq!(variables("let x: f64 = 1.0; let mut y = x;"), [("y".into(), after(27))]);
        assert_eq!(variables("let v: Vec<_> = f();"), [("v".into(), Place::InsteadOf(7..13))]);
        assert_eq!(
            variables("let (a, mut b) = f();"),
            [("a".into(), Place::Behind), ("b".into(), Place::Behind)]
        );
        assert_eq!(variables("let Some(a) = f() else { return };"), [("a".into(), Place::Behind)]);
        assert_eq!(variables("{ let x = 1; }"), []);
        assert_eq!(variables("let _ = f(); fn g() { let y = 1; }"), []);
    }

    /// What a method is called on, wherever in a cell.
    #[test]
    fn finds_what_stands_before_a_dot() {
        fn found(code: &str) -> Option<(&str, &str)> {
            receiver(code, code.len()).map(|receiver| (&code[receiver.range], &code[..receiver.statement]))
        }
        assert_eq!(found("v.pu"), Some(("v", "")));
        assert_eq!(found("let a = 1;\nlet b = v.iter().ma"), Some(("v.iter()", "let a = 1;\n")));
        assert_eq!(found("f(\"가\", x."), Some(("x", "")));
        assert_eq!(found("v"), None);
        assert_eq!(found("0.."), None);
    }

    /// Commands stand before the code; comments and empty lines between them are no code.
    #[test]
    fn commands_come_first() {
        let code = ":dep a\n// why\n\n:dep b\nlet x = 1;\n:vars";
        assert_eq!(&code[commands_length(code)..], "let x = 1;\n:vars");
        assert_eq!(commands_length("let x = 1;"), 0);
    }

    /// Imports and definitions go when a cell brings the same name.
    #[test]
    fn replaced_items_are_left_out() {
        let names = HashSet::from(["P".to_owned(), "Map".to_owned()]);
        let source = "struct P;\nuse std::collections::HashMap as Map;\nfn g() {}\nuse kiln::prelude::*;\n";
        assert_eq!(without_items(source, &names).trim(), "fn g() {}\nuse kiln::prelude::*;");
    }
}
