//! Polynomials by least squares, with or without a penalty.

use super::lanes::{LANES, Lane, ZERO, least_squares};
use super::{Regressor, Sample, batched};
use crate::backend::host::simd;
use crate::device::Device;
use crate::{Error, Result};

/// A polynomial of this degree by least squares.
///
/// $$ h(x) = \sum_{k=0}^{d} c_k T_k(u), \qquad u = \frac{2x - (a + b)}{b - a} $$
///
/// The Chebyshev polynomials $T_k$ on the domain $[a, b]$ span the same models as the powers of $x$, but are far better
/// conditioned; $c$ is found by an orthogonal decomposition, not by normal equations. Needs at least $d + 1$ samples.
///
/// # Example
/// ```
/// use kiln::bias_variance::{Polynomial, Regressor, Sample};
/// let sample = Sample::new(vec![0.0, 1.0, 2.0, 3.0], vec![0.0, 1.0, 4.0, 9.0], (0.0, 3.0))?;
/// let mut at = [0.0];
/// Polynomial::new(2).fit_predict(&sample, &[1.5], &mut at)?;
/// assert!((at[0] - 2.25).abs() < 1e-12);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Polynomial {
    degree: usize,
}

impl Polynomial {
    /// A polynomial of this degree; 0 is a constant.
    pub fn new(degree: usize) -> Self {
        Self { degree }
    }
}

impl Regressor for Polynomial {
    fn name(&self) -> String {
        format!("polynomial of degree {}", self.degree)
    }

    fn check(&self, samples: usize) -> Result<()> {
        check_degree("Polynomial", self.degree, samples)
    }

    fn fit_predict(&self, sample: &Sample, at: &[f64], predictions: &mut [f64]) -> Result<()> {
        self.fit_predict_all(Device::HOST, std::slice::from_ref(sample), at, predictions)
    }

    fn device(&self, device: Device) -> Device {
        with_doubles(device)
    }

    fn fit_predict_all(
        &self,
        device: Device,
        samples: &[Sample],
        at: &[f64],
        predictions: &mut [f64],
    ) -> Result<()> {
        samples.iter().try_for_each(|sample| self.check(sample.len()))?;
        solve(device, self.degree, 0.0, samples, at, predictions)
    }
}

/// A polynomial whose coefficients are kept small by a squared penalty.
///
/// $$ \min_c \sum_i \Big(y_i - \sum_k c_k T_k(u_i)\Big)^2 + \alpha \sum_{k \ge 1} c_k^2 $$
///
/// with the scaled Chebyshev polynomials of [`Polynomial`]; the constant is free. The scale of $\alpha$ is that of
/// scikit-learn's `Ridge`. With $\alpha > 0$ the degree may exceed the number of samples.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let sim = bias_variance::Simulation::new(|x| (6.0 * x).sin()).noise(0.5).samples(12).runs(200).seed(1);
/// let free = sim.clone().regressor(Polynomial::new(9)).run()?;
/// let held = sim.regressor(Ridge::new(9, 0.1)).run()?;
/// assert!(held.variance() < free.variance());
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// Source: Hoerl and Kennard, *Ridge regression* (1970).
#[derive(Debug, Clone, PartialEq)]
pub struct Ridge {
    degree: usize,
    alpha: f64,
}

impl Ridge {
    /// A polynomial of this degree with the penalty $\alpha \ge 0$.
    pub fn new(degree: usize, alpha: f64) -> Self {
        Self { degree, alpha }
    }
}

impl Regressor for Ridge {
    fn name(&self) -> String {
        format!("ridge of degree {}, alpha {}", self.degree, self.alpha)
    }

    fn check(&self, samples: usize) -> Result<()> {
        if !(self.alpha.is_finite() && self.alpha >= 0.0) {
            return Err(Error::argument(format!(
                "Ridge: alpha must be at least 0 and finite, but is {}",
                self.alpha
            )));
        }
        if self.alpha > 0.0 { Ok(()) } else { check_degree("Ridge without a penalty", self.degree, samples) }
    }

    fn fit_predict(&self, sample: &Sample, at: &[f64], predictions: &mut [f64]) -> Result<()> {
        self.fit_predict_all(Device::HOST, std::slice::from_ref(sample), at, predictions)
    }

    fn device(&self, device: Device) -> Device {
        with_doubles(device)
    }

    fn fit_predict_all(
        &self,
        device: Device,
        samples: &[Sample],
        at: &[f64],
        predictions: &mut [f64],
    ) -> Result<()> {
        samples.iter().try_for_each(|sample| self.check(sample.len()))?;
        solve(device, self.degree, self.alpha, samples, at, predictions)
    }
}

fn check_degree(what: &str, degree: usize, samples: usize) -> Result<()> {
    if degree < samples {
        return Ok(());
    }
    let needed = degree.saturating_add(1);
    Err(Error::argument(format!(
        "{what}: degree {degree} needs at least {needed} samples, but there are {samples}"
    ))
    .with_help("draw more samples, choose a lower degree, or keep the coefficients small with Ridge"))
}

/// The values of $T_0, \dots, T_d$ at `u`.
pub(super) fn chebyshev(u: f64, values: &mut [f64]) {
    for k in 0..values.len() {
        values[k] = match k {
            0 => 1.0,
            1 => u,
            _ => 2.0 * u * values[k - 1] - values[k - 2],
        };
    }
}

/// The device, or the host where it has no 64-bit numbers.
fn with_doubles(device: Device) -> Device {
    if device.has_doubles() { device } else { Device::HOST }
}

/// Fits and predicts. All samples have one size and one domain.
fn solve(
    device: Device,
    degree: usize,
    alpha: f64,
    samples: &[Sample],
    at: &[f64],
    predictions: &mut [f64],
) -> Result<()> {
    if device == Device::HOST {
        solve_in_lanes(degree, alpha, samples, at, predictions);
        Ok(())
    } else {
        batched::solve(device, degree, alpha, samples, at, predictions)
    }
}

/// [`LANES`] samples at a time, one in each lane of a vector.
fn solve_in_lanes(degree: usize, alpha: f64, samples: &[Sample], at: &[f64], predictions: &mut [f64]) {
    let Some(first) = samples.first() else { return };
    let (columns, points) = (degree + 1, first.len());
    let rows = if alpha > 0.0 { points + degree } else { points };
    let mut basis = vec![0.0; at.len() * columns];
    for (&x, values) in at.iter().zip(basis.chunks_exact_mut(columns)) {
        chebyshev(first.scaled(x), values);
    }
    let mut table = vec![ZERO; rows * (columns + 1)];
    let mut r = vec![ZERO; columns * (columns + 1)];
    let mut c = vec![ZERO; columns];
    let groups = samples.chunks(LANES).zip(predictions.chunks_mut(LANES * at.len()));
    simd(
        #[inline(always)]
        || {
            for (group, out) in groups {
                fill(&mut table, rows, columns, alpha, group);
                least_squares(&mut table, rows, columns, &mut r, &mut c);
                for (j, values) in basis.chunks_exact(columns).enumerate() {
                    let mut sum = ZERO;
                    for (value, c) in values.iter().zip(&c) {
                        for l in 0..LANES {
                            sum[l] += value * c[l];
                        }
                    }
                    for l in 0..group.len() {
                        out[l * at.len() + j] = sum[l];
                    }
                }
            }
        },
    );
}

/// The basis at the points of each sample, its targets, and below them the penalty's rows. Lanes without a sample repeat
/// the first.
#[inline(always)]
fn fill(table: &mut [Lane], rows: usize, columns: usize, alpha: f64, group: &[Sample]) {
    let points = group[0].len();
    for i in 0..points {
        let mut u = ZERO;
        for l in 0..LANES {
            let sample = group.get(l).unwrap_or(&group[0]);
            u[l] = sample.scaled(sample.x[i]);
            table[columns * rows + i][l] = sample.y[i];
        }
        table[i] = [1.0; LANES];
        if columns > 1 {
            table[rows + i] = u;
        }
        for k in 2..columns {
            let (one, two) = (table[(k - 1) * rows + i], table[(k - 2) * rows + i]);
            for l in 0..LANES {
                table[k * rows + i][l] = 2.0 * u[l] * one[l] - two[l];
            }
        }
    }
    for i in points..rows {
        for k in 0..=columns {
            let value = if k == i - points + 1 && k < columns { alpha.sqrt() } else { 0.0 };
            table[k * rows + i] = [value; LANES];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Generator;

    /// The two ways to solve all samples, lanes of vectors and tensors on a device, find the same models.
    #[test]
    fn tensors_find_what_vectors_find() {
        let mut generator = Generator::new(3);
        let mut sample = || {
            let x: Vec<f64> = (0..17).map(|_| 4.0 * generator.uniform() - 1.0).collect();
            let y = x.iter().map(|x| (2.0 * x).sin() + 0.3 * generator.normal()).collect();
            Sample::new(x, y, (-1.0, 3.0)).unwrap()
        };
        let samples: Vec<Sample> = (0..21).map(|_| sample()).collect();
        let at: Vec<f64> = (0..11).map(|i| 0.4 * f64::from(i) - 1.0).collect();
        for (degree, alpha) in [(0, 0.0), (1, 0.0), (5, 0.0), (8, 0.0), (0, 0.5), (6, 0.5), (30, 0.01)] {
            let (mut vectors, mut tensors) = (vec![0.0; 21 * 11], vec![0.0; 21 * 11]);
            solve_in_lanes(degree, alpha, &samples, &at, &mut vectors);
            batched::solve(Device::HOST, degree, alpha, &samples, &at, &mut tensors).unwrap();
            for (vector, tensor) in vectors.iter().zip(&tensors) {
                assert!(
                    (vector - tensor).abs() <= 1e-9 * (1.0 + vector.abs()),
                    "degree {degree}, alpha {alpha}: {tensor} instead of {vector}"
                );
            }
        }
    }
}
