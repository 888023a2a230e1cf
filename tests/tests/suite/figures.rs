//! The figures in the committed notebooks: small enough to keep, and with a still picture beside each.

use serde_json::Value;
use std::path::{Path, PathBuf};

const PLOTLY: &str = "application/vnd.plotly.v1+json";
const SVG: &str = "image/svg+xml";

fn notebooks(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of notebooks");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "ipynb"))
        .collect();
    files.sort();
    files
}

/// The text of a value that notebooks write whole or in lines.
fn text(value: &Value) -> String {
    match value {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

/// SVG and JSON together take 100 KB on average and 200 KB at most, and none is without its SVG.
#[test]
fn figures_of_notebooks_are_small() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../notebooks");
    let mut sizes = Vec::new();
    for file in notebooks(&folder).into_iter().chain(notebooks(&folder.join("ko"))) {
        let notebook: Value =
            serde_json::from_slice(&std::fs::read(&file).expect("a notebook")).expect("a notebook is JSON");
        for (number, cell) in notebook["cells"].as_array().into_iter().flatten().enumerate() {
            for data in cell["outputs"].as_array().into_iter().flatten().map(|output| &output["data"]) {
                let Some(json) = data.get(PLOTLY) else { continue };
                let (name, svg) = (file.display(), text(&data[SVG]));
                assert!(svg.starts_with("<svg"), "{name}, cell {number}: no still picture");
                let size = svg.len() + json.to_string().len();
                assert!(size <= 200_000, "{name}, cell {number}: {size} bytes");
                sizes.push(size);
            }
        }
    }
    assert!(sizes.len() > 100, "only {} figures", sizes.len());
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!(mean <= 100_000, "{mean} bytes on average");
}
