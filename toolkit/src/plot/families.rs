//! Ready-made figures: one file a family, plain functions over slices.

mod activation;
mod comparison;
mod confusion;
mod decomposition;
mod descent;
mod fan;
mod gradient_flow;
mod histograms;
mod history;
mod images;
mod schedule;
mod target;
mod weights;

pub use activation::activations;
pub use comparison::comparison;
pub use confusion::confusion_matrix;
pub use decomposition::decomposition;
pub use descent::{
    Landscape, Path, Walk, descent, descent_animated, descent_on_line, surface, surface_with_paths,
};
pub use fan::fan;
pub use gradient_flow::gradient_flow;
pub use histograms::layer_histograms;
pub use history::{EpochSeries, history, history_series};
pub use images::{image, images, images_with_predictions};
pub use schedule::schedule;
pub use target::target;
pub use weights::{sparsity, weights_by_layer};
