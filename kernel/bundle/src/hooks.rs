//! The functions that the process which runs the cells looks up by name in this library.
//!
//! That process is the program `kiln`, which carries a standard library of its own; the cells and this library share
//! another one. Whatever touches the cells' standard library (its panic hook, its buffer of standard output) is
//! therefore done here.
// Exporting a function under a fixed name counts as unsafe code, since a second one of that name would clash.
#![allow(unsafe_code)]

use kiln::notebook::host;

/// Called once, before the first cell.
#[unsafe(no_mangle)]
extern "C" fn kiln_attach() {
    host::attach();
}

/// Called before each cell.
#[unsafe(no_mangle)]
extern "C" fn kiln_begin_cell() {
    host::begin_cell();
}

/// Called after each cell; says whether the cell was interrupted.
#[unsafe(no_mangle)]
extern "C" fn kiln_end_cell() -> bool {
    host::end_cell()
}

/// Called by the signal handler: sets a flag, nothing else.
#[unsafe(no_mangle)]
extern "C" fn kiln_interrupt() {
    host::set_interrupted();
}
