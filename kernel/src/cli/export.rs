//! `kiln export`: takes what is in a notebook out into files.

mod browser;
mod figures;
mod rust;

use std::path::PathBuf;

use anyhow::{Result, bail};

pub(super) use figures::slug;

use super::notebook::Notebook;

/// Which notebooks, into which formats, and where.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Executed notebooks
    #[arg(required = true, value_name = "NOTEBOOK")]
    notebooks: Vec<PathBuf>,
    /// Formats of figures, with commas between: svg, png, pdf, html, json; or rust, a program for `cargo run`
    #[arg(long, value_name = "FORMATS", default_value = "svg")]
    to: String,
    /// Writes the files into this directory (`figures` by default; for `rust` a directory of the notebook's name, or a file
    /// that ends in `.rs`)
    #[arg(long, short, visible_alias = "output", value_name = "PATH")]
    out: Option<PathBuf>,
    /// Pixels of a PNG for each of the figure's
    #[arg(long, default_value_t = 2.0)]
    scale: f64,
    /// Draws SVG, PNG and PDF with plotly in a browser, as JupyterLab shows them
    #[arg(long)]
    browser: bool,
}

/// What a notebook is exported as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// Each figure as a file of this format.
    Figures(figures::Format),
    /// A program: a package for `cargo run`.
    Rust,
}

impl Target {
    const ALL: [Self; 6] = [
        Self::Figures(figures::Format::Svg),
        Self::Figures(figures::Format::Png),
        Self::Figures(figures::Format::Pdf),
        Self::Figures(figures::Format::Html),
        Self::Figures(figures::Format::Json),
        Self::Rust,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Figures(format) => format.ending(),
            Self::Rust => "rust",
        }
    }

    /// The targets in a list of names with commas between.
    fn parse(list: &str) -> Result<Vec<Self>> {
        let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
        let targets: Vec<Self> = names
            .map(|name| match Self::ALL.into_iter().find(|target| target.name() == name) {
                Some(target) => Ok(target),
                None => bail!("unknown format `{name}`\nhelp: the formats are {}", Self::names()),
            })
            .collect::<Result<_>>()?;
        if targets.is_empty() {
            bail!("no format is named\nhelp: the formats are {}", Self::names());
        }
        Ok(targets)
    }

    fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

pub(super) fn main(arguments: &Arguments) -> Result<()> {
    let targets = Target::parse(&arguments.to)?;
    if !(arguments.scale.is_finite() && arguments.scale > 0.0) {
        bail!("--scale: it must be above 0, but is {}", arguments.scale);
    }
    if targets.contains(&Target::Rust) {
        for path in &arguments.notebooks {
            rust::export(path, arguments.out.as_deref())?;
        }
    }
    let formats: Vec<figures::Format> = targets
        .iter()
        .filter_map(|target| match target {
            Target::Figures(format) => Some(*format),
            Target::Rust => None,
        })
        .collect();
    if formats.is_empty() {
        return Ok(());
    }
    let browser = arguments.browser.then(browser::Browser::find).transpose()?;
    for path in &arguments.notebooks {
        let notebook = Notebook::read(path)?;
        let written = figures::write(&notebook, path, &formats, arguments, browser.as_ref())?;
        for file in written {
            println!("{}", file.display());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_a_list() {
        let names =
            |list| Target::parse(list).map(|found| found.into_iter().map(Target::name).collect::<Vec<_>>());
        assert_eq!(names("svg, png,pdf").unwrap(), ["svg", "png", "pdf"]);
        let error = names("svg,gif").unwrap_err().to_string();
        assert!(
            error.contains("unknown format `gif`") && error.contains("svg, png, pdf, html, json, rust"),
            "{error}"
        );
        assert!(names(" ,").is_err());
    }
}
