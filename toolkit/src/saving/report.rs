//! What became of each weight of a file.

use crate::notebook::{MimeBundle, show_result};
use std::fmt;

/// How [`Sequential::load_weights_with`](crate::models::Sequential::load_weights_with) matches a file and a model.
///
/// # Example
/// ```
/// use kiln::models::LoadOptions;
/// let options = LoadOptions::new().by_name(true).skip_mismatch(true);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoadOptions {
    pub(super) by_name: bool,
    pub(super) skip_mismatch: bool,
}

impl LoadOptions {
    /// By place, with nothing missing and nothing left over: as `load_weights` does it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the weights of layers with the same name, and leaves all others as they are; false by default.
    pub fn by_name(mut self, by_name: bool) -> Self {
        self.by_name = by_name;
        self
    }

    /// Leaves layers as they are whose weights the file has in another number or shape, or not at all; false by default.
    pub fn skip_mismatch(mut self, skip: bool) -> Self {
        self.skip_mismatch = skip;
        self
    }
}

/// What a file of weights did to a model. Made by [`Sequential::load_weights`](crate::models::Sequential::load_weights).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadReport {
    pub(super) loaded: Vec<String>,
    pub(super) missing: Vec<String>,
    pub(super) unused: Vec<String>,
    pub(super) mismatched: Vec<String>,
    pub(super) optimizer: OptimizerReport,
}

/// What became of the optimizer's state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptimizerReport {
    /// The file holds none.
    #[default]
    Absent,
    /// The model is not compiled, so that there is nothing that could take it.
    NotCompiled,
    /// Training goes on as where the file was written.
    Restored,
    /// It does not fit the model's optimizer, for this reason; the optimizer is as it was.
    Skipped(String),
}

impl LoadReport {
    /// The model's weights that have the file's values now, such as `dense/kernel`.
    pub fn loaded(&self) -> &[String] {
        &self.loaded
    }

    /// The model's weights that the file does not hold.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// The file's arrays that no weight has taken.
    pub fn unused(&self) -> &[String] {
        &self.unused
    }

    /// The model's weights that the file has in another shape, with both shapes.
    pub fn shape_differs(&self) -> &[String] {
        &self.mismatched
    }

    /// What became of the optimizer's state.
    pub fn optimizer(&self) -> &OptimizerReport {
        &self.optimizer
    }

    /// Whether every weight and every array has found the other.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.unused.is_empty() && self.mismatched.is_empty()
    }

    /// Shows the report as a cell's result.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        show_result(&MimeBundle::text(self.to_string().trim_end()));
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} weights loaded", self.loaded.len())?;
        for (what, names) in [
            ("missing in the file", &self.missing),
            ("unused in the file", &self.unused),
            ("other shapes", &self.mismatched),
        ] {
            if !names.is_empty() {
                writeln!(f, "{what}: {}", names.join(", "))?;
            }
        }
        match &self.optimizer {
            OptimizerReport::Absent | OptimizerReport::NotCompiled => Ok(()),
            OptimizerReport::Restored => writeln!(f, "optimizer restored"),
            OptimizerReport::Skipped(why) => writeln!(f, "optimizer begins anew: {why}"),
        }
    }
}
