//! Sums over all runs, on all cores.

use crate::backend::host::{parallel, simd};
use std::ops::Range;

/// How many runs are added up before the sums of all chunks are: a fixed number, so that any number of threads gives the
/// same bytes.
const CHUNK: usize = 256;

/// The average of each column.
pub(super) fn means(values: &[f64], columns: usize) -> Vec<f64> {
    let runs = values.len() / columns;
    let chunks = by_chunks(runs, columns, |runs, sums| {
        for row in values[runs.start * columns..runs.end * columns].chunks_exact(columns) {
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
    });
    added(&chunks, columns, 0..columns).iter().map(|sum| sum / runs as f64).collect()
}

/// What the variance and the standard errors are made of.
pub(super) struct Sums {
    /// Of each test point, over the runs: the squares of the deviations from the mean model, ...
    pub(super) squares: Vec<f64>,
    /// ... and their fourth powers.
    pub(super) fourths: Vec<f64>,
    /// Of each run, averaged over the test points: the square of the deviation, ...
    pub(super) run_variance: Vec<f64>,
    /// ... and the deviation times twice the bias.
    pub(super) run_pull: Vec<f64>,
}

impl Sums {
    /// Of the predictions, a row for each run, and of their average.
    pub(super) fn of(predictions: &[f64], mean_model: &[f64], truth: &[f64]) -> Self {
        let points = truth.len();
        let runs = predictions.len() / points;
        let pulls: Vec<f64> =
            mean_model.iter().zip(truth).map(|(mean, truth)| 2.0 * (mean - truth)).collect();
        let width = 2 * points + 2 * CHUNK;
        let chunks = by_chunks(runs, width, |runs, out| {
            let (squares, out) = out.split_at_mut(points);
            let (fourths, of_runs) = out.split_at_mut(points);
            let rows = predictions[runs.start * points..runs.end * points].chunks_exact(points);
            simd(
                #[inline(always)]
                || {
                    for (row, of_run) in rows.zip(of_runs.chunks_exact_mut(2)) {
                        let (mut total, mut pull) = (0.0, 0.0);
                        for j in 0..points {
                            let deviation = row[j] - mean_model[j];
                            let square = deviation * deviation;
                            squares[j] += square;
                            fourths[j] += square * square;
                            total += square;
                            pull += pulls[j] * deviation;
                        }
                        of_run.copy_from_slice(&[total, pull]);
                    }
                },
            );
        });
        let of_points = |part: usize| added(&chunks, width, part * points..(part + 1) * points);
        let of_runs = |part: usize| {
            let of_chunk = |chunk| <[f64]>::iter(chunk).skip(2 * points + part).step_by(2);
            let all = chunks.chunks_exact(width).flat_map(of_chunk).take(runs);
            all.map(|sum| sum / points as f64).collect()
        };
        Self { squares: of_points(0), fourths: of_points(1), run_variance: of_runs(0), run_pull: of_runs(1) }
    }
}

/// A row of `width` numbers for each chunk of runs, which `work` fills.
fn by_chunks(runs: usize, width: usize, work: impl Fn(Range<usize>, &mut [f64]) + Sync) -> Vec<f64> {
    let chunks = runs.div_ceil(CHUNK);
    let mut out = vec![0.0; chunks * width];
    parallel::rows_mut(&mut out, width, chunks, |first, rows| {
        for (chunk, row) in (first..).zip(rows.chunks_exact_mut(width)) {
            work(chunk * CHUNK..runs.min((chunk + 1) * CHUNK), row);
        }
    });
    out
}

/// The sum of some columns over all chunks.
fn added(chunks: &[f64], width: usize, columns: Range<usize>) -> Vec<f64> {
    let mut sums = vec![0.0; columns.len()];
    for row in chunks.chunks_exact(width) {
        sums.iter_mut().zip(&row[columns.clone()]).for_each(|(sum, value)| *sum += value);
    }
    sums
}
