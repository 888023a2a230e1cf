//! What a device does with pictures `[samples, height, width, channels]`: windows, convolutions, poolings, warps.

use super::Reduction;
use crate::tensor::{Shape, Tensor};

/// How a window goes over pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Window {
    /// Its (height, width).
    pub(crate) size: (usize, usize),
    pub(crate) strides: (usize, usize),
    pub(crate) dilation: (usize, usize),
    /// How far the picture is extended (above, to the left).
    pub(crate) before: (usize, usize),
    /// How many places it takes (down, across).
    pub(crate) output: (usize, usize),
}

impl Window {
    /// The numbers of one channel in a window.
    pub(crate) fn cells(&self) -> usize {
        self.size.0 * self.size.1
    }

    /// The shape of what a window of each place gives, with so many channels.
    pub(crate) fn output_shape(&self, samples: usize, channels: usize) -> Shape {
        Shape::from_fit(&[samples, self.output.0, self.output.1, channels])
    }
}

/// A map of the places of an output picture to places of the input: `x_in = a0 x + a1 y + a2`, `y_in = b0 x + b1 y + b2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Warp {
    pub(crate) a: [f64; 3],
    pub(crate) b: [f64; 3],
}

/// What is seen outside a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Outside {
    /// One number.
    Constant(f64),
    /// `a a a | a b c d | d d d`
    Nearest,
    /// `d c b a | a b c d | d c b a`
    Reflect,
    /// `a b c d | a b c d | a b c d`
    Wrap,
}

/// How a warp reads between the pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reading {
    pub(crate) outside: Outside,
    /// The four neighbours weighted by their nearness; else the nearest one.
    pub(crate) bilinear: bool,
}

/// The part of a compute engine that works on pictures.
pub(crate) trait Pictures {
    /// The windows as rows `[samples * places, cells * channels]`; outside the picture `fill` is read.
    fn unfold(&'static self, x: &Tensor, window: &Window, fill: f64) -> Tensor;

    /// The sum of what each pixel gave to the windows: the transpose of [`Pictures::unfold`].
    fn fold(&'static self, rows: &Tensor, window: &Window, shape: Shape) -> Tensor;

    /// Each picture seen through its warp.
    fn warp(&'static self, x: &Tensor, warps: &[Warp], reading: Reading) -> Tensor;

    /// The gradient before a warp from the one behind it.
    fn warp_backward(&'static self, grad: &Tensor, warps: &[Warp], reading: Reading) -> Tensor;

    /// The cross-correlation with a kernel [height, width, inputs / groups, filters].
    fn conv2d(&'static self, x: &Tensor, kernel: &Tensor, window: &Window) -> Tensor {
        composed::conv2d(x, kernel, window)
    }

    /// The gradients of [`Pictures::conv2d`] with respect to the kernel and, where it is asked for, the input.
    fn conv2d_backward(
        &'static self,
        x: &Tensor,
        kernel: &Tensor,
        grad: &Tensor,
        window: &Window,
        input: bool,
    ) -> (Tensor, Option<Tensor>) {
        composed::conv2d_backward(x, kernel, grad, window, input)
    }

    /// The largest number of each window, or the mean of those of its numbers that lie within the picture.
    fn pool(&'static self, op: Reduction, x: &Tensor, window: &Window) -> Tensor {
        composed::pool(op, x, window)
    }

    /// The gradient before [`Pictures::pool`]; of equal largest numbers the first gets it.
    fn pool_backward(&'static self, op: Reduction, x: &Tensor, grad: &Tensor, window: &Window) -> Tensor {
        composed::pool_backward(op, x, grad, window)
    }
}

/// The fused operations in terms of the primitives.
pub(super) mod composed {
    use super::Window;
    use crate::backend::Reduction;
    use crate::tensor::{DType, Shape, Tensor};

    fn columns(x: &Tensor, first: usize, count: usize) -> Tensor {
        let mut ranges: Vec<_> = x.shape().iter().map(|&size| 0..size).collect();
        if let Some(last) = ranges.last_mut() {
            *last = first..first + count;
        }
        x.slice(&ranges).unwrap_or_else(|error| unreachable!("the shapes were checked: {error}"))
    }

    fn joined(parts: &[Tensor]) -> Tensor {
        Tensor::concat(parts, -1).unwrap_or_else(|error| unreachable!("the shapes were checked: {error}"))
    }

    fn matrix(x: &Tensor) -> Tensor {
        let (rows, columns) = x.shape().as_rows();
        x.reshaped(Shape::from_fit(&[rows, columns]))
    }

    pub(super) fn conv2d(x: &Tensor, kernel: &Tensor, window: &Window) -> Tensor {
        let (inputs, filters) = (kernel.shape()[2], kernel.shape()[3]);
        let groups = x.shape()[3] / inputs;
        let of_group = |group: usize| {
            let rows = x.backend().unfold(&columns(x, group * inputs, inputs), window, 0.0);
            let kernel = matrix(&columns(kernel, group * filters / groups, filters / groups));
            let kernel = kernel.reshaped(Shape::from_fit(&[window.cells() * inputs, filters / groups]));
            x.backend().matmul(&rows, false, &kernel, false)
        };
        let parts: Vec<Tensor> = (0..groups).map(of_group).collect();
        joined(&parts).reshaped(window.output_shape(x.shape()[0], filters))
    }

    pub(super) fn conv2d_backward(
        x: &Tensor,
        kernel: &Tensor,
        grad: &Tensor,
        window: &Window,
        input: bool,
    ) -> (Tensor, Option<Tensor>) {
        let backend = x.backend();
        let (inputs, filters) = (kernel.shape()[2], kernel.shape()[3]);
        let groups = x.shape()[3] / inputs;
        let (mut kernels, mut pictures) = (Vec::new(), Vec::new());
        for group in 0..groups {
            let part = columns(x, group * inputs, inputs);
            let grad = matrix(&columns(grad, group * filters / groups, filters / groups));
            let rows = backend.unfold(&part, window, 0.0);
            kernels.push(backend.matmul(&rows, true, &grad, false));
            if input {
                let kernel = columns(kernel, group * filters / groups, filters / groups);
                let kernel = kernel.reshaped(Shape::from_fit(&[window.cells() * inputs, filters / groups]));
                let rows = backend.matmul(&grad, false, &kernel, true);
                pictures.push(backend.fold(&rows, window, part.shape()));
            }
        }
        (joined(&kernels).reshaped(kernel.shape()), input.then(|| joined(&pictures)))
    }

    /// How many numbers of each window lie within the picture: [places, 1].
    fn valid(x: &Tensor, window: &Window) -> Tensor {
        let sizes = [1, x.shape()[1], x.shape()[2], 1];
        let ones = x.backend().full(x.dtype(), Shape::from_fit(&sizes), 1.0);
        let rows = x.backend().unfold(&ones, window, 0.0);
        x.backend().reduce(Reduction::Sum, &rows, (rows.shape()[0], window.cells(), 1))
    }

    pub(super) fn pool(op: Reduction, x: &Tensor, window: &Window) -> Tensor {
        let (samples, channels) = (x.shape()[0], x.shape()[3]);
        let fill = if op == Reduction::Max { f64::NEG_INFINITY } else { 0.0 };
        let rows = x.backend().unfold(x, window, fill);
        let split = (rows.shape()[0], window.cells(), channels);
        if op == Reduction::Max {
            return x.backend().reduce(op, &rows, split).reshaped(window.output_shape(samples, channels));
        }
        let sums = x.backend().reduce(Reduction::Sum, &rows, split);
        let places = window.output.0 * window.output.1;
        let sums = sums.reshaped(Shape::from_fit(&[samples, places, channels]));
        (sums / valid(x, window)).reshaped(window.output_shape(samples, channels))
    }

    pub(in crate::backend) fn pool_backward(
        op: Reduction,
        x: &Tensor,
        grad: &Tensor,
        window: &Window,
    ) -> Tensor {
        let backend = x.backend();
        let (samples, channels, cells) = (x.shape()[0], x.shape()[3], window.cells());
        let places = window.output.0 * window.output.1;
        let shares = if op == Reduction::Max {
            let rows = backend.unfold(x, window, f64::NEG_INFINITY);
            let best = backend.arg_max(&rows, (samples * places, cells, channels));
            let chosen = backend.one_hot(&best, cells, x.dtype());
            let chosen = chosen.reshaped(Shape::from_fit(&[samples * places, channels, cells]));
            let shape = Shape::from_fit(&[samples * places, cells, channels]);
            let chosen = backend.permute(&chosen, &[0, 2, 1], shape);
            chosen * grad.reshaped(Shape::from_fit(&[samples * places, 1, channels]))
        } else {
            let grad = grad.reshaped(Shape::from_fit(&[samples, places, channels])) / valid(x, window);
            let ones = backend.full(x.dtype(), Shape::from_fit(&[1, cells, 1]), 1.0);
            ones * grad.reshaped(Shape::from_fit(&[samples * places, 1, channels]))
        };
        debug_assert!(x.dtype() != DType::Uint8);
        backend.fold(
            &shares.reshaped(Shape::from_fit(&[samples * places, cells * channels])),
            window,
            x.shape(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::DType;

    fn numbers(sizes: &[usize], stride: usize) -> Tensor {
        let shape = Shape::from_fit(sizes);
        let values = (0..shape.elements()).map(|i| ((i * stride) % 251) as f64 / 251.0 - 0.5).collect();
        Tensor::from_vec_f64(values, shape).unwrap()
    }

    fn assert_near(a: &Tensor, b: &Tensor) {
        assert_eq!(a.shape(), b.shape());
        for (a, b) in a.to_vec_f64().iter().zip(b.to_vec_f64()) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }

    /// The host's own kernels against the composed bodies, over strides, paddings, dilations, groups.
    #[test]
    fn host_kernels_equal_the_composed_ones() {
        let x = numbers(&[3, 7, 6, 4], 97);
        let windows = [
            Window { size: (3, 3), strides: (1, 1), dilation: (1, 1), before: (0, 0), output: (5, 4) },
            Window { size: (2, 3), strides: (2, 1), dilation: (1, 1), before: (0, 1), output: (4, 6) },
            Window { size: (3, 2), strides: (1, 1), dilation: (1, 2), before: (1, 1), output: (7, 6) },
        ];
        for window in windows {
            for inputs in [4, 2] {
                let kernel = numbers(&[window.size.0, window.size.1, inputs, 6], 31);
                let y = x.backend().conv2d(&x, &kernel, &window);
                assert_near(&y, &composed::conv2d(&x, &kernel, &window));
                let grad = numbers(&y.shape(), 17);
                let (d_kernel, d_x) = x.backend().conv2d_backward(&x, &kernel, &grad, &window, true);
                let (other_kernel, other_x) = composed::conv2d_backward(&x, &kernel, &grad, &window, true);
                assert_near(&d_kernel, &other_kernel);
                assert_near(&d_x.unwrap(), &other_x.unwrap());
            }
            for op in [Reduction::Max, Reduction::Mean] {
                let y = x.backend().pool(op, &x, &window);
                assert_near(&y, &composed::pool(op, &x, &window));
                let grad = numbers(&y.shape(), 13);
                let ours = x.backend().pool_backward(op, &x, &grad, &window);
                assert_near(&ours, &composed::pool_backward(op, &x, &grad, &window));
            }
        }
        assert_eq!(x.dtype(), DType::Float64);
    }
}
