//! Losses of regression that are a mean over the outputs.

use super::EPSILON;
use super::elementwise::{Elementwise, elementwise_loss};
use super::options::{LossOptions, loss_options};
use crate::config::keras_config;
use crate::optimizers::check_range;
use crate::regularizers::slope_of_abs;
use crate::tensor::Tensor;
use crate::{Activation, Result};

/// The mean of the sizes of the differences.
///
/// $$ \frac1k \sum_j |y_j - p_j| $$
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let loss = losses::MeanAbsoluteError::new().per_sample(&Tensor::new([[1.0, 0.0]]), &Tensor::new([[0.5, 0.5]]))?;
/// assert!(loss.item()?.is_finite());
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MeanAbsoluteError {
    options: LossOptions,
}

impl MeanAbsoluteError {
    /// The loss.
    pub fn new() -> Self {
        Self { options: LossOptions::named("mean_absolute_error") }
    }
}

loss_options!(MeanAbsoluteError);
elementwise_loss!(MeanAbsoluteError);
keras_config!(MeanAbsoluteError, "keras.losses", Self::new(), { own "options": (options); });

impl Elementwise for MeanAbsoluteError {
    fn values(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        Ok((p - y).abs())
    }

    fn slopes(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        Ok(-slope_of_abs(&(y - p)))
    }
}

/// The mean relative error in percent; targets below $10^{-7}$ count as that.
///
/// $$ \frac{100}k \sum_j \frac{|y_j - p_j|}{\max(|y_j|, 10^{-7})} $$
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let loss = losses::MeanAbsolutePercentageError::new().per_sample(&Tensor::new([[1.0, 0.0]]), &Tensor::new([[0.5, 0.5]]))?;
/// assert!(loss.item()?.is_finite());
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MeanAbsolutePercentageError {
    options: LossOptions,
}

impl MeanAbsolutePercentageError {
    /// The loss.
    pub fn new() -> Self {
        Self { options: LossOptions::named("mean_absolute_percentage_error") }
    }
}

loss_options!(MeanAbsolutePercentageError);
elementwise_loss!(MeanAbsolutePercentageError);
keras_config!(MeanAbsolutePercentageError, "keras.losses", Self::new(), { own "options": (options); });

impl Elementwise for MeanAbsolutePercentageError {
    fn values(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        Ok((p - y).abs() / y.abs().clip(EPSILON, f64::INFINITY) * 100.0)
    }

    fn slopes(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        Ok(-slope_of_abs(&(y - p)) / y.abs().clip(EPSILON, f64::INFINITY) * 100.0)
    }
}

/// The mean squared difference of logarithms; numbers below $10^{-7}$ count as that.
///
/// $$ \frac1k \sum_j (\ln(1 + p_j) - \ln(1 + y_j))^2 $$
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let loss = losses::MeanSquaredLogarithmicError::new().per_sample(&Tensor::new([[1.0, 0.0]]), &Tensor::new([[0.5, 0.5]]))?;
/// assert!(loss.item()?.is_finite());
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MeanSquaredLogarithmicError {
    options: LossOptions,
}

impl MeanSquaredLogarithmicError {
    /// The loss.
    pub fn new() -> Self {
        Self { options: LossOptions::named("mean_squared_logarithmic_error") }
    }
}

loss_options!(MeanSquaredLogarithmicError);
elementwise_loss!(MeanSquaredLogarithmicError);
keras_config!(MeanSquaredLogarithmicError, "keras.losses", Self::new(), { own "options": (options); });

impl Elementwise for MeanSquaredLogarithmicError {
    fn values(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        Ok((log_above(p) - log_above(y)).square())
    }

    fn slopes(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        let above = p.greater(EPSILON)?;
        Ok((log_above(p) - log_above(y)) * 2.0 / (p.clip(EPSILON, f64::INFINITY) + 1.0) * above)
    }
}

fn log_above(x: &Tensor) -> Tensor {
    (x.clip(EPSILON, f64::INFINITY) + 1.0).ln()
}

/// The logarithm of the hyperbolic cosine of the difference: a square near 0, a line far off.
///
/// $$ \frac1k \sum_j \ln\cosh(p_j - y_j) $$
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let loss = losses::LogCosh::new().per_sample(&Tensor::new([[1.0, 0.0]]), &Tensor::new([[0.5, 0.5]]))?;
/// assert!(loss.item()?.is_finite());
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LogCosh {
    options: LossOptions,
}

impl LogCosh {
    /// The loss.
    pub fn new() -> Self {
        Self { options: LossOptions::named("log_cosh") }
    }
}

loss_options!(LogCosh);
elementwise_loss!(LogCosh);
keras_config!(LogCosh, "keras.losses", Self::new(), { own "options": (options); });

impl Elementwise for LogCosh {
    fn values(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        let e = p - y;
        Ok(&e + Activation::Softplus.apply(&(&e * -2.0)) - std::f64::consts::LN_2)
    }

    fn slopes(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        Ok((p - y).tanh())
    }
}

/// The negative logarithm of a Poisson likelihood, without what does not depend on the prediction.
///
/// $$ \frac1k \sum_j p_j - y_j \ln(p_j + 10^{-7}) $$
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let loss = losses::Poisson::new().per_sample(&Tensor::new([[1.0, 0.0]]), &Tensor::new([[0.5, 0.5]]))?;
/// assert!(loss.item()?.is_finite());
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Poisson {
    options: LossOptions,
}

impl Poisson {
    /// The loss.
    pub fn new() -> Self {
        Self { options: LossOptions::named("poisson") }
    }
}

loss_options!(Poisson);
elementwise_loss!(Poisson);
keras_config!(Poisson, "keras.losses", Self::new(), { own "options": (options); });

impl Elementwise for Poisson {
    fn values(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        Ok(p - y * (p + EPSILON).ln())
    }

    fn slopes(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        Ok(1.0 - y / (p + EPSILON))
    }
}

/// Huber's loss: a square up to the difference $\delta$, a line beyond.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let loss = losses::Huber::new().delta(0.5).per_sample(&Tensor::new([[0.0]]), &Tensor::new([[2.0]]))?;
/// assert_eq!(loss.item()?, 0.875);
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// Source: Huber, *Robust estimation of a location parameter* (1964).
#[derive(Debug, Clone)]
pub struct Huber {
    options: LossOptions,
    delta: Option<f64>,
}

impl Huber {
    /// With $\delta = 1$.
    pub fn new() -> Self {
        Self { options: LossOptions::named("huber_loss"), delta: None }
    }

    /// Where the line begins, above 0; 1 by default.
    pub fn delta(mut self, delta: f64) -> Self {
        self.delta = Some(delta);
        self
    }

    fn size(&self) -> f64 {
        self.delta.unwrap_or(1.0)
    }
}

loss_options!(Huber);
elementwise_loss!(Huber);
// Keras 3.15 writes no `delta`; later versions do. Both read it.
keras_config!(Huber, "keras.losses", Self::new(), {
    own "options": (options);
    early "delta": (delta);
});

impl Elementwise for Huber {
    fn values(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        check_range("Huber: delta", self.size(), 0.0..f64::INFINITY)?;
        // With c = min(|e|, delta): c^2 / 2 + delta (|e| - c).
        let e = (p - y).abs();
        let c = e.clip(0.0, self.size());
        Ok(c.square() * 0.5 + (&e - &c) * self.size())
    }

    fn slopes(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        Ok((p - y).clip(-self.size(), self.size()))
    }
}
