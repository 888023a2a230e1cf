//! Kiln.
/// The prelude.
pub mod prelude {}
