//! The engine on ArrayFire: CUDA, OpenCL, and ArrayFire's own backend for processors.
//!
//! Element-wise work is put off by ArrayFire and fused into one kernel when a product, a sum or a reader needs it;
//! [`Backend::evaluate`] ends a step. A row-major tensor is ArrayFire's column-major array with the sizes in reversed
//! order: the bytes are the same, and nothing is transposed.

use super::{Backend, Binary, Reduction, Unary, host};
use crate::Result;
use crate::activations::Activation;
use crate::device::Device;
use crate::tensor::{DType, Shape, Tensor};
use array::Value;
use engine::{float_type, type_of};
use functions::Type;

mod activation;
mod array;
mod engine;
mod functions;
mod library;
mod movement;
mod pictures;

pub(crate) use engine::{Engine, engines, origin};
pub(crate) use library::gone;

impl Engine {
    /// What the host engine makes of these tensors, for the few things that ArrayFire cannot do.
    fn on_host(
        &'static self,
        tensors: &[&Tensor],
        work: impl FnOnce(&'static host::Host, &[Tensor]) -> Tensor,
    ) -> Tensor {
        let copies: Result<Vec<Tensor>> = tensors.iter().map(|tensor| tensor.to_host()).collect();
        match copies {
            Ok(copies) => self.receive(&work(&host::Host, &copies)),
            Err(error) => {
                let shape = Shape::from_fit(&[1]);
                Value::failed(self, array::sizes(&shape), Type::F32, error).tensor(shape)
            }
        }
    }
}

impl Backend for Engine {
    fn device(&self) -> Device {
        Engine::device(self)
    }

    fn is_lazy(&self) -> bool {
        true
    }

    fn receive(&'static self, host: &Tensor) -> Tensor {
        Value::upload(self, host).tensor(host.shape())
    }

    fn evaluate(&'static self, tensors: &[&Tensor]) -> Result<()> {
        self.evaluate_all(tensors)
    }

    fn full(&'static self, dtype: DType, shape: Shape, value: f64) -> Tensor {
        Value::constant(self, value, array::sizes(&shape), float_type(dtype)).tensor(shape)
    }

    fn unary(&'static self, op: Unary, x: &Tensor) -> Tensor {
        let value = self.as_it_lies(x);
        let result = match op {
            Unary::Neg => value.beside(0.0).binary(&value, |f| f.sub),
            Unary::Square => value.binary(&value, |f| f.mul),
            Unary::Sign => {
                let zero = value.beside(0.0);
                value.compared(&zero, |f| f.gt).binary(&value.compared(&zero, |f| f.lt), |f| f.sub)
            }
            Unary::Exp => value.unary(|f| f.exp),
            Unary::Ln => value.unary(|f| f.log),
            Unary::Sqrt => value.unary(|f| f.sqrt),
            Unary::Abs => value.unary(|f| f.abs),
            Unary::Tanh => value.unary(|f| f.tanh),
            Unary::Sin => value.unary(|f| f.sin),
            Unary::Cos => value.unary(|f| f.cos),
        };
        result.tensor(x.shape())
    }

    fn binary(&'static self, op: Binary, a: &Tensor, b: &Tensor, shape: Shape) -> Tensor {
        let Some((left, right)) = self.stretchable(a, b, &shape) else {
            return self.on_host(&[a, b], |host, copies| host.binary(op, &copies[0], &copies[1], shape));
        };
        apply(op, &left, &right).tensor(shape)
    }

    fn binary_scalar(&'static self, op: Binary, a: &Tensor, scalar: f64, reversed: bool) -> Tensor {
        let value = self.as_it_lies(a);
        let number = value.beside(scalar);
        let (left, right) = if reversed { (&number, &value) } else { (&value, &number) };
        apply(op, left, right).tensor(a.shape())
    }

    fn matmul(&'static self, a: &Tensor, transpose_a: bool, b: &Tensor, transpose_b: bool) -> Tensor {
        let rows = a.shape()[usize::from(transpose_a)];
        let columns = b.shape()[usize::from(!transpose_b)];
        let shape = Shape::from_fit(&[rows, columns]);
        if a.is_empty() || b.is_empty() {
            return self.full(a.dtype(), shape, 0.0);
        }
        movement::product(&self.float(a), transpose_a, &self.float(b), transpose_b).tensor(shape)
    }

    fn reduce(&'static self, op: Reduction, x: &Tensor, split: (usize, usize, usize)) -> Tensor {
        let (outer, axis, inner) = split;
        let shape = Shape::from_fit(&[outer, inner]);
        if x.is_empty() {
            return self.on_host(&[x], |host, copies| host.reduce(op, &copies[0], split));
        }
        let value = self.value_in(x, middle(split)).float(float_type(x.dtype()));
        let result = match op {
            Reduction::Sum => value.along(1, |f| f.sum),
            Reduction::Mean => value.along(1, |f| f.sum).with(axis as f64, |f| f.div),
            Reduction::Max => value.along(1, |f| f.max),
            Reduction::Min => value.along(1, |f| f.min),
        };
        result.shaped(array::sizes(&shape)).tensor(shape)
    }

    fn arg_max(&'static self, x: &Tensor, split: (usize, usize, usize)) -> Tensor {
        if x.is_empty() {
            return self.on_host(&[x], |host, copies| host.arg_max(&copies[0], split));
        }
        let shape = Shape::from_fit(&[split.0, split.2]);
        let value = self.value_in(x, middle(split)).float(float_type(x.dtype()));
        movement::places_of_largest(&value).cast(Type::I32).tensor(shape)
    }

    fn permute(&'static self, x: &Tensor, axes: &[usize], shape: Shape) -> Tensor {
        if x.is_empty() || axes.len() > 4 {
            return self.on_host(&[x], |host, copies| host.permute(&copies[0], axes, shape));
        }
        movement::permuted(&self.float(x), axes, array::sizes(&shape)).tensor(shape)
    }

    fn take_rows(&'static self, x: &Tensor, rows: &[usize]) -> Tensor {
        let taken = movement::rows(self, x, rows);
        let dtype = if x.dtype() == DType::Uint8 { DType::Float32 } else { x.dtype() };
        let shape = x.shape().with_rows(rows.len());
        taken.float(type_of(dtype)).shaped(array::sizes(&shape)).tensor(shape)
    }

    fn concat(&'static self, parts: &[Tensor], axis: usize, shape: Shape) -> Tensor {
        if let [part] = parts {
            return part.reshaped(shape);
        }
        movement::joined(self, parts, axis).shaped(array::sizes(&shape)).tensor(shape)
    }

    fn cast(&'static self, x: &Tensor, dtype: DType) -> Tensor {
        let value = self.as_it_lies(x);
        let result = match dtype {
            DType::Float32 | DType::Float64 => value.float(type_of(dtype)),
            // Bytes read as quotients, which are rounded towards zero afterwards.
            DType::Int32 | DType::Uint8 if value.kind() == Type::U8 => value.float(Type::F32).cast(Type::I32),
            DType::Int32 | DType::Uint8 => value.cast(Type::I32),
        };
        result.tensor(x.shape())
    }

    fn all_finite(&'static self, x: &Tensor) -> bool {
        x.is_empty() || movement::is_all_finite(&self.as_it_lies(x))
    }

    /// Drawn on the host, so that all devices see the same numbers.
    fn hashed_uniform(&'static self, dtype: DType, shape: Shape, key: u64) -> Tensor {
        self.receive(&host::Host.hashed_uniform(dtype, shape, key))
    }

    /// Drawn on the host, so that all devices see the same numbers.
    fn hashed_normal(&'static self, dtype: DType, shape: Shape, key: u64) -> Tensor {
        self.receive(&host::Host.hashed_normal(dtype, shape, key))
    }

    fn one_hot(&'static self, labels: &Tensor, classes: usize, dtype: DType) -> Tensor {
        let kind = float_type(dtype);
        let labels = self.value_in(labels, [1, labels.len() as i64, 1, 1]).float(kind);
        let numbers = self.tables.counting(self, classes, kind);
        let shape = Shape::from_fit(&[labels.sizes()[1] as usize, classes]);
        numbers.compared(&labels, |f| f.eq).tensor(shape)
    }

    fn activate(&'static self, activation: &Activation, x: &Tensor) -> Tensor {
        let value = self.as_it_lies(x);
        match activation::forward(activation, &value) {
            Some(result) => result.tensor(x.shape()),
            None => super::composed::activate(activation, x),
        }
    }

    fn activate_backward(
        &'static self,
        activation: &Activation,
        grad: &Tensor,
        x: &Tensor,
        y: &Tensor,
    ) -> Tensor {
        let sizes = array::sizes(&grad.shape());
        let [grad_value, before, after] = [grad, x, y].map(|tensor| self.value_in(tensor, sizes));
        match activation::derivative(activation, &before, &after) {
            Some(slope) => grad_value.binary(&slope, |f| f.mul).tensor(grad.shape()),
            None => super::composed::activate_backward(activation, grad, x, y),
        }
    }

    /// The mask is drawn on the host.
    fn dropout(&'static self, x: &Tensor, rate: f64, key: u64) -> Tensor {
        let ones = host::Host.full(x.dtype(), x.shape(), 1.0);
        let mask = self.receive(&host::Host.dropout(&ones, rate, key));
        self.binary(Binary::Mul, x, &mask, x.shape())
    }

    fn as_dyn(&'static self) -> &'static dyn Backend {
        self
    }
}

impl Engine {
    /// The array of a floating-point tensor in whatever sizes it has, for operations on each number.
    fn as_it_lies(&'static self, tensor: &Tensor) -> Value {
        self.own(tensor).unwrap_or_else(|| self.value(tensor))
    }

    /// Two arrays whose sizes are equal or 1, where four dimensions are enough for that.
    fn stretchable(&'static self, a: &Tensor, b: &Tensor, shape: &Shape) -> Option<(Value, Value)> {
        if a.shape() == b.shape() {
            let left = self.as_it_lies(a);
            let right = self.value_in(b, left.sizes());
            return Some((left, right));
        }
        let (left, right) = movement::stretchable_sizes(&a.shape(), &b.shape(), shape)?;
        Some((self.value_in(a, left), self.value_in(b, right)))
    }
}

/// (outer, axis, inner) in ArrayFire's order.
fn middle((outer, axis, inner): (usize, usize, usize)) -> array::Sizes {
    [inner as i64, axis as i64, outer as i64, 1]
}

fn apply(op: Binary, a: &Value, b: &Value) -> Value {
    match op {
        Binary::Add => a.binary(b, |f| f.add),
        Binary::Sub => a.binary(b, |f| f.sub),
        Binary::Mul => a.binary(b, |f| f.mul),
        Binary::Div => a.binary(b, |f| f.div),
        Binary::Pow => a.binary(b, |f| f.pow),
        Binary::Max => a.binary(b, |f| f.maxof),
        Binary::Min => a.binary(b, |f| f.minof),
        Binary::Greater => a.compared(b, |f| f.gt),
        Binary::GreaterEqual => a.compared(b, |f| f.ge),
        Binary::Less => a.compared(b, |f| f.lt),
        Binary::LessEqual => a.compared(b, |f| f.le),
        Binary::Equal => a.compared(b, |f| f.eq),
        Binary::NotEqual => a.compared(b, |f| f.neq),
    }
}
