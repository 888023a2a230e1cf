//! Functions of one variable, and the ways of optimizers on them.

use super::Outcome;
use super::walker::Walker;
use crate::choice::Choice;
use crate::optimizers::Optimizer;
use crate::plot::{self, Figure};
use crate::{Error, Result};
use std::fmt;
use std::sync::Arc;

type Function = Arc<dyn Fn(f64) -> f64 + Send + Sync>;

/// A function of one variable with its derivative and the part of the axis that is worth showing.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let curve = surfaces::Curve::new("parabola", |x| x * x, |x| 2.0 * x).domain(-3.0, 3.0);
/// let path = curve.descend(SGD::new(0.1), 2.5, 40)?;
/// assert!(path.last().abs() < 1e-3);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Clone)]
pub struct Curve {
    name: String,
    value: Function,
    derivative: Function,
    domain: (f64, f64),
}

/// A curve with a shallow local minimum near $x = 1.131$ and the global one near $x = -1.301$.
///
/// $$ f(x) = x^4 - 3 x^2 + x $$
///
/// Plain gradient descent from the right stays in the shallow one; with enough momentum it rolls over the hill between.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let curve = surfaces::local_minima();
/// let stuck = curve.descend(SGD::new(0.01), 1.8, 300)?;
/// let free = curve.descend(SGD::new(0.01).momentum(0.9), 1.8, 300)?;
/// assert!(stuck.last() > 1.0 && free.last() < -1.0);
/// let figure = curve.figure(&[stuck, free.named("momentum")]);
/// # let _ = figure;
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn local_minima() -> Curve {
    Curve::new("Local minima", |x| x.powi(4) - 3.0 * x * x + x, |x| 4.0 * x.powi(3) - 6.0 * x + 1.0)
        .domain(-2.1, 2.1)
}

impl Curve {
    /// A curve from its value and its derivative; shown on $-5 \le x \le 5$ unless told otherwise.
    pub fn new(
        name: impl Into<String>,
        value: impl Fn(f64) -> f64 + Send + Sync + 'static,
        derivative: impl Fn(f64) -> f64 + Send + Sync + 'static,
    ) -> Self {
        let (value, derivative) = (Arc::new(value), Arc::new(derivative));
        Self { name: name.into(), value, derivative, domain: (-5.0, 5.0) }
    }

    /// What to show: lowest and highest x.
    #[must_use]
    pub fn domain(mut self, low: f64, high: f64) -> Self {
        self.domain = (low, high);
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value.
    pub fn value(&self, x: f64) -> f64 {
        (self.value)(x)
    }

    /// The derivative $f'(x)$.
    pub fn derivative(&self, x: f64) -> f64 {
        (self.derivative)(x)
    }

    /// The way of an optimizer from `start`; ends early where it is no longer finite, as on a surface.
    ///
    /// # Errors
    /// A start where the function is not finite, and hyper-parameters outside their range.
    ///
    /// # Example
    /// See [`local_minima`].
    pub fn descend(
        &self,
        optimizer: impl Into<Choice<dyn Optimizer>>,
        start: f64,
        steps: usize,
    ) -> Result<CurvePath> {
        let optimizer = optimizer.into().get()?;
        let name = optimizer.class_name().to_string();
        let first = self.value(start);
        if !(start.is_finite() && first.is_finite()) {
            return Err(Error::argument(format!(
                "{}: a descent must start where the function is finite, but at {start} it is {first}",
                self.name
            )));
        }
        let mut walker = Walker::new(optimizer, &[start])?;
        let mut path =
            CurvePath { name, positions: vec![start], values: vec![first], outcome: Outcome::Finished };
        for _ in 0..steps {
            if crate::notebook::interrupted() {
                path.outcome = Outcome::Interrupted;
                break;
            }
            let place = walker.step(&[self.derivative(path.last())])?[0];
            let value = self.value(place);
            if !(place.is_finite() && value.is_finite()) {
                path.outcome = Outcome::Diverged;
                break;
            }
            path.positions.push(place);
            path.values.push(value);
        }
        Ok(path)
    }

    /// The curve with these ways on it.
    ///
    /// # Example
    /// See [`local_minima`].
    pub fn figure(&self, paths: &[CurvePath]) -> Figure {
        let ways: Vec<(String, Vec<f64>)> =
            paths.iter().map(|path| (path.legend(), path.positions.clone())).collect();
        plot::descent_on_line(|x| self.value(x), self.domain, &ways).title(&self.name)
    }
}

impl fmt::Debug for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Curve")
            .field("name", &self.name)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

/// The places that an optimizer visited on a [`Curve`], from its start on, and the values there.
///
/// # Example
/// See [`local_minima`].
#[derive(Debug, Clone, PartialEq)]
pub struct CurvePath {
    name: String,
    positions: Vec<f64>,
    values: Vec<f64>,
    outcome: Outcome,
}

impl CurvePath {
    /// The same path under another name in the legend.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The name in the legend: the optimizer's, unless [`named`](Self::named) gave another.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The places, the start first.
    pub fn positions(&self) -> &[f64] {
        &self.positions
    }

    /// The function's value at each place.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The last place.
    pub fn last(&self) -> f64 {
        self.positions.last().copied().unwrap_or(f64::NAN)
    }

    /// How the descent ended.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Whether it ended early, since the next place or value was not finite.
    pub fn diverged(&self) -> bool {
        self.outcome == Outcome::Diverged
    }

    fn legend(&self) -> String {
        if self.diverged() { format!("{} (diverged)", self.name) } else { self.name.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizers::SGD;

    #[test]
    fn derivative_agrees_with_differences_and_minima_are_where_they_are_said_to_be() {
        let curve = local_minima();
        for i in -20..=20 {
            let (x, h) = (f64::from(i) / 10.0, 1e-5);
            let rough = (curve.value(x + h) - curve.value(x - h)) / (2.0 * h);
            assert!((rough - curve.derivative(x)).abs() < 1e-8, "at {x}");
        }
        assert!(curve.derivative(1.131).abs() < 1e-2 && curve.derivative(-1.301).abs() < 1e-2);
    }

    #[test]
    fn a_wild_rate_ends_the_path_and_says_so() -> Result<()> {
        let path = local_minima().descend(SGD::new(1.0), 1.8, 100)?;
        assert!(path.diverged() && path.values().iter().all(|value| value.is_finite()));
        assert!(local_minima().descend(SGD::new(0.1), f64::NAN, 5).is_err());
        Ok(())
    }
}
