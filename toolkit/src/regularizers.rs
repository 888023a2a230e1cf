//! Penalties on weights, added to the loss.

use crate::choice::choice_of;
use crate::config::{Config, keras_config, without_config};
use crate::{Error, Result, Tensor};
use std::fmt::Debug;
use std::sync::Arc;

mod orthogonal;

pub use orthogonal::{OrthogonalMode, OrthogonalRegularizer};

/// A penalty on a weight and its gradient. It applies to trainable weights, once a batch, and is not divided by the size
/// of the batch.
pub trait Regularizer: Debug + Send + Sync {
    /// The penalty: a tensor of one element.
    fn penalty(&self, weight: &Tensor) -> Tensor;

    /// The gradient of the penalty, to be added to that of the loss.
    fn gradient(&self, weight: &Tensor) -> Tensor;

    /// Reports hyper-parameters outside their range.
    ///
    /// # Errors
    /// With the name, the range and the value.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Reports a weight of a shape (an output, with its batch) that the penalty is not made for.
    ///
    /// # Errors
    /// With the shape.
    fn check_shape(&self, _shape: &[usize]) -> Result<()> {
        Ok(())
    }

    /// What Keras's JSON says of it; only the built-in regularizers have that.
    ///
    /// # Errors
    /// For a regularizer of the user's own.
    fn config(&self) -> Result<Config> {
        Err(without_config("regularizer", &format_args!("{self:?}")))
    }
}

choice_of!(Regularizer, by_name);

/// The regularizer of this name, with Keras's default factors.
///
/// # Errors
/// For an unknown name, with the list of the known ones.
pub fn by_name(name: &str) -> Result<Arc<dyn Regularizer>> {
    Ok(match name {
        "l1" | "L1" => Arc::new(L1::new(0.01)),
        "l2" | "L2" => Arc::new(L2::new(0.01)),
        "l1l2" | "L1L2" => Arc::new(L1L2::new()),
        "orthogonal_regularizer" | "OrthogonalRegularizer" => Arc::new(OrthogonalRegularizer::new()),
        _ => {
            let names = ["l1", "l2", "l1l2", "orthogonal_regularizer"];
            return Err(Error::unknown_name("regularizer", name, names));
        }
    })
}

/// $\lambda \sum |w|$: drives weights to exactly 0.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let penalty = L1::new(0.1).penalty(&Tensor::new([1.0, -2.0]));
/// assert!((penalty.item()? - 0.3).abs() < 1e-7);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct L1(f64);

impl L1 {
    /// With this factor $\lambda$ (Keras's default is 0.01).
    pub fn new(l1: f64) -> Self {
        Self(l1)
    }
}

impl Regularizer for L1 {
    fn penalty(&self, weight: &Tensor) -> Tensor {
        weight.abs().sum() * self.0
    }

    fn gradient(&self, weight: &Tensor) -> Tensor {
        slope_of_abs(weight) * self.0
    }

    fn check(&self) -> Result<()> {
        factor("L1", self.0)
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(L1, "keras.regularizers", Self::new(0.01), { field "l1": (0); });

/// $\lambda \sum w^2$, without the factor 1/2, as in Keras: shrinks weights in proportion to their size.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let penalty = L2::new(0.1).penalty(&Tensor::new([1.0, -2.0]));
/// assert!((penalty.item()? - 0.5).abs() < 1e-7);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct L2(f64);

impl L2 {
    /// With this factor $\lambda$ (Keras's default is 0.01).
    pub fn new(l2: f64) -> Self {
        Self(l2)
    }
}

impl Regularizer for L2 {
    fn penalty(&self, weight: &Tensor) -> Tensor {
        weight.square().sum() * self.0
    }

    fn gradient(&self, weight: &Tensor) -> Tensor {
        weight * (2.0 * self.0)
    }

    fn check(&self) -> Result<()> {
        factor("L2", self.0)
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(L2, "keras.regularizers", Self::new(0.01), { field "l2": (0); });

/// $\lambda_1 \sum |w| + \lambda_2 \sum w^2$; both factors are 0 until they are set, as in Keras.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let penalty = L1L2::new().l1(0.1).l2(0.2).penalty(&Tensor::new([1.0, -2.0]));
/// assert!((penalty.item()? - 1.3).abs() < 1e-6);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct L1L2 {
    l1: f64,
    l2: f64,
}

impl L1L2 {
    /// Without a penalty yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The factor of the absolute values.
    pub fn l1(mut self, l1: f64) -> Self {
        self.l1 = l1;
        self
    }

    /// The factor of the squares.
    pub fn l2(mut self, l2: f64) -> Self {
        self.l2 = l2;
        self
    }
}

impl Regularizer for L1L2 {
    fn penalty(&self, weight: &Tensor) -> Tensor {
        L1(self.l1).penalty(weight) + L2(self.l2).penalty(weight)
    }

    fn gradient(&self, weight: &Tensor) -> Tensor {
        L1(self.l1).gradient(weight) + L2(self.l2).gradient(weight)
    }

    fn check(&self) -> Result<()> {
        factor("L1L2: l1", self.l1).and_then(|()| factor("L1L2: l2", self.l2))
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(L1L2, "keras.regularizers", Self::new(), { field "l1": (l1); field "l2": (l2); });

/// The derivative of $|x|$. At 0, where there is none, it is 1 as in Keras on JAX: a weight that begins at 0 is moved at once.
pub(crate) fn slope_of_abs(x: &Tensor) -> Tensor {
    let sign = x.sign();
    &sign - sign.square() + 1.0
}

fn factor(what: &str, factor: f64) -> Result<()> {
    if factor >= 0.0 && factor.is_finite() {
        return Ok(());
    }
    Err(Error::argument(format!("{what}: the factor must be at least 0 and finite, but is {factor}")))
}
