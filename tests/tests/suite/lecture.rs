//! Every heading, display formula, code block and claim of the lecture is shown by a notebook.
//!
//! `tests/lecture/ids.json` lists them, each with an id; a cell names those that it shows in its metadata, as
//! `"kiln": {"shows": ["h07", "f03", "c012"]}`. `tests/lecture/open.txt` lists the ids that are still without a cell.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The list: ids with their kinds.
fn kinds() -> BTreeMap<String, String> {
    let list = json(&root().join("tests/lecture/ids.json"));
    let text = |entry: &Value, field: &str| entry[field].as_str().unwrap_or_default().to_string();
    let entries = list.as_array().expect("ids.json is a list");
    for entry in entries {
        for field in ["korean", "english"] {
            assert!(!text(entry, field).is_empty(), "{}: no `{field}`", text(entry, "id"));
        }
    }
    let kinds: BTreeMap<_, _> =
        entries.iter().map(|entry| (text(entry, "id"), text(entry, "kind"))).collect();
    assert_eq!(kinds.len(), entries.len(), "an id stands in ids.json twice");
    kinds
}

/// The notebooks of a folder, by file name.
fn notebooks(folder: &str) -> BTreeMap<String, Vec<Value>> {
    let mut found = BTreeMap::new();
    let Ok(files) = std::fs::read_dir(root().join(folder)) else { return found };
    for file in files.flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        if name.ends_with(".ipynb") {
            let cells = json(&file.path())["cells"].as_array().cloned().unwrap_or_default();
            found.insert(name, cells);
        }
    }
    found
}

fn source(cell: &Value) -> String {
    match &cell["source"] {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().unwrap_or_default().to_string(),
    }
}

/// The ids that a cell shows.
fn shows(cell: &Value) -> Vec<String> {
    let ids = cell["metadata"]["kiln"]["shows"].as_array().cloned().unwrap_or_default();
    ids.iter().map(|id| id.as_str().unwrap_or("?").to_string()).collect()
}

/// Whether a line of code asserts something.
fn asserts(line: &str) -> bool {
    let found = ["assert!(", "assert_eq!(", "assert_ne!("].iter().any(|name| line.contains(name));
    found && !line.trim_start().starts_with("//")
}

/// The ids of `open.txt`.
fn open() -> BTreeSet<String> {
    let text = read(&root().join("tests/lecture/open.txt"));
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(String::from)
        .collect()
}

#[test]
fn the_list_has_the_whole_lecture() {
    let kinds = kinds();
    let count = |kind: &str| kinds.values().filter(|known| *known == kind).count();
    assert_eq!([count("heading"), count("formula"), count("code")], [44, 22, 5]);
    assert_eq!(count("claim") + 71, kinds.len(), "a kind is misspelt");
}

/// An id of the lecture is shown by a cell or is listed as open, and not both.
#[test]
fn every_id_is_shown_or_open() {
    let (kinds, open) = (kinds(), open());
    let mut shown = BTreeSet::new();
    for (name, cells) in notebooks("notebooks") {
        for cell in &cells {
            for id in shows(cell) {
                assert!(
                    kinds.contains_key(&id),
                    "{name}, cell {}: `{id}` is not in tests/lecture/ids.json",
                    cell["id"]
                );
                shown.insert(id);
            }
        }
    }
    let unknown: Vec<_> = open.iter().filter(|id| !kinds.contains_key(*id)).collect();
    assert!(unknown.is_empty(), "open.txt lists ids that are not in ids.json: {unknown:?}");
    let both: Vec<_> = open.intersection(&shown).collect();
    assert!(both.is_empty(), "shown by a notebook, so take them out of tests/lecture/open.txt: {both:?}");
    let missing: Vec<_> = kinds.keys().filter(|id| !shown.contains(*id) && !open.contains(*id)).collect();
    assert!(
        missing.is_empty(),
        "no cell shows {missing:?}: name them in a cell's metadata, or in tests/lecture/open.txt"
    );
}

/// A claim is shown by code that asserts something.
#[test]
fn a_claim_is_asserted() {
    let kinds = kinds();
    for (name, cells) in notebooks("notebooks") {
        for cell in &cells {
            let claims: Vec<String> = shows(cell).into_iter().filter(|id| kinds[id] == "claim").collect();
            let code = cell["cell_type"] == "code";
            let asserts = code && source(cell).lines().any(asserts);
            assert!(
                claims.is_empty() || asserts,
                "{name}, cell {}: it asserts nothing of {claims:?}",
                cell["id"]
            );
        }
    }
}

/// A Korean notebook has the code, the outputs and the ids of the English one; only the prose differs.
#[test]
fn the_korean_edition_has_the_same_code() {
    let english = notebooks("notebooks");
    for (name, korean) in notebooks("notebooks/ko") {
        let english =
            english.get(&name).unwrap_or_else(|| panic!("notebooks/ko/{name} has no English counterpart"));
        assert_eq!(korean.len(), english.len(), "{name}: the number of cells");
        for (ours, theirs) in korean.iter().zip(english) {
            let cell = &theirs["id"];
            assert_eq!(ours["id"], *cell, "{name}: the order of the cells");
            assert_eq!(ours["metadata"], theirs["metadata"], "{name}, cell {cell}: the metadata");
            if theirs["cell_type"] == "code" {
                assert_eq!(source(ours), source(theirs), "{name}, cell {cell}: the code");
                assert_eq!(ours["outputs"], theirs["outputs"], "{name}, cell {cell}: the outputs");
            } else {
                let hangul = source(ours).chars().filter(|c| ('가'..='힣').contains(c)).count();
                assert!(hangul > 5, "{name}, cell {cell}: the prose is not Korean");
            }
        }
    }
}

/// A link from one notebook leads to another that is there.
#[test]
fn links_lead_somewhere() {
    for folder in ["notebooks", "notebooks/ko"] {
        for (name, cells) in notebooks(folder) {
            for cell in cells.iter().filter(|cell| cell["cell_type"] == "markdown") {
                let text = source(cell);
                let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
                for target in targets.filter(|target| target.ends_with(".ipynb") && !target.contains(':')) {
                    let there = root().join(folder).join(target).is_file();
                    assert!(there, "{folder}/{name}, cell {}: there is no {target}", cell["id"]);
                }
            }
        }
    }
}

/// All notebooks are for the kernel "Rust (Kiln)", were executed, and end without an error.
#[test]
fn notebooks_are_executed() {
    for folder in ["notebooks", "notebooks/ko"] {
        for (name, cells) in notebooks(folder) {
            let kernel = &json(&root().join(folder).join(&name))["metadata"]["kernelspec"];
            assert_eq!([&kernel["name"], &kernel["display_name"]], ["kiln", "Rust (Kiln)"], "{name}");
            for cell in cells.iter().filter(|cell| cell["cell_type"] == "code") {
                let outputs = cell["outputs"].as_array().cloned().unwrap_or_default();
                let error = outputs.iter().find(|output| output["output_type"] == "error");
                assert!(error.is_none(), "{folder}/{name}, cell {}: {error:?}", cell["id"]);
            }
            let pictures =
                cells.iter().filter(|cell| cell["outputs"].to_string().contains("image/svg+xml")).count();
            assert!(pictures >= 3, "{folder}/{name}: {pictures} figures; a notebook has at least three");
        }
    }
}

/// A notebook opens with a question, one of its cells is the cover, and the index shows that cell's picture.
#[test]
fn the_index_shows_what_the_notebooks_draw() {
    let (english, korean) = (notebooks("notebooks"), notebooks("notebooks/ko"));
    assert!(english.len() > 12 && korean.len() > 11);
    for (name, cells) in english.iter().chain(&korean) {
        assert!(source(&cells[0]).contains("\n> **"), "{name} opens without a question (`> **...?**`)");
        let is_cover = |cell: &&Value| {
            cell["metadata"]["tags"].as_array().is_some_and(|tags| tags.contains(&"cover".into()))
        };
        let covers: Vec<&Value> = cells.iter().filter(is_cover).collect();
        assert_eq!(covers.len(), 1, "{name}: one code cell has the tag `cover`");
        let picture = read(&root().join(format!("notebooks/pictures/{}.svg", &name[..2])));
        let outputs = covers[0]["outputs"].as_array().cloned().unwrap_or_default();
        let drawn = |output: &Value| {
            let svg = json!({"source": output["data"]["image/svg+xml"]});
            source(&svg).trim() == picture.trim()
        };
        assert!(
            outputs.iter().any(drawn),
            "notebooks/pictures/{}.svg is not the picture of {name}",
            &name[..2]
        );
    }
}
