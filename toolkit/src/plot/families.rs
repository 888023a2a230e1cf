//! Ready-made figures: one file a family, plain functions over slices.

mod history;
mod images;

pub use history::{EpochSeries, history, history_series};
pub use images::{image, images, images_with_predictions};
