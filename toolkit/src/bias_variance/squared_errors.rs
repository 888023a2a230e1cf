//! The squared errors of all runs against fresh noisy targets: summed up block by block, since keeping them would take as
//! much memory as the predictions.

use super::runner::BLOCK;
use crate::backend::host::simd;

/// Means and deviations of the squared errors.
pub(super) struct SquaredErrors {
    /// Of each test point, over the runs: the mean, ...
    pub(super) means: Vec<f64>,
    /// ... and the sum of the squares of the deviations from it.
    pub(super) squares: Vec<f64>,
    /// Of each run, the mean over the test points.
    pub(super) of_runs: Vec<f64>,
}

impl SquaredErrors {
    /// How many numbers a block of runs leaves: means and squares of each test point, and the mean of each run.
    pub(super) fn size(points: usize) -> usize {
        2 * points + BLOCK
    }

    /// The numbers of several blocks, each on its own.
    pub(super) fn blocks_mut(blocks: &mut [f64], points: usize) -> impl Iterator<Item = &mut [f64]> {
        blocks.chunks_exact_mut(Self::size(points))
    }

    /// Sums up the errors of one block, a row for each run.
    pub(super) fn sum_up(errors: &[f64], points: usize, block: &mut [f64]) {
        let (means, rest) = block.split_at_mut(points);
        let (squares, of_runs) = rest.split_at_mut(points);
        let rows = || errors.chunks_exact(points);
        let runs = rows().len() as f64;
        simd(
            #[inline(always)]
            || {
                for (row, of_run) in rows().zip(of_runs) {
                    means.iter_mut().zip(row).for_each(|(sum, error)| *sum += error);
                    *of_run = row.iter().sum::<f64>() / points as f64;
                }
                means.iter_mut().for_each(|sum| *sum /= runs);
                for row in rows() {
                    for ((square, mean), error) in squares.iter_mut().zip(&*means).zip(row) {
                        let excess = error - mean;
                        *square += excess * excess;
                    }
                }
            },
        );
    }

    /// Of all blocks, the last of which may have fewer runs.
    ///
    /// Source: Chan, Golub and LeVeque, *Updating formulae and a pairwise algorithm for computing sample variances* (1979).
    pub(super) fn of_blocks(blocks: &[f64], points: usize, runs: usize) -> Self {
        let (mut means, mut squares) = (vec![0.0; points], vec![0.0; points]);
        let mut of_runs = Vec::with_capacity(runs);
        for block in blocks.chunks_exact(Self::size(points)) {
            let here = BLOCK.min(runs - of_runs.len());
            let (before, more) = (of_runs.len() as f64, here as f64);
            for j in 0..points {
                let apart = block[j] - means[j];
                means[j] += apart * more / (before + more);
                squares[j] += block[points + j] + apart * apart * before * more / (before + more);
            }
            of_runs.extend_from_slice(&block[2 * points..2 * points + here]);
        }
        Self { means, squares, of_runs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Block by block or at once: the same means and squares, also where the last block is short.
    #[test]
    fn blocks_add_up() {
        let (points, runs) = (3, 2 * BLOCK + 5);
        let errors: Vec<f64> = (0..runs * points).map(|at| 1e3 + f64::from((at * 37 % 101) as u32)).collect();
        let mut blocks = vec![0.0; 3 * SquaredErrors::size(points)];
        for (errors, block) in
            errors.chunks(BLOCK * points).zip(SquaredErrors::blocks_mut(&mut blocks, points))
        {
            SquaredErrors::sum_up(errors, points, block);
        }
        let all = SquaredErrors::of_blocks(&blocks, points, runs);
        for j in 0..points {
            let column: Vec<f64> = errors.iter().skip(j).step_by(points).copied().collect();
            let mean = column.iter().sum::<f64>() / runs as f64;
            let squares: f64 = column.iter().map(|error| (error - mean).powi(2)).sum();
            assert!((all.means[j] - mean).abs() < 1e-12 * mean);
            assert!((all.squares[j] - squares).abs() < 1e-12 * squares);
        }
        assert_eq!(all.of_runs.len(), runs);
        let last = &errors[(runs - 1) * points..];
        assert!((all.of_runs[runs - 1] - last.iter().sum::<f64>() / 3.0).abs() < 1e-12 * 1e3);
    }
}
