//! The penalty on rows or columns that point the same way.

use super::{Regularizer, factor, slope_of_abs};
use crate::config::{Config, Named, OneOf, keras_config};
use crate::tensor::Tensor;
use crate::{Error, Result};

/// What shall be orthogonal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrthogonalMode {
    /// The rows of a matrix.
    Rows,
    /// Its columns.
    Columns,
}

impl Named for OrthogonalMode {
    const WHAT: &'static str = "mode";
    const NAMES: &'static [(&'static str, Self)] = &[("rows", Self::Rows), ("columns", Self::Columns)];
}

/// The mean size of the cosines between the rows (or columns) of a matrix: rows that are orthogonal cost nothing.
///
/// With unit rows $u_i$ of $n$ rows:
///
/// $$ \lambda \, \frac{1}{n (n - 1)} \sum_{i \ne j} |u_i \cdot u_j| $$
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let regularizer = OrthogonalRegularizer::new().factor(0.5).mode("columns");
/// assert_eq!(regularizer.penalty(&Tensor::new([[1.0, 0.0], [0.0, 2.0]])).item()?, 0.0);
/// assert!((regularizer.penalty(&Tensor::new([[1.0, 2.0], [0.0, 0.0]])).item()? - 0.5).abs() < 1e-6);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct OrthogonalRegularizer {
    factor: f64,
    mode: Result<OrthogonalMode>,
}

impl OrthogonalRegularizer {
    /// Of rows, with the factor 0.01.
    pub fn new() -> Self {
        Self { factor: 0.01, mode: Ok(OrthogonalMode::Rows) }
    }

    /// The factor $\lambda$, at least 0; 0.01 by default.
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// What shall be orthogonal: an [`OrthogonalMode`], or `"rows"` (the default) or `"columns"`.
    pub fn mode(mut self, mode: impl OneOf<OrthogonalMode>) -> Self {
        self.mode = mode.value();
        self
    }

    /// The lengths of the rows with an axis of size 1, the unit rows, and their products without those with themselves.
    fn products(&self, weight: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
        let rows = match self.mode.clone()? {
            OrthogonalMode::Rows => weight.clone(),
            OrthogonalMode::Columns => weight.transpose()?,
        };
        let count = rows.shape()[0];
        let lengths = rows.square().sum_along(1)?.clip(1e-14, f64::INFINITY).sqrt().reshape([count, 1])?;
        let units = rows / &lengths;
        let products = units.matmul_with(false, &units, true)? * others(count, &units)?;
        Ok((lengths, units, products))
    }

    /// What each product counts.
    fn share(&self, products: &Tensor) -> f64 {
        let count = products.shape()[0] as f64;
        // Keras divides 0 by 0 where there is one row only.
        if count > 1.0 { self.factor / (count * (count - 1.0)) } else { 0.0 }
    }

    fn gradient_of(&self, weight: &Tensor) -> Result<Tensor> {
        let (lengths, units, products) = self.products(weight)?;
        // Each pair counts twice; what lies along a row only changes its length.
        let slopes = slope_of_abs(&products) * others(products.shape()[0], &products)?;
        let by_unit = slopes.matmul(&units)? * (2.0 * self.share(&products));
        let along = (&by_unit * &units).sum_along(1)?.reshape(lengths.shape())?;
        let gradient = (by_unit - units * along) / lengths;
        match self.mode.clone()? {
            OrthogonalMode::Rows => Ok(gradient),
            OrthogonalMode::Columns => gradient.transpose(),
        }
    }
}

/// 1 for each pair of different rows, with the type and the place of `like`.
fn others(count: usize, like: &Tensor) -> Result<Tensor> {
    let others = (0..count * count).map(|at| f64::from(u8::from(at / count != at % count)));
    Tensor::from_vec_f64(others.collect(), [count, count])?.cast(like.dtype()).to_device(like.device())
}

impl Default for OrthogonalRegularizer {
    fn default() -> Self {
        Self::new()
    }
}

/// A matrix is asked for by `check_shape`, so that what cannot be computed here was reported before.
impl Regularizer for OrthogonalRegularizer {
    fn penalty(&self, weight: &Tensor) -> Tensor {
        let computed =
            self.products(weight).map(|(_, _, products)| products.abs().sum() * self.share(&products));
        computed.unwrap_or_else(|_| Tensor::scalar(f64::NAN))
    }

    fn gradient(&self, weight: &Tensor) -> Tensor {
        self.gradient_of(weight).unwrap_or_else(|_| weight * f64::NAN)
    }

    fn check(&self) -> Result<()> {
        self.mode.clone().map_err(|error| error.in_context("OrthogonalRegularizer"))?;
        factor("OrthogonalRegularizer", self.factor)
    }

    fn check_shape(&self, shape: &[usize]) -> Result<()> {
        if shape.len() == 2 {
            return Ok(());
        }
        Err(Error::shape(format!("OrthogonalRegularizer needs a matrix, but the shape is {shape:?}")))
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(OrthogonalRegularizer, "keras.regularizers", Self::new(), {
    field "factor": (factor);
    field "mode": (mode);
});

#[cfg(test)]
mod tests {
    use super::*;

    /// Central differences in 64 bits.
    #[test]
    fn the_gradient_is_that_of_the_penalty() -> Result<()> {
        let values: Vec<f64> = (0..12).map(|at| (at as f64 * 1.7).sin() + 0.1).collect();
        for mode in ["rows", "columns"] {
            let regularizer = OrthogonalRegularizer::new().factor(0.3).mode(mode);
            let at = |values: &[f64]| Tensor::from_vec_f64(values.to_vec(), [4, 3]);
            let gradient = regularizer.gradient(&at(&values)?).to_vec_f64();
            for (place, gradient) in gradient.iter().enumerate() {
                let moved = |by: f64| {
                    let mut values = values.clone();
                    values[place] += by;
                    regularizer.penalty(&at(&values)?).item()
                };
                let difference = (moved(1e-6)? - moved(-1e-6)?) / 2e-6;
                assert!(
                    (gradient - difference).abs() < 1e-8,
                    "{mode}, {place}: {gradient}, not {difference}"
                );
            }
        }
        Ok(())
    }
}
