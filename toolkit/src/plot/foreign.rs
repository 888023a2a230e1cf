//! Figures that another program made as plotly's JSON, such as those of the crate `plotly`.

use std::path::Path;

use kiln_picture::html::{Page, page};
use serde_json::Value;

use super::export::write_whole;
use super::plotly_script;
use crate::notebook::{self, MimeBundle};
use crate::{Error, Result};

/// A figure as plotly's JSON, shown and saved as it is.
///
/// The `Plot` of the crate `plotly` comes in by its JSON, without that crate being part of the toolkit. The other way,
/// [`Figure::to_plotly_json`](super::Figure::to_plotly_json) gives a figure's JSON to any program that draws plotly's.
///
/// There is no still picture in it: Jupyter shows it, nbconvert and GitHub do not. `kiln export --browser` draws one.
///
/// # Example
/// ```
/// use kiln::plot::PlotlyFigure;
/// // let json = plotly_plot.to_json();
/// let json = r#"{"data": [{"type": "scatter", "y": [1, 3, 2]}], "layout": {"title": {"text": "mine"}}}"#;
/// let figure = PlotlyFigure::from_json(json)?; // as a cell's last expression it is shown
/// assert_eq!(figure.title(), "mine");
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PlotlyFigure {
    json: Value,
}

impl PlotlyFigure {
    /// The figure in this JSON: an object with `data`, a list of traces, and mostly a `layout`.
    ///
    /// # Errors
    /// It is no JSON, or there is no list `data` in it.
    pub fn from_json(json: &str) -> Result<Self> {
        let wrong = |what: String| {
            Error::data(format!("this is no figure of plotly: {what}"))
                .with_help("it is an object with a list `data`, such as `plotly::Plot::to_json` writes")
        };
        let json: Value = serde_json::from_str(json).map_err(|error| wrong(format!("no JSON ({error})")))?;
        if !json["data"].is_array() {
            return Err(wrong("it has no list `data`".to_owned()));
        }
        Ok(Self { json })
    }

    /// The title in its layout; empty if there is none.
    pub fn title(&self) -> &str {
        let title = &self.json["layout"]["title"];
        title["text"].as_str().or_else(|| title.as_str()).unwrap_or_default()
    }

    /// The JSON.
    pub fn to_plotly_json(&self) -> Value {
        self.json.clone()
    }

    /// The figure as a notebook takes it.
    pub fn mime_bundle(&self) -> MimeBundle {
        let words =
            if self.title().is_empty() { "Figure".into() } else { format!("Figure: {}", self.title()) };
        MimeBundle::new().with("application/vnd.plotly.v1+json", self.json.clone()).with("text/plain", words)
    }

    /// Writes it to a file: `.html`, a page that needs no network if [`set_plotly_js`](super::set_plotly_js) names plotly's
    /// script, or `.json`.
    ///
    /// # Errors
    /// Another ending, a path that cannot be written, and for `.html` no script.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let place = || format!("saving the figure as `{}`", path.display());
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
        let bytes = match ending.as_str() {
            "json" => self.json.to_string(),
            "html" | "htm" => {
                let script = plotly_script().map_err(|error| error.in_context(place()))?.ok_or_else(|| {
                    Error::state("plotly's script is not here, and this figure has no still picture")
                        .with_help("plot::set_plotly_js names a plotly.min.js; the Python package plotly has one")
                        .in_context(place())
                })?;
                let title = if self.title().is_empty() { "Figure" } else { self.title() };
                let (svg, json) = ("", &self.json.to_string());
                page(&Page { title, background: "#ffffff", svg, json, plotly: Some(&script) })
            }
            _ => {
                return Err(Error::argument(format!("unknown ending `.{ending}`"))
                    .in_context(place())
                    .with_help("the endings are: .html, .json; `kiln export --browser` draws pictures"));
            }
        };
        write_whole(path, bytes.as_bytes()).map_err(|e| Error::file(e.to_string()).in_context(place()))
    }

    /// Shows the figure below the running cell of a notebook.
    pub fn show(&self) {
        notebook::display(&self.mime_bundle());
    }

    /// What a notebook's kernel calls on the last expression of a cell.
    pub fn evcxr_display(&self) {
        notebook::show_result(&self.mime_bundle());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Figure;

    /// What a figure writes is read back as it was.
    #[test]
    fn json_goes_out_and_in() -> Result<()> {
        let figure = Figure::new().title("손실").line("loss", 0..3, [3.0, 2.0, 1.0]);
        let json = figure.to_plotly_json();
        let foreign = PlotlyFigure::from_json(&json.to_string())?;
        assert_eq!(foreign.to_plotly_json(), json);
        assert_eq!(foreign.title(), "손실");
        assert_eq!(foreign.mime_bundle().get("application/vnd.plotly.v1+json"), Some(&json));
        Ok(())
    }

    #[test]
    fn what_is_no_figure_is_named() {
        let error = |text: &str| PlotlyFigure::from_json(text).unwrap_err().to_string();
        assert!(error("{").contains("no JSON"), "{}", error("{"));
        assert!(error("{\"data\": 3}").contains("no list `data`"));
        let figure = PlotlyFigure::from_json("{\"data\": []}").unwrap();
        let text = figure.save("x.png").unwrap_err().to_string();
        assert!(text.contains("unknown ending `.png`") && text.contains("kiln export --browser"), "{text}");
    }
}
