//! Whole trainings equal real Keras: histories with all metrics, weights of samples and classes, validation; then
//! `evaluate` and `predict`. Those with callbacks are compared in `callbacks`.

use super::fixture::{self, numbers};
use kiln::prelude::*;
use serde_json::Value;

/// An array of the fixture's data: integers with a scale.
fn data(fixture: &Value, name: &str) -> Result<Tensor> {
    let entry = &fixture["data"][name];
    let scale = entry["scale"].as_f64().unwrap_or(1.0);
    let shape: Vec<usize> = numbers(&entry["shape"]).into_iter().map(|size| size as usize).collect();
    let values = numbers(&entry["values"]);
    if name.ends_with("labels") {
        return Tensor::from_labels(values.into_iter().map(|label| label as i32).collect(), shape);
    }
    Tensor::from_vec(values.into_iter().map(|value| (value / scale) as f32).collect(), shape)
}

fn assert_close(case: &str, got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-5 * want.abs() + 2e-7, "{case}: {got}, Keras has {want}");
}

#[test]
fn whole_trainings_equal_keras() -> Result<()> {
    let fixture = fixture::read("fits.json");
    let x = data(&fixture, "vectors")?;
    let mut compared = 0;
    for case in fixture["cases"].as_array().into_iter().flatten() {
        if case["callbacks"].as_array().is_some_and(|callbacks| !callbacks.is_empty()) {
            continue;
        }
        let name = case["name"].as_str().unwrap_or_default();
        let mut model = Sequential::from_config(&case["config"])?;
        let given: Vec<Tensor> =
            case["initial_weights"].as_array().into_iter().flatten().map(fixture::array).collect();
        model.set_weights(&given)?;
        let y = data(&fixture, case["y"].as_str().unwrap_or_default())?;
        let options = &case["fit"];
        let number = |name: &str| options[name].as_u64().map(|number| number as usize);
        let rows = x.shape()[0];
        let trained = rows - number("validation_rows").unwrap_or(0);
        let (held_x, held_y) = (x.rows(trained..)?, y.rows(trained..)?);
        let mut fit = model.fit(&x.rows(..trained)?, &y.rows(..trained)?).shuffle(false).verbose(0);
        for (option, value) in options.as_object().into_iter().flatten() {
            let number = value.as_f64().unwrap_or_default();
            fit = match option.as_str() {
                "epochs" => fit.epochs(number as usize),
                "initial_epoch" => fit.initial_epoch(number as usize),
                "batch_size" => fit.batch_size(number as usize),
                "validation_split" => fit.validation_split(number),
                "validation_rows" => fit.validation_data(&held_x, &held_y),
                "validation_freq" => fit.validation_freq(number as usize),
                "sample_weight" => fit.sample_weight(&data(&fixture, "sample_weights")?),
                "class_weight" => {
                    let classes = value.as_object().into_iter().flatten();
                    fit.class_weight(
                        classes.filter_map(|(class, weight)| Some((class.parse().ok()?, weight.as_f64()?))),
                    )
                }
                other => panic!("{name}: unknown option {other}"),
            };
        }
        let history = fit.run()?;
        let epochs: Vec<f64> = history.epochs().iter().map(|epoch| *epoch as f64).collect();
        assert_eq!(epochs, numbers(&case["epochs"]), "{name}");
        let series = case["history"].as_object().into_iter().flatten();
        assert_eq!(history.names().len(), series.clone().count(), "{name}: {:?}", history.names());
        for (key, want) in series {
            let (got, want) = (history.get(key), numbers(want));
            let got: Vec<f64> = got.into_iter().filter(|number| !number.is_nan()).collect();
            assert_eq!(got.len(), want.len(), "{name}: epochs of {key}");
            for (epoch, (got, want)) in got.iter().zip(&want).enumerate() {
                assert_close(&format!("{name}: {key}, epoch {epoch}"), *got, *want);
                compared += 1;
            }
        }
        fixture::assert_weights(name, &model.get_weights()?, &case["final_weights"], 1e-4);
        let batch = case["evaluate"]["batch_size"].as_u64().unwrap_or(1) as usize;
        let scores = model.evaluation(&x, &y).batch_size(batch).run()?;
        for (key, want) in case["evaluate"]["scores"].as_object().into_iter().flatten() {
            let want = want.as_f64().unwrap_or(f64::NAN);
            assert_close(&format!("{name}: evaluate {key}"), scores.get(key).unwrap_or(f64::NAN), want);
        }
        let predicted = model.predict_on_batch(&x.rows(..4)?)?.to_vec_f64();
        for (got, want) in predicted.iter().zip(numbers(&case["predict_first_4_rows"])) {
            assert!(
                (got - want).abs() <= 1e-5 * want.abs() + 1e-6,
                "{name}: predict {got}, Keras has {want}"
            );
        }
    }
    assert!(compared > 150, "only {compared} numbers of histories were compared");
    Ok(())
}

/// Keras goes on behind the last batch where `steps_per_epoch` is less than all, and ends an epoch with the samples.
#[test]
fn epochs_of_fewer_steps_go_on_where_the_last_one_ended() -> Result<()> {
    let x = Tensor::arange(10).reshape([10, 1])?;
    let mut model =
        Sequential::new().add(Dense::new(1).use_bias(false).kernel_initializer("ones").input_shape([1]));
    model.compile(SGD::new(0.0), "mae", ())?;
    // With a rate of 0 the loss tells which samples an epoch saw: their mean.
    let fit = model.fit(&x, &Tensor::zeros([10, 1])).batch_size(2).shuffle(false).verbose(0);
    let history = fit.epochs(4).steps_per_epoch(2).run()?;
    // Samples 0-3, 4-7, then 8-9 alone with a warning, then from the start.
    assert_eq!(history.get("loss"), [1.5, 5.5, 8.5, 1.5]);
    let fit = model.fit(&x, &Tensor::zeros([10, 1])).batch_size(2).shuffle(false).verbose(0);
    let held = (x.clone(), Tensor::zeros([10, 1]));
    let history = fit.epochs(2).validation_data(&held.0, &held.1).validation_steps(3).run()?;
    assert_eq!(history.get("val_loss"), [2.5, 2.5]);
    Ok(())
}
