//! `kiln site`: notebooks as web pages with interactive figures and an index, which need no network and no server.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use kiln_picture::svg::escape;

use super::export::slug;
use super::notebook::{Notebook, joined};
use super::page::{self, Writer};
use super::slides;

const STYLE: &str = include_str!("site/site.css");
const SCRIPT: &str = include_str!("site/site.js");
const PLOTLY: &str = "plotly.min.js";

/// Which notebooks, and where their pages go.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Executed notebooks, in the order of the index
    #[arg(required = true, value_name = "NOTEBOOK")]
    notebooks: Vec<PathBuf>,
    /// Writes the pages into this directory
    #[arg(long, value_name = "DIR", default_value = "site")]
    out: PathBuf,
    /// The title of the index
    #[arg(long, value_name = "TEXT", default_value = "Notebooks")]
    title: String,
}

/// A notebook on its way to a page.
struct Entry {
    file: String,
    title: String,
    summary: String,
    /// The file of its picture in the index.
    cover: Option<String>,
    notebook: Notebook,
}

pub(super) fn main(arguments: &Arguments) -> Result<()> {
    let mut entries: Vec<Entry> = Vec::new();
    for path in &arguments.notebooks {
        let notebook = Notebook::read(path)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let file = format!("{}.html", slug(&stem));
        if file == "index.html" || entries.iter().any(|entry| entry.file == file) {
            bail!(
                "{}: its page would be {file}, which is taken\nhelp: give the notebook another name",
                path.display()
            );
        }
        let title = slides::title(&notebook).unwrap_or_else(|| stem.clone().into_owned());
        let cover = notebook.cover().map(|_| format!("{}.svg", slug(&stem)));
        entries.push(Entry { file, title, summary: summary(&notebook), cover, notebook });
    }
    fs::create_dir_all(&arguments.out).with_context(|| format!("cannot make {}", arguments.out.display()))?;
    let live = match page::plotly_script() {
        Ok(script) => {
            write(&arguments.out.join(PLOTLY), &page::read_script(&script)?)?;
            true
        }
        Err(error) => {
            eprintln!("the figures will be still: {error:#}");
            false
        }
    };
    let links: Vec<(String, &str)> = arguments
        .notebooks
        .iter()
        .zip(&entries)
        .map(|(path, entry)| (name(path), entry.file.as_str()))
        .collect();
    for (i, entry) in entries.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| entries.get(i));
        let page = linked(notebook_page(entry, before, entries.get(i + 1), live), &links);
        write(&arguments.out.join(&entry.file), &page)?;
        if let (Some(cover), Some(figure)) = (&entry.cover, entry.notebook.cover()) {
            write(&arguments.out.join(cover), &figure.svg)?;
        }
    }
    let index = arguments.out.join("index.html");
    write(&index, &index_page(&arguments.title, &entries))?;
    println!("{}: {} notebooks", index.display(), entries.len());
    Ok(())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The page with its links to the site's notebooks leading to their pages.
fn linked(page: String, links: &[(String, &str)]) -> String {
    links.iter().fold(page, |page, (notebook, file)| {
        page.replace(&format!("href=\"{}", escape(notebook)), &format!("href=\"{file}"))
    })
}

fn write(target: &Path, text: &str) -> Result<()> {
    let part = target.with_extension("part");
    fs::write(&part, text)
        .and_then(|()| fs::rename(&part, target))
        .with_context(|| format!("cannot write {}", target.display()))
}

fn document(title: &str, body: &str, end: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html data-theme=\"auto\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>\n{}{STYLE}</style>\n\
         <script>\n{SCRIPT}</script>\n</head>\n<body>\n{body}{end}</body>\n</html>\n",
        escape(title),
        page::STYLE
    )
}

fn notebook_page(entry: &Entry, before: Option<&Entry>, after: Option<&Entry>, live: bool) -> String {
    let mut writer = Writer::new(live, false);
    let (mut content, mut contents) = (String::new(), String::new());
    for (i, cell) in entry.notebook.cells().iter().enumerate() {
        if cell["cell_type"] == "markdown"
            && let Some((level @ 2..=3, words)) = page::heading(&joined(&cell["source"]))
        {
            contents.push_str(&format!(
                "<li class=\"level-{level}\"><a href=\"#cell-{i}\">{}</a></li>\n",
                escape(&words)
            ));
        }
        content.push_str(&format!("<div class=\"cell\" id=\"cell-{i}\">\n{}</div>\n", writer.cell(cell)));
    }
    let link = |entry: Option<&Entry>, class: &str| {
        entry.map_or_else(String::new, |e| {
            format!("<a class=\"{class}\" href=\"{}\">{}</a>", e.file, escape(&e.title))
        })
    };
    let body = format!(
        "<nav class=\"side\"><a href=\"index.html\">Index</a> <button onclick=\"other()\" title=\"dark or light\">◐</button>\n\
         <ul>\n{contents}</ul></nav>\n<main>\n{content}<nav class=\"ends\">{}{}</nav>\n</main>\n",
        link(before, "before"),
        link(after, "after")
    );
    document(&entry.title, &body, &writer.scripts(&format!("<script src=\"{PLOTLY}\"></script>")))
}

fn index_page(title: &str, entries: &[Entry]) -> String {
    let items = entries.iter().map(|entry| {
        let cover =
            entry.cover.as_ref().map_or_else(String::new, |file| format!("<img alt=\"\" src=\"{file}\">"));
        format!(
            "<a class=\"card\" href=\"{}\"><div class=\"cover\">{cover}</div><h2>{}</h2><p>{}</p></a>\n",
            entry.file,
            escape(&entry.title),
            escape(&entry.summary)
        )
    });
    let body = format!(
        "<main class=\"index\">\n<h1>{} <button onclick=\"other()\" title=\"dark or light\">◐</button></h1>\n\
         <div class=\"cards\">\n{}</div>\n</main>\n",
        escape(title),
        items.collect::<String>()
    );
    document(title, &body, "")
}

/// The first quotation, with which a notebook asks its question; else the first lines that are neither a heading nor a list,
/// a table or code.
fn summary(notebook: &Notebook) -> String {
    let markdown = notebook.cells().iter().filter(|cell| cell["cell_type"] == "markdown");
    let texts: Vec<String> = markdown.map(|cell| joined(&cell["source"])).collect();
    let words = |lines: Vec<&str>| (!lines.is_empty()).then(|| lines.join(" ").replace(['*', '`'], ""));
    let quotation = texts.first().and_then(|text| {
        let lines = text.lines().skip_while(|line| !line.starts_with('>'));
        words(lines.map_while(|line| line.strip_prefix('>')).map(str::trim).collect())
    });
    let paragraph = |text: &String| {
        let lines = text.lines().skip_while(|line| {
            line.trim().is_empty() || line.starts_with(['#', '-', '*', '|', '`', '>', '$'])
        });
        words(lines.take_while(|line| !line.trim().is_empty()).map(str::trim).collect())
    };
    quotation.or_else(|| texts.iter().find_map(paragraph)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_page_has_its_contents_and_neighbours() {
        let entry = |file: &str, title: &str| Entry {
            file: file.into(),
            title: title.into(),
            summary: String::new(),
            cover: None,
            notebook: Notebook {
                value: json!({"cells": [
                {"cell_type": "markdown", "source": "# T\n\nFirst *words*\nof it.\n\nmore", "metadata": {}},
                {"cell_type": "markdown", "source": "## 기울기 <1>", "metadata": {}}]}),
            },
        };
        let (a, b) = (entry("a.html", "A"), entry("b.html", "B & C"));
        let html = notebook_page(&a, None, Some(&b), true);
        assert!(html.contains("<a href=\"#cell-1\">기울기 &lt;1&gt;</a>"), "{html}");
        assert!(html.contains("<a class=\"after\" href=\"b.html\">B &amp; C</a>"), "{html}");
        assert!(!html.contains("plotly.min.js"), "no figure needs it");
        assert_eq!(summary(&a.notebook), "First words of it.");
        let asked = json!({"cells": [{"cell_type": "markdown", "source": "# T\n\n> Why *so*\n> slow?\n\nmore", "metadata": {}}]});
        assert_eq!(summary(&Notebook { value: asked }), "Why so slow?");
    }

    #[test]
    fn links_lead_to_pages_of_the_site() {
        let links = [("Two & 2.ipynb".to_string(), "two-2.html")];
        let page = "<a href=\"Two &amp; 2.ipynb#cell\">2</a> <a href=\"other.ipynb\">3</a>".to_string();
        let expected = "<a href=\"two-2.html#cell\">2</a> <a href=\"other.ipynb\">3</a>";
        assert_eq!(linked(page, &links), expected);
    }
}
