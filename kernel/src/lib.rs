//! The Jupyter kernel "Rust (Kiln)" and the command `kiln`.
//!
//! ```text
//! cli ──> server ──> session ──> evcxr ──> runtime (a process of its own, which loads and runs the cells)
//!   └───> bundle     └─ channel <───────────┘
//! ```
//! [`server`] speaks Jupyter's protocol, [`session`] evaluates cells, [`runtime`] is the process in which they run, and
//! [`bundle`] builds the toolkit ahead, so that a notebook compiles nothing but its cells.

mod arrayfire;
pub mod bundle;
pub mod cli;
pub mod paths;
mod plotly;
pub mod runtime;
pub mod server;
pub mod session;
mod standby;
pub mod toolchain;

use std::process::ExitCode;

/// Does the work of this process if a kernel started it for itself: to run cells, or to tell of their crates.
///
/// `None` says that a person, or Jupyter, started it.
pub fn run_as_part_of_a_kernel() -> Option<ExitCode> {
    if let Some(cargo) = std::env::var_os(session::REAL_CARGO) {
        return Some(session::filter_metadata(cargo));
    }
    if let Some(directory) = std::env::var_os(session::BUILD_SESSION) {
        return Some(session::build(directory));
    }
    // Programs that a cell starts inherit the first variable, but not the second.
    let is_runtime =
        [runtime::IS_RUNTIME, runtime::SOCKET].iter().all(|name| std::env::var_os(name).is_some());
    is_runtime.then(runtime::run)
}
