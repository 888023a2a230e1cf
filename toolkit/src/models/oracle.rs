//! Every layer alone against real Keras and against differences: the fixture of `tests/oracle/layers.py`.

use super::Sequential;
use crate::config;
use crate::layers::Mode;
use crate::tensor::{DType, Tensor};
use serde_json::Value;

/// Layers that draw: Keras is compared in inference only.
const RANDOM: [&str; 8] = [
    "Dropout",
    "AlphaDropout",
    "GaussianNoise",
    "GaussianDropout",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
];

pub(super) fn cases() -> Vec<Value> {
    let packed = include_bytes!("../../../tests/fixtures/layers.json.gz");
    let fixture: Value = serde_json::from_reader(flate2::read::GzDecoder::new(packed.as_slice())).unwrap();
    let cases = fixture["cases"].as_array().unwrap().clone();
    assert!(cases.len() > 70);
    cases
}

pub(super) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// The recipe of `tests/oracle/formula.py`.
fn mix(seed: u32, index: u32) -> u32 {
    let x = index.wrapping_mul(0x9E37_79B1).wrapping_add(seed.wrapping_mul(0x85EB_CA77));
    let x = x.wrapping_add(0x1656_67B1);
    let x = (x ^ (x >> 16)).wrapping_mul(0x7FEB_352D);
    let x = (x ^ (x >> 15)).wrapping_mul(0x846C_A68B);
    x ^ (x >> 16)
}

pub(super) fn array(entry: &Value) -> Tensor {
    let shape: Vec<usize> = numbers(&entry["shape"]).iter().map(|&size| size as usize).collect();
    if entry.get("values").is_some() {
        return Tensor::from_vec(numbers(&entry["values"]).iter().map(|&n| n as f32).collect(), shape)
            .unwrap();
    }
    let (limit, offset) = (entry["limit"].as_f64().unwrap(), entry["offset"].as_f64().unwrap());
    let seed = entry["seed"].as_u64().unwrap() as u32;
    let unit = |index: usize| (f64::from(mix(seed, index as u32) >> 8) - 8_388_608.0) / 8_388_608.0;
    let count = shape.iter().product();
    Tensor::from_vec((0..count).map(|index| (offset + unit(index) * limit) as f32).collect(), shape).unwrap()
}

/// The case's layer with the case's weights.
pub(super) fn model(case: &Value, dtype: DType) -> Sequential {
    let mut model = Sequential::new().seed(5);
    model.push(config::layer(&case["layer"]).unwrap()).unwrap();
    model.build(&array(&case["input"]).shape()[1..]).unwrap();
    if let Some(weights) = case["weights"].as_array().or(case["weights_in_order"].as_array()) {
        model.set_weights(&weights.iter().map(array).collect::<Vec<_>>()).unwrap();
    }
    model.copy_as(dtype)
}

/// The largest difference, in units of the tolerance for single operations, 2.4e-7 + 1e-6 |expected|; where numbers are
/// sums, |expected| is the largest of the array.
fn compare(what: &str, ours: &Tensor, theirs: &Value) -> f64 {
    let (ours, theirs) = (ours.to_vec_f64(), numbers(theirs));
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let largest = theirs.iter().fold(0.0_f64, |largest, number| largest.max(number.abs()));
    let mut worst = 0.0_f64;
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let difference = (ours - theirs).abs() / (2.4e-7 + 1e-6 * largest);
        assert!(difference <= 1.0, "{what}: {ours}, Keras has {theirs} (the largest is {largest})");
        worst = worst.max(difference);
    }
    worst
}

/// Output, penalties, moving statistics and all gradients, in inference and in training.
#[test]
fn every_layer_computes_what_keras_computes() {
    let mut worst = (0.0, String::new());
    for case in cases() {
        let name = case["name"].as_str().unwrap();
        let x = array(&case["input"]);
        for (mode, key) in [(Mode::Inference, "inference"), (Mode::Training, "training")] {
            let Some(expected) = case.get(key) else { continue };
            let mut model = model(&case, DType::Float32);
            model.input_gradient = true;
            model.pass.begin(1, mode, true, 0);
            let home = model.home().unwrap();
            let y = model.forward(&x.to_device(home).unwrap()).unwrap();
            let mut note = |what: &str, ours: &Tensor, theirs: &Value| {
                let place = format!("{name}, {key}: {what}");
                let difference = compare(&place, ours, theirs);
                if difference > worst.0 {
                    worst = (difference, place);
                }
            };
            note("output", &y, &expected["output"]);
            let penalty: f64 = numbers(&expected["losses"]).iter().sum();
            let ours = model.penalties().unwrap().value();
            assert!((ours - penalty).abs() <= 1e-5 * penalty, "{name}: penalty {ours}, Keras has {penalty}");
            if case.get("gradient_from_above").is_none() {
                continue;
            }
            model.enter(0);
            let layer = model.slots[0].layer.clone();
            let above = array(&case["gradient_from_above"]).to_device(home).unwrap();
            let grad = layer.backward(&above, &mut model.pass).unwrap();
            note("gradient by input", &grad, &expected["gradient_by_input"]);
            let trained: Vec<usize> = (0..model.weights.len()).filter(|&index| model.trains(index)).collect();
            let gradients = expected["gradient_by_weight"].as_array().unwrap();
            assert_eq!(trained.len(), gradients.len(), "{name}");
            for (&index, theirs) in trained.iter().zip(gradients) {
                let mut ours = model.pass.gradients[index].take().unwrap();
                if let Some(regularizer) = &model.weights[index].spec.regularizer {
                    ours = ours + regularizer.gradient(&model.pass.weights[index]);
                }
                note(theirs["path"].as_str().unwrap(), &ours, &theirs["values"]);
            }
            for theirs in expected.get("state_after").and_then(Value::as_array).into_iter().flatten() {
                let path = theirs["path"].as_str().unwrap();
                let index = model.weight_names().iter().position(|name| name == path).unwrap();
                note(path, &model.pass.weights[index], &theirs["values"]);
            }
        }
    }
    println!("largest difference: {:.2} of 2.4e-7 + 1e-6 |largest|, in {}", worst.0, worst.1);
}

/// In f64, in training mode, for all numbers of inputs and weights; the masks of random layers are held fixed.
#[test]
fn every_layer_has_the_gradient_of_its_loss_in_f64() {
    let mut worst = (0.0, String::new());
    for case in cases() {
        let name = case["name"].as_str().unwrap();
        let model = model(&case, DType::Float64);
        let x = array(&case["input"]).cast(DType::Float64);
        let rows = x.shape()[0];
        let sizes: Vec<usize> = numbers(&case["output_shape"]).iter().map(|&size| size as usize).collect();
        let count: usize = sizes.iter().product();
        let targets = (0..count).map(|index| f64::from(mix(3, index as u32)) / f64::from(u32::MAX) - 0.5);
        let y = Tensor::from_vec_f64(targets.collect(), sizes).unwrap();
        let check = model.check_gradients(&x, &y, "mse").unwrap();
        assert!(check.worst.relative < 1e-6, "{name}: {check:?}");
        assert!(check.kinks * 4 <= check.compared, "{name}: {check:?}");
        assert!(rows > 0 && check.compared >= x.len() / 2, "{name}: {check:?}");
        if check.worst.relative > worst.0 {
            worst = (check.worst.relative, name.to_string());
        }
    }
    println!("largest relative error: {:.1e}, in {}", worst.0, worst.1);
}

/// What Keras writes of a layer is what is written again after reading it, key by key.
#[test]
fn configurations_come_back_as_keras_writes_them() {
    for case in cases() {
        let mut expected = case["layer"].clone();
        expected.as_object_mut().unwrap().remove("build_config");
        let ours = config::layer(&case["layer"]).unwrap().config().unwrap().to_value();
        assert_eq!(ours.to_string(), expected.to_string(), "{}", case["name"]);
    }
    assert!(cases().iter().any(|case| RANDOM.contains(&case["layer"]["class_name"].as_str().unwrap())));
}
