//! The two number types of the host engine, and their elementary functions in a form that vectorises.

use bytemuck::Pod;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// f32 for work, f64 for checks: every kernel of the host engine is written once for both.
pub(crate) trait Real:
    Pod
    + Send
    + Sync
    + PartialOrd
    + std::fmt::Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + faer::traits::ComplexField
    + super::storage::Stored
{
    const ZERO: Self;
    const ONE: Self;
    fn of(value: f64) -> Self;
    fn f64(self) -> f64;
    fn exp(self) -> Self;
    /// e^x - 1 without cancellation near 0.
    fn exp_m1(self) -> Self;
    fn ln(self) -> Self;
    fn ln_1p(self) -> Self;
    fn tanh(self) -> Self;
    fn erf(self) -> Self;
    fn sqrt(self) -> Self;
    fn powf(self, exponent: Self) -> Self;
    fn abs(self) -> Self;
    fn max(self, other: Self) -> Self;
    fn min(self, other: Self) -> Self;
    fn is_finite(self) -> bool;
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value as Self
    }
    #[inline(always)]
    fn f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        exp_f32(self)
    }
    #[inline(always)]
    fn exp_m1(self) -> Self {
        exp_m1_f32(self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        self.ln()
    }
    #[inline(always)]
    fn ln_1p(self) -> Self {
        self.ln_1p()
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        // tanh x = (e^2x - 1) / (e^2x + 1), with the sign taken out so that e^-2|x| never overflows.
        let t = exp_m1_f32(-2.0 * self.abs());
        (-t / (t + 2.0)).copysign(self)
    }
    #[inline(always)]
    fn erf(self) -> Self {
        erf_f64(f64::from(self)) as Self
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
    #[inline(always)]
    fn powf(self, exponent: Self) -> Self {
        self.powf(exponent)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.abs()
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        if self > other || other.is_nan() { self } else { other }
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        if self < other || other.is_nan() { self } else { other }
    }
    #[inline(always)]
    fn is_finite(self) -> bool {
        self.is_finite()
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn exp(self) -> Self {
        self.exp()
    }
    #[inline(always)]
    fn exp_m1(self) -> Self {
        self.exp_m1()
    }
    #[inline(always)]
    fn ln(self) -> Self {
        self.ln()
    }
    #[inline(always)]
    fn ln_1p(self) -> Self {
        self.ln_1p()
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        self.tanh()
    }
    #[inline(always)]
    fn erf(self) -> Self {
        erf_f64(self)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
    #[inline(always)]
    fn powf(self, exponent: Self) -> Self {
        self.powf(exponent)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.abs()
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        if self > other || other.is_nan() { self } else { other }
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        if self < other || other.is_nan() { self } else { other }
    }
    #[inline(always)]
    fn is_finite(self) -> bool {
        self.is_finite()
    }
}

/// x = n ln 2 + r with |r| <= ln 2 / 2, as (2^n, r): branch-free, so that loops over it vectorise.
#[inline(always)]
fn reduce_f32(x: f32) -> (f32, f32) {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Adding and taking away 1.5 * 2^23 rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = n.mul_add(-LN2_HIGH, x);
    let r = n.mul_add(-LN2_LOW, r);
    let power = f32::from_bits(((n as i32 + 127) << 23) as u32);
    (power, r)
}

/// e^r - 1 - r on |r| <= ln 2 / 2, by a polynomial with an error below one unit in the last place of e^r.
#[inline(always)]
fn exp_tail_f32(r: f32) -> f32 {
    let p = 1.984_127e-4_f32.mul_add(r, 1.388_889e-3);
    let p = p.mul_add(r, 8.333_334e-3);
    let p = p.mul_add(r, 4.166_666_8e-2);
    let p = p.mul_add(r, 1.666_666_7e-1);
    let p = p.mul_add(r, 0.5);
    p * r * r
}

#[inline(always)]
fn exp_f32(x: f32) -> f32 {
    let clamped = x.clamp(-87.0, 88.0);
    let (power, r) = reduce_f32(clamped);
    let value = power * (exp_tail_f32(r) + r + 1.0);
    // Outside of the clamp the exact value has left f32's normal range; NaN passes through the comparisons.
    let value = if x > 88.722_83 { f32::INFINITY } else { value };
    if x < -103.0 {
        0.0
    } else if x.is_nan() {
        x
    } else {
        value
    }
}

#[inline(always)]
fn exp_m1_f32(x: f32) -> f32 {
    let clamped = x.clamp(-87.0, 88.0);
    let (power, r) = reduce_f32(clamped);
    let tail = exp_tail_f32(r);
    let value = power.mul_add(tail + r, power - 1.0);
    let value = if x > 88.722_83 { f32::INFINITY } else { value };
    if x.is_nan() { x } else { value }
}

/// The error function by its Maclaurin series near 0 and the continued fraction of erfc elsewhere.
fn erf_f64(x: f64) -> f64 {
    let a = x.abs();
    if a > 6.0 {
        return x.signum();
    }
    if a < 2.5 {
        let (mut term, mut sum, mut n) = (x, x, 0.0);
        loop {
            n += 1.0;
            term *= -x * x / n;
            let next = term / (2.0 * n + 1.0);
            sum += next;
            if next.abs() <= 1e-17 * sum.abs() {
                return sum * std::f64::consts::FRAC_2_SQRT_PI;
            }
        }
    }
    let mut fraction = 0.0;
    for k in (1..=60).rev() {
        fraction = f64::from(k) / 2.0 / (a + fraction);
    }
    let erfc = (-a * a).exp() / (a + fraction) / std::f64::consts::PI.sqrt();
    (1.0 - erfc).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(values: impl Iterator<Item = f32>, ours: fn(f32) -> f32, exact: fn(f64) -> f64) -> f64 {
        values.fold(0.0, |worst, x| {
            let want = exact(f64::from(x));
            let error = (f64::from(ours(x)) - want).abs() / want.abs().max(1e-30);
            f64::max(worst, error)
        })
    }

    #[test]
    fn f32_functions_are_within_two_units_in_the_last_place() {
        let wide = || (-8_700..8_800).map(|i| i as f32 * 0.01 + 0.001_3);
        let near = || (1..20_000).flat_map(|i| [i as f32 * 1e-4, i as f32 * -1e-4, i as f32 * 1e-9]);
        assert!(worst(wide(), Real::exp, f64::exp) < 2.4e-7, "{}", worst(wide(), Real::exp, f64::exp));
        assert!(
            worst(near(), Real::exp_m1, f64::exp_m1) < 3e-7,
            "{}",
            worst(near(), Real::exp_m1, f64::exp_m1)
        );
        assert!(worst(near(), Real::tanh, f64::tanh) < 4e-7, "{}", worst(near(), Real::tanh, f64::tanh));
        assert!(worst(wide(), Real::tanh, f64::tanh) < 4e-7);
    }

    #[test]
    fn f32_functions_keep_infinities_and_nan() {
        assert_eq!(Real::exp(f32::INFINITY), f32::INFINITY);
        assert_eq!(Real::exp(f32::NEG_INFINITY), 0.0);
        assert!(Real::exp(f32::NAN).is_nan());
        assert_eq!(Real::exp_m1(f32::NEG_INFINITY), -1.0);
        assert_eq!(Real::tanh(f32::INFINITY), 1.0);
        assert!(Real::tanh(f32::NAN).is_nan());
        assert_eq!(Real::tanh(-0.0_f32).to_bits(), (-0.0_f32).to_bits());
    }

    #[test]
    fn erf_matches_known_values() {
        // Abramowitz and Stegun, table 7.1.
        for (x, want) in
            [(0.5, 0.520_499_877_8), (1.0, 0.842_700_792_9), (2.0, 0.995_322_265_0), (3.0, 0.999_977_909_5)]
        {
            assert!((erf_f64(x) - want).abs() < 1e-10);
            assert!((erf_f64(-x) + want).abs() < 1e-10);
        }
    }
}
