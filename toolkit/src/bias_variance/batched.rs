//! Least squares for all samples at once, as tensors on a device.

use super::Sample;
use super::polynomial::chebyshev;
use crate::device::Device;
use crate::{Result, Tensor};

/// How many numbers the table of a batch may have: 128 MB.
const LARGEST: usize = 1 << 24;

/// Fits polynomials with the penalty `alpha`, and predicts: as `polynomial::solve_in_lanes` does on the host, with a row of
/// a tensor for each sample where that has a lane of a vector.
pub(super) fn solve(
    device: Device,
    degree: usize,
    alpha: f64,
    samples: &[Sample],
    at: &[f64],
    predictions: &mut [f64],
) -> Result<()> {
    let Some(first) = samples.first() else { return Ok(()) };
    let mut basis = vec![0.0; at.len() * (degree + 1)];
    for (&x, values) in at.iter().zip(basis.chunks_exact_mut(degree + 1)) {
        chebyshev(first.scaled(x), values);
    }
    let basis = Tensor::from_vec_f64(basis, [at.len(), degree + 1])?.to_device(device)?;
    let batch = (LARGEST / ((first.len() + degree) * (degree + 2)).max(at.len())).max(1);
    for (samples, out) in samples.chunks(batch).zip(predictions.chunks_mut(batch * at.len())) {
        let coefficients = least_squares(table(device, degree, alpha, samples)?)?;
        let predicted = coefficients.matmul_with(false, &basis, true)?.to_host()?;
        out.copy_from_slice(&predicted.to_vec_f64());
    }
    Ok(())
}

/// The Chebyshev polynomials at the points of each sample, the penalty behind them, and the targets as the last column:
/// each [samples, points].
fn table(device: Device, degree: usize, alpha: f64, samples: &[Sample]) -> Result<Vec<Tensor>> {
    let (runs, points) = (samples.len(), samples[0].len());
    let moved = |values: Vec<f64>| Tensor::from_vec_f64(values, [runs, points])?.to_device(device);
    let scaled = |sample: &Sample| sample.x.iter().map(|&x| sample.scaled(x)).collect::<Vec<_>>();
    let u = moved(samples.iter().flat_map(scaled).collect())?;
    let mut columns = vec![u.mul(0.0)?.add(1.0)?];
    for k in 1..=degree {
        columns.push(match k {
            1 => u.clone(),
            _ => u.mul(2.0)?.mul(&columns[k - 1])?.sub(&columns[k - 2])?,
        });
    }
    columns.push(moved(samples.iter().flat_map(|sample| sample.y.iter().copied()).collect())?);
    if alpha == 0.0 || degree == 0 {
        return Ok(columns);
    }
    let penalty = |k: usize| {
        let mut rows = vec![0.0; runs * degree];
        if (1..=degree).contains(&k) {
            rows.chunks_exact_mut(degree).for_each(|row| row[k - 1] = alpha.sqrt());
        }
        Tensor::from_vec_f64(rows, [runs, degree])?.to_device(device)
    };
    columns.iter().enumerate().map(|(k, column)| Tensor::concat(&[column.clone(), penalty(k)?], 1)).collect()
}

/// The coefficients [samples, columns] by the modified Gram-Schmidt process; the last column of the table is the target.
fn least_squares(mut table: Vec<Tensor>) -> Result<Tensor> {
    let dot = |a: &Tensor, b: &Tensor| a.mul(b)?.sum_along(1)?.reshape([a.shape()[0], 1]);
    let columns = table.len() - 1;
    // For each column its inverse norm, 0 where it depends on those before it, and its products with those behind it.
    let mut rows: Vec<(Tensor, Vec<Tensor>)> = Vec::with_capacity(columns);
    for k in 0..columns {
        let norm = dot(&table[k], &table[k])?.sqrt();
        let inverse = norm.greater(1e-14)?.div(norm.maximum(1e-14)?)?;
        let pivot = table[k].mul(&inverse)?;
        let mut products = Vec::with_capacity(columns - k);
        for column in &mut table[k + 1..] {
            let product = dot(&pivot, column)?;
            *column = column.sub(pivot.mul(&product)?)?;
            products.push(product);
        }
        rows.push((inverse, products));
    }
    let mut coefficients: Vec<Tensor> = Vec::with_capacity(columns);
    for (k, (inverse, products)) in rows.iter().enumerate().rev() {
        // Behind the columns k + 1 to the last one comes the target.
        let mut sum = products[columns - 1 - k].clone();
        for (product, coefficient) in products[..columns - 1 - k].iter().rev().zip(&coefficients) {
            sum = sum.sub(product.mul(coefficient)?)?;
        }
        coefficients.push(sum.mul(inverse)?);
    }
    coefficients.reverse();
    Tensor::concat(&coefficients, 1)
}
