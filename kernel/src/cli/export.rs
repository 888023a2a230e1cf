//! `kiln export`: a notebook as something else.

mod rust;

use anyhow::Result;
use std::path::PathBuf;

/// Which notebook, what it becomes, and where that goes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The notebook
    #[arg(value_name = "NOTEBOOK")]
    notebook: PathBuf,
    /// What to make of it
    #[arg(long, value_name = "FORMAT")]
    to: Format,
    /// Where it goes: a directory, or for `rust` also a file that ends in `.rs` (default: a directory of the notebook's name)
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A program: a package for `cargo run`
    Rust,
}

pub(super) fn main(arguments: &Arguments) -> Result<()> {
    match arguments.to {
        Format::Rust => rust::export(&arguments.notebook, arguments.output.as_deref()),
    }
}
