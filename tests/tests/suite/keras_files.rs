//! Files that real Keras wrote: `tests/oracle/keras_files.py` and `tests/oracle/keras2_files.py`.

use super::fixture::{array, numbers, read};
use kiln::models::{LoadOptions, OptimizerReport};
use kiln::prelude::*;
use serde_json::Value;
use std::path::PathBuf;

/// The largest difference of a prediction.
const PREDICTION: f64 = 1e-5;
/// The largest difference of a loss in ten more steps of training.
const LOSS: f64 = 1e-4;

/// A file of the fixtures.
pub(crate) fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(file)
}

fn assert_close(what: &str, got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (index, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= tolerance, "{what}: number {index}: {got}, Keras has {want}");
    }
}

/// The models of the index with their files of this ending, but for the one that must be refused.
pub(crate) fn models(ending: &str) -> Vec<(Value, String)> {
    let index = read("keras_files/index.json");
    let mut found = Vec::new();
    for model in index["models"].as_array().expect("models") {
        let files = model["files"].as_array().expect("files").iter().filter_map(Value::as_str);
        let whole = ending == ".weights.h5";
        let fits = |file: &&str| file.ends_with(ending) && file.ends_with(".weights.h5") == whole;
        let files = files.filter(fits).map(|file| (model.clone(), format!("keras_files/{file}")));
        found.extend(files.filter(|(model, _)| model["name"] != "functional"));
    }
    found
}

fn assert_weights(model: &Sequential, entry: &Value, file: &str) -> Result<()> {
    for (weight, expected) in model.get_weights()?.iter().zip(entry["weights"].as_array().expect("weights")) {
        let what = format!("{file}: {}", expected["path"]);
        assert_close(&what, &weight.to_vec_f64(), &array(expected).to_vec_f64(), 0.0);
    }
    Ok(())
}

fn assert_predicts(model: &mut Sequential, entry: &Value, file: &str) -> Result<()> {
    if entry["predictions"].is_array() {
        let predicted = model.predict(&array(&entry["input"]))?.to_vec_f64();
        assert_close(file, &predicted, &numbers(&entry["predictions"]), PREDICTION);
    }
    Ok(())
}

fn targets(entry: &Value) -> Tensor {
    match &entry["targets"]["labels"] {
        labels if labels.is_array() => {
            Tensor::new(numbers(labels).into_iter().map(|label| label as i32).collect::<Vec<_>>())
        }
        _ => array(&entry["targets"]),
    }
}

/// The optimizer's state, and where that is known, the losses of ten more steps.
fn assert_goes_on(model: &mut Sequential, entry: &Value, file: &str) -> Result<()> {
    let state = model.optimizer_state()?.variables();
    let expected = entry["optimizer_state"].as_array().expect("optimizer_state");
    assert_eq!(state.len(), expected.len(), "{file}");
    for ((name, tensor), expected) in state.iter().zip(expected) {
        let path = expected["path"].as_str().expect("path");
        // Keras has no name for Nadam's product.
        let known = path.ends_with(name.as_str()) || (path == "variable" && name == "u_product");
        assert!(known, "{file}: {path} is not {name}");
        assert_close(&format!("{file}: {path}"), &tensor.to_vec_f64(), &array(expected).to_vec_f64(), 0.0);
    }
    let (x, y) = (array(&entry["input"]), targets(entry));
    let measured = model.evaluate(&x, &y)?;
    let evaluation = entry["evaluation"].as_object().expect("evaluation");
    for (name, value) in evaluation {
        let value = value.as_f64().expect("a number");
        let got = measured.get(name).unwrap_or_else(|| panic!("{file}: no `{name}` in {measured}"));
        assert_close(&format!("{file}: {name}"), &[got], &[value], PREDICTION * value.abs().max(1.0));
    }
    for (step, want) in numbers(&entry["losses_of_ten_more_steps"]).into_iter().enumerate() {
        let got = model.train_on_batch(&x, &y)?;
        assert!((got - want).abs() <= LOSS, "{file}: step {step}: the loss is {got}, Keras has {want}");
    }
    Ok(())
}

/// `.keras` files of every layer and optimizer: weights, predictions, what `compile` set, the optimizer's state, and the
/// losses of the next ten steps are those of Keras. The model is read again from what we write of it, in every format.
#[test]
fn whole_models_come_from_keras() -> Result<()> {
    let files: Vec<_> = models(".keras").into_iter().chain(models(".h5")).collect();
    assert!(files.len() >= 33, "{} files", files.len());
    let mut continued = 0;
    for (entry, file) in files {
        let load = |file: &str, path: PathBuf| -> Result<()> {
            let mut model = models::load(path)?;
            if entry["state"] == "unbuilt" {
                assert!(model.get_weights().is_err(), "{file}");
                return Ok(());
            }
            assert_weights(&model, &entry, file)?;
            assert_predicts(&mut model, &entry, file)?;
            if entry["state"] == "trained" {
                assert_goes_on(&mut model, &entry, file)?;
            }
            Ok(())
        };
        load(&file, path(&file))?;
        continued += usize::from(entry["losses_of_ten_more_steps"].is_array());
        for ending in ["keras", "h5"] {
            let ours = std::env::temp_dir().join(format!(
                "kiln-{}-{}.{ending}",
                std::process::id(),
                file.replace(['/', '.'], "-")
            ));
            models::load(path(&file))?.save(&ours)?;
            load(&format!("{file} as {ending}"), ours.clone())?;
            std::fs::remove_file(&ours).map_err(|error| kiln::Error::file(error.to_string()))?;
        }
    }
    assert!(continued >= 20, "{continued} files");
    Ok(())
}

/// `.weights.h5` files, and the weights in the other formats, go into a model that is there: by place, with a report.
#[test]
fn weights_come_from_keras() -> Result<()> {
    for (entry, file) in models(".weights.h5") {
        let name = file.trim_end_matches(".weights.h5");
        let whole = models::load(path(&format!("{name}.keras")))?;
        let ours = std::env::temp_dir().join(format!("kiln-{}.safetensors", std::process::id()));
        whole.save_weights(&ours)?;
        let mut from_ours = Sequential::from_config(&whole.to_config()?)?;
        assert_eq!(from_ours.load_weights(&ours)?.loaded(), whole.weight_names());
        assert_weights(&from_ours, &entry, "safetensors")?;
        std::fs::remove_file(&ours).map_err(|error| kiln::Error::file(error.to_string()))?;
        for source in [file.clone(), format!("{name}.keras"), format!("{name}.h5")] {
            let mut model = Sequential::from_config(&whole.to_config()?)?;
            let report = model.load_weights(path(&source))?;
            assert!(report.is_complete() && report.loaded() == model.weight_names(), "{source}: {report}");
            let restored =
                if entry["state"] == "trained" { OptimizerReport::Restored } else { OptimizerReport::Absent };
            assert_eq!(report.optimizer(), &restored, "{source}");
            assert_weights(&model, &entry, &source)?;
            assert_predicts(&mut model, &entry, &source)?;
        }
    }
    Ok(())
}

/// Files of Keras 2: other names, other configurations, older optimizers.
#[test]
fn files_of_keras_2_are_read() -> Result<()> {
    let index = read("keras2_files/index.json");
    let entries = index["models"].as_array().expect("models");
    assert_eq!(entries.len(), 6);
    for entry in entries {
        let file = format!("keras2_files/{}", entry["file"].as_str().expect("file"));
        let mut model = models::load(path(&file))?;
        assert_weights(&model, entry, &file)?;
        assert_predicts(&mut model, entry, &file)?;
        if file.contains("uncompiled") {
            assert!(model.learning_rate().is_err());
            continue;
        }
        assert_eq!(model.optimizer_state()?.iterations(), 3, "{file}");
        assert!(
            model.optimizer_state()?.variables().iter().skip(2).any(|(_, slot)| slot
                .abs()
                .max()
                .item()
                .is_ok_and(|largest| largest > 0.0))
        );
        let (x, y) = (
            array(&entry["input"]),
            Tensor::new(numbers(&entry["labels"]).into_iter().map(|label| label as i32).collect::<Vec<_>>()),
        );
        for (step, want) in numbers(&entry["losses_of_ten_more_steps"]).into_iter().enumerate() {
            let got = model.train_on_batch(&x, &y)?;
            assert!((got - want).abs() <= LOSS, "{file}: step {step}: the loss is {got}, Keras has {want}");
        }
    }
    Ok(())
}

/// A Functional model that is no chain is refused by the name of the layer.
#[test]
fn a_graph_is_no_sequential_model() {
    for file in ["keras_files/functional.keras", "keras_files/functional.h5"] {
        let error = models::load(path(file)).expect_err("two inputs").to_string();
        assert!(
            error.contains("functional") && error.contains("one chain") && error.contains("left"),
            "{error}"
        );
    }
}

/// Inputs that are no plain arrays are refused.
#[test]
fn sparse_and_ragged_inputs_are_refused() -> Result<()> {
    let config = Sequential::new().add(Dense::new(2).input_shape([3])).to_json()?;
    for kind in ["sparse", "ragged"] {
        let changed = config.replace(&format!("\"{kind}\": false"), &format!("\"{kind}\": true"));
        let changed = changed.replace(&format!("\"{kind}\":false"), &format!("\"{kind}\":true"));
        assert_ne!(changed, config);
        let error = Sequential::from_json(&changed).expect_err(kind).to_string();
        assert!(error.contains(&format!("{kind} inputs")), "{error}");
    }
    Ok(())
}

/// What does not fit is reported, and changes nothing.
#[test]
fn weights_that_do_not_fit() -> Result<()> {
    let file = path("keras_files/built.weights.h5");
    let model = |units: usize| {
        Sequential::new()
            .seed(1)
            .add(Dense::new(4).name("dense").input_shape([5]))
            .add(Dense::new(units).name("top"))
    };
    let mut wider = model(6);
    let before = wider.get_weights()?;
    let error = wider.load_weights(&file).expect_err("other shapes").to_string();
    for part in ["built.weights.h5", "top/kernel", "[4, 6]", "[4, 3]", "skip_mismatch"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(before[0].to_vec(), wider.get_weights()?[0].to_vec());
    let report = wider.load_weights_with(&file, LoadOptions::new().skip_mismatch(true))?;
    assert_eq!(report.loaded(), ["dense/kernel", "dense/bias"]);
    assert_eq!(report.shape_differs().len(), 2);
    assert_ne!(before[0].to_vec(), wider.get_weights()?[0].to_vec());
    assert_eq!(before[2].to_vec(), wider.get_weights()?[2].to_vec());

    let mut by_name = model(3);
    let report = by_name.load_weights_with(&file, LoadOptions::new().by_name(true))?;
    assert_eq!((report.loaded().len(), report.missing().len(), report.unused().len()), (2, 2, 2), "{report}");

    let mut longer = model(3).add(Dense::new(2));
    let error = longer.load_weights(&file).expect_err("one layer more").to_string();
    assert!(error.contains("missing in the file: dense_1/kernel, dense_1/bias"), "{error}");
    let error = longer.load_weights(path("keras_files/built.h5")).expect_err("one layer more").to_string();
    assert!(error.contains("3 layers") && error.contains("the file 2: dense, dense_1"), "{error}");
    Ok(())
}
