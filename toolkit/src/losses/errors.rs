//! Losses of regression that are a mean over the outputs.

use super::EPSILON;
use super::elementwise::{Elementwise, elementwise_loss};
use crate::optimizers::check_range;
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
#[derive(Debug, Clone, Copy, Default)]
pub struct MeanAbsoluteError;

impl MeanAbsoluteError {
    /// The loss.
    pub fn new() -> Self {
        Self
    }
}

elementwise_loss!(MeanAbsoluteError, "mean_absolute_error");

impl Elementwise for MeanAbsoluteError {
    fn values(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        Ok((p - y).abs())
    }

    fn slopes(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        Ok((p - y).sign())
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
#[derive(Debug, Clone, Copy, Default)]
pub struct MeanAbsolutePercentageError;

impl MeanAbsolutePercentageError {
    /// The loss.
    pub fn new() -> Self {
        Self
    }
}

elementwise_loss!(MeanAbsolutePercentageError, "mean_absolute_percentage_error");

impl Elementwise for MeanAbsolutePercentageError {
    fn values(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        Ok((p - y).abs() / y.abs().clip(EPSILON, f64::INFINITY) * 100.0)
    }

    fn slopes(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        Ok((p - y).sign() / y.abs().clip(EPSILON, f64::INFINITY) * 100.0)
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
#[derive(Debug, Clone, Copy, Default)]
pub struct MeanSquaredLogarithmicError;

impl MeanSquaredLogarithmicError {
    /// The loss.
    pub fn new() -> Self {
        Self
    }
}

elementwise_loss!(MeanSquaredLogarithmicError, "mean_squared_logarithmic_error");

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
#[derive(Debug, Clone, Copy, Default)]
pub struct LogCosh;

impl LogCosh {
    /// The loss.
    pub fn new() -> Self {
        Self
    }
}

elementwise_loss!(LogCosh, "log_cosh");

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
#[derive(Debug, Clone, Copy, Default)]
pub struct Poisson;

impl Poisson {
    /// The loss.
    pub fn new() -> Self {
        Self
    }
}

elementwise_loss!(Poisson, "poisson");

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
#[derive(Debug, Clone, Copy)]
pub struct Huber {
    pub(crate) delta: f64,
}

impl Huber {
    /// With $\delta = 1$.
    pub fn new() -> Self {
        Self { delta: 1.0 }
    }

    /// Where the line begins, above 0; 1 by default.
    pub fn delta(mut self, delta: f64) -> Self {
        self.delta = delta;
        self
    }
}

impl Default for Huber {
    fn default() -> Self {
        Self::new()
    }
}

elementwise_loss!(Huber, "huber_loss");

impl Elementwise for Huber {
    fn values(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        check_range("Huber: delta", self.delta, 0.0..f64::INFINITY)?;
        // With c = min(|e|, delta): c^2 / 2 + delta (|e| - c).
        let e = (p - y).abs();
        let c = e.clip(0.0, self.delta);
        Ok(c.square() * 0.5 + (&e - &c) * self.delta)
    }

    fn slopes(&self, y: &Tensor, p: &Tensor) -> Result<Tensor> {
        Ok((p - y).clip(-self.delta, self.delta))
    }
}
