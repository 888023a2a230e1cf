//! A polynomial with few coefficients.

use super::polynomial::chebyshev;
use super::{Regressor, Sample};
use crate::{Error, Result};

/// A polynomial whose coefficients are kept small, and partly at 0, by an absolute penalty.
///
/// $$ \min_c \frac{1}{2n} \sum_i \Big(y_i - \sum_k c_k T_k(u_i)\Big)^2 + \alpha \sum_{k \ge 1} |c_k| $$
///
/// with the scaled Chebyshev polynomials of [`Polynomial`](super::Polynomial); the constant is free. The scale of $\alpha$
/// is that of scikit-learn's `Lasso`. Found by coordinate descent, until no coefficient moves by more than $10^{-7}$ of the
/// targets' deviation, or for 10,000 rounds.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let sim = bias_variance::Simulation::new(|x| x * x).noise(0.2).samples(15).runs(50).seed(1);
/// let held = sim.clone().regressor(Lasso::new(8, 0.02)).run()?;
/// assert!(held.variance() < sim.regressor(Polynomial::new(8)).run()?.variance());
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// Source: Tibshirani, *Regression shrinkage and selection via the lasso* (1996); Friedman et al., *Pathwise coordinate
/// optimization* (2007).
#[derive(Debug, Clone, PartialEq)]
pub struct Lasso {
    degree: usize,
    alpha: f64,
}

impl Lasso {
    /// A polynomial of this degree with the penalty $\alpha > 0$.
    pub fn new(degree: usize, alpha: f64) -> Self {
        Self { degree, alpha }
    }

    fn coefficients(&self, columns: &[Vec<f64>], y: &[f64]) -> Vec<f64> {
        let n = y.len() as f64;
        let mean = y.iter().sum::<f64>() / n;
        let mut residual: Vec<f64> = y.iter().map(|y| y - mean).collect();
        let close = 1e-7 * (residual.iter().map(|r| r * r).sum::<f64>() / n).sqrt();
        let mut c = vec![0.0; columns.len()];
        c[0] = mean;
        let squares: Vec<f64> = columns.iter().map(|column| column.iter().map(|a| a * a).sum()).collect();
        for _ in 0..10_000 {
            let mut moved = 0.0_f64;
            for (k, column) in columns.iter().enumerate() {
                if squares[k] == 0.0 {
                    continue;
                }
                let pull = column.iter().zip(&residual).map(|(a, r)| a * r).sum::<f64>() + squares[k] * c[k];
                let threshold = if k == 0 { 0.0 } else { n * self.alpha };
                let new = (pull.abs() - threshold).max(0.0).copysign(pull) / squares[k];
                let step = new - c[k];
                if step != 0.0 {
                    residual.iter_mut().zip(column).for_each(|(r, a)| *r -= step * a);
                    c[k] = new;
                    moved = moved.max(step.abs());
                }
            }
            if moved <= close {
                break;
            }
        }
        c
    }
}

impl Regressor for Lasso {
    fn name(&self) -> String {
        format!("lasso of degree {}, alpha {}", self.degree, self.alpha)
    }

    fn check(&self, _samples: usize) -> Result<()> {
        if self.alpha.is_finite() && self.alpha > 0.0 {
            return Ok(());
        }
        Err(Error::argument(format!("Lasso: alpha must be above 0 and finite, but is {}", self.alpha))
            .with_help("without a penalty it is a Polynomial"))
    }

    fn fit_predict(&self, sample: &Sample, at: &[f64], predictions: &mut [f64]) -> Result<()> {
        let mut columns = vec![vec![0.0; sample.len()]; self.degree + 1];
        let mut values = vec![0.0; self.degree + 1];
        for (i, &x) in sample.x.iter().enumerate() {
            chebyshev(sample.scaled(x), &mut values);
            columns.iter_mut().zip(&values).for_each(|(column, value)| column[i] = *value);
        }
        let c = self.coefficients(&columns, &sample.y);
        for (&x, prediction) in at.iter().zip(predictions) {
            chebyshev(sample.scaled(x), &mut values);
            *prediction = values.iter().zip(&c).map(|(value, c)| value * c).sum();
        }
        Ok(())
    }
}
