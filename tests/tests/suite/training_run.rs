//! The lecture's networks follow real Keras step by step.

use super::{fixture, formula};
use kiln::prelude::*;
use serde_json::Value;

/// Fifty steps from given weights: each loss within 1e-4 of Keras's, the weights within 1e-3 of the way they went.
///
/// The fixture is `tests/oracle/training_run.py`'s. Keras in float32 and in float64 differ by at most the number that it
/// states, which is far below.
#[test]
fn fifty_steps_follow_keras() -> Result<()> {
    let fixture = fixture::read("training_run.json");
    let steps = fixture["steps"].as_u64().unwrap_or_default() as usize;
    let batch = fixture["batch_size"].as_u64().unwrap_or_default() as usize;
    let x = formula::images(steps * batch);
    for case in fixture["cases"].as_array().into_iter().flatten() {
        let name = case["name"].as_str().unwrap_or_default();
        let (mut model, y) = compiled(case, steps * batch)?;
        let given: Vec<Tensor> =
            case["initial_weights"].as_array().into_iter().flatten().map(fixture::array).collect();
        model.set_weights(&given)?;
        let mut worst: f64 = 0.0;
        for (step, &want) in fixture::numbers(&case["losses"]).iter().enumerate() {
            let rows = step * batch..(step + 1) * batch;
            let loss = model.train_on_batch(&x.rows(rows.clone())?, &y.rows(rows)?)?;
            worst = worst.max((loss - want).abs() / want.abs());
            assert!(worst < 1e-4, "{name}, step {step}: loss {loss}, Keras has {want}");
        }
        println!("{name}: largest relative difference of a loss {worst:.1e}");
        fixture::assert_weights(name, &model.get_weights()?, &case["final_weights"], 1e-3);
    }
    Ok(())
}

fn compiled(case: &Value, samples: usize) -> Result<(Sequential, Tensor)> {
    let name = case["name"].as_str().unwrap_or_default();
    let (network, optimizer) = name.split_once('/').unwrap_or_default();
    let labels = || (0..samples as u32).map(formula::label);
    let (units, activation, between) = match network {
        "plain" => ("softmax", "elu", false),
        "batch_normalization" => ("softmax", "elu", true),
        "tanh_one_hot" => ("softmax", "tanh", false),
        "binary" => ("sigmoid", "elu", false),
        "regression" => ("linear", "elu", false),
        _ => panic!("the fixture has an unknown network {network}"),
    };
    let mut model = Sequential::new().add(Flatten::new().input_shape([28, 28]));
    for (width, activation) in
        [(300, activation), (100, activation), (if units == "softmax" { 10 } else { 1 }, units)]
    {
        if between {
            model = model.add(BatchNormalization::new());
        }
        model = model.add(Dense::new(width).activation(activation));
    }
    let (loss, y) = match case["target"].as_str() {
        Some("labels") => (
            "sparse_categorical_crossentropy",
            Tensor::new(labels().map(|label| label as i32).collect::<Vec<_>>()),
        ),
        Some("one_hot") => {
            let rows = labels()
                .flat_map(|label| (0..10).map(move |class| f32::from(u8::from(class == label))))
                .collect();
            ("categorical_crossentropy", Tensor::from_vec(rows, [samples, 10])?)
        }
        Some("binary") => {
            let values = labels().map(|label| f32::from(u8::from(label < 5))).collect();
            ("binary_crossentropy", Tensor::from_vec(values, [samples, 1])?)
        }
        Some("target") => (
            "mean_squared_error",
            Tensor::from_vec((0..samples as u32).map(formula::target).collect(), [samples, 1])?,
        ),
        other => panic!("the fixture has an unknown target {other:?}"),
    };
    let rate = if network == "regression" { 0.001 } else { 0.01 };
    match optimizer {
        "nesterov" => model.compile(SGD::new(rate).momentum(0.9).nesterov(true), loss, ())?,
        "sgd" => model.compile(SGD::new(rate), loss, ())?,
        "adam" => model.compile(Adam::new(0.001), loss, ())?,
        _ => panic!("the fixture has an unknown optimizer {optimizer}"),
    }
    Ok((model, y))
}
