//! Seeded generators of small sets: two moons, blobs, spirals, and the lecture's curve.
//!
//! The random stream is ChaCha8's, whose numbers are documented and the same everywhere: equal seeds give equal data.
//! Values are drawn and computed in f64 and rounded to f32 at the end.

use std::f64::consts::{PI, TAU};

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::{Error, Result};

/// Points in the plane with a class each.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Points {
    /// Coordinates, row-major in the shape [`shape`](Self::shape).
    pub x: Vec<f32>,
    /// The class of each point, from 0.
    pub labels: Vec<u8>,
}

impl Points {
    /// The number of points.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The shape of the coordinates: `[len, 2]`, that is point, coordinate.
    pub fn shape(&self) -> [usize; 2] {
        [self.len(), 2]
    }
}

/// Samples of a function of one variable.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Curve {
    /// Where it was sampled, in the order drawn (not sorted); shape `[n]`.
    pub x: Vec<f32>,
    /// The function's value with noise; shape `[n]`.
    pub y: Vec<f32>,
}

/// Two half circles that reach into each other, scikit-learn's `make_moons`: class 0 is the upper one around (0, 0),
/// class 1 the lower one around (1, 0.5), both of radius 1.
///
/// The points stand evenly on the half circles (the first gets the smaller half of an odd number), are shifted by normal
/// noise of standard deviation `noise`, and come in random order.
///
/// # Errors
/// No point, or noise that is negative or not finite.
///
/// # Example
/// ```
/// use kiln_datasets::synthetic;
/// let moons = synthetic::moons(200, 0.1, 42)?;
/// assert_eq!(moons.shape(), [200, 2]);
/// assert_eq!(moons, synthetic::moons(200, 0.1, 42)?);
/// # Ok::<(), kiln_datasets::Error>(())
/// ```
pub fn moons(samples: usize, noise: f64, seed: u64) -> Result<Points> {
    check("moons", samples, noise)?;
    let mut random = Random::new(seed);
    let upper = samples / 2;
    let on_half = |position: usize, count: usize| PI * position as f64 / (count.max(2) - 1) as f64;
    let points = (0..samples)
        .map(|index| {
            if index < upper {
                let angle = on_half(index, upper);
                ([angle.cos(), angle.sin()], 0)
            } else {
                let angle = on_half(index - upper, samples - upper);
                ([1.0 - angle.cos(), 0.5 - angle.sin()], 1)
            }
        })
        .collect();
    Ok(scatter(points, noise, &mut random))
}

/// Clouds of points around random centres in the square from -10 to 10, scikit-learn's `make_blobs`.
///
/// `deviation` is the standard deviation of a cloud in each coordinate (scikit-learn's default is 1). The classes are as
/// even as the number of points allows, and the points come in random order.
///
/// # Errors
/// No point, no class or more than 256, or a deviation that is negative or not finite.
///
/// # Example
/// ```
/// let blobs = kiln_datasets::synthetic::blobs(300, 3, 1.0, 7)?;
/// assert_eq!(blobs.labels.iter().filter(|&&label| label == 2).count(), 100);
/// # Ok::<(), kiln_datasets::Error>(())
/// ```
pub fn blobs(samples: usize, classes: usize, deviation: f64, seed: u64) -> Result<Points> {
    check("blobs", samples, deviation)?;
    check_classes("blobs", classes)?;
    let mut random = Random::new(seed);
    let centres: Vec<[f64; 2]> =
        (0..classes).map(|_| [random.between(-10.0, 10.0), random.between(-10.0, 10.0)]).collect();
    let points = (0..samples).map(|index| (centres[index % classes], index % classes)).collect();
    Ok(scatter(points, deviation, &mut random))
}

/// Interleaved spiral arms around the origin, one a class: radius 0 to 1 over one and a half turns.
///
/// The points stand evenly on the arms, are shifted by normal noise of standard deviation `noise` (0.02 looks well), and
/// come in random order.
///
/// # Errors
/// No point, no class or more than 256, or noise that is negative or not finite.
///
/// # Example
/// ```
/// let spirals = kiln_datasets::synthetic::spirals(300, 3, 0.02, 7)?;
/// assert_eq!(spirals.shape(), [300, 2]);
/// # Ok::<(), kiln_datasets::Error>(())
/// ```
pub fn spirals(samples: usize, classes: usize, noise: f64, seed: u64) -> Result<Points> {
    check("spirals", samples, noise)?;
    check_classes("spirals", classes)?;
    let mut random = Random::new(seed);
    let points = (0..samples)
        .map(|index| {
            let class = index % classes;
            let arm = samples / classes + usize::from(class < samples % classes);
            let radius = (index / classes + 1) as f64 / arm as f64;
            let angle = TAU * (1.5 * radius + class as f64 / classes as f64);
            ([radius * angle.cos(), radius * angle.sin()], class)
        })
        .collect();
    Ok(scatter(points, noise, &mut random))
}

/// The lecture's curve $y = x + 2 \sin(1.5 x)$ at random places in 0 to 10, with normal noise of standard deviation
/// `noise`.
///
/// # Errors
/// No sample, or noise that is negative or not finite.
///
/// # Example
/// ```
/// let curve = kiln_datasets::synthetic::curve(30, 0.0, 1)?;
/// let (x, y) = (curve.x[0], curve.y[0]);
/// assert!((y - (x + 2.0 * (1.5 * x).sin())).abs() < 1e-5);
/// # Ok::<(), kiln_datasets::Error>(())
/// ```
pub fn curve(samples: usize, noise: f64, seed: u64) -> Result<Curve> {
    check("curve", samples, noise)?;
    let mut random = Random::new(seed);
    let (mut x, mut y) = (Vec::with_capacity(samples), Vec::with_capacity(samples));
    for _ in 0..samples {
        let place = random.between(0.0, 10.0);
        x.push(place as f32);
        y.push((place + 2.0 * (1.5 * place).sin() + noise * random.normal()) as f32);
    }
    Ok(Curve { x, y })
}

fn scatter(mut points: Vec<([f64; 2], usize)>, noise: f64, random: &mut Random) -> Points {
    for ([x, y], _) in &mut points {
        *x += noise * random.normal();
        *y += noise * random.normal();
    }
    for last in (1..points.len()).rev() {
        points.swap(last, random.below(last + 1));
    }
    Points {
        x: points.iter().flat_map(|(point, _)| point.map(|coordinate| coordinate as f32)).collect(),
        labels: points.iter().map(|&(_, class)| class as u8).collect(),
    }
}

fn check(generator: &str, samples: usize, noise: f64) -> Result<()> {
    let place = format!("synthetic::{generator}");
    if samples == 0 {
        return Err(Error::new("0 samples are asked for, but at least 1 is needed").at(place));
    }
    if !noise.is_finite() || noise < 0.0 {
        return Err(Error::new(format!(
            "the noise is {noise}, but a standard deviation is finite and not negative"
        ))
        .at(place));
    }
    Ok(())
}

fn check_classes(generator: &str, classes: usize) -> Result<()> {
    if (1..=256).contains(&classes) {
        return Ok(());
    }
    Err(Error::new(format!("{classes} classes are asked for, but 1 to 256 are possible"))
        .at(format!("synthetic::{generator}")))
}

struct Random(ChaCha8Rng);

impl Random {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Uniform in `0.0..1.0`, with 53 random bits.
    fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (-53_f64).exp2()
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in `0..end`, by the high half of a product; the bias is below 2^-40 for what fits in memory here.
    fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.0.next_u64()) * end as u128) >> 64) as usize
    }

    /// Standard normal, by Box and Muller's transform of two uniform numbers.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (TAU * self.unit()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_data_and_other_seeds_other_data() {
        assert_eq!(moons(50, 0.1, 3).unwrap(), moons(50, 0.1, 3).unwrap());
        assert_ne!(moons(50, 0.1, 3).unwrap(), moons(50, 0.1, 4).unwrap());
        assert_eq!(blobs(50, 4, 1.0, 3).unwrap(), blobs(50, 4, 1.0, 3).unwrap());
        assert_ne!(spirals(50, 2, 0.1, 3).unwrap(), spirals(50, 2, 0.1, 4).unwrap());
        assert_eq!(curve(50, 0.5, 3).unwrap(), curve(50, 0.5, 3).unwrap());
    }

    /// Without noise every point of the moons lies on its half circle.
    #[test]
    fn moons_lie_on_their_circles() {
        let moons = moons(101, 0.0, 1).unwrap();
        assert_eq!(moons.labels.iter().filter(|&&label| label == 0).count(), 50);
        for (point, label) in moons.x.chunks(2).zip(&moons.labels) {
            let (x, y) = (point[0], point[1]);
            let (radius, above) =
                if *label == 0 { (x.hypot(y), y) } else { ((x - 1.0).hypot(y - 0.5), 0.5 - y) };
            assert!((radius - 1.0).abs() < 1e-6 && above > -1e-6, "{x}, {y} of class {label}");
        }
    }

    #[test]
    fn classes_are_even() {
        for points in [blobs(100, 3, 1.0, 5).unwrap(), spirals(100, 3, 0.0, 5).unwrap()] {
            let counts: Vec<usize> =
                (0..3).map(|class| points.labels.iter().filter(|&&label| label == class).count()).collect();
            assert_eq!(counts, [34, 33, 33]);
        }
        assert!(
            spirals(100, 3, 0.0, 5).unwrap().x.chunks(2).all(|point| point[0].hypot(point[1]) <= 1.000_001)
        );
    }

    /// The noise has mean 0 and the standard deviation asked for (4 standard errors at 20,000 samples), and the sign and
    /// the tails of a normal distribution.
    #[test]
    fn noise_is_normal() {
        let mut random = Random::new(9);
        let values: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let moment = |power: i32| values.iter().map(|value| value.powi(power)).sum::<f64>() / 20_000.0;
        assert!(moment(1).abs() < 0.029, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.041, "{}", moment(2));
        assert!((moment(4) - 3.0).abs() < 0.28, "{}", moment(4));
    }

    #[test]
    fn a_single_point_and_a_pair_are_possible() {
        assert_eq!(moons(1, 0.0, 1).unwrap().len(), 1);
        assert_eq!(moons(2, 0.0, 1).unwrap().len(), 2);
        assert_eq!(spirals(1, 5, 0.0, 1).unwrap().len(), 1);
        assert!(moons(3, 0.0, 1).unwrap().x.iter().all(|value| value.is_finite()));
    }

    #[test]
    fn bad_arguments_are_named() {
        assert!(moons(0, 0.1, 1).unwrap_err().to_string().starts_with("synthetic::moons: 0 samples"));
        for noise in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(curve(10, noise, 1).unwrap_err().what().contains("standard deviation"));
        }
        for classes in [0, 257] {
            assert!(blobs(10, classes, 1.0, 1).unwrap_err().what().contains("1 to 256"));
            assert!(spirals(10, classes, 0.1, 1).unwrap_err().what().contains("1 to 256"));
        }
    }
}
