//! Losses of classification by margins that are a mean over the outputs.

use super::elementwise::{Elementwise, elementwise_loss};
use super::options::{LossOptions, loss_options};
use crate::Result;
use crate::config::keras_config;
use crate::tensor::Tensor;

/// Labels 0 and 1 as -1 and 1; others as they are. As in Keras, all labels of the batch decide.
fn signs(y: &Tensor) -> Result<Tensor> {
    let binary = y.equal(0.0)?.maximum(y.equal(1.0)?)?.min().item()? == 1.0;
    Ok(if binary { y * 2.0 - 1.0 } else { y.clone() })
}

/// How far predictions are from the margin 1 on the side of their label, -1 or 1 (0 counts as -1).
///
/// $$ \frac1k \sum_j \max(1 - y_j p_j, 0) $$
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let loss = losses::Hinge::new().per_sample(&Tensor::new([[1.0, 0.0]]), &Tensor::new([[0.5, 0.5]]))?;
/// assert!(loss.item()?.is_finite());
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Hinge {
    options: LossOptions,
}

impl Hinge {
    /// The loss.
    pub fn new() -> Self {
        Self { options: LossOptions::named("hinge") }
    }
}

loss_options!(Hinge);
elementwise_loss!(Hinge);
keras_config!(Hinge, "keras.losses", Self::new(), { own "options": (options); });

impl Elementwise for Hinge {
    fn values(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        Ok((1.0 - signs(y)? * p).clip(0.0, f64::INFINITY))
    }

    fn slopes(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        let y = signs(y)?;
        let inside = (&y * p).less(1.0)?;
        Ok(-(y * inside))
    }
}

/// The squares of what [`Hinge`] measures.
///
/// $$ \frac1k \sum_j \max(1 - y_j p_j, 0)^2 $$
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let loss = losses::SquaredHinge::new().per_sample(&Tensor::new([[1.0, 0.0]]), &Tensor::new([[0.5, 0.5]]))?;
/// assert!(loss.item()?.is_finite());
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SquaredHinge {
    options: LossOptions,
}

impl SquaredHinge {
    /// The loss.
    pub fn new() -> Self {
        Self { options: LossOptions::named("squared_hinge") }
    }
}

loss_options!(SquaredHinge);
elementwise_loss!(SquaredHinge);
keras_config!(SquaredHinge, "keras.losses", Self::new(), { own "options": (options); });

impl Elementwise for SquaredHinge {
    fn values(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        Ok((1.0 - signs(y)? * p).clip(0.0, f64::INFINITY).square())
    }

    fn slopes(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        let y = signs(y)?;
        let short = (1.0 - &y * p).clip(0.0, f64::INFINITY);
        Ok(y * short * -2.0)
    }
}
