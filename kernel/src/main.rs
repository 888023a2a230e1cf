//! The program `kiln`: the command line, the kernel, and the process that runs a kernel's cells.

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = kiln_kernel::run_as_part_of_a_kernel() {
        return code;
    }
    kiln_kernel::cli::main()
}
