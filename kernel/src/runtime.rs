//! stub
use std::process::ExitCode;
/// Set by evcxr in the process that runs the cells.
pub const IS_RUNTIME: &str = "EVCXR_IS_RUNTIME";
/// Runs cells until standard input is closed.
pub fn run() -> ExitCode { ExitCode::SUCCESS }
