//! How weights begin.

use crate::choice::choice_of;
use crate::config::{Config, keras_config, without_config};
use crate::random::Generator;
use crate::{Error, Result};
use std::fmt::Debug;
use std::sync::Arc;

mod orthogonal;
mod scaling;

pub use orthogonal::{Identity, Orthogonal};
pub use scaling::{
    Distribution, Fan, GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform,
    VarianceScaling,
};

/// Draws the first values of a weight.
///
/// # Example
/// A user's own initializer, every second weight 0:
/// ```
/// use kiln::prelude::*;
/// use kiln::random::Generator;
///
/// #[derive(Debug)]
/// struct HalfZero;
/// impl Initializer for HalfZero {
///     fn values(&self, shape: &[usize], generator: &mut Generator) -> Result<Vec<f64>> {
///         let count: usize = shape.iter().product();
///         Ok((0..count).map(|index| if index % 2 == 0 { 0.0 } else { 0.1 * generator.normal() }).collect())
///     }
/// }
/// let model = Sequential::new().add(Dense::new(4).input_shape([3]).kernel_initializer(HalfZero));
/// assert_eq!(model.get_weights()?[0].to_vec()[2], 0.0);
/// # Ok::<(), kiln::Error>(())
/// ```
pub trait Initializer: Debug + Send + Sync {
    /// The values, row by row, for a weight of this shape (a kernel is `[..., inputs, outputs]`).
    ///
    /// # Errors
    /// When the hyper-parameters or the shape do not allow it.
    fn values(&self, shape: &[usize], generator: &mut Generator) -> Result<Vec<f64>>;

    /// What Keras's JSON says of it; only the built-in initializers have that.
    ///
    /// # Errors
    /// For an initializer of the user's own.
    fn config(&self) -> Result<Config> {
        Err(without_config("initializer", &format_args!("{self:?}")))
    }

    /// The same initializer with a seed of its own: it gives the same values for the same shape each time, whatever the
    /// model's seed is.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let make = || Dense::new(3).input_shape([2]).kernel_initializer(initializers::HeNormal.seed(7));
    /// let weights = |model: Sequential| model.get_weights().map(|weights| weights[0].to_vec());
    /// assert_eq!(weights(Sequential::new().add(make()))?, weights(Sequential::new().add(make()))?);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    fn seed(self, seed: u64) -> Seeded<Self>
    where
        Self: Sized,
    {
        Seeded { inner: self, seed }
    }
}

/// An initializer with a seed of its own; made by [`Initializer::seed`].
#[derive(Debug, Clone, Copy)]
pub struct Seeded<I> {
    inner: I,
    seed: u64,
}

impl<I: Initializer> Initializer for Seeded<I> {
    fn values(&self, shape: &[usize], _: &mut Generator) -> Result<Vec<f64>> {
        self.inner.values(shape, &mut Generator::new(self.seed))
    }

    fn config(&self) -> Result<Config> {
        Ok(self.inner.config()?.with_seed(self.seed))
    }
}

choice_of!(Initializer, by_name);

/// The initializer of this name (Keras's class names and snake names).
///
/// # Errors
/// For an unknown name, with the list of the known ones.
pub fn by_name(name: &str) -> Result<Arc<dyn Initializer>> {
    Ok(match name {
        "zeros" | "zero" | "Zeros" => Arc::new(Zeros),
        "ones" | "one" | "Ones" => Arc::new(Ones),
        "random_normal" | "normal" | "RandomNormal" => Arc::new(RandomNormal::new()),
        "random_uniform" | "uniform" | "RandomUniform" => Arc::new(RandomUniform::new()),
        "truncated_normal" | "TruncatedNormal" => Arc::new(TruncatedNormal::new()),
        "variance_scaling" | "VarianceScaling" => Arc::new(VarianceScaling::new()),
        "glorot_uniform" | "GlorotUniform" => Arc::new(GlorotUniform),
        "glorot_normal" | "GlorotNormal" => Arc::new(GlorotNormal),
        "he_uniform" | "HeUniform" => Arc::new(HeUniform),
        "he_normal" | "HeNormal" => Arc::new(HeNormal),
        "lecun_uniform" | "LecunUniform" => Arc::new(LecunUniform),
        "lecun_normal" | "LecunNormal" => Arc::new(LecunNormal),
        "orthogonal" | "Orthogonal" | "OrthogonalInitializer" => Arc::new(Orthogonal::new()),
        "identity" | "Identity" | "IdentityInitializer" => Arc::new(Identity::new()),
        _ => {
            return Err(Error::unknown_name(
                "initializer",
                name,
                [
                    "zeros",
                    "ones",
                    "random_normal",
                    "random_uniform",
                    "truncated_normal",
                    "variance_scaling",
                    "glorot_uniform",
                    "glorot_normal",
                    "he_uniform",
                    "he_normal",
                    "lecun_uniform",
                    "lecun_normal",
                    "orthogonal",
                    "identity",
                ],
            ));
        }
    })
}

/// Zeros everywhere; Keras's default for biases.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let layer = Dense::new(2).kernel_initializer(initializers::Zeros).input_shape([2]);
/// let kernel = Sequential::new().seed(1).add(layer).get_weights()?[0].to_vec();
/// assert_eq!(kernel, [0.0; 4]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Zeros;

impl Initializer for Zeros {
    fn values(&self, shape: &[usize], _: &mut Generator) -> Result<Vec<f64>> {
        Ok(vec![0.0; shape.iter().product()])
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(Zeros, "keras.initializers", Zeros, {});

/// Ones everywhere.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let layer = Dense::new(2).kernel_initializer(initializers::Ones).input_shape([2]);
/// let kernel = Sequential::new().seed(1).add(layer).get_weights()?[0].to_vec();
/// assert_eq!(kernel, [1.0; 4]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Ones;

impl Initializer for Ones {
    fn values(&self, shape: &[usize], _: &mut Generator) -> Result<Vec<f64>> {
        Ok(vec![1.0; shape.iter().product()])
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(Ones, "keras.initializers", Ones, {});

/// One number everywhere.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let layer = Dense::new(2).kernel_initializer(initializers::Constant::new(0.3)).input_shape([2]);
/// let kernel = Sequential::new().seed(1).add(layer).get_weights()?[0].to_vec();
/// assert_eq!(kernel, [0.3; 4]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Constant(f64);

impl Constant {
    /// This number.
    pub fn new(value: f64) -> Self {
        Self(value)
    }
}

impl Initializer for Constant {
    fn values(&self, shape: &[usize], _: &mut Generator) -> Result<Vec<f64>> {
        Ok(vec![self.0; shape.iter().product()])
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(Constant, "keras.initializers", Constant(0.0), { field "value": (0); });

/// The normal distribution, not truncated.
///
/// `RandomNormal::new().stddev(1.0)` is the plain N(0, 1) with which the lecture starts.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let layer = Dense::new(2).kernel_initializer(initializers::RandomNormal::new().stddev(1.0)).input_shape([2]);
/// let kernel = Sequential::new().seed(1).add(layer).get_weights()?[0].to_vec();
/// assert!(kernel.iter().any(|weight| weight.abs() > 0.1));
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RandomNormal {
    mean: f64,
    stddev: f64,
}

impl RandomNormal {
    /// Mean 0 and standard deviation 0.05, as in Keras.
    pub fn new() -> Self {
        Self { mean: 0.0, stddev: 0.05 }
    }

    /// The mean.
    pub fn mean(mut self, mean: f64) -> Self {
        self.mean = mean;
        self
    }

    /// The standard deviation, at least 0.
    pub fn stddev(mut self, stddev: f64) -> Self {
        self.stddev = stddev;
        self
    }
}

impl Default for RandomNormal {
    fn default() -> Self {
        Self::new()
    }
}

impl Initializer for RandomNormal {
    fn values(&self, shape: &[usize], generator: &mut Generator) -> Result<Vec<f64>> {
        let stddev = not_negative("RandomNormal", self.stddev)?;
        Ok(draw(shape, || self.mean + stddev * generator.normal()))
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(RandomNormal, "keras.initializers", Self::new(), {
    only "seed": (null);
    field "mean": (mean);
    field "stddev": (stddev);
});

/// Even draws between two bounds.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let layer = Dense::new(2).kernel_initializer(initializers::RandomUniform::new().minval(0.0).maxval(0.5)).input_shape([2]);
/// let kernel = Sequential::new().seed(1).add(layer).get_weights()?[0].to_vec();
/// assert!(kernel.iter().all(|weight| (0.0..0.5).contains(weight)));
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RandomUniform {
    minval: f64,
    maxval: f64,
}

impl RandomUniform {
    /// From -0.05 to 0.05, as in Keras.
    pub fn new() -> Self {
        Self { minval: -0.05, maxval: 0.05 }
    }

    /// The lower bound.
    pub fn minval(mut self, minval: f64) -> Self {
        self.minval = minval;
        self
    }

    /// The upper bound.
    pub fn maxval(mut self, maxval: f64) -> Self {
        self.maxval = maxval;
        self
    }
}

impl Default for RandomUniform {
    fn default() -> Self {
        Self::new()
    }
}

impl Initializer for RandomUniform {
    fn values(&self, shape: &[usize], generator: &mut Generator) -> Result<Vec<f64>> {
        if self.minval.is_nan() || self.maxval.is_nan() || self.minval > self.maxval {
            return Err(Error::argument(format!(
                "RandomUniform: minval {} must not be above maxval {}",
                self.minval, self.maxval
            )));
        }
        Ok(draw(shape, || self.minval + (self.maxval - self.minval) * generator.uniform()))
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(RandomUniform, "keras.initializers", Self::new(), {
    only "seed": (null);
    field "minval": (minval);
    field "maxval": (maxval);
});

/// The normal distribution, drawn again beyond two standard deviations; so the deviation of what is drawn is 0.88 of
/// the given one, as in Keras.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let layer = Dense::new(2).kernel_initializer(initializers::TruncatedNormal::new().stddev(0.1)).input_shape([2]);
/// let kernel = Sequential::new().seed(1).add(layer).get_weights()?[0].to_vec();
/// assert!(kernel.iter().all(|weight| weight.abs() <= 0.2));
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TruncatedNormal {
    mean: f64,
    stddev: f64,
}

impl TruncatedNormal {
    /// Mean 0 and standard deviation 0.05, as in Keras.
    pub fn new() -> Self {
        Self { mean: 0.0, stddev: 0.05 }
    }

    /// The mean.
    pub fn mean(mut self, mean: f64) -> Self {
        self.mean = mean;
        self
    }

    /// The standard deviation before truncation, at least 0.
    pub fn stddev(mut self, stddev: f64) -> Self {
        self.stddev = stddev;
        self
    }
}

impl Default for TruncatedNormal {
    fn default() -> Self {
        Self::new()
    }
}

impl Initializer for TruncatedNormal {
    fn values(&self, shape: &[usize], generator: &mut Generator) -> Result<Vec<f64>> {
        let stddev = not_negative("TruncatedNormal", self.stddev)?;
        Ok(draw(shape, || self.mean + stddev * truncated_normal(generator)))
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(TruncatedNormal, "keras.initializers", Self::new(), {
    only "seed": (null);
    field "mean": (mean);
    field "stddev": (stddev);
});

fn truncated_normal(generator: &mut Generator) -> f64 {
    loop {
        let draw = generator.normal();
        if draw.abs() < 2.0 {
            return draw;
        }
    }
}

fn draw(shape: &[usize], mut next: impl FnMut() -> f64) -> Vec<f64> {
    (0..shape.iter().product()).map(|_| next()).collect()
}

fn not_negative(what: &str, stddev: f64) -> Result<f64> {
    if stddev >= 0.0 && stddev.is_finite() {
        return Ok(stddev);
    }
    Err(Error::argument(format!("{what}: stddev must be at least 0, but is {stddev}")))
}
