//! Figures into files, by the ending of the name.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::figure::Figure;
use super::svg::escape;
use crate::{Error, Result};

const ENDINGS: &str = ".svg, .html, .json";

impl Figure {
    /// Writes the figure to a file; its name's ending says in which format.
    ///
    /// - `.svg`: a vector picture, text as outlines;
    /// - `.html`: a page that needs no network: the SVG, and, if [`set_plotly_js`](super::set_plotly_js) names plotly's
    ///   script, the interactive figure with the script inside;
    /// - `.json`: plotly's JSON.
    ///
    /// The file appears only when it is complete.
    ///
    /// # Errors
    /// What [`check`](Figure::check) finds, an unknown ending, a path that cannot be written.
    ///
    /// # Example
    /// ```
    /// use kiln::plot::Figure;
    /// let path = std::env::temp_dir().join("kiln-figure-example.svg");
    /// Figure::new().line("loss", 1..3, [0.9, 0.5]).save(&path)?;
    /// # std::fs::remove_file(path).ok();
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let place = || format!("saving the figure as `{}`", path.display());
        self.check().map_err(|e| e.in_context(place()))?;
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
        let bytes = match ending.as_str() {
            "svg" => self.to_svg().into_bytes(),
            "json" => self.to_plotly_json().to_string().into_bytes(),
            "html" | "htm" => self.to_html()?.into_bytes(),
            _ => {
                return Err(Error::argument(format!("unknown ending `.{ending}`"))
                    .in_context(place())
                    .with_help(format!("the endings are: {ENDINGS}")));
            }
        };
        write_whole(path, &bytes).map_err(|e| Error::file(e.to_string()).in_context(place()))
    }

    /// A page of its own that needs no network.
    ///
    /// # Errors
    /// The script named by [`set_plotly_js`](super::set_plotly_js) cannot be read.
    ///
    /// # Example
    /// ```
    /// use kiln::plot::Figure;
    /// let page = Figure::new().title("손실").line("loss", 1..3, [0.9, 0.5]).to_html()?;
    /// assert!(page.contains("<svg") && !page.contains("http://cdn") && !page.contains("https://"));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn to_html(&self) -> Result<String> {
        let title = escape(if self.title.is_empty() { "Figure" } else { &self.title });
        let background = self.resolved_theme().background.hex();
        let svg = self.to_svg();
        // `</` inside a script element would end it.
        let json = self.to_plotly_json().to_string().replace("</", "<\\/");
        let script = match super::plotly_js() {
            Some(path) => {
                let source = fs::read_to_string(&path).map_err(|e| {
                    Error::file(format!("plotly's script `{}`: {e}", path.display()))
                        .in_context("HTML of a figure")
                })?;
                format!(
                    "<script>{}</script>\n<script>\nconst figure = JSON.parse(document.getElementById('figure-data').textContent);\n\
                     const place = document.getElementById('figure');\nplace.replaceChildren();\n\
                     Plotly.newPlot(place, figure.data, figure.layout, figure.config)\
                     .then(() => figure.frames && Plotly.addFrames(place, figure.frames));\n</script>\n",
                    source.replace("</script", "<\\/script")
                )
            }
            None => String::new(),
        };
        Ok(format!(
            "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n</head>\n\
             <body style=\"margin:0;background:{background}\">\n<div id=\"figure\">\n{svg}</div>\n\
             <script type=\"application/vnd.plotly.v1+json\" id=\"figure-data\">{json}</script>\n{script}</body>\n</html>\n"
        ))
    }
}

/// Writes beside the target and renames, so that no half-written file is ever seen.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let part = path.with_file_name(format!(".{name}.{}-{number}.part", std::process::id()));
    fs::write(&part, bytes).and_then(|()| fs::rename(&part, path)).inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })
}
