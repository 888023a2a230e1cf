//! Figures into files, by the ending of the name.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use kiln_picture::html::{Page, page};

use super::figure::Figure;
use crate::{Error, Result};

const ENDINGS: &str = ".svg, .png, .pdf, .html, .json";

impl Figure {
    /// Writes the figure to a file; its name's ending says in which format.
    ///
    /// - `.svg`: a vector picture, text as outlines;
    /// - `.pdf`: one page of vector graphics, with text that can be searched;
    /// - `.png`: two pixels for each of the figure ([`save_png`](Figure::save_png) takes another scale);
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
            "pdf" => self.to_pdf(),
            "png" => return self.save_png(path, 2.0),
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

    /// Writes the figure as a PNG image with `scale` pixels for each of its own.
    ///
    /// Notebooks do without the library that draws pixels, so that they start fast: there the installed program `kiln`
    /// draws it (the variable `KILN_BIN`, the kernel, or the search path says where it is). As a library, `kiln` draws by itself with
    /// the feature `render`.
    ///
    /// # Errors
    /// As [`save`](Figure::save); a scale that leads to no image; neither the feature nor the program is there.
    ///
    /// # Example
    /// ```no_run
    /// use kiln::plot::Figure;
    /// Figure::new().line("loss", 1..3, [0.9, 0.5]).save_png("loss.png", 3.0)?;
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn save_png(&self, path: impl AsRef<Path>, scale: f64) -> Result<()> {
        let path = path.as_ref();
        let place = || format!("saving the figure as `{}`", path.display());
        self.check().map_err(|e| e.in_context(place()))?;
        if !(scale.is_finite() && scale > 0.0) {
            return Err(
                Error::argument(format!("the scale must be above 0, but is {scale}")).in_context(place())
            );
        }
        let bytes = png_bytes(self, scale).map_err(|e| e.in_context(place()))?;
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
        Ok(page(&Page {
            title: if self.title.is_empty() { "Figure" } else { &self.title },
            background: &self.resolved_theme().background.hex(),
            svg: &self.to_svg(),
            json: &self.to_plotly_json().to_string(),
            plotly: super::plotly_script()?.as_deref(),
        }))
    }
}

#[cfg(feature = "render")]
fn png_bytes(figure: &Figure, scale: f64) -> Result<Vec<u8>> {
    figure.to_png(scale)
}

/// Lets `kiln render-svg --to png --scale S` draw: SVG goes in, PNG comes out.
#[cfg(not(feature = "render"))]
fn png_bytes(figure: &Figure, scale: f64) -> Result<Vec<u8>> {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    // The kernel names itself in KILN_EXE.
    let program =
        ["KILN_BIN", "KILN_EXE"].into_iter().filter_map(std::env::var_os).find(|value| !value.is_empty());
    let program = program.unwrap_or_else(|| "kiln".into());
    let missing = |what: String| {
        Error::state(format!("a PNG needs the feature `render` or the program `kiln`: {what}"))
            .with_help("`cargo install --path kernel` installs the program; .svg and .pdf need neither")
    };
    let name = program.to_string_lossy().into_owned();
    let mut child = Command::new(&program)
        .args(["render-svg", "--to", "png", "--scale", &scale.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| missing(format!("`{name}`: {e}")))?;
    let sent = match child.stdin.take() {
        Some(mut pipe) => pipe.write_all(figure.to_svg().as_bytes()),
        None => Ok(()),
    };
    let output = child.wait_with_output().map_err(|e| missing(format!("`{name}`: {e}")))?;
    if output.status.success() && sent.is_ok() && output.stdout.starts_with(b"\x89PNG") {
        return Ok(output.stdout);
    }
    Err(missing(format!("`{name} render-svg` failed: {}", String::from_utf8_lossy(&output.stderr).trim())))
}

/// A figure that was written as SVG, as PDF: so figures in saved notebooks are exported.
///
/// # Errors
/// An SVG that is not one of Kiln's figures.
///
/// # Example
/// ```
/// use kiln::plot::{self, Figure};
/// let svg = Figure::new().line("loss", 1..3, [0.9, 0.5]).to_svg();
/// assert!(plot::svg_to_pdf(&svg)?.starts_with(b"%PDF"));
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn svg_to_pdf(svg: &str) -> Result<Vec<u8>> {
    Ok(super::pdf::write(&super::read_svg::read(svg)?))
}

/// A figure that was written as SVG, as PNG with `scale` pixels for each of its own.
///
/// # Errors
/// An SVG that is not one of Kiln's figures, or a scale that leads to no image.
///
/// # Example
/// ```
/// use kiln::plot::{self, Figure};
/// let svg = Figure::new().line("loss", 1..3, [0.9, 0.5]).to_svg();
/// assert!(plot::svg_to_png(&svg, 1.0)?.starts_with(b"\x89PNG"));
/// # Ok::<(), kiln::Error>(())
/// ```
#[cfg(feature = "render")]
pub fn svg_to_png(svg: &str, scale: f64) -> Result<Vec<u8>> {
    Ok(super::raster::write(&super::read_svg::read(svg)?, scale)?)
}

/// Writes beside the target and renames, so that no half-written file is ever seen.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let part = path.with_file_name(format!(".{name}.{}-{number}.part", std::process::id()));
    fs::write(&part, bytes).and_then(|()| fs::rename(&part, path)).inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })
}
