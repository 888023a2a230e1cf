//! Models: a chain of layers with its weights, its training and its measures.

mod check;
mod compile;
mod compile_config;
mod evaluate;
mod files;
mod fit;
mod history;
mod json;
#[cfg(test)]
mod oracle;
mod probe;
mod samples;
mod sequential;
mod shuffle;
mod slicing;
mod step;
mod summary;
#[cfg(test)]
mod tape;
mod weights;

pub use check::{GradientCheck, GradientError};
pub use evaluate::{Evaluation, Prediction, Scores};
pub use files::load;
pub use fit::Fit;
pub use history::History;
pub use probe::{LayerProbe, Probe, Probes};
pub use samples::Batch;
pub(crate) use sequential::{Resumed, snake_case};
pub use sequential::{Sequential, Slot};
pub use shuffle::Shuffle;
pub use slicing::{LayerInfo, LayerKey, clone_model};
pub use summary::Summary;

pub use crate::saving::{LoadOptions, LoadReport, OptimizerReport};
