//! Layers of the user's own: the forward part only, the gradient by the tape.

use super::{Built, Layer, LayerOptions, Pass, WeightSpec, layer_options};
use crate::autodiff::{Recorded, Var};
use crate::choice::Choice;
use crate::constraints::Constraint;
use crate::initializers::{GlorotUniform, Initializer};
use crate::regularizers::Regularizer;
use crate::tensor::{DType, IntoShape, Shape, Tensor};
use crate::{Error, Result};
use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

/// A layer without weights from a function of its input (`[batch, ...]`), Keras's `Lambda`; its gradient follows by
/// itself.
///
/// The model names it after `name`. What has weights, or differs between training and inference, implements
/// [`OwnLayer`].
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let swish = layers::from_fn("Swish", |x| x * x.sigmoid());
/// let mut model = Sequential::new().add(Dense::new(4).input_shape([2])).add(swish).add(Dense::new(1));
/// assert_eq!(model.get_layer(1)?.name(), "swish");
/// let (x, y) = (Tensor::new([[0.0, 1.0], [1.0, 0.5]]), Tensor::new([[0.5], [-0.5]]));
/// assert!(model.check_gradients(&x, &y, "mse")?.worst.relative < 1e-6);
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn from_fn(name: &'static str, forward: impl Fn(&Var) -> Var + Send + Sync + 'static) -> Own {
    Own::new(Closure { name, forward })
}

/// What a layer of one's own tells: its weights, and its output. [`Own`] makes a [`Layer`] of it.
///
/// # Example
/// A linear layer whose weights are divided by their size:
/// ```
/// use kiln::prelude::*;
///
/// struct UnitDense {
///     units: usize,
/// }
///
/// impl OwnLayer for UnitDense {
///     fn class_name(&self) -> &'static str {
///         "UnitDense"
///     }
///
///     fn weights(&self, input: &[usize]) -> Vec<Weight> {
///         vec![Weight::new("kernel", [input[0], self.units]), Weight::new("bias", [self.units]).initializer("zeros")]
///     }
///
///     fn forward(&self, x: &Var, weights: &[Var], _context: &Context) -> Var {
///         let kernel = &weights[0] / weights[0].square().sum_keeping(0).sqrt();
///         x.matmul(&kernel) + &weights[1]
///     }
/// }
///
/// let mut model = Sequential::new().seed(1).add(Own::new(UnitDense { units: 3 }).input_shape([2]));
/// assert_eq!(model.weight_names(), ["unit_dense/kernel", "unit_dense/bias"]);
/// let (x, y) = (Tensor::new([[0.0, 1.0], [1.0, 0.5]]), Tensor::ones([2, 3]));
/// assert!(model.check_gradients(&x, &y, "mse")?.worst.relative < 1e-6);
/// # Ok::<(), kiln::Error>(())
/// ```
pub trait OwnLayer: Send + Sync {
    /// The class, after which the model names the layer: `UnitDense` becomes `unit_dense`.
    fn class_name(&self) -> &'static str;

    /// The weights for an input of this shape (without the batch); none unless written.
    fn weights(&self, _input: &[usize]) -> Vec<Weight> {
        Vec::new()
    }

    /// The output for a batch `x` (`[batch, ...]`), from the weights in their order.
    fn forward(&self, x: &Var, weights: &[Var], context: &Context) -> Var;
}

/// What an [`OwnLayer`] may ask in its forward part.
#[derive(Debug)]
pub struct Context {
    training: bool,
    key: u64,
    /// New values of weights that are not trained, by their numbers.
    moved: RefCell<Vec<(usize, Var)>>,
}

impl Context {
    fn new(training: bool, key: u64) -> Self {
        Self { training, key, moved: RefCell::default() }
    }

    /// Whether this is a training pass.
    pub fn is_training(&self) -> bool {
        self.training
    }

    /// Gives a weight that is [not trained](Weight::trainable) a new value of the same shape, such as a moving average;
    /// the next batch finds it. Only training keeps it: predicting and evaluating change no model.
    ///
    /// A weight that is trained, or an unknown number, is reported by the pass.
    ///
    /// # Example
    /// A layer that takes away the mean of what it has seen so far:
    /// ```
    /// use kiln::prelude::*;
    ///
    /// struct Centred;
    ///
    /// impl OwnLayer for Centred {
    ///     fn class_name(&self) -> &'static str {
    ///         "Centred"
    ///     }
    ///
    ///     fn weights(&self, input: &[usize]) -> Vec<Weight> {
    ///         vec![Weight::new("mean", [input[0]]).initializer("zeros").trainable(false)]
    ///     }
    ///
    ///     fn forward(&self, x: &Var, weights: &[Var], context: &Context) -> Var {
    ///         if context.is_training() {
    ///             context.set_weight(0, &(&weights[0] * 0.9 + x.mean_along(0) * 0.1));
    ///         }
    ///         x - &weights[0]
    ///     }
    /// }
    ///
    /// let mut model = Sequential::new().add(Own::new(Centred).input_shape([1])).add(Dense::new(1));
    /// model.compile("sgd", "mse", ())?;
    /// model.train_on_batch(&Tensor::new([[2.0], [4.0]]), &Tensor::zeros([2, 1]))?;
    /// assert_eq!(model.get_weights()?[0].to_vec(), [0.3]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn set_weight(&self, index: usize, value: &Var) {
        self.moved.borrow_mut().push((index, value.detach()));
    }

    /// Numbers drawn evenly from 0..1 in the shape of `x`; each step has its own, and `stream` tells draws of one step
    /// apart.
    pub fn uniform_like(&self, x: &Var, stream: u64) -> Var {
        self.draw(x, stream, |x, key| x.backend().hashed_uniform(x.dtype(), x.shape(), key))
    }

    /// Numbers from the standard normal distribution in the shape of `x`; as [`uniform_like`](Self::uniform_like).
    pub fn normal_like(&self, x: &Var, stream: u64) -> Var {
        self.draw(x, stream, |x, key| x.backend().hashed_normal(x.dtype(), x.shape(), key))
    }

    fn draw(&self, x: &Var, stream: u64, draw: impl FnOnce(&Tensor, u64) -> Tensor) -> Var {
        match x.value() {
            Ok(value) => Var::constant(draw(&value, super::pass::mix(self.key ^ super::pass::mix(stream)))),
            Err(_) => x.clone(),
        }
    }
}

/// A weight of an [`OwnLayer`]: its name and shape, and how it begins. A mistake is reported when the model is built.
#[derive(Debug, Clone)]
pub struct Weight(Result<WeightSpec>);

impl Weight {
    /// A weight that trains and begins as [`GlorotUniform`], as Keras's `add_weight` has it.
    pub fn new(name: &'static str, shape: impl IntoShape) -> Self {
        let spec = shape.into_shape().and_then(|shape| WeightSpec::new(name, &shape, &GlorotUniform.into()));
        Self(spec)
    }

    /// How it begins, by value or by name.
    pub fn initializer(self, initializer: impl Into<Choice<dyn Initializer>>) -> Self {
        Self(self.0.and_then(|spec| {
            let initializer = initializer.into().get();
            Ok(WeightSpec { initializer: initializer.map_err(|error| error.in_context(spec.name))?, ..spec })
        }))
    }

    /// Its penalty, by value or by name.
    pub fn regularizer(self, regularizer: impl Into<Choice<dyn Regularizer>>) -> Self {
        Self(self.0.and_then(|spec| spec.regularized(Some(&regularizer.into()))))
    }

    /// What holds for it after each update, by value or by name.
    pub fn constraint(self, constraint: impl Into<Choice<dyn Constraint>>) -> Self {
        Self(self.0.and_then(|spec| spec.constrained(Some(&constraint.into()))))
    }

    /// Whether it is trained; true by default. One that is not stays as it begins, or as [`Context::set_weight`] says.
    pub fn trainable(self, trainable: bool) -> Self {
        Self(self.0.map(|spec| WeightSpec { trainable, ..spec }))
    }
}

/// A layer of one's own in a model; see [`OwnLayer`] and [`from_fn`].
#[derive(Clone)]
pub struct Own {
    options: LayerOptions,
    layer: Arc<dyn OwnLayer>,
}

layer_options!(Own);

impl Own {
    /// The layer that `layer` describes.
    pub fn new(layer: impl OwnLayer + 'static) -> Self {
        Self { options: LayerOptions::default(), layer: Arc::new(layer) }
    }

    fn output(&self, x: &Var, weights: &[Var], context: &Context) -> Result<Var> {
        let output = self.layer.forward(x, weights, context);
        if output.value()?.shape().first() == x.shape().first() {
            return Ok(output);
        }
        Err(Error::shape(format!(
            "forward returned the shape {} for an input of shape {}",
            output.shape(),
            x.shape()
        ))
        .with_help("the first dimension counts the samples in both"))
    }
}

impl Layer for Own {
    fn class_name(&self) -> &'static str {
        self.layer.class_name()
    }

    fn options(&self) -> &LayerOptions {
        &self.options
    }

    fn build(&self, input: &[usize]) -> Result<Built> {
        let weights =
            self.layer.weights(input).into_iter().map(|weight| weight.0).collect::<Result<Vec<_>>>()?;
        // Two samples of zeros tell the shape of the output.
        let zeros =
            |sizes: &[usize]| Ok(Var::constant(Tensor::filled(DType::Float32, Shape::new(sizes)?, 0.0)));
        let trial: Vec<Var> =
            weights.iter().map(|weight| zeros(&weight.shape)).collect::<Result<Vec<_>>>()?;
        let sizes: Vec<usize> = std::iter::once(2).chain(input.iter().copied()).collect();
        let output = self.output(&zeros(&sizes)?, &trial, &Context::new(false, 0))?;
        Ok(Built { output: output.shape()[1..].to_vec(), weights })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let context = Context::new(pass.is_training(), pass.random_key());
        let variable = |value: Tensor, wanted: bool| {
            if wanted && pass.differentiates() { Var::new(value) } else { Var::constant(value) }
        };
        let input = variable(x.clone(), pass.wants_input_gradient());
        let specs = self.layer.weights(&x.shape()[1..]);
        let trained: Vec<bool> =
            specs.into_iter().map(|weight| weight.0.is_ok_and(|spec| spec.trainable)).collect();
        let weights: Vec<Var> = trained
            .iter()
            .enumerate()
            .map(|(index, trained)| variable(pass.weight(index), pass.is_trainable() && *trained))
            .collect();
        let output = self.output(&input, &weights, &context)?;
        for (index, value) in context.moved.take() {
            let value = moved(index, &value, &weights, &trained)?;
            if pass.is_training() {
                pass.set_weight(index, value);
            }
        }
        let value = output.value()?.cast(x.dtype());
        let inputs = std::iter::once(input).chain(weights).collect();
        pass.record(Recorded { inputs, output });
        Ok(value)
    }

    fn backward(&self, grad: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let Recorded { inputs, output } = pass.recorded()?;
        let wanted: Vec<usize> =
            (0..inputs.len()).filter(|&index| inputs[index].is_differentiable()).collect();
        let of: Vec<&Var> = wanted.iter().map(|&index| &inputs[index]).collect();
        let mut before = grad.clone();
        for (index, gradient) in wanted.iter().zip(output.pull_back(grad, &of)?) {
            match index.checked_sub(1) {
                None => before = gradient,
                Some(weight) => pass.set_gradient(weight, gradient),
            }
        }
        Ok(before)
    }
}

/// The new value of a weight, if it may have one.
fn moved(index: usize, value: &Var, weights: &[Var], trained: &[bool]) -> Result<Tensor> {
    let count = weights.len();
    let Some(weight) = weights.get(index) else {
        return Err(Error::argument(format!(
            "set_weight: there is no weight {index}; the layer has {count}"
        )));
    };
    if trained[index] {
        return Err(Error::argument(format!("set_weight: weight {index} is trained by its gradient"))
            .with_help("`Weight::new(..).trainable(false)` keeps a weight for the layer's own values"));
    }
    let (value, weight) = (value.value()?, weight.value()?);
    if value.shape() != weight.shape() {
        return Err(Error::shape(format!(
            "set_weight: weight {index} has the shape {}, its new value {}",
            weight.shape(),
            value.shape()
        )));
    }
    Ok(value.cast(weight.dtype()))
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Own({}, ..)", self.layer.class_name())
    }
}

struct Closure<F> {
    name: &'static str,
    forward: F,
}

impl<F: Fn(&Var) -> Var + Send + Sync> OwnLayer for Closure<F> {
    fn class_name(&self) -> &'static str {
        self.name
    }

    fn forward(&self, x: &Var, _weights: &[Var], _context: &Context) -> Var {
        (self.forward)(x)
    }
}
