//! Poolings: the largest number of each window, or the mean of those within the picture.

use super::{Picture, Real};
use crate::backend::Reduction;
use crate::backend::host::parallel;
use crate::backend::pictures::Window;
use crate::tensor::Tensor;

/// Numbers read that are worth a thread.
const GRAIN: usize = 1 << 15;

fn parts(x: &Tensor, window: &Window) -> usize {
    let reads = x.shape()[0] * window.output.0 * window.output.1 * window.cells() * x.shape()[3];
    (reads / GRAIN).clamp(1, 16)
}

pub(super) fn forward<T: Real>(op: Reduction, x: &Tensor, window: &Window) -> Tensor {
    let picture = Picture::of(&x.shape());
    let channels = picture.channels;
    let source = x.as_slice::<T>();
    let sample = window.output.0 * window.output.1 * channels;
    let counts = counts(picture, window);
    Tensor::written::<T>(window.output_shape(x.shape()[0], channels), |out| {
        parallel::rows_mut(out, sample, parts(x, window), |first, out| {
            for (index, out) in out.chunks_mut(sample.max(1)).enumerate() {
                let x = &source[(first + index) * picture.len()..][..picture.len()];
                out.fill(T::of(if op == Reduction::Max { f64::NEG_INFINITY } else { 0.0 }));
                picture.each_cell(window, |place, _, pixel| {
                    let Some(pixel) = pixel else { return };
                    let out = &mut out[place * channels..][..channels];
                    let x = &x[pixel..][..channels];
                    if op == Reduction::Max {
                        out.iter_mut().zip(x).for_each(|(out, &x)| *out = Real::max(*out, x));
                    } else {
                        out.iter_mut().zip(x).for_each(|(out, &x)| *out += x);
                    }
                });
                if op != Reduction::Max {
                    for (out, &count) in out.chunks_mut(channels.max(1)).zip(&counts) {
                        out.iter_mut().for_each(|out| *out /= T::of(count));
                    }
                }
            }
        });
    })
}

pub(super) fn backward<T: Real>(op: Reduction, x: &Tensor, grad: &Tensor, window: &Window) -> Tensor {
    let picture = Picture::of(&x.shape());
    let channels = picture.channels;
    let (source, upstream) = (x.as_slice::<T>(), grad.as_slice::<T>());
    let places = window.output.0 * window.output.1;
    let counts = counts(picture, window);
    Tensor::written::<T>(x.shape(), |out| {
        parallel::rows_mut(out, picture.len(), parts(x, window), |first, out| {
            out.fill(T::ZERO);
            let mut best = vec![usize::MAX; places * channels];
            for (index, out) in out.chunks_mut(picture.len().max(1)).enumerate() {
                let x = &source[(first + index) * picture.len()..][..picture.len()];
                let grad = &upstream[(first + index) * places * channels..][..places * channels];
                if op != Reduction::Max {
                    picture.each_cell(window, |place, _, pixel| {
                        let Some(pixel) = pixel else { return };
                        let share = T::ONE / T::of(counts[place]);
                        let grad = &grad[place * channels..][..channels];
                        out[pixel..][..channels].iter_mut().zip(grad).for_each(|(out, &g)| *out += g * share);
                    });
                    continue;
                }
                best.fill(usize::MAX);
                picture.each_cell(window, |place, _, pixel| {
                    let Some(pixel) = pixel else { return };
                    for (channel, best) in best[place * channels..][..channels].iter_mut().enumerate() {
                        if *best == usize::MAX || x[pixel + channel] > x[*best] {
                            *best = pixel + channel;
                        }
                    }
                });
                for (&best, &grad) in best.iter().zip(grad) {
                    if best != usize::MAX {
                        out[best] += grad;
                    }
                }
            }
        });
    })
}

/// How many cells of each window lie within the picture.
fn counts(picture: Picture, window: &Window) -> Vec<f64> {
    let mut counts = vec![0.0; window.output.0 * window.output.1];
    picture.each_cell(window, |place, _, pixel| counts[place] += f64::from(u8::from(pixel.is_some())));
    counts
}
