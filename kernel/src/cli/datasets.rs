//! `kiln datasets`: lists the data sets and where they lie, and downloads what is missing.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use kiln_datasets::fashion_mnist::{Extent, Options, Source};

/// What `kiln datasets` is asked to do.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// Show which data sets there are, and where a program would find them
    List,
    /// Download what is missing or damaged of a data set
    Fetch {
        /// The name of the data set
        #[arg(value_name = "NAME", value_parser = ["fashion_mnist"])]
        name: String,
        /// The folder to put it into (by default Kiln's cache, where programs look)
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
        /// The address of the folder with the files
        #[arg(long, value_name = "URL")]
        url: Option<String>,
    },
}

/// Lists or downloads.
///
/// # Errors
/// A download that fails; the error names the address or the folder, and a way out.
pub(super) fn main(arguments: &Arguments) -> Result<()> {
    match &arguments.task {
        Task::List => list(),
        Task::Fetch { name: _, to, url } => fetch(to.clone(), url.clone()),
    }
}

fn list() -> Result<()> {
    let source = Options::from_env()?.find();
    let mut text = format!(
        "fashion_mnist   70,000 grey images, 28 x 28, ten classes\n                found: {source}\n"
    );
    if source == Source::Embedded {
        text += "                for all of it: kiln datasets fetch fashion_mnist (30 MB)\n";
    }
    text += "synthetic       moons, blobs, spirals, the lecture's curve: generated, no files\n";
    std::io::stdout().write_all(text.as_bytes()).context("the list cannot be written")
}

fn fetch(to: Option<PathBuf>, url: Option<String>) -> Result<()> {
    // What is to be fetched does not depend on KILN_DATA, which may well say `embedded` here.
    let mut options = Options::from_env()?.extent(Extent::Auto);
    if let Some(folder) = to {
        options = options.cache(std::path::absolute(folder)?);
    }
    if let Some(address) = url {
        options = options.address(address);
    }
    let cache = options.fetch(&mut |text| eprintln!("{text}"))?;
    writeln!(std::io::stdout(), "{}", cache.display()).context("the folder's name cannot be written")
}
