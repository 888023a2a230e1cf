//! Files that real Keras wrote, and files for real Keras: `tests/oracle/keras_files.py`, `tests/oracle/keras2_files.py`.

use super::fixture::{array, numbers, read};
use kiln::prelude::*;
use serde_json::Value;
use std::path::PathBuf;

/// The largest difference that a prediction may have.
const PREDICTION: f64 = 1e-5;

/// A file of the fixtures.
pub(crate) fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/keras_files").join(file)
}

fn assert_close(what: &str, got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (index, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= tolerance, "{what}: number {index}: {got}, Keras has {want}");
    }
}

/// The models of the index with their files of this ending.
fn models(ending: &str) -> Vec<(Value, String)> {
    let index = read("keras_files/index.json");
    let mut found = Vec::new();
    for model in index["models"].as_array().expect("models") {
        let files = model["files"].as_array().expect("files").iter().filter_map(Value::as_str);
        let fits = |file: &&str| file.ends_with(ending) && (ending == ".weights.h5" || !file.ends_with(".weights.h5"));
        found.extend(files.filter(fits).map(|file| (model.clone(), file.to_string())));
    }
    found
}

fn assert_predicts(model: &mut Sequential, entry: &Value, file: &str) -> Result<()> {
    if entry["predictions"].is_array() {
        let predicted = model.predict(&array(&entry["input"]))?.to_vec_f64();
        assert_close(file, &predicted, &numbers(&entry["predictions"]), PREDICTION);
    }
    Ok(())
}

/// `.keras` files of every layer and optimizer predict what they predict in Keras.
#[test]
fn keras_files_predict_as_in_keras() -> Result<()> {
    let mut count = 0;
    for (entry, file) in models(".keras") {
        if entry["name"] == "functional" {
            continue;
        }
        assert_predicts(&mut models::load(path(&file))?, &entry, &file)?;
        count += 1;
    }
    assert!(count >= 20, "{count} files");
    Ok(())
}
