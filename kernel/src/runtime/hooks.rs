//! The toolkit's side of this process: functions that the bundle exports, found by name.

use libloading::Library;
use std::path::Path;
use std::sync::OnceLock;

/// Called by the signal handler.
static INTERRUPT: OnceLock<extern "C" fn()> = OnceLock::new();

/// What `kernel/bundle/src/hooks.rs` exports; all absent when the toolkit is not built ahead.
#[derive(Default)]
pub(super) struct Hooks {
    attach: Option<extern "C" fn()>,
    begin_cell: Option<extern "C" fn()>,
    end_cell: Option<extern "C" fn() -> bool>,
}

impl Hooks {
    /// Loads the toolkit now, so that the first cell does not wait for it.
    pub(super) fn load(library: Option<&Path>) -> Self {
        let Some(path) = library else { return Self::default() };
        // SAFETY: the file is the toolkit's library, which the kernel built; its initialisers do nothing.
        match unsafe { Library::new(path) } {
            Ok(library) => {
                // Never unloaded: the cells use it until the end.
                let library: &'static Library = Box::leak(Box::new(library));
                if let Some(interrupt) = function(library, b"kiln_interrupt") {
                    let _ = INTERRUPT.set(interrupt);
                }
                Self {
                    attach: function(library, b"kiln_attach"),
                    begin_cell: function(library, b"kiln_begin_cell"),
                    end_cell: end_function(library),
                }
            }
            Err(error) => {
                eprintln!("the toolkit's library {} cannot be loaded: {error}", path.display());
                Self::default()
            }
        }
    }

    pub(super) fn attach(&self) {
        if let Some(attach) = self.attach {
            attach();
        }
    }

    pub(super) fn begin_cell(&self) {
        if let Some(begin_cell) = self.begin_cell {
            begin_cell();
        }
    }

    pub(super) fn end_cell(&self) -> bool {
        self.end_cell.is_some_and(|end_cell| end_cell())
    }
}

fn function(library: &'static Library, name: &[u8]) -> Option<extern "C" fn()> {
    // SAFETY: the bundle exports these names with this signature.
    unsafe { library.get::<extern "C" fn()>(name) }.ok().map(|symbol| *symbol)
}

fn end_function(library: &'static Library) -> Option<extern "C" fn() -> bool> {
    // SAFETY: as above.
    unsafe { library.get::<extern "C" fn() -> bool>(b"kiln_end_cell") }.ok().map(|symbol| *symbol)
}

/// Lets an interrupt set the toolkit's flag rather than end the process.
pub(super) fn handle_interrupts() {
    extern "C" fn on_interrupt(_signal: libc::c_int) {
        // Reading a set OnceLock and storing to an atomic are all that happens here: both are safe in a handler.
        if let Some(interrupt) = INTERRUPT.get() {
            interrupt();
        }
    }
    let handler: extern "C" fn(libc::c_int) = on_interrupt;
    // SAFETY: the handler does nothing that a signal handler must not do; SA_RESTART lets system calls go on.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as libc::sighandler_t;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGINT, &raw const action, std::ptr::null_mut());
    }
}
