//! Random models of every optimizer, schedule, regularizer, constraint and loss follow real Keras for thirty steps.

use super::fixture;
use kiln::prelude::*;
use serde_json::Value;

/// What a case may need that the library cannot do yet; a case without any of it must follow Keras.
fn missing(case: &Value) -> Option<&'static str> {
    let config = case["config"].to_string();
    let loss = &case["config"]["compile_config"]["loss"]["config"];
    if !case["class_weight"].is_null() || !case["sample_weight"].is_null() {
        return Some("weights of samples and classes");
    }
    if config.contains("OrthogonalRegularizer") {
        return Some("the orthogonal regularizer");
    }
    if loss["reduction"].is_string() && loss["reduction"] != "sum_over_batch_size" {
        return Some("reductions");
    }
    (!loss["ignore_class"].is_null()).then_some("ignore_class")
}

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

/// Each loss within 1e-4 of Keras's, the weights within 1e-3 of the way they went (Lion, whose steps are signs: the loss
/// only); `tests/oracle/random_configs.py` made the cases.
#[test]
fn random_models_follow_keras() -> Result<()> {
    let fixture = fixture::read_packed("random_configs.json.gz");
    let steps = fixture["steps"].as_u64().unwrap_or_default() as usize;
    let (mut followed, mut left_out) = (0, std::collections::BTreeMap::new());
    let mut worst = (0.0, String::new());
    let mut failures = Vec::new();
    for case in fixture["cases"].as_array().into_iter().flatten() {
        if let Some(what) = missing(case) {
            *left_out.entry(what).or_insert(0) += 1;
            continue;
        }
        let name = format!("{} {}", case["name"], case["uses"]);
        let mut model = Sequential::from_config(&case["config"])?;
        let given: Vec<Tensor> =
            case["initial_weights"].as_array().into_iter().flatten().map(fixture::array).collect();
        model.set_weights(&given)?;
        let compile = &case["config"]["compile_config"];
        model.compile(
            kiln::config::optimizer(&compile["optimizer"])?,
            kiln::config::loss(&compile["loss"])?,
            (),
        )?;
        let (x, y) = (data(&fixture, &case["x"])?, data(&fixture, &case["y"])?);
        let batch = case["batch_size"].as_u64().unwrap_or_default() as usize;
        let mut largest = 0.0_f64;
        for (step, &want) in fixture::numbers(&case["losses"]).iter().enumerate() {
            let rows: Vec<usize> = (0..batch).map(|row| (step * batch + row) % x.shape()[0]).collect();
            let loss = model.train_on_batch(&x.take(&rows)?, &y.take(&rows)?)?;
            largest = largest.max((loss - want).abs() / want.abs());
            if largest.is_nan() || largest >= 1e-4 {
                failures.push(format!("{name}: step {step} of {steps}: loss {loss}, Keras has {want}"));
                break;
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
        "{followed} cases followed, largest relative difference of a loss {:.1e} in {}",
        worst.0, worst.1
    );
    println!("left out: {left_out:?}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(followed + left_out.values().sum::<usize>(), 100);
    assert!(followed >= 44, "only {followed} cases can be built");
    Ok(())
}
