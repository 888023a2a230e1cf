//! The pure-Rust engine: products by faer, element-wise work fused and vectorised, buffers from a pool.

use super::{AdamStep, Backend, Binary, LinearGradients, Normalized, Reduction, SgdStep, Unary, UpdateRule};
use crate::activations::Activation;
use crate::device::Device;
use crate::tensor::{DType, Shape, Tensor};

mod activation;
mod buffer;
mod elementwise;
mod linear;
mod movement;
mod normalization;
mod optimizer;
pub(crate) mod parallel;
mod pictures;
mod real;
mod reduction;
mod storage;
mod update;

pub(crate) use buffer::Buffer;
pub(crate) use real::Real;
pub(crate) use storage::simd;

/// The host engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Host;

/// Runs a generic kernel with the number type of a tensor in the place of `T`.
macro_rules! with_type {
    ($tensor:expr, $T:ident => $body:expr) => {
        match $tensor.dtype() {
            $crate::tensor::DType::Float64 => {
                type $T = f64;
                $body
            }
            _ => {
                type $T = f32;
                $body
            }
        }
    };
}

impl Backend for Host {
    fn device(&self) -> Device {
        Device::HOST
    }

    fn receive(&self, host: &Tensor) -> Tensor {
        host.clone()
    }

    fn full(&self, dtype: DType, shape: Shape, value: f64) -> Tensor {
        Tensor::filled(dtype, shape, value)
    }

    fn unary(&self, op: Unary, x: &Tensor) -> Tensor {
        with_type!(x, T => elementwise::unary::<T>(op, x))
    }

    fn binary(&self, op: Binary, a: &Tensor, b: &Tensor, shape: Shape) -> Tensor {
        with_type!(a, T => elementwise::binary::<T>(op, a, b, shape))
    }

    fn binary_scalar(&self, op: Binary, a: &Tensor, scalar: f64, reversed: bool) -> Tensor {
        with_type!(a, T => elementwise::binary_scalar::<T>(op, a, T::of(scalar), reversed))
    }

    fn matmul(&self, a: &Tensor, transpose_a: bool, b: &Tensor, transpose_b: bool) -> Tensor {
        with_type!(a, T => linear::matmul::<T>(a, transpose_a, b, transpose_b))
    }

    fn reduce(&self, op: Reduction, x: &Tensor, split: (usize, usize, usize)) -> Tensor {
        with_type!(x, T => reduction::reduce::<T>(op, x, split))
    }

    fn arg_max(&self, x: &Tensor, split: (usize, usize, usize)) -> Tensor {
        with_type!(x, T => reduction::arg_max::<T>(x, split))
    }

    fn permute(&self, x: &Tensor, axes: &[usize], shape: Shape) -> Tensor {
        with_type!(x, T => movement::permute::<T>(x, axes, shape))
    }

    fn take_rows(&self, x: &Tensor, rows: &[usize]) -> Tensor {
        movement::take_rows(x, rows)
    }

    fn concat(&self, parts: &[Tensor], axis: usize, shape: Shape) -> Tensor {
        with_type!(parts[0], T => movement::concat::<T>(parts, axis, shape))
    }

    fn cast(&self, x: &Tensor, dtype: DType) -> Tensor {
        movement::cast(x, dtype)
    }

    fn all_finite(&self, x: &Tensor) -> bool {
        with_type!(x, T => reduction::all_finite::<T>(x))
    }

    fn one_hot(&self, labels: &Tensor, classes: usize, dtype: DType) -> Tensor {
        match dtype {
            DType::Float64 => movement::one_hot::<f64>(labels, classes),
            _ => movement::one_hot::<f32>(labels, classes),
        }
    }

    fn hashed_uniform(&self, dtype: DType, shape: Shape, key: u64) -> Tensor {
        match dtype {
            DType::Float64 => elementwise::hashed_uniform::<f64>(shape, key),
            _ => elementwise::hashed_uniform::<f32>(shape, key),
        }
    }

    fn activate(&self, activation: &Activation, x: &Tensor) -> Tensor {
        with_type!(x, T => activation::activate::<T>(activation, x))
    }

    fn activate_backward(&self, activation: &Activation, grad: &Tensor, x: &Tensor, y: &Tensor) -> Tensor {
        with_type!(x, T => activation::backward::<T>(activation, grad, x, y))
    }

    fn linear(
        &self,
        x: &Tensor,
        kernel: &Tensor,
        bias: Option<&Tensor>,
        activation: &Activation,
    ) -> (Tensor, Option<Tensor>) {
        with_type!(x, T => linear::forward::<T>(x, kernel, bias, activation))
    }

    fn linear_backward(
        &self,
        x: &Tensor,
        kernel: &Tensor,
        grad: &Tensor,
        bias: bool,
        input: bool,
    ) -> LinearGradients {
        with_type!(x, T => linear::backward::<T>(x, kernel, grad, bias, input))
    }

    fn dropout(&self, x: &Tensor, rate: f64, key: u64) -> Tensor {
        with_type!(x, T => elementwise::dropout::<T>(x, rate, key))
    }

    fn batch_norm(
        &self,
        x: &Tensor,
        gamma: Option<&Tensor>,
        beta: Option<&Tensor>,
        epsilon: f64,
    ) -> Normalized {
        with_type!(x, T => normalization::forward::<T>(x, gamma, beta, epsilon))
    }

    fn batch_norm_backward(
        &self,
        x: &Tensor,
        normalized: &Normalized,
        gamma: Option<&Tensor>,
        grad: &Tensor,
        epsilon: f64,
    ) -> (Tensor, Tensor, Tensor) {
        with_type!(x, T => normalization::backward::<T>(x, normalized, gamma, grad, epsilon))
    }

    fn sgd(&self, step: SgdStep, weights: &mut Tensor, grad: &Tensor, velocity: Option<&mut Tensor>) {
        with_type!(grad, T => optimizer::sgd::<T>(step, weights, grad, velocity));
    }

    fn adam(
        &self,
        step: AdamStep,
        weights: &mut Tensor,
        grad: &Tensor,
        mean: &mut Tensor,
        square: &mut Tensor,
    ) {
        with_type!(grad, T => optimizer::adam::<T>(step, weights, grad, mean, square));
    }

    fn update(&self, rule: UpdateRule, weights: &mut Tensor, grad: &Tensor, slots: &mut [Tensor]) {
        with_type!(grad, T => update::update::<T>(rule, weights, grad, slots));
    }

    fn as_dyn(&self) -> &'static dyn Backend {
        &Self
    }
}
