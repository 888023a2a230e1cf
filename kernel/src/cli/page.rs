//! Cells of a notebook as HTML that needs no network: what slides and web pages are made of.

mod formulas;
mod highlight;
mod markdown;

use std::path::Path;

use anyhow::{Context, Result};
use kiln_picture::html::inside_script;
use kiln_picture::png::base64;
use kiln_picture::svg::escape;
use serde_json::Value;

use super::notebook::{Figure, joined};

pub(super) use markdown::heading;

/// Colours, text, code, tables and formulas, for all pages.
pub(super) const STYLE: &str = include_str!("page/style.css");
/// Draws the interactive figures when they come into view.
const LIVE: &str = include_str!("page/live.js");

/// Writes cells; collects what the page's end must have for interactive figures.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// Whether figures become interactive.
    live: bool,
    /// Whether code is left out.
    without_code: bool,
    figures: Vec<String>,
}

impl Writer {
    pub(super) fn new(live: bool, without_code: bool) -> Self {
        Self { live, without_code, figures: Vec::new() }
    }

    /// A cell as HTML; empty if there is nothing to show.
    pub(super) fn cell(&mut self, cell: &Value) -> String {
        let source = joined(&cell["source"]);
        match cell["cell_type"].as_str() {
            Some("markdown") => {
                let attachment = |name: &str| {
                    let (mime, data) = cell["attachments"][name].as_object()?.iter().next()?;
                    Some(format!("data:{mime};base64,{}", joined(data).replace('\n', "")))
                };
                format!("<div class=\"text\">{}</div>\n", markdown::to_html(&source, attachment))
            }
            Some("code") => {
                let mut out = String::new();
                if !source.trim().is_empty()
                    && !self.without_code
                    && !has_tag(cell, &["remove-input", "hide-input"])
                {
                    let code = format!("<pre class=\"code\">{}</pre>\n", highlight::rust(source.trim_end()));
                    out.push_str(&folded(cell, "source_hidden", "Code", code));
                }
                if !has_tag(cell, &["remove-output", "hide-output"]) {
                    let outputs = cell["outputs"].as_array().into_iter().flatten();
                    let html: String = outputs.map(|output| self.output(output)).collect();
                    out.push_str(&folded(cell, "outputs_hidden", "Output", html));
                }
                out
            }
            _ => String::new(),
        }
    }

    fn output(&mut self, output: &Value) -> String {
        let data = &output["data"];
        let text = |mime: &str| data.get(mime).map(joined);
        match output["output_type"].as_str() {
            Some("stream") => {
                let class = if output["name"] == "stderr" { "out aside" } else { "out" };
                format!("<pre class=\"{class}\">{}</pre>\n", escape(&plain(&joined(&output["text"]))))
            }
            Some("error") => {
                let lines: Vec<&str> =
                    output["traceback"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                format!("<pre class=\"out error\">{}</pre>\n", escape(&plain(&lines.join("\n"))))
            }
            _ if Figure::of(0, output).is_some() => {
                Figure::of(0, output).map(|f| self.figure(&f)).unwrap_or_default()
            }
            _ => {
                let picture =
                    ["image/png", "image/jpeg"].into_iter().find_map(|mime| Some((mime, text(mime)?)));
                if let Some((mime, picture)) = picture {
                    return format!(
                        "<figure><img alt=\"\" src=\"data:{mime};base64,{}\"></figure>\n",
                        picture.replace('\n', "")
                    );
                }
                if let Some(html) = text("text/html") {
                    return format!("<div class=\"out html\">{html}</div>\n");
                }
                if let Some(source) = text("text/markdown") {
                    return format!("<div class=\"text\">{}</div>\n", markdown::to_html(&source, |_| None));
                }
                text("text/plain").map_or_else(String::new, |text| {
                    format!("<pre class=\"out\">{}</pre>\n", escape(&plain(&text)))
                })
            }
        }
    }

    /// The still figure as an image, so that nothing in it meets the page; the interactive one is drawn over it.
    fn figure(&mut self, figure: &Figure) -> String {
        if figure.svg.is_empty() && !self.live {
            let words = escape(&figure.alt).replace('\n', " ");
            return format!("<p class=\"out\">{words} (interactive only)</p>\n");
        }
        let (width, height) = figure.size();
        let still = format!(
            "<img alt=\"{}\" width=\"{width}\" height=\"{height}\" src=\"data:image/svg+xml;base64,{}\">",
            escape(&figure.alt).replace('\n', " "),
            base64(figure.svg.as_bytes())
        );
        let image = if figure.svg.is_empty() { String::new() } else { still };
        if !self.live || figure.plotly.is_null() {
            return format!("<figure>{image}</figure>\n");
        }
        self.figures.push(figure.plotly.to_string());
        let number = self.figures.len() - 1;
        let live_height = figure.plotly["layout"]["height"].as_f64().unwrap_or(height);
        format!(
            "<figure data-figure=\"figure-{number}\">{image}\
             <div class=\"live\" style=\"width:{width}px;height:{live_height}px\"></div></figure>\n"
        )
    }

    /// The interactive figures' data and the script that draws them, for the end of the page; `plotly` is the element that
    /// loads plotly's script.
    pub(super) fn scripts(&self, plotly: &str) -> String {
        if self.figures.is_empty() {
            return String::new();
        }
        let data = self.figures.iter().enumerate().map(|(i, json)| {
            format!("<script type=\"application/json\" id=\"figure-{i}\">{}</script>\n", inside_script(json))
        });
        format!("{}{plotly}\n<script>\n{LIVE}</script>\n", data.collect::<String>())
    }
}

/// The element with plotly's script inside.
///
/// # Errors
/// The script is not here, or cannot be read.
pub(super) fn plotly_inside() -> Result<String> {
    let path = plotly_script()?;
    let source = read_script(&path)?;
    Ok(format!("<script>{}</script>", inside_script(&source)))
}

/// Where plotly's script is.
///
/// # Errors
/// It is not here; the error says how to get it.
pub(super) fn plotly_script() -> Result<std::path::PathBuf> {
    crate::plotly::script().context(
        "plotly's script is not here\nhelp: `cargo lab` sets it up; KILN_PLOTLY_JS names a plotly.min.js that lies elsewhere",
    )
}

pub(super) fn read_script(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read plotly's script {}", path.display()))
}

fn has_tag(cell: &Value, names: &[&str]) -> bool {
    let tags = cell["metadata"]["tags"].as_array().into_iter().flatten();
    tags.filter_map(Value::as_str).any(|tag| names.contains(&tag))
}

/// Text without a terminal's colours.
fn plain(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out.push_str(piece.find(|c: char| c.is_ascii_alphabetic()).map_or("", |end| &piece[end + 1..]));
    }
    out
}

/// A part of a cell, behind a line to click if the notebook's metadata hides it.
fn folded(cell: &Value, hidden: &str, name: &str, html: String) -> String {
    if cell["metadata"]["jupyter"][hidden] == true && !html.is_empty() {
        format!("<details><summary>{name}</summary>\n{html}</details>\n")
    } else {
        html
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What JupyterLab folds is folded here too, and opens with a click.
    #[test]
    fn hidden_parts_are_folded() {
        let cell = |hidden: Value| {
            json!({"cell_type": "code", "source": ["1"], "metadata": {"jupyter": hidden}, "outputs": [
                {"output_type": "stream", "name": "stdout", "text": ["one"]}]})
        };
        let html = Writer::default().cell(&cell(json!({"source_hidden": true})));
        assert!(html.starts_with("<details><summary>Code</summary>\n<pre class=\"code\">"), "{html}");
        assert!(html.ends_with("</details>\n<pre class=\"out\">one</pre>\n"), "{html}");
        let html = Writer::default().cell(&cell(json!({"outputs_hidden": true})));
        assert!(
            html.starts_with("<pre class=\"code\">") && html.contains("<summary>Output</summary>"),
            "{html}"
        );
        assert!(!Writer::default().cell(&cell(json!({}))).contains("<details>"));
    }

    #[test]
    fn outputs_are_shown_and_colours_of_terminals_are_not() {
        let mut writer = Writer::default();
        let html = writer.cell(&json!({"cell_type": "code", "source": ["let a = 1;"], "metadata": {}, "outputs": [
            {"output_type": "stream", "name": "stdout", "text": ["a < b\n"]},
            {"output_type": "error", "traceback": ["\u{1b}[31mno\u{1b}[0m"]},
            {"output_type": "execute_result", "data": {"text/html": ["<table></table>"], "text/plain": ["t"]}}]}));
        for part in ["<span class=\"k\">let</span>", "a &lt; b", ">no</pre>", "<table></table>"] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn tags_hide_code() {
        let cell =
            json!({"cell_type": "code", "source": "1", "metadata": {"tags": ["hide-input"]}, "outputs": []});
        assert_eq!(Writer::default().cell(&cell), "");
    }
}
