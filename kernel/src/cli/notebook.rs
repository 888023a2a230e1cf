//! Notebooks as the commands read them: cells, their outputs, and the figures among these.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

const PLOTLY: &str = "application/vnd.plotly.v1+json";
const SVG: &str = "image/svg+xml";

/// A notebook of format 4.
#[derive(Debug, Clone)]
pub(super) struct Notebook {
    pub(super) value: Value,
}

/// A figure among a notebook's outputs.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    /// The number of its code cell, from 1.
    pub(super) cell: usize,
    /// The still picture; empty where there is none.
    pub(super) svg: String,
    /// plotly's JSON.
    pub(super) plotly: Value,
    /// What it shows, in words.
    pub(super) alt: String,
}

impl Notebook {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or is no notebook of format 4.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let value: Value = serde_json::from_str(&text)
            .with_context(|| format!("{} is no notebook: it is not JSON", path.display()))?;
        if value["nbformat"] != 4 || !value["cells"].is_array() {
            bail!("{} is no notebook of format 4 (its `nbformat` is {})", path.display(), value["nbformat"]);
        }
        Ok(Self { value })
    }

    pub(super) fn cells(&self) -> &[Value] {
        self.value["cells"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The figure that stands for the notebook: that of the cell with the tag `cover`, else the first.
    pub(super) fn cover(&self) -> Option<Figure> {
        let of = |cell: &Value| {
            let outputs = cell["outputs"].as_array().into_iter().flatten();
            outputs.filter_map(|output| Figure::of(0, output)).find(|figure| !figure.svg.is_empty())
        };
        let is_cover = |cell: &&Value| {
            cell["metadata"]["tags"].as_array().is_some_and(|tags| tags.contains(&"cover".into()))
        };
        let tagged = self.cells().iter().filter(is_cover).find_map(of);
        tagged.or_else(|| self.cells().iter().find_map(of))
    }

    /// All figures, in order.
    pub(super) fn figures(&self) -> Vec<Figure> {
        let code = self.cells().iter().filter(|cell| cell["cell_type"] == "code");
        let outputs = code.enumerate().flat_map(|(i, cell)| {
            cell["outputs"].as_array().into_iter().flatten().map(move |output| (i + 1, output))
        });
        outputs.filter_map(|(cell, output)| Figure::of(cell, output)).collect()
    }
}

impl Figure {
    /// The figure in an output, if it is one.
    pub(super) fn of(cell: usize, output: &Value) -> Option<Self> {
        let data = &output["data"];
        // A figure of the crate `plotly` has no still picture.
        let svg = data.get(SVG).map(joined).unwrap_or_default();
        let plotly = data.get(PLOTLY).cloned().unwrap_or(Value::Null);
        if svg.is_empty() && plotly.is_null() {
            return None;
        }
        let alt = data.get("text/plain").map(joined).unwrap_or_default();
        Some(Self { cell, svg, plotly, alt })
    }

    /// The title without markup; else the first panel's title or what is on its axes; empty if nothing names it.
    pub(super) fn title(&self) -> String {
        let layout = &self.plotly["layout"];
        let own = layout["title"]["text"].as_str().map(without_tags).unwrap_or_default();
        if !own.is_empty() {
            return own;
        }
        let words = self.alt.lines().next().unwrap_or_default();
        let words = words.strip_prefix("Figure").unwrap_or(words).trim_start_matches([':', ' ']);
        words.trim_matches(['(', ')']).to_owned()
    }

    /// Width and height in pixels, as the SVG says.
    pub(super) fn size(&self) -> (f64, f64) {
        let number = |name: &str| {
            let (_, after) = self.svg.split_once(&format!(" {name}=\""))?;
            after.split('"').next()?.parse::<f64>().ok()
        };
        let of_layout = |name: &str| self.plotly["layout"][name].as_f64();
        let (width, height) = (
            number("width").or_else(|| of_layout("width")),
            number("height").or_else(|| of_layout("height")),
        );
        (width.unwrap_or(800.0), height.unwrap_or(450.0))
    }
}

/// A text that may be kept as a list of lines.
pub(super) fn joined(source: &Value) -> String {
    match source {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

fn without_tags(text: &str) -> String {
    let mut out = String::new();
    for piece in text.replace("<br>", " ").split('<') {
        out.push_str(if out.is_empty() && !text.starts_with('<') {
            piece
        } else {
            piece.split_once('>').map_or(piece, |p| p.1)
        });
    }
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn figures_know_their_cell_title_and_size() {
        let svg = "<svg xmlns=\"x\" width=\"486\" height=\"582\" viewBox=\"0 0 486 582\"></svg>";
        let figure = |title: Value| {
            json!({"output_type": "execute_result", "data": {
            SVG: [svg], PLOTLY: {"data": [], "layout": {"title": {"text": title}}}, "text/plain": ["Figure (loss)"]}})
        };
        let cells = json!([
            {"cell_type": "markdown", "source": []},
            {"cell_type": "code", "outputs": [{"output_type": "stream", "text": ["a"]}]},
            {"cell_type": "code", "outputs": [figure(json!("손실 w<sub>1</sub><br>&amp; more")), figure(Value::Null)]}]);
        let notebook = Notebook { value: json!({"cells": cells}) };
        let found = notebook.figures();
        assert_eq!(found.iter().map(|f| f.cell).collect::<Vec<_>>(), [2, 2]);
        assert_eq!((found[0].title().as_str(), found[1].title().as_str()), ("손실 w1 & more", "loss"));
        assert_eq!(found[0].size(), (486.0, 582.0));
        assert_eq!(notebook.cover().map(|figure| figure.title()), Some("손실 w1 & more".into()));
        let foreign = json!({"data": {PLOTLY: {"data": [], "layout": {"height": 300}}}});
        assert_eq!(Figure::of(1, &foreign).map(|figure| figure.size()), Some((800.0, 300.0)));
        assert!(Figure::of(1, &json!({"data": {"text/plain": "1"}})).is_none());
    }
}
