//! What a program shows in a notebook: displays, live updates, results, input, and interruption.
//!
//! Under the kernel "Rust (Kiln)" each message reaches the page at once, in order with what the cell prints. Under the
//! stock Rust kernel (`evcxr_jupyter`) a display appears when the cell ends, one for each MIME type. In a plain program
//! nothing is shown: whoever wants to report progress there asks [`is_notebook`] and prints.
//!
//! # Example
//! ```
//! use kiln::notebook::{self, MimeBundle};
//!
//! let bundle = MimeBundle::text("a circle").with("image/svg+xml", "<svg><circle r='4'/></svg>");
//! notebook::display(&bundle); // nothing here, since this is a plain program
//! assert!(!notebook::is_notebook());
//! ```

mod channel;
#[doc(hidden)]
pub mod host;
mod mime;

pub use channel::Host;
pub use mime::MimeBundle;

use channel::{Message, send, send_to_stock_kernel};
use std::io::BufRead;

/// Which program runs this code: Kiln's kernel, the stock Rust kernel, or none.
pub fn host() -> Host {
    channel::host()
}

/// Whether this code runs in a notebook cell, of Kiln's kernel or of the stock Rust kernel.
pub fn is_notebook() -> bool {
    host() != Host::None
}

/// Whether displays appear, and change, while the cell is running: only under Kiln's kernel.
pub fn is_live() -> bool {
    host() == Host::Kiln
}

/// Shows `bundle` below the running cell.
pub fn display(bundle: &MimeBundle) {
    show(&Message::Display { bundle, id: None });
}

/// Shows `bundle` below the running cell under a name, so that [`update`] can replace it later.
///
/// Under the stock kernel, which has no updates, only the last display or update of a cell is seen.
pub fn display_as(id: &str, bundle: &MimeBundle) {
    show(&Message::Display { bundle, id: Some(id) });
}

/// Replaces every display that was shown as `id` by [`display_as`], also one of an earlier cell.
pub fn update(id: &str, bundle: &MimeBundle) {
    show(&Message::Update { bundle, id });
}

/// Removes what the running cell has shown so far; with `wait`, only when the next output arrives, without flicker.
pub fn clear_output(wait: bool) {
    if is_live() {
        send(&Message::Clear { wait });
    }
}

/// Makes `bundle` the result of the running cell, shown beside its number.
///
/// This is what the method `evcxr_display(&self)` of a type calls; both kernels look for that method on the value of a
/// cell's last expression.
pub fn show_result(bundle: &MimeBundle) {
    show(&Message::Result { bundle });
}

/// Whether the reader of the notebook asked the running cell to stop.
///
/// Loops that take long ask this once in a while, stop early and return what they have; the kernel then keeps the
/// cell's variables. Once set, the answer stays `true` until the cell ends, so that all further loops of the cell stop
/// as well. Always `false` outside Kiln's kernel.
///
/// # Example
/// ```
/// let mut steps = 0;
/// while steps < 1000 && !kiln::notebook::interrupted() {
///     steps += 1;
/// }
/// assert_eq!(steps, 1000);
/// ```
pub fn interrupted() -> bool {
    host::is_interrupted()
}

/// Asks the running cell to stop, as if the reader had pressed the button.
pub fn mark_interrupted() {
    host::set_interrupted();
}

/// Asks the reader of the notebook for a line of text, and waits for it.
///
/// In a plain program the prompt goes to standard output and the line comes from standard input.
///
/// # Errors
/// When the front end gives no input (a notebook that is run without a reader), or standard input is closed.
pub fn input(prompt: &str) -> std::io::Result<String> {
    channel::input(prompt, false)
}

/// Like [`input`], for a secret: the front end does not show what is typed.
///
/// # Errors
/// As [`input`].
pub fn password(prompt: &str) -> std::io::Result<String> {
    channel::input(prompt, true)
}

fn show(message: &Message<'_>) {
    match host() {
        Host::Kiln => send(message),
        Host::Stock => send_to_stock_kernel(message),
        Host::None => {}
    }
}

fn read_line(source: &mut dyn BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    if source.read_line(&mut line)? == 0 {
        return Err(std::io::Error::new(
            std::io::ErrorKind::UnexpectedEof,
            "nobody is there to answer the prompt",
        ));
    }
    line.truncate(line.trim_end_matches(['\n', '\r']).len());
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line loses its end, whichever system wrote it, and a closed source is an error rather than an empty answer.
    #[test]
    fn lines_are_read_without_their_end() {
        assert_eq!(read_line(&mut &b"yes\r\n"[..]).ok().as_deref(), Some("yes"));
        assert_eq!(read_line(&mut &b"  yes "[..]).ok().as_deref(), Some("  yes "));
        assert!(read_line(&mut &b""[..]).is_err());
    }
}
