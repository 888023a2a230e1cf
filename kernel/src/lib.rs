//! The Jupyter kernel "Rust (Kiln)" and the command `kiln`.
//!
//! ```text
//! cli ──> server ──> session ──> evcxr ──> runtime (a process of its own, which loads and runs the cells)
//!   └───> bundle     └─ channel <───────────┘
//! ```
//! [`server`] speaks Jupyter's protocol, [`session`] evaluates cells, [`runtime`] is the process in which they run, and
//! [`bundle`] builds the toolkit ahead, so that a notebook compiles nothing but its cells.

pub mod bundle;
pub mod cli;
pub mod runtime;
pub mod server;
pub mod session;

use std::process::ExitCode;

/// Does the work of this process if a kernel started it for itself: as the compiler's wrapper, or to run cells.
///
/// `None` says that a person, or Jupyter, started it.
pub fn run_as_part_of_a_kernel() -> Option<ExitCode> {
    if std::env::var_os(runtime::IS_RUNTIME).is_some() {
        return Some(runtime::run());
    }
    if std::env::var_os(session::RECORD_COMPILER).is_some() {
        return Some(session::wrap_compiler());
    }
    None
}
