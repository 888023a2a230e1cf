//! Losses and metrics with all their options equal real Keras, and are written as Keras writes them.

use super::fixture::{self, array, numbers};
use kiln::losses::Reduction;
use kiln::prelude::*;
use serde_json::Value;

fn fixture() -> Value {
    fixture::read_packed("losses_and_metrics.json.gz")
}

/// Targets and predictions of a case.
fn data(fixture: &Value, case: &Value) -> Result<(Tensor, Tensor)> {
    let pair = &fixture["data"][case["data"].as_str().unwrap_or_default()];
    let (y, p) = (array(&pair[0]), array(&pair[1]));
    Ok((if pair[0]["labels"] == true { y.cast(DType::Int32) } else { y }, p))
}

#[track_caller]
fn assert_close(case: &str, got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{case}");
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() <= tolerance + tolerance * want.abs(), "{case}: {got}, Keras has {want}");
    }
}

fn cases<'a>(fixture: &'a Value, what: &str) -> &'a [Value] {
    fixture[what].as_array().map_or(&[], Vec::as_slice)
}

/// In every reduction, without and with weights; gradients too.
#[test]
fn losses_in_every_reduction_equal_keras() -> Result<()> {
    let fixture = fixture();
    let weights = numbers(&fixture["weights"]).into_iter().map(|weight| weight as f32);
    let weights = Tensor::new(weights.collect::<Vec<f32>>());
    let mut compared = 0;
    for case in cases(&fixture, "losses") {
        let (y, p) = data(&fixture, case)?;
        for (kind, weights) in [("plain", None), ("weighted", Some(&weights))] {
            for (reduction, want) in case[kind].as_object().into_iter().flatten() {
                let name = format!("{}, {kind}, {reduction}", case["loss"]);
                let mut json = case["loss"].clone();
                let (reduction, gradient) =
                    reduction.split_once(' ').map_or((reduction.as_str(), false), |(first, _)| (first, true));
                json["config"]["reduction"] = reduction.into();
                let loss = kiln::config::loss(&json)?;
                loss.check(&y, &p.shape())?;
                if gradient {
                    // The gradient by the prediction, as a model would hand it down.
                    let ours = loss.call_gradient(&y, &p, weights)?;
                    assert_close(&name, &ours.to_vec_f64(), &numbers(want), 2e-6);
                } else if loss.reduction()? == Reduction::None && p.rank() > 2 {
                    // Keras has a loss for each position here, Kiln their mean for each sample.
                    let mean = numbers(want).iter().sum::<f64>() / numbers(want).len() as f64;
                    assert_close(&name, &[loss.call(&y, &p, weights)?.mean().item()?], &[mean], 1e-6);
                } else {
                    let ours = loss.call(&y, &p, weights)?.to_vec_f64();
                    assert_close(&name, &ours, &numbers(want), 1e-6);
                }
                compared += 1;
            }
        }
    }
    assert!(compared > 400, "only {compared} numbers were compared");
    Ok(())
}

/// In two batches, without and with weights.
#[test]
fn metrics_with_all_options_equal_keras() -> Result<()> {
    let fixture = fixture();
    let weights = numbers(&fixture["weights"]).into_iter().map(|weight| weight as f32);
    let weights = Tensor::new(weights.collect::<Vec<f32>>());
    for case in cases(&fixture, "metrics") {
        let (y, p) = data(&fixture, case)?;
        let mut metric = kiln::config::metric(&case["metric"])?;
        metric.check()?;
        for kind in ["plain", "weighted"] {
            if case[kind].is_null() {
                continue;
            }
            metric.reset();
            for (first, last) in [(0, 5), (5, 8)] {
                let weights = (kind == "weighted").then(|| weights.rows(first..last)).transpose()?;
                metric.update(&y.rows(first..last)?, &p.rows(first..last)?, weights.as_ref())?;
            }
            let name = format!("{}, {kind}", case["metric"]);
            assert_close(&name, &metric.results(), &numbers(&case[kind]), 1e-6);
        }
        assert_eq!(metric.fresh().name(), metric.name());
    }
    Ok(())
}

/// What Keras writes of a loss or a metric is what is written again after reading it.
#[test]
fn configurations_come_back_as_keras_writes_them() -> Result<()> {
    let fixture = fixture();
    for case in cases(&fixture, "losses") {
        let ours = kiln::config::loss(&case["loss"])?.config()?.to_value();
        assert_eq!(ours.to_string(), case["loss"].to_string());
    }
    for case in cases(&fixture, "metrics") {
        let ours = kiln::config::metric(&case["metric"])?.config()?.to_value();
        // Keras writes the smoothing of these two as a whole number until it is set.
        let keras = case["metric"].to_string().replace("\"label_smoothing\":0,", "\"label_smoothing\":0.0,");
        let keras = keras.replace("\"label_smoothing\":0}", "\"label_smoothing\":0.0}");
        assert_eq!(ours.to_string(), keras);
    }
    Ok(())
}

/// The settings of `compile` come back from a model as Keras wrote them, and fields that nobody knows are named.
#[test]
fn compile_settings_come_back_as_keras_writes_them() -> Result<()> {
    let random = fixture::read_packed("random_configs.json.gz");
    for case in cases(&random, "cases") {
        let config = &case["config"];
        let model = Sequential::from_config(config)?;
        let mut want = config["compile_config"].clone();
        // Keras wrote these as it was given them; without metrics there is no difference.
        for field in ["metrics", "weighted_metrics"] {
            if want[field] == serde_json::json!([]) {
                want[field] = Value::Null;
            }
        }
        let mut ours = model.to_config()?["compile_config"].clone();
        assert_eq!(ours, model.get_compile_config()?);
        // The text of a float32 is read one unit in the last place off.
        for json in [&mut ours, &mut want] {
            let rate = &mut json["optimizer"]["config"]["learning_rate"];
            if let Some(number) = rate.as_f64() {
                *rate = (number as f32).to_string().into();
            }
        }
        assert_eq!(ours.to_string(), want.to_string(), "{}", case["name"]);
    }
    let mut model = Sequential::new().add(Dense::new(1).input_shape([2]));
    let mut error =
        |json: Value| model.compile_from_config(&json).expect_err("this must be an error").to_string();
    let text = error(serde_json::json!({"optimizer": "sgd", "loss": "mse", "metric": ["mae"]}));
    assert!(text.contains("`metric`") && text.contains("weighted_metrics"), "{text}");
    let huber = serde_json::json!({"class_name": "Huber", "config": {"delta": 1.0, "alpha": 2.0}});
    let text = error(serde_json::json!({"optimizer": "sgd", "loss": huber}));
    assert!(text.contains("`loss`") && text.contains("`alpha`") && text.contains("delta"), "{text}");
    let auc = serde_json::json!({"class_name": "AUC", "config": {"curve": "ROCK"}});
    let text = error(serde_json::json!({"optimizer": "sgd", "loss": "mse", "metrics": [auc]}));
    assert!(text.contains("`metrics`") && text.contains("`ROCK`") && text.contains("ROC, PR"), "{text}");
    let text = error(serde_json::json!({"optimizer": "sgd", "loss": "mse", "metrics": ["acuracy"]}));
    assert!(text.contains("`acuracy`"), "{text}");
    Ok(())
}
