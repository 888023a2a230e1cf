//! Items of a cell, so that any cell can be run again, and a type, a function or a trait can be defined anew.
//!
//! evcxr keeps items by name, and a new one replaces the old one. An `impl` has no name: evcxr would keep that of every
//! run, and the second run would fail (E0119, E0592). But an unnamed item goes with the named one before it. So each `impl`
//! gets a constant before it that is named after what it implements, and an `impl` with several functions is taken apart,
//! so that each can be defined anew. A macro is exported, since evcxr writes items in no particular order.

use super::cell::{self, Cell};
use super::types::has_word;
use ra_ap_syntax::ast::{self, HasAttrs, HasName};
use ra_ap_syntax::{AstNode, Edition, NodeOrToken, SourceFile, SyntaxKind};
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What is known of the items of earlier cells beside their code.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// The types and traits of an `impl` that were defined in the same cell, by the name of the `impl`.
    beside: HashMap<String, HashSet<String>>,
}

impl Items {
    /// The names of earlier items that the cell replaces: those that it defines, and each `impl` that stood in one cell
    /// with a definition that is replaced.
    pub(super) fn replaced(&self, cell: &Cell) -> HashSet<String> {
        let mut names: HashSet<String> = cell.names().cloned().collect();
        let with_definition = self.beside.iter().filter(|(_, beside)| !beside.is_disjoint(&names));
        let with_definition: Vec<String> = with_definition.map(|(name, _)| name.clone()).collect();
        names.extend(with_definition);
        names
    }

    /// Notes that a cell was compiled.
    pub(super) fn add(&mut self, cell: &Cell, replaced: &HashSet<String>) {
        self.beside.retain(|name, _| !replaced.contains(name));
        let (impls, defined): (Vec<&String>, Vec<&String>) = cell.names().partition(|name| is_impl(name));
        for name in impls {
            let header = name.split(" { ").next().unwrap_or(name);
            let of = defined.iter().filter(|defined| has_word(header, defined)).map(|of| (*of).clone());
            self.beside.insert(name.clone(), of.collect());
        }
    }
}

/// The code as evcxr gets it: each `impl` named, macros exported, the last expression shown, and nothing left of the items
/// `gone`. Line breaks are neither added nor removed.
///
/// evcxr itself would try two ways to show an expression, and lose its way if that moves a variable.
pub(super) fn prepared(code: &str, gone: impl IntoIterator<Item = String>) -> String {
    let mut edits: Vec<(usize, String)> = Vec::new();
    for (item, start) in cell::items(code) {
        match &item {
            ast::Item::Impl(item) => name_impl(item, start, &mut edits),
            ast::Item::MacroRules(item) if !is_exported(item) => {
                edits.push((start, "#[macro_export] ".to_owned()));
            }
            _ => {}
        }
    }
    if let Some(last) = cell::last_expression(code) {
        edits.push((last.start, "(".to_owned()));
        edits.push((last.end, ").evcxr_display();".to_owned()));
    }
    let mut result: String = gone.into_iter().map(|name| without_content(&name)).collect();
    let mut at = 0;
    for (place, text) in edits {
        result.push_str(&code[at..place]);
        result.push_str(&text);
        at = place;
    }
    result.push_str(&code[at..]);
    result
}

/// The names of an `impl`: one for each function, constant or type of a type's own, one for all of a trait's.
pub(super) fn impl_names(item: &ast::Impl) -> Vec<String> {
    let header = header(item);
    let members = members(item);
    if members.is_empty() {
        return vec![header];
    }
    members.into_iter().map(|(name, _)| format!("{header} {{ {name} }}")).collect()
}

/// Whether a name is one of [`impl_names`].
pub(super) fn is_impl(name: &str) -> bool {
    name.contains(' ')
}

/// What a reader calls an item.
pub(super) fn described(name: &str) -> String {
    match name.split_once(" { ") {
        Some((header, _)) => format!("`{}` of `{header}`", member(name)),
        None => format!("`{name}`"),
    }
}

/// The name by which code uses an item: of a function in an `impl`, the function's.
pub(super) fn member(name: &str) -> &str {
    name.split_once(" { ").map_or(name, |(_, member)| member.trim_end_matches(" }"))
}

/// The named items of generated source, each with its code.
pub(super) fn by_name(source: &str) -> HashMap<String, String> {
    let parsed = SourceFile::parse(source, Edition::Edition2024);
    let items = ast::HasModuleItem::items(&parsed.tree());
    items
        .flat_map(|item| {
            let text = item.syntax().text().to_string();
            cell::names_of(&item).into_iter().map(move |name| (name, text.clone()))
        })
        .collect()
}

/// The definitions that are made of `changed` ones, and these.
///
/// The values of such types are of no use once the definition has changed: the compiler gives two structures with fields
/// of the same names one identity, whatever the fields' types are.
pub(super) fn made_of(source: &str, changed: HashSet<String>) -> HashSet<String> {
    let items = by_name(source);
    let mut found = changed;
    loop {
        let more: Vec<String> = items
            .iter()
            .filter(|(name, text)| {
                !is_impl(name) && !found.contains(*name) && found.iter().any(|of| has_word(text, of))
            })
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// The names of the item at a byte of generated source.
pub(super) fn names_at(source: &str, at: usize) -> Vec<String> {
    let parsed = SourceFile::parse(source, Edition::Edition2024);
    let mut items = ast::HasModuleItem::items(&parsed.tree());
    let found = items.find(|item| {
        let range = item.syntax().text_range();
        usize::from(range.start()) <= at && at < usize::from(range.end())
    });
    found.map(|item| cell::names_of(&item)).unwrap_or_default()
}

fn name_impl(item: &ast::Impl, start: usize, edits: &mut Vec<(usize, String)>) {
    let names = impl_names(item);
    let offset = usize::from(item.syntax().text_range().start());
    edits.push((start, format!("const {}: () = (); ", constant(&names[0]))));
    let members = members(item);
    for ((_, end), name) in members.iter().zip(&names[1..]) {
        let text = format!(" }} const {}: () = (); {}{} {{", constant(name), attributes(item), header(item));
        edits.push((start + end - offset, text));
    }
}

/// The members by which an `impl` is taken apart, each with its end; none if it stays in one piece.
fn members(item: &ast::Impl) -> Vec<(String, usize)> {
    let list = item.assoc_item_list().filter(|_| item.trait_().is_none());
    let mut found: Vec<(String, usize)> = Vec::new();
    for member in list.into_iter().flat_map(|list| list.assoc_items()) {
        let name = match &member {
            ast::AssocItem::Fn(member) => member.name(),
            ast::AssocItem::Const(member) => member.name(),
            ast::AssocItem::TypeAlias(member) => member.name(),
            ast::AssocItem::MacroCall(_) => None,
        };
        match name.map(|name| name.text().to_string()) {
            Some(name) if found.iter().all(|(other, _)| *other != name) => {
                found.push((name, member.syntax().text_range().end().into()));
            }
            _ => return Vec::new(),
        }
    }
    found
}

/// `impl<T> Trait for Type<T> where ...`, with one space between tokens.
fn header(item: &ast::Impl) -> String {
    let mut words = Vec::new();
    for part in item.syntax().children_with_tokens() {
        let kind = part.kind();
        if kind == SyntaxKind::ASSOC_ITEM_LIST {
            break;
        }
        if kind == SyntaxKind::ATTR {
            continue;
        }
        match part {
            NodeOrToken::Token(token) => push_word(&token, &mut words),
            NodeOrToken::Node(node) => {
                let tokens = node.descendants_with_tokens().filter_map(NodeOrToken::into_token);
                tokens.for_each(|token| push_word(&token, &mut words));
            }
        }
    }
    words.join(" ")
}

fn push_word(token: &ra_ap_syntax::SyntaxToken, words: &mut Vec<String>) {
    if !token.kind().is_trivia() {
        words.push(token.text().to_owned());
    }
}

/// The attributes of an `impl` in one line: each of its pieces has them.
fn attributes(item: &ast::Impl) -> String {
    let attributes = item.attrs().map(|attribute| attribute.syntax().text().to_string());
    attributes.filter(|text| !text.contains('\n')).map(|text| text + " ").collect()
}

fn is_exported(item: &ast::MacroRules) -> bool {
    item.attrs().any(|attribute| attribute.syntax().text().to_string().contains("macro_export"))
}

fn constant(name: &str) -> String {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    format!("KILN_IMPL_{:016X}", hasher.finish())
}

/// What takes the place of an item, so that nothing is left of it.
fn without_content(name: &str) -> String {
    match is_impl(name) {
        true => format!("const {}: () = (); ", constant(name)),
        false => format!("#[cfg(any())] fn {name}() {{}} "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(code: &str) -> Vec<String> {
        cell::parse(code).unwrap_or_default().names().cloned().collect()
    }

    /// The same `impl` has the same name however it is written, and another one has another name.
    #[test]
    fn an_impl_has_a_name() {
        assert_eq!(names("impl Shape for A { fn area(&self) {} }"), ["impl Shape for A"]);
        assert_eq!(names("impl  Shape\n  for A /* a */ {}"), ["impl Shape for A"]);
        assert_eq!(names("impl A { fn f() {}\n fn g() {} }"), ["impl A { f }", "impl A { g }"]);
        assert_eq!(names("impl<T: Into<f64>> B<T> {}"), ["impl < T : Into < f64 > > B < T >"]);
        assert_eq!(described("impl A { f }"), "`f` of `impl A`");
        assert_eq!(described("impl Shape for A"), "`impl Shape for A`");
    }

    /// Each function of a type can be replaced alone; lines keep their numbers.
    #[test]
    fn an_impl_is_taken_apart() {
        let code = "struct A;\n#[allow(unused)] impl A {\n    fn f() {} // one\n    fn g() {}\n}\nA";
        let text = prepared(code, []);
        assert_eq!(text.matches('\n').count(), code.matches('\n').count());
        let (f, g) = (constant("impl A { f }"), constant("impl A { g }"));
        let expected = format!(
            "struct A;\nconst {f}: () = (); #[allow(unused)] impl A {{\n    fn f() {{}} }} const {g}: () = (); \
             #[allow(unused)] impl A {{ // one\n    fn g() {{}}\n}}\n(A).evcxr_display();"
        );
        assert_eq!(text, expected);
        assert_eq!(
            prepared("macro_rules! m { () => {} }", []),
            "#[macro_export] macro_rules! m { () => {} }"
        );
        assert_eq!(prepared("let x = 1;", []), "let x = 1;");
    }

    /// What stood in one cell with a definition goes when that is replaced, as evcxr does.
    #[test]
    fn an_impl_goes_with_its_definition() {
        let mut items = Items::default();
        let parsed = |code: &str| cell::parse(code).unwrap_or_default();
        items.add(&parsed("struct A; impl A { fn f() {} } fn f() {}"), &HashSet::new());
        items.add(&parsed("impl A { fn g() {} }"), &HashSet::new());
        let replaced = items.replaced(&parsed("struct A { x: i32 }"));
        assert_eq!(replaced, HashSet::from(["A".to_owned(), "impl A { f }".to_owned()]));
        assert_eq!(items.replaced(&parsed("fn f() {}")), HashSet::from(["f".to_owned()]));
    }

    /// A change goes on to what is made of it.
    #[test]
    fn a_change_goes_on() {
        let source = "struct A { x: i32 }\nstruct B { of: Vec<A> }\nstruct C { b: B }\nstruct AB;";
        let found = made_of(source, HashSet::from(["A".to_owned()]));
        assert_eq!(found, ["A", "B", "C"].map(str::to_owned).into());
    }

    /// Items are found in generated source.
    #[test]
    fn items_are_found_by_place() {
        let source = "fn f() { }\nimpl A { fn g() {} }";
        assert_eq!(names_at(source, 12), ["impl A { g }"]);
        assert_eq!(names_at(source, 0), ["f"]);
        assert_eq!(by_name(source)["f"], "fn f() { }");
    }
}
