//! Initializers that are matrices with a structure: orthogonal columns, the identity.

use super::Initializer;
use crate::config::{Config, keras_config};
use crate::random::Generator;
use crate::{Error, Result};

/// A matrix with orthonormal columns (or rows, where there are fewer of them), times a gain.
///
/// A normal random matrix is decomposed as Q R, and the signs of R's diagonal are moved into Q, so that Q is drawn evenly
/// from all such matrices.
///
/// Source: Saxe et al., *Exact solutions to the nonlinear dynamics of learning in deep linear networks* (2014).
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let layer = Dense::new(2).kernel_initializer(initializers::Orthogonal::new()).input_shape([2]);
/// let kernel = Sequential::new().seed(1).add(layer).get_weights()?[0].to_vec();
/// let product = kernel[0] * kernel[1] + kernel[2] * kernel[3];
/// assert!(product.abs() < 1e-6);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Orthogonal {
    gain: f64,
}

impl Orthogonal {
    /// A gain of 1.
    pub fn new() -> Self {
        Self { gain: 1.0 }
    }

    /// The factor on the orthogonal matrix.
    pub fn gain(mut self, gain: f64) -> Self {
        self.gain = gain;
        self
    }
}

impl Default for Orthogonal {
    fn default() -> Self {
        Self::new()
    }
}

impl Initializer for Orthogonal {
    fn values(&self, shape: &[usize], generator: &mut Generator) -> Result<Vec<f64>> {
        let [outer @ .., columns] = shape else { return Err(needs_matrix("Orthogonal", shape)) };
        if outer.is_empty() {
            return Err(needs_matrix("Orthogonal", shape));
        }
        let (rows, columns): (usize, usize) = (outer.iter().product(), *columns);
        let (long, short) = (rows.max(columns), rows.min(columns));
        let normal = faer::Mat::from_fn(long, short, |_, _| generator.normal());
        let decomposition = normal.qr();
        let (q, r) = (decomposition.compute_thin_Q(), decomposition.thin_R());
        let entry = |row: usize, column: usize| {
            self.gain * q[(row, column)] * if r[(column, column)] < 0.0 { -1.0 } else { 1.0 }
        };
        let entries = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        Ok(entries
            .map(|(row, column)| if rows < columns { entry(column, row) } else { entry(row, column) })
            .collect())
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(Orthogonal, "keras.initializers", Self::new(), { only "seed": (null); field "gain": (gain); });

/// The identity matrix times a gain.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let layer = Dense::new(2).kernel_initializer(initializers::Identity::new()).input_shape([2]);
/// let kernel = Sequential::new().seed(1).add(layer).get_weights()?[0].to_vec();
/// assert_eq!(kernel, [1.0, 0.0, 0.0, 1.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    gain: f64,
}

impl Identity {
    /// A gain of 1.
    pub fn new() -> Self {
        Self { gain: 1.0 }
    }

    /// The number on the diagonal.
    pub fn gain(mut self, gain: f64) -> Self {
        self.gain = gain;
        self
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self::new()
    }
}

impl Initializer for Identity {
    fn values(&self, shape: &[usize], _: &mut Generator) -> Result<Vec<f64>> {
        let [rows, columns] = *shape else { return Err(needs_matrix("Identity", shape)) };
        Ok((0..rows * columns)
            .map(|index| if index / columns == index % columns { self.gain } else { 0.0 })
            .collect())
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(Identity, "keras.initializers", Self::new(), { field "gain": (gain); });

fn needs_matrix(what: &str, shape: &[usize]) -> Error {
    Error::shape(format!("{what}: the weight must be a matrix, but has the shape {shape:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_with_its_transpose_is_the_identity() {
        for (rows, columns) in [(7, 4), (4, 7), (5, 5)] {
            let q = Orthogonal::new().gain(2.0).values(&[rows, columns], &mut Generator::new(1)).unwrap();
            let (short, long) = (rows.min(columns), rows.max(columns));
            let at =
                |i: usize, k: usize| if rows < columns { q[i * columns + k] } else { q[k * columns + i] };
            for i in 0..short {
                for j in 0..short {
                    let dot: f64 = (0..long).map(|k| at(i, k) * at(j, k)).sum();
                    assert!((dot - if i == j { 4.0 } else { 0.0 }).abs() < 1e-12);
                }
            }
        }
    }
}
