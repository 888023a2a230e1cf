//! Models: a chain of layers with its weights, its training and its measures.

mod check;
mod compile;
mod evaluate;
mod fit;
mod history;
mod json;
#[cfg(test)]
mod oracle;
mod probe;
mod sequential;
mod slicing;
mod step;
mod summary;
mod weights;

pub use check::{GradientCheck, GradientError};
pub use evaluate::{Prediction, Scores};
pub use fit::Fit;
pub use history::History;
pub use probe::{LayerProbe, Probe, Probes};
pub use sequential::{Sequential, Slot};
pub use slicing::{LayerInfo, LayerKey, clone_model};
pub use summary::Summary;
