//! Normal draws by the hundred: Box and Muller's method with a logarithm, a sine and a cosine that vectors compute.
//!
//! They are series of plain additions and multiplications, so that they have the same bytes with every instruction set.

use super::Generator;
use crate::backend::host::simd;
use std::f64::consts::{LN_2, SQRT_2, TAU};

/// How many pairs are drawn together.
const PAIRS: usize = 32;
/// $1.5 \cdot 2^{52}$: added to a small number, it leaves the nearest integer in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
const ONE: u64 = 1.0_f64.to_bits();

/// Fills `out` with pairs of draws; its length is even.
pub(super) fn fill_pairs(generator: &mut Generator, out: &mut [f64]) {
    for out in out.chunks_mut(2 * PAIRS) {
        let (mut first, mut second) = ([0.0; PAIRS], [0.0; PAIRS]);
        for (first, second) in first.iter_mut().zip(&mut second).take(out.len() / 2) {
            (*first, *second) = (generator.uniform(), generator.uniform());
        }
        let (mut one, mut two) = ([0.0; PAIRS], [0.0; PAIRS]);
        simd(
            #[inline(always)]
            || {
                for i in 0..PAIRS {
                    let radius = (-2.0 * ln(1.0 - first[i])).sqrt();
                    let (sin, cos) = sin_cos_of_turns(second[i]);
                    (one[i], two[i]) = (radius * cos, radius * sin);
                }
            },
        );
        for (pair, (one, two)) in out.chunks_exact_mut(2).zip(one.into_iter().zip(two)) {
            pair.copy_from_slice(&[one, two]);
        }
    }
}

/// The natural logarithm of a normal number in `0.0..=1.0` without 0.
///
/// With $x = 2^e m$, $m$ around 1 and $s = (m - 1) / (m + 1)$: $\ln x = e \ln 2 + 2 (s + s^3 / 3 + s^5 / 5 + \dots)$.
#[inline(always)]
fn ln(x: f64) -> f64 {
    // The exponent, plus 1,023, of x / sqrt(1/2): m is then between sqrt(1/2) and sqrt(2).
    let raised = (x.to_bits() + (ONE - (0.5 * SQRT_2).to_bits())) >> 52;
    let m = f64::from_bits(x.to_bits() + (1_023 << 52) - (raised << 52));
    // `raised` as a number, without the conversion that vectors lack.
    let e =
        f64::from_bits(raised | 4_503_599_627_370_496.0_f64.to_bits()) - (4_503_599_627_370_496.0 + 1_023.0);
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let mut sum = 1.0 / 21.0;
    for odd in [19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        sum = sum * z + 1.0 / odd;
    }
    e * LN_2 + (2.0 * s + 2.0 * s * (z * sum))
}

/// Sine and cosine of $2 \pi t$ for $0 \le t < 1$.
///
/// The nearest quarter of a turn is taken off, exactly; the rest is at most $\pi / 4$, where Taylor's series are short.
#[inline(always)]
fn sin_cos_of_turns(t: f64) -> (f64, f64) {
    let rounded = 4.0 * t + ROUND;
    let quarter = rounded.to_bits();
    let x = (t - 0.25 * (rounded - ROUND)) * TAU;
    let z = x * x;
    let mut sin = 1.0;
    for (a, b) in [
        (16.0, 17.0),
        (14.0, 15.0),
        (12.0, 13.0),
        (10.0, 11.0),
        (8.0, 9.0),
        (6.0, 7.0),
        (4.0, 5.0),
        (2.0, 3.0),
    ] {
        sin = 1.0 - sin * z * (1.0 / (a * b));
    }
    let sin = x * sin;
    let mut cos = 1.0;
    for (a, b) in [
        (15.0, 16.0),
        (13.0, 14.0),
        (11.0, 12.0),
        (9.0, 10.0),
        (7.0, 8.0),
        (5.0, 6.0),
        (3.0, 4.0),
        (1.0, 2.0),
    ] {
        cos = 1.0 - cos * z * (1.0 / (a * b));
    }
    let (s, c) = if quarter & 1 == 1 { (cos, sin) } else { (sin, cos) };
    let sign = |bit: u64| (bit >> 1 & 1) << 63;
    (f64::from_bits(s.to_bits() ^ sign(quarter)), f64::from_bits(c.to_bits() ^ sign(quarter + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithm_sine_and_cosine_are_those_of_the_standard_library() {
        let mut generator = Generator::new(5);
        for i in 0..100_000 {
            let u = generator.uniform();
            let (sin, cos) = sin_cos_of_turns(u);
            let (true_sin, true_cos) = (TAU * u).sin_cos();
            // 2 pi u is itself rounded.
            assert!((sin - true_sin).abs() < 1e-15 && (cos - true_cos).abs() < 1e-15, "{u}: {sin} {cos}");
            let x = if i % 2 == 0 { 1.0 - u } else { (1.0 - u) * 2.0_f64.powi(-(i % 53)) };
            assert!((ln(x) - x.ln()).abs() <= 4e-16 * x.ln().abs(), "{x}: {} {}", ln(x), x.ln());
        }
        assert_eq!((ln(1.0), ln(0.5)), (0.0, -LN_2));
        for (quarter, expected) in [(0.0, 1.0), (1.0, 0.0), (2.0, -1.0), (3.0, 0.0)] {
            assert_eq!(sin_cos_of_turns(quarter / 4.0).1, expected, "{quarter}");
        }
    }

    /// Many draws are those that come one by one, to rounding, whatever the portions.
    #[test]
    fn draws_in_portions_are_those_one_by_one() {
        let (mut one_by_one, mut portions) = (Generator::new(9), Generator::new(9));
        for count in [0, 1, 2, 3, 30, 64, 65, 100, 7] {
            let mut draws = vec![0.0; count];
            portions.fill_normal(&mut draws);
            for draw in draws {
                let expected = one_by_one.normal();
                assert!((draw - expected).abs() < 4e-15, "{draw} {expected}");
            }
        }
        assert_eq!(portions.word(), one_by_one.word());
    }
}
