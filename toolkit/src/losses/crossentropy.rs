//! Losses of classification.

use super::options::{LossOptions, loss_methods, loss_options};
use super::reduction::shares_of_positions;
use super::{EPSILON, Loss, aligned, check_same_shape, keep_last_axis, per_row, sample_means};
use crate::config::keras_config;
use crate::tensor::{Shape, Tensor};
use crate::{Activation, Error, Result};

/// The crossentropy of integer labels: $-\ln p_{label}$.
///
/// Probabilities are divided by their sum and kept in $[10^{-7}, 1 - 10^{-7}]$, as Keras does on JAX; where a
/// probability lies outside, the gradient is 0.
///
/// # Example
/// ```
/// use kiln::losses::{Loss, SparseCategoricalCrossentropy};
/// use kiln::prelude::*;
/// let loss = SparseCategoricalCrossentropy::new().ignore_class(-1);
/// let p = Tensor::new([[0.5, 0.5], [0.1, 0.9]]);
/// // The second sample has no label, and is not counted.
/// let mean = (&loss as &dyn Loss).call(&Tensor::new([0, -1]), &p, None)?.item()?;
/// assert!((mean - 2.0_f64.ln()).abs() < 1e-6);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SparseCategoricalCrossentropy {
    options: LossOptions,
    pub(crate) from_logits: bool,
    pub(crate) ignore_class: Option<i64>,
}

impl SparseCategoricalCrossentropy {
    /// For probabilities, which a softmax gives.
    pub fn new() -> Self {
        Self {
            options: LossOptions::named("sparse_categorical_crossentropy"),
            from_logits: false,
            ignore_class: None,
        }
    }

    /// Whether the model's outputs are logits, so that the loss takes the softmax itself.
    pub fn from_logits(mut self, from_logits: bool) -> Self {
        self.from_logits = from_logits;
        self
    }

    /// Labels of this class do not count: their loss is 0, and means are over the others. `-1` or `255` are usual for
    /// "unknown"; it need not be one of the model's classes.
    pub fn ignore_class(mut self, class: i64) -> Self {
        self.ignore_class = Some(class);
        self
    }

    fn one_hot(y_true: &Tensor, y_pred: &Tensor) -> Tensor {
        let classes = y_pred.shape().as_rows().1;
        y_pred.backend().one_hot(y_true, classes, y_pred.dtype()).reshaped(y_pred.shape())
    }

    /// 1 for each position whose label counts, with a last axis of size 1; `None` where all count.
    fn positions(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Option<Tensor>> {
        let Some(ignored) = self.ignore_class else { return Ok(None) };
        let mut sizes = y_pred.shape().to_vec();
        if let Some(last) = sizes.last_mut() {
            *last = 1;
        }
        let labels = y_true.cast(y_pred.dtype()).reshaped(Shape::from_fit(&sizes));
        Ok(Some(1.0 - labels.equal(ignored as f64)?))
    }
}

loss_options!(SparseCategoricalCrossentropy);
keras_config!(SparseCategoricalCrossentropy, "keras.losses", Self::new(), {
    own "options": (options);
    field "from_logits": (from_logits);
    field "ignore_class": (ignore_class);
    read "axis": (-1);
});

impl Loss for SparseCategoricalCrossentropy {
    loss_methods!();

    fn check(&self, y_true: &Tensor, prediction: &Shape) -> Result<()> {
        let (rows, classes) = prediction.as_rows();
        if y_true.len() != rows || classes < 2 {
            let hint = if prediction.len() > 2 {
                "is a Flatten missing before the first Dense?"
            } else if y_true.shape() == *prediction {
                "one-hot targets need the loss categorical_crossentropy"
            } else {
                "the last layer needs one unit a class; for two classes and one unit take binary_crossentropy"
            };
            return Err(Error::shape(format!(
                "sparse_categorical_crossentropy needs one integer label a row, but the targets have the shape {} and the model's output is {prediction}",
                y_true.shape()
            ))
            .with_help(hint));
        }
        let wrong = |label: f64| {
            let outside = label.fract() != 0.0 || label < 0.0 || label >= classes as f64;
            outside && self.ignore_class.is_none_or(|ignored| label != ignored as f64)
        };
        match (0..y_true.len()).find(|&index| wrong(y_true.number(index))) {
            None => Ok(()),
            Some(index) => Err(Error::data(format!(
                "label {} of sample {index} is not one of the {classes} classes 0..{classes}",
                y_true.number(index)
            ))
            .with_help("the last layer needs as many units as there are classes; labels count from 0")),
        }
    }

    fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        let mut target = Self::one_hot(y_true, y_pred);
        if let Some(positions) = self.positions(y_true, y_pred)? {
            target = target * positions;
        }
        categorical(&target, y_pred, self.from_logits)
    }

    fn gradient(&self, y_true: &Tensor, y_pred: &Tensor, weights: &Tensor) -> Result<Tensor> {
        let mut target = Self::one_hot(y_true, y_pred);
        if let Some(positions) = self.positions(y_true, y_pred)? {
            // A row without a target has no gradient: all of it is a multiple of the target's sum.
            target = target * positions;
        }
        categorical_gradient(&target, y_pred, weights, self.from_logits)
    }

    fn masks(&self) -> bool {
        self.ignore_class.is_some()
    }

    fn mask(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Option<Tensor>> {
        let positions = self.positions(y_true, y_pred)?;
        positions.map(|positions| shares_of_positions(&positions, y_pred)).transpose()
    }

    fn joins(&self, activation: &Activation) -> bool {
        !self.from_logits && *activation == Activation::Softmax
    }

    fn joined_gradient(&self, y_true: &Tensor, y_pred: &Tensor, weights: &Tensor) -> Result<Tensor> {
        let target = Self::one_hot(y_true, y_pred);
        // Only the label's own probability counts, so where it is cut off the whole row has no gradient.
        let own = keep_last_axis((&target * y_pred).sum_along(-1)?);
        let mut inside = own.greater_equal(EPSILON)?.mul(own.less_equal(1.0 - EPSILON)?)?;
        if let Some(positions) = self.positions(y_true, y_pred)? {
            inside = inside * positions;
        }
        Ok((y_pred - target) * (inside * per_position(weights, y_pred)))
    }
}

/// The crossentropy of target distributions: $-\sum_j y_j \ln p_j$; see [`SparseCategoricalCrossentropy`] for labels.
///
/// # Example
/// ```
/// use kiln::losses::CategoricalCrossentropy;
/// use kiln::prelude::*;
/// let loss = CategoricalCrossentropy::new().label_smoothing(0.1);
/// let value = loss.per_sample(&Tensor::new([[1.0, 0.0]]), &Tensor::new([[0.5, 0.5]]))?;
/// assert!((value.item()? - 2.0_f64.ln()).abs() < 1e-6);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CategoricalCrossentropy {
    options: LossOptions,
    pub(crate) from_logits: bool,
    pub(crate) label_smoothing: f64,
}

impl CategoricalCrossentropy {
    /// For probabilities, which a softmax gives, and targets as they are.
    pub fn new() -> Self {
        Self {
            options: LossOptions::named("categorical_crossentropy"),
            from_logits: false,
            label_smoothing: 0.0,
        }
    }

    /// Whether the model's outputs are logits, so that the loss takes the softmax itself.
    pub fn from_logits(mut self, from_logits: bool) -> Self {
        self.from_logits = from_logits;
        self
    }

    /// Moves each target by this share towards the even distribution, in `0.0..=1.0`.
    pub fn label_smoothing(mut self, label_smoothing: f64) -> Self {
        self.label_smoothing = label_smoothing;
        self
    }

    fn target(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        let target = aligned(y_true, y_pred)?;
        if self.label_smoothing == 0.0 {
            return Ok(target);
        }
        let classes = y_pred.shape().as_rows().1 as f64;
        Ok(target * (1.0 - self.label_smoothing) + self.label_smoothing / classes)
    }
}

loss_options!(CategoricalCrossentropy);
keras_config!(CategoricalCrossentropy, "keras.losses", Self::new(), {
    own "options": (options);
    field "from_logits": (from_logits);
    field "label_smoothing": (label_smoothing);
    only "axis": (-1);
});

impl Loss for CategoricalCrossentropy {
    loss_methods!();

    fn check(&self, y_true: &Tensor, prediction: &Shape) -> Result<()> {
        check_smoothing(self.label_smoothing)?;
        check_same_shape(y_true, prediction)
            .map_err(|error| error.with_help("integer labels need the loss sparse_categorical_crossentropy"))
    }

    fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        categorical(&self.target(y_true, y_pred)?, y_pred, self.from_logits)
    }

    fn gradient(&self, y_true: &Tensor, y_pred: &Tensor, weights: &Tensor) -> Result<Tensor> {
        categorical_gradient(&self.target(y_true, y_pred)?, y_pred, weights, self.from_logits)
    }

    fn joins(&self, activation: &Activation) -> bool {
        !self.from_logits && *activation == Activation::Softmax
    }

    fn joined_gradient(&self, y_true: &Tensor, y_pred: &Tensor, weights: &Tensor) -> Result<Tensor> {
        let inside = y_pred.greater_equal(EPSILON)?.mul(y_pred.less_equal(1.0 - EPSILON)?)?;
        let target = self.target(y_true, y_pred)? * inside;
        let sums = keep_last_axis(target.sum_along(-1)?);
        Ok((y_pred * sums - target) * per_position(weights, y_pred))
    }
}

/// The crossentropy of yes-or-no targets: $-y \ln p - (1 - y) \ln (1 - p)$, averaged over the outputs.
///
/// # Example
/// ```
/// use kiln::losses::BinaryCrossentropy;
/// use kiln::prelude::*;
/// let loss = BinaryCrossentropy::new().from_logits(true);
/// let value = loss.per_sample(&Tensor::new([[1.0]]), &Tensor::new([[0.0]]))?;
/// assert!((value.item()? - 2.0_f64.ln()).abs() < 1e-6);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct BinaryCrossentropy {
    options: LossOptions,
    pub(crate) from_logits: bool,
    pub(crate) label_smoothing: f64,
}

impl BinaryCrossentropy {
    /// For probabilities, which a sigmoid gives, and targets as they are.
    pub fn new() -> Self {
        Self { options: LossOptions::named("binary_crossentropy"), from_logits: false, label_smoothing: 0.0 }
    }

    /// Whether the model's outputs are logits, so that the loss takes the sigmoid itself.
    pub fn from_logits(mut self, from_logits: bool) -> Self {
        self.from_logits = from_logits;
        self
    }

    /// Moves each target by this share towards 1/2, in `0.0..=1.0`.
    pub fn label_smoothing(mut self, label_smoothing: f64) -> Self {
        self.label_smoothing = label_smoothing;
        self
    }

    fn target(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        let target = aligned(y_true, y_pred)?;
        if self.label_smoothing == 0.0 {
            return Ok(target);
        }
        Ok(target * (1.0 - self.label_smoothing) + 0.5 * self.label_smoothing)
    }
}

loss_options!(BinaryCrossentropy);
keras_config!(BinaryCrossentropy, "keras.losses", Self::new(), {
    own "options": (options);
    field "from_logits": (from_logits);
    field "label_smoothing": (label_smoothing);
    only "axis": (-1);
});

impl Loss for BinaryCrossentropy {
    loss_methods!();

    fn check(&self, y_true: &Tensor, prediction: &Shape) -> Result<()> {
        check_smoothing(self.label_smoothing)?;
        check_same_shape(y_true, prediction)?;
        match (0..y_true.len()).find(|&index| !(0.0..=1.0).contains(&y_true.number(index))) {
            None => Ok(()),
            Some(index) => Err(Error::data(format!(
                "binary_crossentropy needs targets in 0..=1, but number {index} is {}",
                y_true.number(index)
            ))),
        }
    }

    fn per_sample(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        let target = self.target(y_true, y_pred)?;
        let losses = if self.from_logits {
            // -y ln s(x) - (1 - y) ln s(-x) = softplus(x) - y x
            Activation::Softplus.apply(y_pred) - &target * y_pred
        } else {
            let p = y_pred.clip(EPSILON, 1.0 - EPSILON);
            -(&target * p.ln()) - (1.0 - &target) * (1.0 - p).ln()
        };
        sample_means(&losses)
    }

    fn gradient(&self, y_true: &Tensor, y_pred: &Tensor, weights: &Tensor) -> Result<Tensor> {
        let target = self.target(y_true, y_pred)?;
        let weights = per_row(weights, &y_pred.shape()) * (1.0 / y_pred.shape().row_elements() as f64);
        if self.from_logits {
            return Ok((Activation::Sigmoid.apply(y_pred) - target) * weights);
        }
        let inside = inside(y_pred)?;
        let p = y_pred.clip(EPSILON, 1.0 - EPSILON);
        Ok((&p - target) / (&p * (1.0 - &p)) * inside * weights)
    }

    fn joins(&self, activation: &Activation) -> bool {
        !self.from_logits && *activation == Activation::Sigmoid
    }

    fn joined_gradient(&self, y_true: &Tensor, y_pred: &Tensor, weights: &Tensor) -> Result<Tensor> {
        let target = self.target(y_true, y_pred)?;
        let weights = per_row(weights, &y_pred.shape()) * (1.0 / y_pred.shape().row_elements() as f64);
        Ok((y_pred - target) * inside(y_pred)? * weights)
    }
}

fn check_smoothing(smoothing: f64) -> Result<()> {
    if (0.0..=1.0).contains(&smoothing) {
        return Ok(());
    }
    Err(Error::argument(format!("label_smoothing must be in 0.0..=1.0, but is {smoothing}")))
}

/// What each position of a sample counts, whose loss is the mean over its positions; it multiplies each row.
fn per_position(weights: &Tensor, y_pred: &Tensor) -> Tensor {
    let positions = y_pred.shape().as_rows().0 as f64 / weights.len().max(1) as f64;
    per_row(weights, &y_pred.shape()) * (1.0 / positions)
}

/// 1 where a probability is not cut off.
fn inside(p: &Tensor) -> Result<Tensor> {
    p.greater_equal(EPSILON)?.mul(p.less_equal(1.0 - EPSILON)?)
}

fn categorical(target: &Tensor, y_pred: &Tensor, from_logits: bool) -> Result<Tensor> {
    let logs = if from_logits {
        Activation::LogSoftmax.apply(y_pred)
    } else {
        let sums = keep_last_axis(y_pred.sum_along(-1)?);
        (y_pred / sums).clip(EPSILON, 1.0 - EPSILON).ln()
    };
    sample_means(&-(target * logs).sum_along(-1)?)
}

fn categorical_gradient(
    target: &Tensor,
    y_pred: &Tensor,
    weights: &Tensor,
    from_logits: bool,
) -> Result<Tensor> {
    let weights = per_position(weights, y_pred);
    if from_logits {
        let sums = keep_last_axis(target.sum_along(-1)?);
        return Ok((Activation::Softmax.apply(y_pred) * sums - target) * weights);
    }
    // With q = p / S: dL/dq = -y / q inside the bounds, and dL/dp = (dL/dq - sum(dL/dq q)) / S.
    let sums = keep_last_axis(y_pred.sum_along(-1)?);
    let q = y_pred / &sums;
    let kept = target * inside(&q)?;
    let d_q = -(&kept / q.clip(EPSILON, 1.0 - EPSILON));
    let inner = keep_last_axis(kept.sum_along(-1)?);
    Ok((d_q + inner) / sums * weights)
}
