//! All figures of a notebook as files, named after their cell and title.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use kiln_picture::html;

use super::super::notebook::{Figure, Notebook};
use super::super::render_svg;
use super::Arguments;
use super::browser::Browser;

/// The format of a figure's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Svg,
    Png,
    Pdf,
    Html,
    Json,
}

impl Format {
    pub(super) fn ending(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Pdf => "pdf",
            Self::Html => "html",
            Self::Json => "json",
        }
    }
}

/// Writes `NOTEBOOK-CELL-TITLE.ENDING` for each figure and format; the files' paths.
///
/// # Errors
/// A notebook without a figure, a file that cannot be written, a figure that cannot be drawn.
pub(super) fn write(
    notebook: &Notebook,
    path: &Path,
    formats: &[Format],
    arguments: &Arguments,
    browser: Option<&Browser>,
) -> Result<Vec<PathBuf>> {
    let figures = notebook.figures();
    if figures.is_empty() {
        bail!(
            "{}: there is no figure in it\nhelp: `kiln run --inplace {0}` runs it first, so that its outputs are in it",
            path.display()
        );
    }
    let out = arguments.out.as_deref().unwrap_or(Path::new("figures"));
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let stem = path.file_stem().map(|stem| slug(&stem.to_string_lossy())).unwrap_or_default();
    let mut names = HashSet::new();
    let mut written = Vec::new();
    for figure in &figures {
        let name = unused(name(&stem, figure), &mut names);
        for &format in formats {
            let bytes = draw(figure, format, arguments.scale, browser)
                .with_context(|| format!("{}: the figure of code cell {}", path.display(), figure.cell))?;
            let target = out.join(format!("{name}.{}", format.ending()));
            let part = target.with_extension(format!("{}.part", format.ending()));
            fs::write(&part, bytes)
                .and_then(|()| fs::rename(&part, &target))
                .with_context(|| format!("cannot write {}", target.display()))?;
            written.push(target);
        }
    }
    Ok(written)
}

fn draw(figure: &Figure, format: Format, scale: f64, browser: Option<&Browser>) -> Result<Vec<u8>> {
    let live = browser.filter(|_| !figure.plotly.is_null());
    if figure.svg.is_empty() && live.is_none() && matches!(format, Format::Svg | Format::Png | Format::Pdf) {
        bail!("it has no still picture, only plotly's\nhelp: --browser draws it");
    }
    match (format, live) {
        (Format::Svg, Some(browser)) => browser.svg(figure),
        (Format::Png, Some(browser)) => browser.png(figure, scale),
        (Format::Pdf, Some(browser)) => browser.pdf(figure),
        (Format::Svg, None) => Ok(figure.svg.clone().into_bytes()),
        (Format::Png, None) => render_svg::png(&figure.svg, scale),
        (Format::Pdf, None) => render_svg::pdf(&figure.svg),
        (Format::Json, _) => Ok(format!("{}\n", figure.plotly).into_bytes()),
        (Format::Html, _) => {
            let script = crate::plotly::script().filter(|_| !figure.plotly.is_null());
            let plotly = script.map(|path| {
                fs::read_to_string(&path)
                    .with_context(|| format!("cannot read plotly's script {}", path.display()))
            });
            let title = figure.title();
            Ok(html::page(&html::Page {
                title: if title.is_empty() { "Figure" } else { &title },
                background: figure.plotly["layout"]["paper_bgcolor"].as_str().unwrap_or("#ffffff"),
                svg: &figure.svg,
                json: &figure.plotly.to_string(),
                plotly: plotly.transpose()?.as_deref(),
            })
            .into_bytes())
        }
    }
}

fn name(stem: &str, figure: &Figure) -> String {
    let title = slug(&figure.title());
    let number = format!("{stem}-{:02}", figure.cell);
    if title.is_empty() { number } else { format!("{number}-{title}") }
}

fn unused(name: String, names: &mut HashSet<String>) -> String {
    let mut found = name.clone();
    let mut count = 1;
    while !names.insert(found.clone()) {
        count += 1;
        found = format!("{name}-{count}");
    }
    found
}

/// A text as part of a file's name: letters of any script and digits, all else one hyphen; at most 48 letters.
pub(in crate::cli) fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(48) {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_differ() {
        assert_eq!(slug("Nine training images (훈련 이미지)"), "nine-training-images-훈련-이미지");
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("…"), "");
        let mut names = HashSet::new();
        assert_eq!(unused("a".into(), &mut names), "a");
        assert_eq!(unused("a".into(), &mut names), "a-2");
        assert_eq!(unused("a".into(), &mut names), "a-3");
    }
}
