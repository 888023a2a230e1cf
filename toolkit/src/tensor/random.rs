//! Random tensors from Kiln's process-wide seed.

use super::{IntoShape, Tensor};
use crate::Result;
use crate::random::{Generator, fresh_seed};

impl Tensor {
    /// Numbers drawn evenly from `low..high`; the stream follows [`set_seed`](crate::set_seed).
    ///
    /// # Errors
    /// When the shape is too large.
    pub fn random_uniform(shape: impl IntoShape, low: f64, high: f64) -> Result<Self> {
        let shape = shape.into_shape()?;
        let mut generator = Generator::new(fresh_seed());
        let values =
            (0..shape.elements()).map(|_| (low + (high - low) * generator.uniform()) as f32).collect();
        Self::from_vec(values, shape)
    }

    /// Numbers from the normal distribution with this mean and standard deviation; the stream follows
    /// [`set_seed`](crate::set_seed).
    ///
    /// # Errors
    /// When the shape is too large.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// kiln::set_seed(1);
    /// let x = Tensor::random_normal([10_000], 2.0, 0.5)?;
    /// assert!((x.mean().item()? - 2.0).abs() < 5.0 * 0.5 / 100.0);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn random_normal(shape: impl IntoShape, mean: f64, deviation: f64) -> Result<Self> {
        let shape = shape.into_shape()?;
        let mut generator = Generator::new(fresh_seed());
        let values = (0..shape.elements()).map(|_| (mean + deviation * generator.normal()) as f32).collect();
        Self::from_vec(values, shape)
    }
}
