//! The command line of `kiln`.

pub mod datasets;
pub mod doctor;
pub mod install;
pub mod lab;
pub mod run;

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
    /// Runs notebooks without Jupyter or Python, and writes them with their outputs
    Run(run::Arguments),
    /// Shows where the data sets are, and downloads them
    Datasets(datasets::Arguments),
    /// Says what is here, what is missing, and what adds it
    Doctor,
    /// Prepares an evaluator, so that the next kernel starts at once
    #[command(hide = true)]
    Standby {
        /// Returns only when it is ready
        #[arg(long)]
        wait: bool,
        /// Is the process that stands by
        #[arg(long, hide = true, conflicts_with = "wait")]
        serve: bool,
    },
    /// Runs the kernel; Jupyter calls this
    Kernel {
        /// The connection file that Jupyter wrote
        connection_file: PathBuf,
    },
}

/// Parses the arguments and runs the command they name.
pub fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Lab(arguments) => lab::main(&arguments),
        Command::Install(arguments) => install::main(&arguments),
        Command::Run(arguments) => run::main(&arguments),
        Command::Datasets(arguments) => datasets::main(&arguments),
        Command::Doctor => doctor::main(),
        Command::Standby { serve: true, .. } => crate::standby::wait_for_kernel(),
        Command::Standby { wait, .. } => crate::standby::prepare_and_wait(wait),
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
