//! A small tape: gradients of what users write themselves.
//!
//! A [`Var`] is a tensor that remembers how it was computed. What is written with its operators and methods, which have
//! the names of [`Tensor`]'s, can be differentiated; so a loss or a layer of one's own needs its forward part only. See
//! [`losses::from_fn`](crate::losses::from_fn) and [`layers::from_fn`](crate::layers::from_fn).

use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

mod activations;
mod elementwise;
mod parts;
mod reduce;

pub use elementwise::VarOperand;
pub use reduce::IntoAxes;

/// A tensor that remembers how it was computed.
///
/// Operations never fail on the spot: a mistake, such as shapes that do not fit, is carried along, and is the error of
/// whoever asks for the value or a gradient. A clone is the same variable, and costs nothing.
///
/// # Example
/// $f(x) = \sum_i x_i^3$ has the gradient $3 x^2$:
/// ```
/// use kiln::prelude::*;
/// let x = Var::new(Tensor::new([1.0, 2.0, -3.0]));
/// let f = (&x * &x * &x).sum();
/// assert_eq!(f.value()?.item()?, -18.0);
/// assert_eq!(f.gradient(&x)?.to_vec(), [3.0, 12.0, 27.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Clone)]
pub struct Var(Arc<Node>);

struct Node {
    /// Larger than that of everything it was computed from.
    number: u64,
    value: Result<Tensor>,
    /// Whether a gradient may be asked for of something that it was computed from, or of itself.
    differentiable: bool,
    edges: Vec<Edge>,
}

/// How the gradient goes back to something that a node was computed from.
struct Edge {
    parent: Var,
    pull: Box<dyn Fn(&Tensor) -> Result<Tensor> + Send + Sync>,
}

impl Var {
    /// A variable with this value, of which gradients can be asked.
    pub fn new(value: Tensor) -> Self {
        Self::node(Ok(value.to_float()), true, Vec::new())
    }

    /// A value that gradients do not go back to.
    pub fn constant(value: Tensor) -> Self {
        Self::node(Ok(value.to_float()), false, Vec::new())
    }

    /// The value.
    ///
    /// # Errors
    /// The first mistake in the computation.
    pub fn value(&self) -> Result<Tensor> {
        self.0.value.clone()
    }

    /// The shape; that of a mistake is empty.
    pub fn shape(&self) -> Shape {
        self.0.value.as_ref().map_or(Shape::from_fit(&[]), Tensor::shape)
    }

    /// The same value, which gradients do not go back to.
    pub fn detach(&self) -> Self {
        Self::node(self.value(), false, Vec::new())
    }

    /// The gradient of this variable (of the sum of its numbers, if it has several) with respect to another that it was
    /// computed from; zeros where it was not.
    ///
    /// # Errors
    /// The first mistake in the computation.
    pub fn gradient(&self, of: &Self) -> Result<Tensor> {
        let mut gradients = self.gradients(&[of])?;
        gradients.pop().ok_or_else(|| Error::state("no gradient was asked for"))
    }

    /// The gradients of this variable (of the sum of its numbers, if it has several) with respect to several others.
    ///
    /// # Errors
    /// The first mistake in the computation.
    pub fn gradients(&self, of: &[&Self]) -> Result<Vec<Tensor>> {
        let value = self.value()?;
        self.pull_back(&value.backend().full(value.dtype(), value.shape(), 1.0), of)
    }

    pub(crate) fn is_differentiable(&self) -> bool {
        self.0.differentiable
    }

    /// The gradients of the sum of this variable's numbers, each times its number in `upstream`.
    pub(crate) fn pull_back(&self, upstream: &Tensor, of: &[&Self]) -> Result<Vec<Tensor>> {
        let value = self.value()?;
        let mut found: Vec<Option<Tensor>> = vec![None; of.len()];
        // Nodes by number: the largest has all its gradient together once it is the last.
        let mut open: BTreeMap<u64, (Self, Tensor)> = BTreeMap::new();
        open.insert(self.0.number, (self.clone(), upstream.reshape(value.shape())?.cast(value.dtype())));
        while let Some((number, (var, gradient))) = open.pop_last() {
            for (asked, found) in of.iter().zip(&mut found) {
                if asked.0.number == number {
                    *found = Some(gradient.clone());
                }
            }
            for edge in &var.0.edges {
                let parent = &edge.parent;
                let part = (edge.pull)(&gradient)?.cast(parent.value()?.dtype());
                let sum = match open.remove(&parent.0.number) {
                    Some((_, sum)) => sum + part,
                    None => part,
                };
                open.insert(parent.0.number, (parent.clone(), sum));
            }
        }
        let zeros = |asked: &Self| {
            let value = asked.value()?;
            Ok(value.backend().full(value.dtype(), value.shape(), 0.0))
        };
        of.iter().zip(found).map(|(asked, found)| found.map_or_else(|| zeros(asked), Ok)).collect()
    }

    fn node(value: Result<Tensor>, differentiable: bool, edges: Vec<Edge>) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        Self(Arc::new(Node { number: NUMBER.fetch_add(1, Ordering::Relaxed), value, differentiable, edges }))
    }

    /// A mistake, for whoever asks for the value.
    fn failed(error: Error) -> Self {
        Self::node(Err(error), false, Vec::new())
    }

    /// What was computed, with the ways back of those parents that want gradients.
    fn computed(what: &str, value: Result<Tensor>, edges: impl IntoIterator<Item = Option<Edge>>) -> Self {
        match value {
            Err(error) => Self::failed(error.in_context(what)),
            Ok(value) => {
                let edges: Vec<Edge> = edges.into_iter().flatten().collect();
                Self::node(Ok(value), !edges.is_empty(), edges)
            }
        }
    }

    /// A way back, where it is wanted.
    fn edge(&self, pull: impl Fn(&Tensor) -> Result<Tensor> + Send + Sync + 'static) -> Option<Edge> {
        self.0.differentiable.then(|| Edge { parent: self.clone(), pull: Box::new(pull) })
    }

    /// An operation on one variable; `pull` gets the gradient, the operation's input and its output.
    fn apply(
        &self,
        what: &str,
        operation: impl FnOnce(&Tensor) -> Result<Tensor>,
        pull: impl Fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor> + Send + Sync + 'static,
    ) -> Self {
        let x = match self.value() {
            Ok(x) => x,
            Err(error) => return Self::failed(error),
        };
        let y = match operation(&x) {
            Ok(y) => y,
            Err(error) => return Self::failed(error.in_context(what)),
        };
        let edge = self.edge({
            let y = y.clone();
            move |gradient| pull(gradient, &x, &y)
        });
        Self::computed(what, Ok(y), [edge])
    }
}

/// Long chains are taken apart one by one, not by recursion.
impl Drop for Node {
    fn drop(&mut self) {
        let mut edges = std::mem::take(&mut self.edges);
        while let Some(edge) = edges.pop() {
            if let Some(mut node) = Arc::into_inner(edge.parent.0) {
                edges.append(&mut node.edges);
            }
        }
    }
}

impl fmt::Debug for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.value {
            Ok(value) => write!(f, "Var({value:?})"),
            Err(error) => write!(f, "Var({error:?})"),
        }
    }
}

impl From<Tensor> for Var {
    fn from(value: Tensor) -> Self {
        Self::constant(value)
    }
}

impl From<&Tensor> for Var {
    fn from(value: &Tensor) -> Self {
        Self::constant(value.clone())
    }
}

impl From<f64> for Var {
    fn from(value: f64) -> Self {
        Self::constant(Tensor::scalar(value))
    }
}

/// What has been recorded between the inputs and the output of a layer, for its backward.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) inputs: Vec<Var>,
    pub(crate) output: Var,
}

#[cfg(test)]
mod tests;
