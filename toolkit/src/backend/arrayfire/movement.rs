//! Products, permutations, rows by number, joins, and what decides about sizes.
#![allow(unsafe_code)] // A foreign library is called.

use super::array::{Sizes, Value, sizes};
use super::engine::{Engine, float_type};
use super::functions::Type;
use crate::tensor::{Shape, Tensor};
use std::ffi::c_int;

/// The product of two matrices, either read as its transpose.
///
/// In memory a row-major matrix is the transpose of a column-major one, so that `(a b)` is computed as `(b^T a^T)^T`.
pub(super) fn product(a: &Value, transpose_a: bool, b: &Value, transpose_b: bool) -> Value {
    let size = |value: &Value, place: bool| value.sizes()[usize::from(place)];
    let result = [size(b, transpose_b), size(a, !transpose_a), 1, 1];
    let inputs = [&*b.0, &*a.0];
    Value::new(a.engine(), result, a.kind(), 1.0, &inputs, |f, out, from| unsafe {
        // SAFETY: two matrices whose inner sizes are equal; 1 asks for a transpose.
        (f.matmul)(out, from[0], from[1], c_int::from(transpose_b), c_int::from(transpose_a))
    })
}

/// The places of the first largest numbers along the second dimension.
pub(super) fn places_of_largest(value: &Value) -> Value {
    let mut result = value.sizes();
    result[1] = 1;
    value.derived(result, Type::U32, |f, out, from| unsafe {
        let mut largest = std::ptr::null_mut();
        // SAFETY: two arrays come out, of which the first is released at once.
        let code = (f.imax)(&mut largest, out, from, 1);
        if code == 0 {
            (f.release_array)(largest);
        }
        code
    })
}

/// With row-major axis `i` of the result being axis `axes[i]`.
pub(super) fn permuted(value: &Value, axes: &[usize], result: Sizes) -> Value {
    let rank = axes.len();
    let mut order = [0, 1, 2, 3];
    for (axis, &from) in axes.iter().enumerate() {
        order[rank - 1 - axis] = (rank - 1 - from) as u32;
    }
    if order == [0, 1, 2, 3] {
        return value.shaped(result);
    }
    value.derived(result, value.kind(), |f, out, from| unsafe {
        // SAFETY: an order of the four dimensions.
        (f.reorder)(out, from, order[0], order[1], order[2], order[3])
    })
}

/// The rows of these numbers, as [numbers of a row, rows].
pub(super) fn rows(engine: &'static Engine, x: &Tensor, rows: &[usize]) -> Value {
    let count = x.shape().first().copied().unwrap_or(1);
    let row = x.shape().row_elements();
    let in_order = rows.windows(2).all(|pair| pair[1] == pair[0] + 1);
    if let (Some(&first), true) = (rows.first(), in_order) {
        let part = x.rows_unchecked(first..first + rows.len());
        return engine.value_in(&part, [row as i64, rows.len() as i64, 1, 1]);
    }
    let numbers: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
    let places = Value::of(engine, &numbers, [rows.len() as i64, 1, 1, 1], Type::I32, 1.0);
    let all = [row as i64, count as i64, 1, 1];
    if row == 1 {
        return engine.value_in(x, [count as i64, 1, 1, 1]).lookup(&places, 0);
    }
    engine.value_in(x, all).lookup(&places, 1)
}

/// Parts joined along a row-major axis.
pub(super) fn joined(engine: &'static Engine, parts: &[Tensor], axis: usize) -> Value {
    let kind = parts.first().map_or(Type::F32, |part| float_type(part.dtype()));
    let shaped = |part: &Tensor| {
        let shape = part.shape();
        let (outer, inner): (usize, usize) =
            (shape[..axis].iter().product(), shape[axis + 1..].iter().product());
        engine.value_in(part, [inner as i64, shape[axis] as i64, outer as i64, 1]).float(kind)
    };
    let mut level: Vec<Value> = parts.iter().filter(|part| !part.is_empty()).map(shaped).collect();
    // Pairs of neighbours, then pairs of these: each number is copied as often as the list can be halved.
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [first, second] => first.joined(second, 1),
                rest => rest[0].clone(),
            })
            .collect();
    }
    level.pop().unwrap_or_else(|| Value::constant(engine, 0.0, [0, 1, 1, 1], kind))
}

pub(super) fn is_all_finite(value: &Value) -> bool {
    // x - x is 0 but for infinities and NaN.
    let zero = value.binary(value, |f| f.sub);
    let holds = zero.condition(&value.beside(0.0), |f| f.eq);
    let (mut answer, mut imaginary) = (0.0, 0.0);
    let Ok(Some(handle)) = holds.0.handle() else { return false };
    // SAFETY: places for two numbers.
    let done = value.engine().call(|f| unsafe { (f.all_true_all)(&mut answer, &mut imaginary, handle) });
    done.is_ok() && answer != 0.0
}

/// Sizes in which two tensors stretch to `shape`, neighbouring axes joined where more than four are there.
pub(super) fn stretchable_sizes(a: &Shape, b: &Shape, shape: &Shape) -> Option<(Sizes, Sizes)> {
    let rank = shape.len();
    if rank <= 4 {
        return Some((sizes(a), sizes(b)));
    }
    let (mut left, mut right) = ([1; 4], [1; 4]);
    let mut place = None;
    let mut pattern = None;
    for axis in (0..rank).rev().filter(|&axis| shape[axis] != 1) {
        let (of_a, of_b) = (a.aligned(axis, rank), b.aligned(axis, rank));
        let next = Some((of_a == 1, of_b == 1));
        let at = match place {
            Some(at) if next == pattern => at,
            Some(at) => at + 1,
            None => 0,
        };
        if at > 3 {
            return None;
        }
        (place, pattern) = (Some(at), next);
        left[at] *= of_a as i64;
        right[at] *= of_b as i64;
    }
    Some((left, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_axes_are_joined_where_there_are_more_than_four() {
        let shape = |sizes: &[usize]| Shape::from_fit(sizes);
        let joined = stretchable_sizes(&shape(&[2, 3, 4, 5, 6]), &shape(&[5, 6]), &shape(&[2, 3, 4, 5, 6]));
        assert_eq!(joined, Some(([30, 24, 1, 1], [30, 1, 1, 1])));
        let mixed =
            stretchable_sizes(&shape(&[2, 1, 4, 1, 6]), &shape(&[1, 3, 1, 5, 1]), &shape(&[2, 3, 4, 5, 6]));
        assert_eq!(mixed, None);
    }
}
