//! Seeds and random streams. All random numbers are drawn on the host, so that every device sees the same.

mod normals;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::hash::{BuildHasher, Hasher};
use std::sync::{Mutex, PoisonError};

static PROCESS: Mutex<Option<Generator>> = Mutex::new(None);

/// Seeds everything that draws random numbers without a seed of its own, as `keras.utils.set_random_seed` does.
///
/// The same calls after the same seed give the same bytes. Models, fits and simulations also take `.seed(n)`.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// kiln::set_seed(42);
/// let first = Tensor::random_normal([3], 0.0, 1.0)?;
/// kiln::set_seed(42);
/// assert_eq!(first.to_vec(), Tensor::random_normal([3], 0.0, 1.0)?.to_vec());
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn set_seed(seed: u64) {
    *PROCESS.lock().unwrap_or_else(PoisonError::into_inner) = Some(Generator::new(seed));
}

/// The next seed of the process-wide stream; from the system where [`set_seed`] was not called.
pub(crate) fn fresh_seed() -> u64 {
    let mut process = PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
    let unseeded = || Generator::new(std::collections::hash_map::RandomState::new().build_hasher().finish());
    process.get_or_insert_with(unseeded).word()
}

/// A number that names something within this process only: a counter, so that it disturbs no random stream.
pub(crate) fn fresh_id() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// A reproducible stream of random numbers (ChaCha with 8 rounds: documented, the same on every machine).
///
/// # Example
/// ```
/// use kiln::random::Generator;
/// let mut generator = Generator::new(7);
/// let draws: Vec<f64> = (0..3).map(|_| generator.uniform()).collect();
/// assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
/// ```
#[derive(Debug, Clone)]
pub struct Generator {
    stream: ChaCha8Rng,
    spare_normal: Option<f64>,
}

impl Generator {
    /// The stream of this seed.
    pub fn new(seed: u64) -> Self {
        Self::with_stream(seed, 0)
    }

    /// One of many independent streams of this seed.
    pub fn with_stream(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self { stream: rng, spare_normal: None }
    }

    /// 64 random bits.
    pub fn word(&mut self) -> u64 {
        self.stream.next_u64()
    }

    /// A number drawn evenly from `0.0..1.0`, with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.word() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A number from the standard normal distribution (Box and Muller's method).
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare_normal.take() {
            return spare;
        }
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.uniform()).sin_cos();
        self.spare_normal = Some(radius * sin);
        radius * cos
    }

    /// Fills `out` with the draws that [`normal`](Self::normal) would give one by one, to rounding, but several times
    /// as fast.
    pub fn fill_normal(&mut self, out: &mut [f64]) {
        let spare = if out.is_empty() { None } else { self.spare_normal.take() };
        let (first, rest) = out.split_at_mut(usize::from(spare.is_some()));
        first.iter_mut().zip(spare).for_each(|(first, spare)| *first = spare);
        let (pairs, last) = rest.split_at_mut(rest.len() / 2 * 2);
        normals::fill_pairs(self, pairs);
        if let [last] = last {
            *last = self.normal();
        }
    }

    /// A number drawn evenly from `0..bound`, without bias.
    ///
    /// # Panics
    /// When `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "there is no number below 0");
        let bound = bound as u64;
        loop {
            let product = u128::from(self.word()) * u128::from(bound);
            if product as u64 >= bound.wrapping_neg() % bound {
                return (product >> 64) as usize;
            }
        }
    }

    /// The numbers `0..count` in random order (Fisher and Yates).
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean, variance and fourth moment of the normal draws, each within five standard errors.
    #[test]
    fn normal_draws_have_the_moments_of_the_normal_distribution() {
        let mut generator = Generator::new(3);
        let n = 200_000;
        let draws: Vec<f64> = (0..n).map(|_| generator.normal()).collect();
        let moment = |power: i32| draws.iter().map(|draw| draw.powi(power)).sum::<f64>() / f64::from(n);
        let bound = |variance: f64| 5.0 * (variance / f64::from(n)).sqrt();
        assert!(moment(1).abs() < bound(1.0));
        assert!((moment(2) - 1.0).abs() < bound(2.0));
        assert!((moment(4) - 3.0).abs() < bound(96.0));
    }

    #[test]
    fn a_permutation_holds_every_number_once_and_every_place_is_equally_likely() {
        let mut generator = Generator::new(5);
        let mut counts = [[0_u32; 5]; 5];
        for _ in 0..20_000 {
            let order = generator.permutation(5);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3, 4]);
            order.iter().enumerate().for_each(|(place, &number)| counts[place][number] += 1);
        }
        let deviation = (20_000.0 * 0.2 * 0.8_f64).sqrt();
        assert!(counts.iter().flatten().all(|&count| (f64::from(count) - 4_000.0).abs() < 5.0 * deviation));
    }
}
