//! Pictures on the host: windows gathered sample by sample, products by faer, parallel over the samples.

use super::{Buffer, Host, Real, parallel};
use crate::backend::Reduction;
use crate::backend::pictures::{Pictures, Reading, Warp, Window};
use crate::tensor::{DType, Shape, Tensor};
use faer::linalg::matmul::matmul as faer_matmul;
use faer::{Accum, MatMut, MatRef, Par};

mod pool;
mod warp;

/// Multiplications that are worth a thread: some 20 µs.
const GRAIN: usize = 1 << 20;

/// Runs a generic kernel with the number type of a tensor in the place of `T`.
macro_rules! typed {
    ($tensor:expr, $T:ident => $body:expr) => {
        if $tensor.dtype() == DType::Float64 {
            type $T = f64;
            $body
        } else {
            type $T = f32;
            $body
        }
    };
}

impl Pictures for Host {
    fn unfold(&self, x: &Tensor, window: &Window, fill: f64) -> Tensor {
        typed!(x, T => {
            let picture = Picture::of(&x.shape());
            let row = window.cells() * picture.channels;
            let source = x.as_slice::<T>();
            let places = window.output.0 * window.output.1;
            Tensor::written::<T>(Shape::from_fit(&[x.shape()[0] * places, row]), |out| {
                let samples = out.chunks_mut((places * row).max(1)).zip(source.chunks(picture.len().max(1)));
                samples.for_each(|(out, x)| picture.unfold(x, window, 0..picture.channels, T::of(fill), out));
            })
        })
    }

    fn fold(&self, rows: &Tensor, window: &Window, shape: Shape) -> Tensor {
        typed!(rows, T => {
            let picture = Picture::of(&shape);
            let source = rows.as_slice::<T>();
            let sample = window.output.0 * window.output.1 * window.cells() * picture.channels;
            Tensor::written::<T>(shape, |out| {
                out.fill(T::ZERO);
                let samples = out.chunks_mut(picture.len().max(1)).zip(source.chunks(sample.max(1)));
                samples.for_each(|(out, rows)| picture.fold(rows, window, 0..picture.channels, out));
            })
        })
    }

    fn warp(&self, x: &Tensor, warps: &[Warp], reading: Reading) -> Tensor {
        typed!(x, T => warp::forward::<T>(x, warps, reading))
    }

    fn warp_backward(&self, grad: &Tensor, warps: &[Warp], reading: Reading) -> Tensor {
        typed!(grad, T => warp::backward::<T>(grad, warps, reading))
    }

    fn conv2d(&self, x: &Tensor, kernel: &Tensor, window: &Window) -> Tensor {
        typed!(x, T => Convolution::of(x, kernel, window).forward::<T>(x, kernel))
    }

    fn conv2d_backward(
        &self,
        x: &Tensor,
        kernel: &Tensor,
        grad: &Tensor,
        window: &Window,
        input: bool,
    ) -> (Tensor, Option<Tensor>) {
        typed!(x, T => {
            let convolution = Convolution::of(x, kernel, window);
            let input = input.then(|| convolution.input_gradient::<T>(x, kernel, grad));
            (convolution.kernel_gradient::<T>(x, kernel, grad), input)
        })
    }

    fn pool(&self, op: Reduction, x: &Tensor, window: &Window) -> Tensor {
        typed!(x, T => pool::forward::<T>(op, x, window))
    }

    fn pool_backward(&self, op: Reduction, x: &Tensor, grad: &Tensor, window: &Window) -> Tensor {
        typed!(x, T => pool::backward::<T>(op, x, grad, window))
    }
}

/// The sizes of one sample.
#[derive(Clone, Copy)]
struct Picture {
    height: usize,
    width: usize,
    channels: usize,
}

impl Picture {
    fn of(shape: &Shape) -> Self {
        Self { height: shape[1], width: shape[2], channels: shape[3] }
    }

    fn len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Calls `visit(row of the windows, cell, first number of the pixel if it is within the picture)`.
    #[inline(always)]
    fn each_cell(&self, window: &Window, mut visit: impl FnMut(usize, usize, Option<usize>)) {
        for y in 0..window.output.0 {
            for x in 0..window.output.1 {
                let place = y * window.output.1 + x;
                for ky in 0..window.size.0 {
                    let row = (y * window.strides.0 + ky * window.dilation.0).wrapping_sub(window.before.0);
                    for kx in 0..window.size.1 {
                        let column =
                            (x * window.strides.1 + kx * window.dilation.1).wrapping_sub(window.before.1);
                        let inside = row < self.height && column < self.width;
                        let pixel = inside.then(|| (row * self.width + column) * self.channels);
                        visit(place, ky * window.size.1 + kx, pixel);
                    }
                }
            }
        }
    }

    /// The windows of these channels as rows.
    fn unfold<T: Real>(
        &self,
        x: &[T],
        window: &Window,
        channels: std::ops::Range<usize>,
        fill: T,
        out: &mut [T],
    ) {
        let count = channels.len();
        let row = window.cells() * count;
        self.each_cell(window, |place, cell, pixel| {
            let out = &mut out[place * row + cell * count..][..count];
            match pixel {
                Some(pixel) => out.copy_from_slice(&x[pixel + channels.start..][..count]),
                None => out.fill(fill),
            }
        });
    }

    /// Adds the rows to the pixels that they came from.
    fn fold<T: Real>(&self, rows: &[T], window: &Window, channels: std::ops::Range<usize>, out: &mut [T]) {
        let count = channels.len();
        let row = window.cells() * count;
        self.each_cell(window, |place, cell, pixel| {
            if let Some(pixel) = pixel {
                let rows = &rows[place * row + cell * count..][..count];
                let out = &mut out[pixel + channels.start..][..count];
                out.iter_mut().zip(rows).for_each(|(out, &value)| *out += value);
            }
        });
    }
}

/// The sizes of a convolution.
struct Convolution {
    picture: Picture,
    window: Window,
    samples: usize,
    groups: usize,
    /// The channels and the filters of one group.
    inputs: usize,
    filters: usize,
}

impl Convolution {
    fn of(x: &Tensor, kernel: &Tensor, window: &Window) -> Self {
        let picture = Picture::of(&x.shape());
        let inputs = kernel.shape()[2];
        let groups = picture.channels / inputs;
        let filters = kernel.shape()[3] / groups;
        Self { picture, window: *window, samples: x.shape()[0], groups, inputs, filters }
    }

    fn places(&self) -> usize {
        self.window.output.0 * self.window.output.1
    }

    /// The numbers of a window in one group.
    fn row(&self) -> usize {
        self.window.cells() * self.inputs
    }

    /// Into how many parts the samples are cut; a function of the sizes alone.
    fn parts(&self) -> usize {
        let work = self.samples * self.places() * self.row() * self.filters * self.groups;
        (work / GRAIN).clamp(1, self.samples.max(1)).min(16)
    }

    fn channels(&self, group: usize) -> std::ops::Range<usize> {
        group * self.inputs..(group + 1) * self.inputs
    }

    fn forward<T: Real>(&self, x: &Tensor, kernel: &Tensor) -> Tensor {
        let (source, kernel) = (x.as_slice::<T>(), kernel.as_slice::<T>());
        let all = self.filters * self.groups;
        let sample = self.places() * all;
        Tensor::written::<T>(self.window.output_shape(self.samples, all), |out| {
            parallel::rows_mut(out, sample, self.parts(), |first, out| {
                let mut buffer = Buffer::for_writing::<T>(self.places() * self.row());
                let rows = buffer.as_mut_slice::<T>();
                for (index, out) in out.chunks_mut(sample.max(1)).enumerate() {
                    let x = &source[(first + index) * self.picture.len()..][..self.picture.len()];
                    for group in 0..self.groups {
                        self.picture.unfold(x, &self.window, self.channels(group), T::ZERO, rows);
                        let into = MatMut::from_row_major_slice_mut(&mut *out, self.places(), all);
                        let into = into.subcols_mut(group * self.filters, self.filters);
                        let rows = MatRef::from_row_major_slice(&*rows, self.places(), self.row());
                        let kernel = self.kernel_of(kernel, group);
                        faer_matmul(into, Accum::Replace, rows, kernel, T::ONE, Par::Seq);
                    }
                }
            });
        })
    }

    fn kernel_of<'a, T: Real>(&self, kernel: &'a [T], group: usize) -> MatRef<'a, T> {
        let kernel = MatRef::from_row_major_slice(kernel, self.row(), self.filters * self.groups);
        kernel.subcols(group * self.filters, self.filters)
    }

    /// One gradient a part, each over its samples in order; then their sum in order.
    fn kernel_gradient<T: Real>(&self, x: &Tensor, kernel: &Tensor, grad: &Tensor) -> Tensor {
        let (source, upstream) = (x.as_slice::<T>(), grad.as_slice::<T>());
        let (all, parts) = (self.filters * self.groups, self.parts());
        let (sample, size) = (self.places() * all, kernel.len());
        let mut sums = Buffer::for_writing::<T>(parts * size);
        parallel::rows_mut(sums.as_mut_slice::<T>(), size, parts, |part, sums| {
            sums.fill(T::ZERO);
            let mut buffer = Buffer::for_writing::<T>(self.places() * self.row());
            let rows = buffer.as_mut_slice::<T>();
            for index in self.samples * part / parts..self.samples * (part + 1) / parts {
                let x = &source[index * self.picture.len()..][..self.picture.len()];
                let grad =
                    MatRef::from_row_major_slice(&upstream[index * sample..][..sample], self.places(), all);
                for group in 0..self.groups {
                    self.picture.unfold(x, &self.window, self.channels(group), T::ZERO, rows);
                    let rows = MatRef::from_row_major_slice(&*rows, self.places(), self.row());
                    let into = MatMut::from_row_major_slice_mut(&mut *sums, self.row(), all);
                    let into = into.subcols_mut(group * self.filters, self.filters);
                    let grad = grad.subcols(group * self.filters, self.filters);
                    faer_matmul(into, Accum::Add, rows.transpose(), grad, T::ONE, Par::Seq);
                }
            }
        });
        Tensor::written::<T>(kernel.shape(), |out| {
            let mut sums = sums.as_slice::<T>().chunks(size.max(1));
            sums.next().into_iter().for_each(|first| out.copy_from_slice(first));
            sums.for_each(|part| out.iter_mut().zip(part).for_each(|(out, &value)| *out += value));
        })
    }

    fn input_gradient<T: Real>(&self, x: &Tensor, kernel: &Tensor, grad: &Tensor) -> Tensor {
        let (kernel, upstream) = (kernel.as_slice::<T>(), grad.as_slice::<T>());
        let all = self.filters * self.groups;
        let sample = self.places() * all;
        Tensor::written::<T>(x.shape(), |out| {
            parallel::rows_mut(out, self.picture.len(), self.parts(), |first, out| {
                out.fill(T::ZERO);
                let mut buffer = Buffer::for_writing::<T>(self.places() * self.row());
                let rows = buffer.as_mut_slice::<T>();
                for (index, out) in out.chunks_mut(self.picture.len().max(1)).enumerate() {
                    let grad = &upstream[(first + index) * sample..][..sample];
                    let grad = MatRef::from_row_major_slice(grad, self.places(), all);
                    for group in 0..self.groups {
                        let grad = grad.subcols(group * self.filters, self.filters);
                        let into = MatMut::from_row_major_slice_mut(&mut *rows, self.places(), self.row());
                        let kernel = self.kernel_of(kernel, group).transpose();
                        faer_matmul(into, Accum::Replace, grad, kernel, T::ONE, Par::Seq);
                        self.picture.fold(rows, &self.window, self.channels(group), out);
                    }
                }
            });
        })
    }
}
