//! Least squares for eight samples at once, one in each lane of a vector.

/// How many samples are solved together.
pub(super) const LANES: usize = 8;
/// One number of each sample.
pub(super) type Lane = [f64; LANES];
pub(super) const ZERO: Lane = [0.0; LANES];

/// The coefficients $c$ that minimise $\|A c - y\|$ for each lane, by the modified Gram-Schmidt process.
///
/// `table` has the columns of $A$ one after another, and $y$ as one more; it is overwritten. Taking $y$ through the process
/// like a column makes it as accurate as Householder's (Björck, *Solving linear least squares problems by Gram-Schmidt
/// orthogonalization*, 1967). A column that depends on those before it gets the coefficient 0.
#[inline(always)]
pub(super) fn least_squares(table: &mut [Lane], rows: usize, columns: usize, r: &mut [Lane], c: &mut [Lane]) {
    let width = columns + 1;
    for k in 0..columns {
        let (done, rest) = table.split_at_mut((k + 1) * rows);
        let pivot = &mut done[k * rows..];
        let mut square = ZERO;
        for row in pivot.iter() {
            for l in 0..LANES {
                square[l] += row[l] * row[l];
            }
        }
        let mut inverse = ZERO;
        for l in 0..LANES {
            let norm = square[l].sqrt();
            inverse[l] = if norm > 1e-14 { 1.0 / norm } else { 0.0 };
            r[k * width + k][l] = norm;
        }
        for row in pivot.iter_mut() {
            for l in 0..LANES {
                row[l] *= inverse[l];
            }
        }
        for (offset, column) in rest[..(columns - k) * rows].chunks_exact_mut(rows).enumerate() {
            let mut dot = ZERO;
            for (q, a) in pivot.iter().zip(column.iter()) {
                for l in 0..LANES {
                    dot[l] += q[l] * a[l];
                }
            }
            for (q, a) in pivot.iter().zip(column.iter_mut()) {
                for l in 0..LANES {
                    a[l] -= dot[l] * q[l];
                }
            }
            r[k * width + k + 1 + offset] = dot;
        }
    }
    for k in (0..columns).rev() {
        let mut sum = r[k * width + columns];
        for j in k + 1..columns {
            for l in 0..LANES {
                sum[l] -= r[k * width + j][l] * c[j][l];
            }
        }
        for l in 0..LANES {
            let pivot = r[k * width + k][l];
            c[k][l] = if pivot > 1e-14 { sum[l] / pivot } else { 0.0 };
        }
    }
}
