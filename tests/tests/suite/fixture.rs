//! Fixtures written by real Keras.

use super::formula;
use kiln::prelude::*;
use serde_json::Value;

/// A fixture of `tests/fixtures`.
pub(crate) fn read(name: &str) -> Value {
    let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    // Python writes NaN, which JSON does not have; `numbers` reads null as NaN.
    let text = text.replace(" NaN", " null").replace("[NaN", "[null");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A packed fixture of `tests/fixtures`.
pub(crate) fn read_packed(name: &str) -> Value {
    let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let unpacked = std::io::BufReader::new(flate2::read::GzDecoder::new(file));
    serde_json::from_reader(unpacked).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The numbers of a JSON array.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().map(|number| number.as_f64().unwrap_or(f64::NAN)).collect()
}

/// An array that is given by the formula, `{shape, seed, limit, offset}`, or by its `{shape, values}`.
pub(crate) fn array(value: &Value) -> Tensor {
    let shape: Vec<usize> = numbers(&value["shape"]).into_iter().map(|size| size as usize).collect();
    if value["values"].is_array() {
        let values = numbers(&value["values"]).into_iter().map(|number| number as f32).collect();
        return placed(&Tensor::from_vec(values, shape).expect("the shape has that many elements"));
    }
    let number = |name: &str| value[name].as_f64().unwrap_or_else(|| panic!("no `{name}` in {value}"));
    placed(&formula::fill(&shape, number("seed") as u32, number("limit"), number("offset")))
}

/// The tensor on the device that the suite runs on.
pub(crate) fn placed(tensor: &Tensor) -> Tensor {
    Device::get_default().and_then(|device| tensor.to_device(device)).expect("the device is there")
}

/// Compares trained weights with what the fixture keeps of them: within `tolerance` of the distance that they travelled.
pub(crate) fn assert_weights(case: &str, weights: &[Tensor], expected: &Value, tolerance: f64) {
    for (weight, expected) in weights.iter().zip(expected.as_array().into_iter().flatten()) {
        let path = &expected["path"];
        let values = weight.to_vec_f64();
        let distance = expected["distance"].as_f64().unwrap_or_default();
        let sampled = numbers(&expected["sampled"]);
        let count = sampled.len();
        // One entry's share of the distance, if all entries travelled alike, times a margin for those that travelled more.
        let entry = 10.0 * tolerance * distance / (values.len() as f64).sqrt() + 1e-7;
        for (k, want) in sampled.iter().enumerate() {
            let got = values[k * values.len() / count];
            assert!(
                (got - want).abs() <= entry,
                "{case}: {path}, sample {k}: {got}, Keras has {want}, within {entry}"
            );
        }
        let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
        let want = expected["norm"].as_f64().unwrap_or(f64::NAN);
        assert!(
            (norm - want).abs() <= tolerance * distance + 1e-6 * want,
            "{case}: {path}: norm {norm}, Keras has {want}"
        );
    }
}
