//! From the losses of the samples to the loss of a batch.

use super::options::no_number;
use super::{Loss, Reduction, sample_means};
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

/// Whether each sample counts alike in the loss, so that without weights the loss of a whole data set does not depend on
/// its batches.
pub(crate) fn counts_evenly(loss: &dyn Loss) -> Result<bool> {
    Ok(loss.reduction()? != Reduction::Sum && !loss.masks())
}

/// What each sample's loss counts in the loss of the batch: `[batch]`; the loss is their weighted sum, and so is its
/// gradient.
///
/// # Errors
/// For weights that are not one a sample, an unknown reduction, or one that leaves no number.
pub(crate) fn shares(
    loss: &dyn Loss,
    y_true: &Tensor,
    y_pred: &Tensor,
    weights: Option<&Tensor>,
) -> Result<Tensor> {
    let rows = y_pred.shape().first().copied().unwrap_or(1);
    let batch = Shape::new(&[rows])?;
    let filled = |value: f64| y_pred.backend().full(y_pred.dtype(), batch, value);
    let weights = weights.map(|weights| of_samples(weights, rows)).transpose()?;
    let placed = |weights: Tensor| weights.cast(y_pred.dtype()).to_device(y_pred.device());
    let weights = weights.map(placed).transpose()?;
    let mask = loss.mask(y_true, y_pred)?;
    match loss.reduction()? {
        Reduction::SumOverBatchSize | Reduction::Mean => {
            let count = mask.map_or(Ok(rows as f64), |mask| mask.sum().item())?;
            let share = if count == 0.0 { 0.0 } else { 1.0 / count };
            Ok(weights.map_or_else(|| filled(share), |weights| weights * share))
        }
        Reduction::Sum => {
            let places = places(y_pred);
            Ok(weights.map_or_else(|| filled(places), |weights| weights * places))
        }
        Reduction::MeanWithSampleWeight => {
            let counted = match (&weights, &mask) {
                (Some(weights), Some(mask)) => Some(weights.mul(mask)?),
                (Some(only), None) | (None, Some(only)) => Some(only.clone()),
                (None, None) => None,
            };
            let count = counted.map_or(Ok(rows as f64), |counted| counted.sum().item())?;
            let share = if count == 0.0 { 0.0 } else { 1.0 / count };
            Ok(weights.map_or_else(|| filled(share), |weights| weights * share))
        }
        Reduction::None => Err(no_number(loss.name())),
    }
}

/// The loss of a batch as a tensor of one element, or of one a sample for [`Reduction::None`].
pub(super) fn reduced(
    loss: &dyn Loss,
    y_true: &Tensor,
    y_pred: &Tensor,
    weights: Option<&Tensor>,
) -> Result<Tensor> {
    let samples = loss.per_sample(y_true, y_pred)?;
    if loss.reduction()? == Reduction::None {
        return match weights {
            None => Ok(samples),
            Some(weights) => {
                let weights = of_samples(weights, samples.len())?.cast(samples.dtype());
                samples.mul(weights.to_device(samples.device())?)
            }
        };
    }
    Ok((samples * shares(loss, y_true, y_pred, weights)?).sum())
}

/// Weights in the shape `[batch]`.
pub(crate) fn of_samples(weights: &Tensor, rows: usize) -> Result<Tensor> {
    if weights.len() == rows && weights.shape().first() == Some(&rows) {
        return Ok(weights.reshaped(Shape::new(&[rows])?));
    }
    Err(Error::shape(format!(
        "sample_weight has the shape {}, but there are {rows} samples",
        weights.shape()
    ))
    .with_help(format!("one weight a sample: the shape [{rows}]")))
}

/// How many losses Keras counts in a sample: one for each position before the last axis.
fn places(y_pred: &Tensor) -> f64 {
    let shape = y_pred.shape();
    shape.get(1..shape.len().saturating_sub(1)).map_or(1, |middle| middle.iter().product::<usize>()) as f64
}

/// The share of each sample's positions that are not masked, from a mask of all positions.
pub(super) fn shares_of_positions(mask: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
    let rows = y_pred.shape().first().copied().unwrap_or(1);
    sample_means(&mask.reshaped(Shape::new(&[rows, mask.len() / rows.max(1)])?))
}
