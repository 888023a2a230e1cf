//! The bias-variance simulation against closed forms, against NumPy, and against itself.

use super::fixture::{self, numbers};
use kiln::bias_variance::{Classification, Decomposition, Design, Network, Regressor, Sample, Simulation};
use kiln::prelude::*;

const NOISE: f64 = 0.5;

fn truth(x: f64) -> f64 {
    x + 2.0 * (1.5 * x).sin()
}

fn simulation() -> Simulation {
    Simulation::new(truth).noise(NOISE).samples(30).domain(0.0, 10.0).runs(10_000).seed(11)
}

#[track_caller]
fn assert_within(what: &str, value: f64, expected: f64, error: f64, errors: f64) {
    assert!(
        (value - expected).abs() <= errors * error,
        "{what}: {value}, in closed form {expected}: {:.2} standard errors of {error}",
        (value - expected).abs() / error
    );
}

/// Under fixed design a straight line's prediction is a known linear combination of the targets: bias, variance and mean
/// squared error within 3 standard errors on average, and within 4.5 at each of 100 points.
#[test]
fn a_line_under_fixed_design_has_its_closed_form() -> Result<()> {
    let sim = simulation().design(Design::Fixed).regressor(Polynomial::new(1)).run()?;
    let x: Vec<f64> = (0..30).map(|i| 10.0 * f64::from(i) / 29.0).collect();
    let spread: f64 = x.iter().map(|x| (x - 5.0).powi(2)).sum();
    let (mut bias_sum, mut variance_sum) = (0.0, 0.0);
    for (j, &at) in sim.x().iter().enumerate() {
        let share = |x: f64| 1.0 / 30.0 + (at - 5.0) * (x - 5.0) / spread;
        let bias = (x.iter().map(|&x| share(x) * truth(x)).sum::<f64>() - truth(at)).powi(2);
        let variance = NOISE * NOISE * x.iter().map(|&x| share(x).powi(2)).sum::<f64>();
        let mse = bias + variance + NOISE * NOISE;
        assert_within(
            &format!("bias² at {at}"),
            sim.bias_squared_at()[j],
            bias,
            sim.bias_squared_errors_at()[j],
            4.5,
        );
        assert_within(
            &format!("variance at {at}"),
            sim.variance_at()[j],
            variance,
            sim.variance_errors_at()[j],
            4.5,
        );
        assert_within(&format!("MSE at {at}"), sim.mse_at()[j], mse, sim.mse_errors_at()[j], 4.5);
        bias_sum += bias / 100.0;
        variance_sum += variance / 100.0;
    }
    assert_within("bias²", sim.bias_squared(), bias_sum, sim.bias_squared_error(), 3.0);
    assert_within("variance", sim.variance(), variance_sum, sim.variance_error(), 3.0);
    assert_within("MSE", sim.mse(), bias_sum + variance_sum + NOISE * NOISE, sim.mse_error(), 3.0);
    assert!((sim.noise() - 0.25).abs() < 1e-15, "noise() is the variance");
    Ok(())
}

/// At the points of a fixed design the variance of least squares is on average noise x parameters / samples.
#[test]
fn variance_at_the_design_points_counts_the_parameters() -> Result<()> {
    for degree in [1, 5, 9, 15] {
        let fixed = simulation().design(Design::Fixed).test_points(30);
        let sim = fixed.regressor(Polynomial::new(degree)).run()?;
        let expected = NOISE * NOISE * (degree as f64 + 1.0) / 30.0;
        assert_within(&format!("degree {degree}"), sim.variance(), expected, sim.variance_error(), 3.0);
    }
    Ok(())
}

fn assert_sum(sim: &Decomposition) {
    let sum = sim.bias_squared() + sim.variance() + sim.noise();
    let error = sim.bias_squared_error() + sim.variance_error() + sim.mse_error();
    assert_within(sim.name(), sim.mse(), sum, error, 3.0);
}

/// The measured error is the sum of its parts, for every kind of regressor.
#[test]
fn mse_is_bias_variance_and_noise() -> Result<()> {
    let sim = simulation().runs(2_000);
    assert_sum(&sim.clone().regressor(Polynomial::new(3)).run()?);
    assert_sum(&sim.clone().regressor(Ridge::new(9, 0.1)).run()?);
    assert_sum(&sim.clone().regressor(NearestNeighbours::new(3)).run()?);
    assert_sum(&sim.clone().regressor(RegressionTree::new(3)).run()?);
    assert_sum(&sim.clone().runs(300).regressor(Lasso::new(7, 0.05)).run()?);
    assert_sum(&sim.runs(40).regressor(Network::new([8]).epochs(60)).run()?);
    Ok(())
}

/// On the points and noise of `bias_variance.json` predictions are NumPy's.
#[test]
fn polynomials_agree_with_numpy() -> Result<()> {
    let data = fixture::read("bias_variance.json");
    let at = numbers(&data["at"]);
    for case in data["cases"].as_array().into_iter().flatten() {
        let degree = case["degree"].as_u64().unwrap() as usize;
        let tolerance = if degree <= 9 { 1e-8 } else { 1e-5 };
        for run in 0..4 {
            let x = numbers(&data["x"][run]);
            let y = x.iter().zip(numbers(&data["noise"][run])).map(|(&x, noise)| truth(x) + noise).collect();
            let sample = Sample::new(x, y, (0.0, 10.0))?;
            let mut found = vec![0.0; at.len()];
            Polynomial::new(degree).fit_predict(&sample, &at, &mut found)?;
            for (j, want) in numbers(&case["predictions"][run]).into_iter().enumerate() {
                let error = (found[j] - want).abs() / want.abs();
                assert!(
                    error < tolerance,
                    "degree {degree}, run {run}, x = {}: {} and {want}",
                    at[j],
                    found[j]
                );
            }
        }
    }
    Ok(())
}

/// Equal seeds give equal bytes, another seed others; a run's model does not depend on how many runs there are.
#[test]
fn equal_seeds_give_equal_bytes() -> Result<()> {
    let sim = simulation().runs(100).regressor(Polynomial::new(9));
    let (one, two) = (sim.run()?, sim.run()?);
    assert_eq!(one, two);
    assert_ne!(one.mean_model(), sim.clone().seed(12).run()?.mean_model());
    assert_eq!(one.models(5), sim.runs(5).run()?.models(5));
    Ok(())
}

#[test]
fn bad_input_is_named() {
    let fails = |simulation: Simulation, part: &str| {
        let text = simulation.run().expect_err(part).to_string();
        assert!(text.contains(part), "`{part}` is missing in: {text}");
    };
    let sim = || simulation().runs(4);
    fails(sim().runs(0), "runs");
    fails(sim().samples(0), "samples");
    fails(sim().test_points(0), "test_points");
    fails(sim().noise(-0.5), "-0.5");
    fails(sim().noise(f64::NAN), "NaN");
    fails(sim().domain(1.0, 1.0), "domain");
    fails(sim().regressor(Polynomial::new(30)), "31 samples");
    fails(sim().regressor(Ridge::new(3, -1.0)), "alpha");
    fails(sim().regressor(NearestNeighbours::new(31)), "1..=30");
    fails(sim().regressor(RegressionTree::new(2).min_samples_leaf(0)), "min_samples_leaf");
    fails(sim().regressor(Network::new([4]).activation("rellu")), "rellu");
    fails(Simulation::new(f64::ln).domain(-1.0, 1.0).runs(4), "x = -1");
    let empty = sim().complexity_sweep("degree", Vec::<usize>::new(), Polynomial::new);
    assert!(empty.is_err_and(|error| error.to_string().contains("no values")));
}

/// Results can be shown: a table, a fan, a decomposition.
#[test]
fn results_are_shown() -> Result<()> {
    let sweep = simulation().runs(50).complexity_sweep("degree", [1, 3, 5, 9], Polynomial::new)?;
    assert_eq!(sweep.to_table().len(), 4);
    sweep.figure().check()?;
    sweep.results()[1].figure().check()?;
    assert!(sweep.results()[1].to_string().contains("polynomial of degree 3, 50 runs"));
    assert!(sweep.bias_squared()[0] > sweep.bias_squared()[3]);
    Ok(())
}

/// An optimizer's way down ends near the minimum, and a wild one ends early and says so.
#[test]
fn descents_end_where_they_should() -> Result<()> {
    let path = surfaces::beale().descend(Adam::new(0.05), [1.0, 1.5], 2_000)?;
    assert!((path.last()[0] - 3.0).hypot(path.last()[1] - 0.5) < 0.01, "{path}");
    let decay =
        surfaces::ravine().descend(SGD::new(ExponentialDecay::new(0.06, 50, 0.5)), [-4.5, 1.2], 200)?;
    assert!(decay.last_value() < decay.values()[0] && !decay.diverged());
    let wild = surfaces::rosenbrock().descend(SGD::new(0.1), [-1.5, 2.0], 100)?;
    assert!(wild.diverged() && wild.values().iter().all(|value| value.is_finite()), "{wild}");
    plot::descent(&surfaces::rosenbrock(), &[wild]).check()?;
    assert!(surfaces::saddle().descend("adamm", [0.0, 0.0], 3).is_err());
    let still = surfaces::beale().descend(SGD::new(0.0), [1.0, 1.5], 3)?;
    assert!(still.points().iter().all(|&point| point == (1.0, 1.5)), "a learning rate of 0 changes nothing");
    Ok(())
}

/// Every optimizer of the toolkit walks, and goes down.
#[test]
fn every_optimizer_descends() -> Result<()> {
    for name in ["sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "adamax", "nadam", "lion", "ftrl"]
    {
        let path = surfaces::quadratic_bowl().descend(name, [-3.0, 2.5], 50)?;
        assert!(path.len() == 51 && path.last_value() < path.values()[0], "{path}");
    }
    Ok(())
}

/// The mean of 15 labels is a majority vote; each label is 1 with probability 0.7. How often the vote is right is a
/// binomial sum.
#[test]
fn a_majority_vote_has_its_closed_form() -> Result<()> {
    let vote = Classification::new(|_| 0.7).samples(15).runs(4_000).seed(3).classifier(Polynomial::new(0));
    let found = vote.run()?;
    let choose = |k: u64| (0..k).fold(1.0, |product, i| product * (15 - i) as f64 / (i + 1) as f64);
    let right: f64 = (8..=15).map(|k| choose(k) * 0.7_f64.powi(k as i32) * 0.3_f64.powi(15 - k as i32)).sum();
    let error = right * 0.3 + (1.0 - right) * 0.7;
    let spread = (right * (1.0 - right) / 4_000.0).sqrt();
    assert_within("variance", found.variance(), 1.0 - right, spread, 4.0);
    assert_within("noise", found.noise(), 0.3 * (2.0 * right - 1.0), 0.6 * spread, 4.0);
    assert!((found.variance_error() / spread - 1.0).abs() < 0.2, "{} {spread}", found.variance_error());
    assert!((found.noise_error() / (0.6 * spread) - 1.0).abs() < 0.2, "{}", found.noise_error());
    assert_within("error", found.error(), error, found.error_error(), 4.0);
    assert_eq!((found.bias(), found.biased_variance()), (0.0, 0.0));
    Ok(())
}

/// Where most models are wrong, those that differ are right: variance then lowers the error, and the parts still add up.
#[test]
fn a_biased_vote_gains_by_variance() -> Result<()> {
    let rare = |x: f64| if x < 0.2 { 0.95 } else { 0.05 };
    let found = Classification::new(rare)
        .samples(9)
        .runs(2_000)
        .seed(5)
        .test_points(50)
        .classifier(Polynomial::new(0))
        .run()?;
    assert!((found.bias() - 0.2).abs() < 1e-12 && found.biased_variance() > 0.0);
    let pairs = found.votes().into_iter().zip(found.probability());
    let expected = pairs.map(|(vote, p)| vote * (1.0 - p) + (1.0 - vote) * p).sum::<f64>() / 50.0;
    let sum = found.bias() + found.variance() + found.noise();
    assert!((sum - expected).abs() < 1e-12, "{sum} {expected}");
    assert_within("error", found.error(), sum, found.error_error(), 4.0);
    Ok(())
}

#[test]
fn classifiers_are_swept_and_shown() -> Result<()> {
    let wave = Classification::new(|x| 0.5 + 0.45 * (12.0 * x).sin()).samples(80).runs(200).seed(1);
    let sweep = wave.complexity_sweep("neighbours", [1, 9, 79], NearestNeighbours::new)?;
    assert!(sweep.variance()[0] > sweep.variance()[1] && sweep.bias()[2] > sweep.bias()[1]);
    assert_eq!((sweep.best(), sweep.to_table().len()), (9.0, 3));
    sweep.figure().check()?;
    sweep.results()[0].figure().check()?;
    assert_eq!(wave.run()?, wave.run()?);
    let fails = |simulation: Classification, part: &str| {
        let text = simulation.run().expect_err(part).to_string();
        assert!(text.contains(part), "`{part}` is missing in: {text}");
    };
    fails(Classification::new(|x| 2.0 * x).runs(4), "at x = ");
    fails(wave.clone().runs(1), "runs");
    fails(wave.clone().domain(1.0, 0.0), "domain");
    fails(wave.classifier(NearestNeighbours::new(81)), "1..=80");
    Ok(())
}

/// One thread gives the bytes of many: this test runs itself again with one.
#[test]
fn the_number_of_threads_changes_nothing() -> Result<()> {
    let sim = simulation().runs(300).regressor(Polynomial::new(9)).run()?;
    let tree = simulation().runs(100).regressor(RegressionTree::new(4)).run()?;
    let bytes = sim.models(300).concat().into_iter().chain(tree.models(100).concat());
    let digest = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, value| {
        (hash ^ value.to_bits()).wrapping_mul(0x0100_0000_01b3)
    });
    println!("digest {digest:016x}");
    if std::env::var_os("KILN_THREADS").is_none() {
        let output = std::process::Command::new(std::env::current_exe().expect("the test's program"))
            .args(["--exact", "bias_variance::the_number_of_threads_changes_nothing", "--nocapture"])
            .env("KILN_THREADS", "1")
            .output()
            .expect("the test's program runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(&format!("digest {digest:016x}")), "{text}");
    }
    Ok(())
}

/// A constant that interrupts the notebook's cell at its 300th sample.
#[derive(Debug, Default)]
struct Interrupting {
    samples: std::sync::atomic::AtomicUsize,
}

impl Regressor for Interrupting {
    fn name(&self) -> String {
        "interrupting".into()
    }

    fn fit_predict(&self, sample: &Sample, _: &[f64], predictions: &mut [f64]) -> Result<()> {
        if self.samples.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 300 {
            kiln::notebook::mark_interrupted();
        }
        predictions.fill(sample.y[0]);
        Ok(())
    }
}

/// An interrupt keeps the runs so far and says so, in a process of its own: the mark is the whole process's.
#[test]
fn an_interrupt_keeps_the_runs_so_far() -> Result<()> {
    if std::env::var_os("KILN_TEST_INTERRUPT").is_none() {
        let output = std::process::Command::new(std::env::current_exe().expect("the test's program"))
            .args(["--exact", "bias_variance::an_interrupt_keeps_the_runs_so_far"])
            .env("KILN_TEST_INTERRUPT", "1")
            .output()
            .expect("the test's program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return Ok(());
    }
    let found = simulation().runs(5_000).regressor(Interrupting::default()).run()?;
    assert!(found.interrupted() && (2..=300).contains(&found.runs()), "{} runs", found.runs());
    assert!(found.to_table().to_string().contains("of 5000, interrupted"), "{}", found.to_table());
    Ok(())
}
