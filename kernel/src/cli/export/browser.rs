//! Figures drawn by plotly in a browser without a window: the exact picture that JupyterLab shows.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use kiln_picture::html::inside_script;

use super::super::notebook::Figure;

const NAMES: [&str; 6] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"];

/// A browser of Chromium's kind, and plotly's script.
#[derive(Debug)]
pub(super) struct Browser {
    program: PathBuf,
    plotly: String,
}

impl Browser {
    /// The browser in `KILN_BROWSER`, else the first that is on the path.
    ///
    /// # Errors
    /// There is none, or plotly's script is not here; the error says how to get it.
    pub(super) fn find() -> Result<Self> {
        let named = std::env::var_os("KILN_BROWSER").filter(|value| !value.is_empty());
        let path = std::env::var_os("PATH").unwrap_or_default();
        Self::among(named, &path, crate::plotly::script())
    }

    fn among(named: Option<OsString>, path: &OsString, script: Option<PathBuf>) -> Result<Self> {
        let on_path = |name: &str| {
            std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| file.is_file())
        };
        let Some(program) = named.map(PathBuf::from).or_else(|| NAMES.into_iter().find_map(on_path)) else {
            bail!(
                "there is no browser to draw with: none of {} is on the path\n\
                 help: install one (Debian: sudo apt install chromium), or name one by KILN_BROWSER; \
                 without --browser, Kiln draws the figures itself",
                NAMES.join(", ")
            );
        };
        let Some(script) = script else {
            bail!(
                "plotly's script is not here\n\
                 help: `cargo lab` sets it up; KILN_PLOTLY_JS names a plotly.min.js that lies elsewhere"
            );
        };
        let plotly = fs::read_to_string(&script)
            .with_context(|| format!("cannot read plotly's script {}", script.display()))?;
        Ok(Self { program, plotly: inside_script(&plotly) })
    }

    /// plotly's picture as SVG.
    pub(super) fn svg(&self, figure: &Figure) -> Result<Vec<u8>> {
        let address = self.picture(figure, "svg", 1.0)?;
        let text = address.strip_prefix("data:image/svg+xml,").context("the browser gave no SVG")?;
        Ok(percent_decoded(text))
    }

    /// plotly's picture as PNG, with `scale` pixels for each of its own.
    pub(super) fn png(&self, figure: &Figure, scale: f64) -> Result<Vec<u8>> {
        let address = self.picture(figure, "png", scale)?;
        let text = address.strip_prefix("data:image/png;base64,").context("the browser gave no PNG")?;
        Ok(base64_decoded(text))
    }

    /// plotly's picture on a page of its size.
    pub(super) fn pdf(&self, figure: &Figure) -> Result<Vec<u8>> {
        let folder = Folder::new()?;
        let file = folder.0.join("figure.pdf");
        let (width, height) = size(figure);
        let css = format!("@page {{ size: {width}px {height}px; margin: 0 }} body {{ margin: 0 }}");
        let page = self.page(figure, &css, "");
        let argument = format!("--print-to-pdf={}", file.display());
        self.run(&folder, &page, &["--no-pdf-header-footer", &argument])?;
        fs::read(&file).context("the browser wrote no PDF")
    }

    /// The picture as a data address.
    fn picture(&self, figure: &Figure, format: &str, scale: f64) -> Result<String> {
        let folder = Folder::new()?;
        let (width, height) = size(figure);
        let then = format!(
            ".then(() => Plotly.toImage(place, {{format: '{format}', width: {width}, height: {height}, scale: {scale}}}))\
             .then(address => {{ document.body.replaceChildren(); document.body.dataset.picture = address; }})"
        );
        let page = self.page(figure, "", &then);
        let dom = self.run(&folder, &page, &["--dump-dom"])?;
        let (_, after) = dom.split_once("data-picture=\"").context("the browser drew nothing")?;
        Ok(after.split('"').next().unwrap_or_default().replace("&amp;", "&"))
    }

    fn page(&self, figure: &Figure, css: &str, then: &str) -> String {
        let (width, height) = size(figure);
        format!(
            "<!DOCTYPE html><meta charset=\"utf-8\"><style>{css}</style>\
             <body><div id=\"figure\" style=\"width:{width}px;height:{height}px\"></div>\n<script>{}</script>\n\
             <script>const figure = {};\nconst place = document.getElementById('figure');\n\
             Plotly.newPlot(place, figure.data, figure.layout, {{staticPlot: true}}){then};</script>\n",
            self.plotly,
            inside_script(&figure.plotly.to_string())
        )
    }

    fn run(&self, folder: &Folder, page: &str, arguments: &[&str]) -> Result<String> {
        let file = folder.0.join("figure.html");
        fs::write(&file, page).context("the browser's page cannot be written")?;
        let output = Command::new(&self.program)
            .args(["--headless=new", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-sync"])
            .args(["--disable-background-networking", "--disable-component-update", "--enable-unsafe-swiftshader"])
            .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=20000", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", folder.0.join("profile").display()))
            .args(arguments)
            .arg(format!("file://{}", file.display()))
            .stdin(Stdio::null())
            .output()
            .with_context(|| {
                format!(
                    "the browser {} does not start\nhelp: KILN_BROWSER names another one (Debian: sudo apt install chromium)",
                    self.program.display()
                )
            })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("the browser {} failed: {}", self.program.display(), said.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// As large as the still figure; an animation's controls need more height.
fn size(figure: &Figure) -> (f64, f64) {
    let (width, height) = figure.size();
    (width, figure.plotly["layout"]["height"].as_f64().unwrap_or(height))
}

/// A folder that is removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("kiln-browser-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(Path::new(&self.0)).ok();
    }
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digits = [bytes.next().unwrap_or(b'0'), bytes.next().unwrap_or(b'0')];
        out.push(
            std::str::from_utf8(&digits).ok().and_then(|d| u8::from_str_radix(d, 16).ok()).unwrap_or(b'?'),
        );
    }
    out
}

fn base64_decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_addresses_are_decoded() {
        assert_eq!(percent_decoded("%3Csvg%3E%EA%B0%80"), "<svg>가".as_bytes());
        for text in ["", "M", "Ma", "Man", "Manx"] {
            assert_eq!(base64_decoded(&kiln_picture::png::base64(text.as_bytes())), text.as_bytes());
        }
    }

    #[test]
    fn without_a_browser_one_is_named() {
        let error = Browser::among(None, &"/no/such/folder".into(), None).unwrap_err().to_string();
        assert!(
            error.contains("chromium, chromium-browser") && error.contains("apt install chromium"),
            "{error}"
        );
        let error = Browser::among(Some("/bin/true".into()), &"".into(), None).unwrap_err().to_string();
        assert!(error.contains("KILN_PLOTLY_JS"), "{error}");
    }
}
