//! What is drawn has the distribution that it promises: mean, variance, bounds and shape, at five standard errors.

use kiln::initializers::{
    Distribution, Fan, Initializer, RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling,
};
use kiln::prelude::*;
use kiln::random::Generator;

const SHAPE: [usize; 2] = [300, 700];
const COUNT: f64 = 210_000.0;
/// Kolmogorov's statistic times the root of the count stays below this with the chance of five standard deviations.
const KOLMOGOROV: f64 = 2.75;

/// The normal distribution function, by the series of Marsaglia (2004).
fn normal(x: f64) -> f64 {
    if x.abs() > 8.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut sum, mut term, mut n) = (x, x, 1.0);
    while term.abs() > 1e-17 * sum.abs() {
        n += 2.0;
        term *= x * x / n;
        sum += term;
    }
    0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

struct Promise {
    mean: f64,
    variance: f64,
    bounds: (f64, f64),
    /// The share of values up to x.
    share: Box<dyn Fn(f64) -> f64>,
}

fn gaussian(mean: f64, deviation: f64) -> Promise {
    Promise {
        mean,
        variance: deviation * deviation,
        bounds: (f64::NEG_INFINITY, f64::INFINITY),
        share: Box::new(move |x| normal((x - mean) / deviation)),
    }
}

/// Cut off at two standard deviations; `deviation` is the one before.
fn truncated(mean: f64, deviation: f64) -> Promise {
    let inside = normal(2.0) - normal(-2.0);
    let density = (-2.0_f64).exp() / (2.0 * std::f64::consts::PI).sqrt();
    Promise {
        mean,
        variance: deviation * deviation * (1.0 - 4.0 * density / inside),
        bounds: (mean - 2.0 * deviation, mean + 2.0 * deviation),
        share: Box::new(move |x| (normal((x - mean) / deviation) - normal(-2.0)) / inside),
    }
}

fn uniform(low: f64, high: f64) -> Promise {
    Promise {
        mean: (low + high) / 2.0,
        variance: (high - low).powi(2) / 12.0,
        bounds: (low, high),
        share: Box::new(move |x| (x - low) / (high - low)),
    }
}

fn assert_keeps(what: &str, mut values: Vec<f64>, promise: &Promise) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    assert!((mean - promise.mean).abs() < 5.0 * (promise.variance / count).sqrt(), "{what}: mean {mean}");
    let moment = |power: i32| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>() / count;
    let (variance, fourth) = (moment(2), moment(4));
    let error = ((fourth - variance * variance) / count).sqrt();
    assert!(
        (variance - promise.variance).abs() < 5.0 * error,
        "{what}: variance {variance}, not {}",
        promise.variance
    );
    // Neighbours have nothing to do with each other.
    let together = values.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum::<f64>() / count;
    assert!((together / variance).abs() < 5.0 / count.sqrt(), "{what}: correlation {}", together / variance);
    values.sort_by(f64::total_cmp);
    let (first, last) = (values[0], values[values.len() - 1]);
    assert!(first >= promise.bounds.0 && last <= promise.bounds.1, "{what}: {first}..={last}");
    let distance = values.iter().enumerate().fold(0.0_f64, |worst, (at, &value)| {
        let share = (promise.share)(value);
        worst.max((share - at as f64 / count).abs()).max((share - (at + 1) as f64 / count).abs())
    });
    assert!(
        distance * count.sqrt() < KOLMOGOROV,
        "{what}: Kolmogorov's distance {}",
        distance * count.sqrt()
    );
}

#[test]
fn initializers_keep_what_they_promise() -> Result<()> {
    let scaling = |scale: f64, mode: Fan, distribution: Distribution| {
        VarianceScaling::new().scale(scale).mode(mode).distribution(distribution)
    };
    // The deviation of the normal distribution cut off at two deviations.
    let cut = 0.879_625_661_034_239_8;
    let cases: Vec<(&str, Box<dyn Initializer>, Promise)> = vec![
        ("RandomNormal", Box::new(RandomNormal::new().mean(0.3).stddev(2.0)), gaussian(0.3, 2.0)),
        ("RandomNormal of 1", Box::new(RandomNormal::new().stddev(1.0)), gaussian(0.0, 1.0)),
        ("RandomUniform", Box::new(RandomUniform::new().minval(-0.2).maxval(1.0)), uniform(-0.2, 1.0)),
        ("TruncatedNormal", Box::new(TruncatedNormal::new().mean(-1.0).stddev(0.5)), truncated(-1.0, 0.5)),
        (
            "fan_in, truncated",
            Box::new(scaling(2.0, Fan::In, Distribution::TruncatedNormal)),
            truncated(0.0, (2.0_f64 / 300.0).sqrt() / cut),
        ),
        (
            "fan_out, untruncated",
            Box::new(scaling(0.7, Fan::Out, Distribution::UntruncatedNormal)),
            gaussian(0.0, (0.7_f64 / 700.0).sqrt()),
        ),
        (
            "fan_avg, uniform",
            Box::new(scaling(3.0, Fan::Avg, Distribution::Uniform)),
            uniform(-(9.0_f64 / 500.0).sqrt(), (9.0_f64 / 500.0).sqrt()),
        ),
    ];
    for (what, initializer, promise) in cases {
        let values = initializer.values(&SHAPE, &mut Generator::new(17))?;
        assert_eq!(values.len() as f64, COUNT);
        assert_keeps(what, values, &promise);
    }
    Ok(())
}

#[test]
fn random_tensors_keep_what_they_promise() -> Result<()> {
    kiln::set_seed(23);
    assert_keeps("random_normal", Tensor::random_normal(SHAPE, 1.0, 3.0)?.to_vec_f64(), &gaussian(1.0, 3.0));
    assert_keeps("random_uniform", Tensor::random_uniform(SHAPE, 2.0, 5.0)?.to_vec_f64(), &uniform(2.0, 5.0));
    Ok(())
}

/// What a layer of one's own draws from its context, stream by stream.
#[test]
fn draws_of_own_layers_keep_what_they_promise() -> Result<()> {
    struct Draws(bool, u64);
    impl OwnLayer for Draws {
        fn class_name(&self) -> &'static str {
            "Draws"
        }
        fn forward(&self, x: &Var, _: &[Var], context: &Context) -> Var {
            if self.0 { context.normal_like(x, self.1) } else { context.uniform_like(x, self.1) }
        }
    }
    let drawn = |is_normal, stream| {
        let mut model = Sequential::new().seed(3).add(Own::new(Draws(is_normal, stream)));
        model.predict(&Tensor::zeros([500, 400])).map(|drawn| drawn.to_vec_f64())
    };
    assert_keeps("normal", drawn(true, 0)?, &gaussian(0.0, 1.0));
    assert_keeps("uniform", drawn(false, 0)?, &uniform(0.0, 1.0));
    let (one, other) = (drawn(true, 0)?, drawn(true, 1)?);
    let together = one.iter().zip(&other).map(|(a, b)| a * b).sum::<f64>() / one.len() as f64;
    assert!(together.abs() < 5.0 / (one.len() as f64).sqrt(), "streams go together: {together}");
    assert_eq!(one, drawn(true, 0)?);
    Ok(())
}

/// The share of units that dropout drops, in each column and from step to step: binomial, at five standard errors.
#[test]
fn dropout_drops_each_unit_alike_and_each_step_anew() -> Result<()> {
    // A kernel of zeros gets the gradient x / (rows units) for kept inputs and 0 for dropped ones.
    let (rows, units, rate) = (1, 20_000, 0.3);
    let mut model = Sequential::new()
        .seed(5)
        .add(Dropout::new(rate).input_shape([units]))
        .add(Dense::new(1).kernel_initializer("zeros").use_bias(false));
    model.compile(SGD::new(1.0), losses::from_fn("sum", |_, p| -p), ())?;
    let x = Tensor::ones([rows, units]);
    let mut kept = Vec::new();
    for _ in 0..2 {
        let before = model.get_weights()?[0].to_vec();
        model.train_on_batch(&x, &Tensor::zeros([rows, 1]))?;
        let after = model.get_weights()?[0].to_vec();
        let moved: Vec<f32> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
        for step in &moved {
            assert!(*step == 0.0 || (f64::from(*step) - 1.0 / (1.0 - rate)).abs() < 1e-6, "{step}");
        }
        kept.push(moved.iter().map(|step| f64::from(u8::from(*step > 0.0))).collect::<Vec<f64>>());
    }
    let spread = (rate * (1.0 - rate) * units as f64).sqrt();
    for kept in &kept {
        let count: f64 = kept.iter().sum();
        assert!((count - (1.0 - rate) * units as f64).abs() < 5.0 * spread, "{count} of {units} kept");
    }
    let both: f64 = kept[0].iter().zip(&kept[1]).map(|(a, b)| a * b).sum();
    let chance = (1.0 - rate) * (1.0 - rate);
    let spread = (chance * (1.0 - chance) * units as f64).sqrt();
    assert!((both - chance * units as f64).abs() < 5.0 * spread, "{both} of {units} kept twice");
    Ok(())
}
