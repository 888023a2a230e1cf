//! Losses that see all outputs of a sample together.

use super::options::{LossOptions, loss_methods, loss_options};
use super::{EPSILON, Loss, aligned, check_same_shape, keep_last_axis, per_row, sample_means};
use crate::Result;
use crate::config::keras_config;
use crate::tensor::{Shape, Tensor};

/// The divergence of the prediction from the target, both kept in $[10^{-7}, 1]$.
///
/// $$ \sum_j y_j \ln \frac{y_j}{p_j} $$
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let loss = losses::KLDivergence::new().per_sample(&Tensor::new([[1.0, 0.0]]), &Tensor::new([[0.5, 0.5]]))?;
/// assert!(loss.item()?.is_finite());
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct KLDivergence {
    options: LossOptions,
}

impl KLDivergence {
    /// The loss.
    pub fn new() -> Self {
        Self { options: LossOptions::named("kl_divergence") }
    }
}

loss_options!(KLDivergence);
keras_config!(KLDivergence, "keras.losses", Self::new(), { own "options": (options); });

impl Loss for KLDivergence {
    loss_methods!();

    fn check(&self, y_true: &Tensor, prediction: &Shape) -> Result<()> {
        check_same_shape(y_true, prediction)
    }

    fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        let y = aligned(y_true, y_pred)?;
        let (y, p) = (y.clip(EPSILON, 1.0), y_pred.clip(EPSILON, 1.0));
        sample_means(&(&y * (&y / p).ln()).sum_along(-1)?)
    }

    fn gradient(&self, y_true: &Tensor, y_pred: &Tensor, weights: &Tensor) -> Result<Tensor> {
        let y = aligned(y_true, y_pred)?;
        let rows = y_pred.shape().as_rows().0 as f64 / weights.len().max(1) as f64;
        let weights = per_row(weights, &y_pred.shape()) * (1.0 / rows);
        let inside = y_pred.greater_equal(EPSILON)?.mul(y_pred.less_equal(1.0)?)?;
        Ok(-(y.clip(EPSILON, 1.0) / y_pred.clip(EPSILON, 1.0)) * inside * weights)
    }
}

/// The negative cosine of the angle between target and prediction: -1 where they point the same way.
///
/// $$ -\frac{y \cdot p}{|y| |p|} $$
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let loss = losses::CosineSimilarity::new().per_sample(&Tensor::new([[1.0, 0.0]]), &Tensor::new([[0.5, 0.5]]))?;
/// assert!(loss.item()?.is_finite());
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CosineSimilarity {
    options: LossOptions,
}

impl CosineSimilarity {
    /// The loss.
    pub fn new() -> Self {
        Self { options: LossOptions::named("cosine_similarity") }
    }
}

loss_options!(CosineSimilarity);
keras_config!(CosineSimilarity, "keras.losses", Self::new(), {
    own "options": (options);
    read "axis": (-1);
});

impl Loss for CosineSimilarity {
    loss_methods!();

    fn check(&self, y_true: &Tensor, prediction: &Shape) -> Result<()> {
        check_same_shape(y_true, prediction)
    }

    fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        let y = aligned(y_true, y_pred)?;
        sample_means(&-(unit(&y)? * unit(y_pred)?).sum_along(-1)?)
    }

    fn gradient(&self, y_true: &Tensor, y_pred: &Tensor, weights: &Tensor) -> Result<Tensor> {
        let y = aligned(y_true, y_pred)?;
        let rows = y_pred.shape().as_rows().0 as f64 / weights.len().max(1) as f64;
        let weights = per_row(weights, &y_pred.shape()) * (1.0 / rows);
        let (u, v) = (unit(&y)?, unit(y_pred)?);
        let cosine = keep_last_axis((&u * &v).sum_along(-1)?);
        Ok((v * cosine - u) / length(y_pred)? * weights)
    }
}

/// The length along the last axis, at least 1e-6 as Keras's normalisation has it.
fn length(x: &Tensor) -> Result<Tensor> {
    Ok(keep_last_axis(x.square().sum_along(-1)?.clip(1e-12, f64::INFINITY).sqrt()))
}

fn unit(x: &Tensor) -> Result<Tensor> {
    Ok(x / length(x)?)
}

/// How far the target class is ahead of the best other class, less the margin 1.
///
/// $$ \max\left(\max_j (1 - y_j) p_j - \sum_j y_j p_j + 1, 0\right) $$
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let loss = losses::CategoricalHinge::new().per_sample(&Tensor::new([[1.0, 0.0]]), &Tensor::new([[0.5, 0.5]]))?;
/// assert!(loss.item()?.is_finite());
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CategoricalHinge {
    options: LossOptions,
}

impl CategoricalHinge {
    /// The loss.
    pub fn new() -> Self {
        Self { options: LossOptions::named("categorical_hinge") }
    }
}

loss_options!(CategoricalHinge);
keras_config!(CategoricalHinge, "keras.losses", Self::new(), { own "options": (options); });

impl Loss for CategoricalHinge {
    loss_methods!();

    fn check(&self, y_true: &Tensor, prediction: &Shape) -> Result<()> {
        check_same_shape(y_true, prediction)
    }

    fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        let y = aligned(y_true, y_pred)?;
        let others = ((1.0 - &y) * y_pred).max_along(-1)?;
        sample_means(&(others - (y * y_pred).sum_along(-1)? + 1.0).clip(0.0, f64::INFINITY))
    }

    fn gradient(&self, y_true: &Tensor, y_pred: &Tensor, weights: &Tensor) -> Result<Tensor> {
        let y = aligned(y_true, y_pred)?;
        let rows = y_pred.shape().as_rows().0 as f64 / weights.len().max(1) as f64;
        let weights = per_row(weights, &y_pred.shape()) * (1.0 / rows);
        let others = (1.0 - &y) * y_pred;
        let best = keep_last_axis(others.max_along(-1)?);
        let short = (&best - keep_last_axis((&y * y_pred).sum_along(-1)?)).greater(-1.0)?;
        // Of equally good other classes each gets its part.
        let is_best = others.equal(&best)?;
        let part = &is_best / keep_last_axis(is_best.sum_along(-1)?);
        Ok((part * (1.0 - &y) - y) * short * weights)
    }
}
