//! Models: a chain of layers with its weights, its training and its measures.

mod check;
mod compile;
mod evaluate;
mod fit;
mod history;
mod sequential;
mod step;
mod summary;
mod weights;

pub use check::{GradientCheck, GradientError};
pub use evaluate::{Prediction, Scores};
pub use fit::Fit;
pub use history::History;
pub use sequential::Sequential;
pub use summary::Summary;
