//! Affine warps of pictures, as `jax.scipy.ndimage.map_coordinates` reads them.

use super::{Picture, Real};
use crate::backend::host::parallel;
use crate::backend::pictures::{Outside, Reading, Warp};
use crate::tensor::Tensor;

/// Where an output pixel reads along one axis: two places (none outside a constant border) with their weights.
#[derive(Clone, Copy)]
struct Taps {
    places: [Option<usize>; 2],
    weights: [f64; 2],
}

impl Reading {
    fn taps(self, at: f64, size: usize) -> Taps {
        let lower = if self.bilinear { at.floor() } else { at.round() };
        let share = if self.bilinear { at - lower } else { 0.0 };
        let place = |index: i64| {
            let n = size as i64;
            match self.outside {
                Outside::Constant(_) => (0..n).contains(&index).then_some(index as usize),
                Outside::Nearest => Some(index.clamp(0, n - 1) as usize),
                Outside::Wrap => Some(index.rem_euclid(n) as usize),
                Outside::Reflect => {
                    let folded = index.rem_euclid(2 * n);
                    Some(if folded < n { folded } else { 2 * n - 1 - folded } as usize)
                }
            }
        };
        let index = lower as i64;
        Taps { places: [place(index), place(index + 1)], weights: [1.0 - share, share] }
    }

    fn border(self) -> f64 {
        if let Outside::Constant(value) = self.outside { value } else { 0.0 }
    }
}

/// Calls `visit(output pixel, input pixel or none, weight)` for all that a picture reads.
fn each_tap(
    picture: Picture,
    warp: &Warp,
    reading: Reading,
    mut visit: impl FnMut(usize, Option<usize>, f64),
) {
    for y in 0..picture.height {
        for x in 0..picture.width {
            let (column, row) = (x as f64, y as f64);
            let across = warp.a[0] * column + warp.a[1] * row + warp.a[2];
            let down = warp.b[0] * column + warp.b[1] * row + warp.b[2];
            let (across, down) = (reading.taps(across, picture.width), reading.taps(down, picture.height));
            for (&row, &down) in down.places.iter().zip(&down.weights) {
                for (&column, &across) in across.places.iter().zip(&across.weights) {
                    if down * across != 0.0 {
                        let pixel = row.zip(column).map(|(row, column)| row * picture.width + column);
                        visit(y * picture.width + x, pixel, down * across);
                    }
                }
            }
        }
    }
}

fn parts(x: &Tensor) -> usize {
    (x.len() / (1 << 14)).clamp(1, 16)
}

pub(super) fn forward<T: Real>(x: &Tensor, warps: &[Warp], reading: Reading) -> Tensor {
    let picture = Picture::of(&x.shape());
    let (channels, border) = (picture.channels, T::of(reading.border()));
    let source = x.as_slice::<T>();
    Tensor::written::<T>(x.shape(), |out| {
        parallel::rows_mut(out, picture.len(), parts(x), |first, out| {
            out.fill(T::ZERO);
            for (index, out) in out.chunks_mut(picture.len().max(1)).enumerate() {
                let x = &source[(first + index) * picture.len()..][..picture.len()];
                each_tap(picture, &warps[first + index], reading, |place, pixel, weight| {
                    let (out, weight) = (&mut out[place * channels..][..channels], T::of(weight));
                    match pixel {
                        Some(pixel) => {
                            let x = &x[pixel * channels..][..channels];
                            out.iter_mut().zip(x).for_each(|(out, &x)| *out += weight * x);
                        }
                        None => out.iter_mut().for_each(|out| *out += weight * border),
                    }
                });
            }
        });
    })
}

pub(super) fn backward<T: Real>(grad: &Tensor, warps: &[Warp], reading: Reading) -> Tensor {
    let picture = Picture::of(&grad.shape());
    let channels = picture.channels;
    let upstream = grad.as_slice::<T>();
    Tensor::written::<T>(grad.shape(), |out| {
        parallel::rows_mut(out, picture.len(), parts(grad), |first, out| {
            out.fill(T::ZERO);
            for (index, out) in out.chunks_mut(picture.len().max(1)).enumerate() {
                let grad = &upstream[(first + index) * picture.len()..][..picture.len()];
                each_tap(picture, &warps[first + index], reading, |place, pixel, weight| {
                    let Some(pixel) = pixel else { return };
                    let (grad, weight) = (&grad[place * channels..][..channels], T::of(weight));
                    let out = &mut out[pixel * channels..][..channels];
                    out.iter_mut().zip(grad).for_each(|(out, &grad)| *out += weight * grad);
                });
            }
        });
    })
}
