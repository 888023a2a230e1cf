//! Constraints: what holds for a weight after each update.

use crate::choice::choice_of;
use crate::config::{Config, keras_config, without_config};
use crate::layers::Axes;
use crate::optimizers::check_range;
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};
use std::fmt::Debug;
use std::sync::Arc;

/// What norms are kept away from 0 by.
const EPSILON: f64 = 1e-7;

/// Projects a weight onto what is allowed; applied after each update.
pub trait Constraint: Debug + Send + Sync {
    /// The weight as it may be.
    ///
    /// # Errors
    /// When the weight has no such axis.
    fn apply(&self, weight: &Tensor) -> Result<Tensor>;

    /// Reports hyper-parameters outside their range.
    ///
    /// # Errors
    /// With the name, the range and the value.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// What Keras's JSON says of it; only the built-in ones have that.
    ///
    /// # Errors
    /// For one of the user's own.
    fn config(&self) -> Result<Config> {
        Err(without_config("constraint", &format_args!("{self:?}")))
    }
}

choice_of!(Constraint, by_name);

/// The constraint of this name, with Keras's default bounds.
///
/// # Errors
/// For an unknown name, with the list of the known ones.
pub fn by_name(name: &str) -> Result<Arc<dyn Constraint>> {
    Ok(match name {
        "max_norm" | "MaxNorm" => Arc::new(MaxNorm::new(2.0)),
        "non_neg" | "NonNeg" => Arc::new(NonNeg),
        "unit_norm" | "UnitNorm" => Arc::new(UnitNorm::new()),
        "min_max_norm" | "MinMaxNorm" => Arc::new(MinMaxNorm::new(0.0, 1.0)),
        _ => {
            let names = ["max_norm", "non_neg", "unit_norm", "min_max_norm"];
            return Err(Error::unknown_name("constraint", name, names));
        }
    })
}

/// The norms along axes, which stay with size 1.
fn norms(weight: &Tensor, axes: &Axes) -> Result<Tensor> {
    let mut sums = weight.square();
    for &axis in &axes.axes {
        let mut sizes = sums.shape().to_vec();
        sizes[sums.shape().axis(axis)?] = 1;
        sums = sums.sum_along(axis)?.reshaped(Shape::from_fit(&sizes));
    }
    Ok(sums.sqrt())
}

/// $w \cdot \min(n, r) / (n + 10^{-7})$ with the norm $n$ along an axis: no unit's incoming weights are longer than $r$.
///
/// As in Keras, columns within the bound shrink by the tiny $10^{-7}$ too.
///
/// # Example
/// ```
/// use kiln::constraints::{Constraint, MaxNorm};
/// use kiln::prelude::*;
/// let w = MaxNorm::new(1.0).apply(&Tensor::new([[3.0], [4.0]]))?;
/// assert!((w.square().sum().item()? - 1.0).abs() < 1e-6);
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// Source: Srivastava et al., *Dropout* (2014), section 5.1.
#[derive(Debug, Clone)]
pub struct MaxNorm {
    pub(crate) max_value: f64,
    pub(crate) axis: Axes,
}

impl MaxNorm {
    /// With this largest norm, at least 0 (Keras's default is 2), along axis 0: of each unit's incoming weights.
    pub fn new(max_value: f64) -> Self {
        Self { max_value, axis: 0.into() }
    }

    /// The axis or axes along which norms are taken; 0 by default, `[0, 1, 2]` for a convolution's kernel.
    pub fn axis(mut self, axis: impl Into<Axes>) -> Self {
        self.axis = axis.into();
        self
    }
}

impl Constraint for MaxNorm {
    fn apply(&self, weight: &Tensor) -> Result<Tensor> {
        let norms = norms(weight, &self.axis)?;
        Ok(weight * (norms.clip(0.0, self.max_value) / (norms + EPSILON)))
    }

    fn check(&self) -> Result<()> {
        check_range("MaxNorm: max_value", self.max_value, 0.0..f64::INFINITY)
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(MaxNorm, "keras.constraints", Self::new(2.0), { field "max_value": (max_value); field "axis": (axis); });

/// $\max(w, 0)$.
///
/// # Example
/// ```
/// use kiln::constraints::{Constraint, NonNeg};
/// use kiln::prelude::*;
/// assert_eq!(NonNeg.apply(&Tensor::new([-1.0, 2.0]))?.to_vec(), [0.0, 2.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct NonNeg;

impl Constraint for NonNeg {
    fn apply(&self, weight: &Tensor) -> Result<Tensor> {
        Ok(weight.clip(0.0, f64::INFINITY))
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(NonNeg, "keras.constraints", Self, {});

/// $w / (n + 10^{-7})$ with the norm $n$ along an axis.
///
/// # Example
/// ```
/// use kiln::constraints::{Constraint, UnitNorm};
/// use kiln::prelude::*;
/// let w = UnitNorm::new().apply(&Tensor::new([[3.0], [4.0]]))?;
/// assert!((w.square().sum().item()? - 1.0).abs() < 1e-6);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct UnitNorm {
    pub(crate) axis: Axes,
}

impl Default for UnitNorm {
    fn default() -> Self {
        Self::new()
    }
}

impl UnitNorm {
    /// Along axis 0: of each unit's incoming weights.
    pub fn new() -> Self {
        Self { axis: 0.into() }
    }

    /// The axis or axes along which norms are taken; 0 by default, `[0, 1, 2]` for a convolution's kernel.
    pub fn axis(mut self, axis: impl Into<Axes>) -> Self {
        self.axis = axis.into();
        self
    }
}

impl Constraint for UnitNorm {
    fn apply(&self, weight: &Tensor) -> Result<Tensor> {
        Ok(weight / (norms(weight, &self.axis)? + EPSILON))
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(UnitNorm, "keras.constraints", Self::new(), { field "axis": (axis); });

/// Norms along an axis are moved into bounds, at once or by a share `rate` of the way in each step.
///
/// $$ w \cdot \frac{r \, \mathrm{clip}(n, a, b) + (1 - r) n}{n + 10^{-7}} $$
///
/// # Example
/// ```
/// use kiln::constraints::{Constraint, MinMaxNorm};
/// use kiln::prelude::*;
/// let w = MinMaxNorm::new(0.5, 1.5).rate(0.5).apply(&Tensor::new([[3.0], [4.0]]))?;
/// assert!((w.square().sum().item()?.sqrt() - 3.25).abs() < 1e-5);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MinMaxNorm {
    pub(crate) min_value: f64,
    pub(crate) max_value: f64,
    pub(crate) rate: f64,
    pub(crate) axis: Axes,
}

impl MinMaxNorm {
    /// Between these norms (Keras's defaults are 0 and 1), along axis 0, at once.
    pub fn new(min_value: f64, max_value: f64) -> Self {
        Self { min_value, max_value, rate: 1.0, axis: 0.into() }
    }

    /// The share of the way into the bounds that each step goes, in `0.0..=1.0`; 1 by default.
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = rate;
        self
    }

    /// The axis or axes along which norms are taken; 0 by default, `[0, 1, 2]` for a convolution's kernel.
    pub fn axis(mut self, axis: impl Into<Axes>) -> Self {
        self.axis = axis.into();
        self
    }
}

impl Constraint for MinMaxNorm {
    fn apply(&self, weight: &Tensor) -> Result<Tensor> {
        let norms = norms(weight, &self.axis)?;
        let wanted = norms.clip(self.min_value, self.max_value) * self.rate + &norms * (1.0 - self.rate);
        Ok(weight * (wanted / (norms + EPSILON)))
    }

    fn check(&self) -> Result<()> {
        check_range("MinMaxNorm: min_value", self.min_value, 0.0..f64::INFINITY)?;
        check_range("MinMaxNorm: max_value", self.max_value, self.min_value..f64::INFINITY)?;
        check_range("MinMaxNorm: rate", self.rate, 0.0..=1.0)
    }

    fn config(&self) -> Result<Config> {
        Config::of(self)
    }
}

keras_config!(MinMaxNorm, "keras.constraints", Self::new(0.0, 1.0), {
    field "min_value": (min_value);
    field "max_value": (max_value);
    field "rate": (rate);
    field "axis": (axis);
});
