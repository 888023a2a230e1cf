//! Random models of every optimizer, schedule, regularizer, constraint and loss follow real Keras for thirty steps.

use super::fixture;
use kiln::prelude::*;
use serde_json::Value;

/// The fixture's data: integers with a scale.
fn data(fixture: &Value, name: &Value) -> Result<Tensor> {
    let name = name.as_str().unwrap_or_default();
    let entry = &fixture["data"][name];
    let scale = entry["scale"].as_f64().unwrap_or(f64::NAN);
    let shape: Vec<usize> = fixture::numbers(&entry["shape"]).into_iter().map(|size| size as usize).collect();
    let values = fixture::numbers(&entry["values"]);
    if name.ends_with("labels") {
        return Tensor::from_labels(values.into_iter().map(|label| label as i32).collect(), shape);
    }
    Tensor::from_vec(values.into_iter().map(|value| (value / scale) as f32).collect(), shape)
}

/// What the samples of each class count.
fn class_weights(value: &Value) -> Option<Vec<(usize, f64)>> {
    let classes = value.as_object()?;
    let weight = |(class, weight): (&String, &Value)| Some((class.parse().ok()?, weight.as_f64()?));
    classes.iter().map(weight).collect()
}

/// Each loss within 1e-4 of Keras's, the weights within 1e-3 of the way they went (Lion, whose steps are signs: the loss
/// only), and every metric of every step; `tests/oracle/random_configs.py` made the cases.
#[test]
fn random_models_follow_keras() -> Result<()> {
    let fixture = fixture::read_packed("random_configs.json.gz");
    let steps = fixture["steps"].as_u64().unwrap_or_default() as usize;
    let (mut followed, mut measured) = (0, 0);
    let mut worst = (0.0, String::new());
    let mut failures = Vec::new();
    for case in fixture["cases"].as_array().into_iter().flatten() {
        let name = format!("{} {}", case["name"], case["uses"]);
        // Compiled as the configuration says.
        let mut model = Sequential::from_config(&case["config"])?;
        let given: Vec<Tensor> =
            case["initial_weights"].as_array().into_iter().flatten().map(fixture::array).collect();
        model.set_weights(&given)?;
        let (x, y) = (data(&fixture, &case["x"])?, data(&fixture, &case["y"])?);
        let weights = case["sample_weight"].as_str();
        let weights = weights.map(|_| data(&fixture, &case["sample_weight"])).transpose()?;
        let classes = class_weights(&case["class_weight"]);
        let batch = case["batch_size"].as_u64().unwrap_or_default() as usize;
        let mut largest = 0.0_f64;
        for (step, &want) in fixture::numbers(&case["losses"]).iter().enumerate() {
            let rows: Vec<usize> = (0..batch).map(|row| (step * batch + row) % x.shape()[0]).collect();
            let (x, y) = (x.take(&rows)?, y.take(&rows)?);
            let mut described = model.batch(&x, &y);
            if let Some(weights) = &weights {
                described = described.sample_weight(&weights.take(&rows)?);
            }
            if let Some(classes) = &classes {
                described = described.class_weight(classes.clone());
            }
            let scores = described.train()?;
            let loss = scores.loss();
            largest = largest.max((loss - want).abs() / want.abs());
            if largest.is_nan() || largest >= 1e-4 {
                failures.push(format!("{name}: step {step} of {steps}: loss {loss}, Keras has {want}"));
                break;
            }
            // Where rounding alone moves a metric of Keras (a sample on a threshold), it may move ours.
            let rounding = &case["float32_against_float64"]["largest_metric_difference"];
            for (metric, values) in case["metrics"].as_object().into_iter().flatten() {
                let want = values[step].as_f64().unwrap_or(f64::NAN);
                let got = scores.get(metric).unwrap_or(f64::NAN);
                let room = 1e-4 + 1e-4 * want.abs() + 2.0 * rounding.as_f64().unwrap_or_default();
                if (got - want).abs() > room || got.is_nan() != want.is_nan() {
                    failures.push(format!("{name}: step {step}: {metric} {got}, Keras has {want}"));
                }
                measured += 1;
            }
        }
        if largest > worst.0 {
            worst = (largest, name.clone());
        }
        if largest < 1e-4 && !case["uses"].to_string().contains("Lion") {
            fixture::assert_weights(&name, &model.get_weights()?, &case["final_weights"], 1e-3);
        }
        followed += 1;
    }
    println!(
        "{followed} cases followed, {measured} numbers of metrics; largest relative difference of a loss {:.1e} in {}",
        worst.0, worst.1
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(followed, 100);
    assert!(measured > 1000, "only {measured} numbers of metrics were compared");
    Ok(())
}
