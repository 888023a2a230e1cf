//! `kiln slides`: a notebook as a deck of slides, one HTML file that needs no network.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use kiln_picture::svg::escape;
use serde_json::Value;

use super::notebook::{Notebook, joined};
use super::page::{self, Writer};

const STYLE: &str = include_str!("slides/deck.css");
const SCRIPT: &str = include_str!("slides/deck.js");

/// Which notebook, and how its slides look.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// An executed notebook; its cells' slide types say what is a slide, a fragment, a note, or skipped
    #[arg(value_name = "NOTEBOOK")]
    notebook: PathBuf,
    /// The HTML file to write (by default the notebook's name in the current directory)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Makes figures interactive; plotly's script, 5 MB, goes into the file
    #[arg(long)]
    live: bool,
    /// Leaves the code out
    #[arg(long)]
    no_code: bool,
    /// `light`, `dark`, or `auto`: as the viewer's system is
    #[arg(long, value_name = "THEME", default_value = "auto")]
    theme: String,
}

pub(super) fn main(arguments: &Arguments) -> Result<()> {
    if !["light", "dark", "auto"].contains(&arguments.theme.as_str()) {
        bail!("unknown theme `{}`\nhelp: the themes are light, dark, auto", arguments.theme);
    }
    let notebook = Notebook::read(&arguments.notebook)?;
    let stem = arguments.notebook.file_stem().unwrap_or_default().to_string_lossy();
    let target = arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("{stem}.html")));
    let plotly = if arguments.live { page::plotly_inside()? } else { String::new() };
    let mut writer = Writer::new(arguments.live, arguments.no_code);
    let deck = deck(&notebook, &mut writer);
    if deck.is_empty() {
        bail!(
            "{}: there is no slide in it: it is empty, or all its cells are skipped",
            arguments.notebook.display()
        );
    }
    let title = title(&notebook).unwrap_or_else(|| stem.into_owned());
    let html = format!(
        "<!DOCTYPE html>\n<html data-theme=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n<style>\n{}{STYLE}</style>\n</head>\n\
         <body>\n<main id=\"deck\">\n{}</main>\n<div id=\"count\"></div>\n{}<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        arguments.theme,
        escape(&title),
        page::STYLE,
        deck.iter().map(Slide::html).collect::<String>(),
        writer.scripts(&plotly),
    );
    let part = target.with_extension("html.part");
    fs::write(&part, html)
        .and_then(|()| fs::rename(&part, &target))
        .with_context(|| format!("cannot write {}", target.display()))?;
    println!("{}: {} slides", target.display(), deck.len());
    Ok(())
}

/// The first heading of the notebook.
pub(super) fn title(notebook: &Notebook) -> Option<String> {
    let markdown = notebook.cells().iter().filter(|cell| cell["cell_type"] == "markdown");
    markdown.filter_map(|cell| page::heading(&joined(&cell["source"]))).map(|(_, words)| words).next()
}

/// One slide.
#[derive(Debug, Default)]
struct Slide {
    /// A new section begins here; `false` for a slide below another one.
    section: bool,
    content: String,
    notes: String,
}

impl Slide {
    fn html(&self) -> String {
        let notes = if self.notes.is_empty() {
            String::new()
        } else {
            format!("<aside class=\"notes\">{}</aside>\n", self.notes)
        };
        let section = if self.section { " data-section" } else { "" };
        format!(
            "<section class=\"slide\"{section}>\n<div class=\"inner\">\n{}</div>\n{notes}</section>\n",
            self.content
        )
    }
}

/// The slides as the cells' slide types say. Without any slide type, each heading of level 1 or 2 begins a slide.
fn deck(notebook: &Notebook, writer: &mut Writer) -> Vec<Slide> {
    let tagged = notebook.cells().iter().any(|cell| matches!(slide_type(cell), "slide" | "subslide"));
    let mut slides: Vec<Slide> = Vec::new();
    for cell in notebook.cells() {
        let begins_by_heading = || {
            cell["cell_type"] == "markdown"
                && page::heading(&joined(&cell["source"])).is_some_and(|(level, _)| level <= 2)
        };
        let kind = match slide_type(cell) {
            "" | "-" if !tagged && begins_by_heading() => "slide",
            kind => kind,
        };
        if kind == "skip" {
            continue;
        }
        let html = writer.cell(cell);
        if html.is_empty() {
            continue;
        }
        if slides.is_empty() || matches!(kind, "slide" | "subslide") {
            slides.push(Slide { section: kind != "subslide", ..Slide::default() });
        }
        let Some(slide) = slides.last_mut() else { continue };
        match kind {
            "notes" => slide.notes.push_str(&html),
            "fragment" => slide.content.push_str(&format!("<div class=\"fragment\">\n{html}</div>\n")),
            _ => slide.content.push_str(&html),
        }
    }
    slides.retain(|slide| !slide.content.is_empty());
    slides
}

fn slide_type(cell: &Value) -> &str {
    cell["metadata"]["slideshow"]["slide_type"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn notebook(cells: &[(&str, &str)]) -> Notebook {
        let cells: Vec<Value> = cells
            .iter()
            .map(|(text, kind)| {
                json!({"cell_type": "markdown", "source": text, "metadata": {"slideshow": {"slide_type": kind}}})
            })
            .collect();
        Notebook { value: json!({"cells": cells}) }
    }

    #[test]
    fn slide_types_are_followed() {
        let notebook = notebook(&[
            ("# A", "slide"),
            ("more", ""),
            ("later", "fragment"),
            ("said", "notes"),
            ("never", "skip"),
            ("# B", "subslide"),
            ("end", "-"),
        ]);
        let slides = deck(&notebook, &mut Writer::default());
        assert_eq!(slides.iter().map(|s| s.section).collect::<Vec<_>>(), [true, false]);
        assert!(slides[0].content.contains("more") && slides[0].content.contains("<div class=\"fragment\">"));
        assert!(slides[0].notes.contains("said") && slides[1].content.contains("end"));
        assert!(!slides.iter().any(|s| s.content.contains("never")));
    }

    #[test]
    fn headings_begin_slides_where_no_type_says_so() {
        let notebook = notebook(&[("# A", ""), ("text", ""), ("### small", ""), ("## B", "")]);
        assert_eq!(deck(&notebook, &mut Writer::default()).len(), 2);
        assert_eq!(title(&notebook).as_deref(), Some("A"));
    }
}
