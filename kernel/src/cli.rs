//! The command line of `kiln`.

pub mod datasets;
pub mod doctor;
pub mod export;
pub mod install;
pub mod lab;
mod notebook;
mod page;
pub mod render_svg;
pub mod run;
pub mod site;
pub mod slides;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Rust notebooks for deep learning: the kernel "Rust (Kiln)" and its tools.
#[derive(Debug, Parser)]
#[command(name = "kiln", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sets up all that is missing, and opens JupyterLab on the notebooks (`cargo lab`)
    Lab(lab::Arguments),
    /// Makes the kernel known to Jupyter, and builds the toolkit ahead for it
    Install(install::Arguments),
    /// Takes the kernel away from Jupyter again
    Uninstall(install::Place),
    /// Runs notebooks without Jupyter or Python, and writes them with their outputs
    Run(run::Arguments),
    /// Writes the figures of executed notebooks as SVG, PNG, PDF or HTML
    Export(export::Arguments),
    /// Writes a notebook as slides: one HTML file that needs no network
    Slides(slides::Arguments),
    /// Writes notebooks as web pages with interactive figures, and an index
    Site(site::Arguments),
    /// Shows where the data sets are, and downloads them
    Datasets(datasets::Arguments),
    /// Says what is here, what is missing, and what adds it
    Doctor,
    /// Paints the SVG of a figure from standard input; a notebook's `figure.save("x.png")` calls this
    #[command(hide = true)]
    RenderSvg(render_svg::Arguments),
    /// Runs the kernel; Jupyter calls this
    Kernel {
        /// The connection file that Jupyter wrote
        connection_file: PathBuf,
    },
}

/// The Python environment that `cargo lab` made, if it is there.
pub(crate) fn lab_environment() -> Option<PathBuf> {
    lab::environment()
}

/// Parses the arguments and runs the command they name.
pub fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Lab(arguments) => lab::main(&arguments),
        Command::Install(arguments) => install::main(&arguments),
        Command::Uninstall(place) => install::uninstall(&place),
        Command::Run(arguments) => run::main(&arguments),
        Command::Export(arguments) => export::main(&arguments),
        Command::Slides(arguments) => slides::main(&arguments),
        Command::Site(arguments) => site::main(&arguments),
        Command::Datasets(arguments) => datasets::main(&arguments),
        Command::Doctor => doctor::main(),
        Command::RenderSvg(arguments) => render_svg::main(&arguments),
        Command::Kernel { connection_file } => crate::server::run(&connection_file),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
