//! Tensors print as NumPy's arrays do, character by character.

use super::fixture;
use kiln::prelude::*;
use serde_json::Value;

fn tensor(case: &Value) -> Result<Tensor> {
    let shape: Vec<usize> = fixture::numbers(&case["shape"]).into_iter().map(|size| size as usize).collect();
    let values: Vec<f64> = match case["arange_over"].as_f64() {
        Some(divisor) => (0..shape.iter().product()).map(|number: usize| number as f64 / divisor).collect(),
        None => {
            let texts = case["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
            texts.map(|text| text.parse().expect("a number")).collect()
        }
    };
    match case["dtype"].as_str() {
        Some("float64") => Tensor::from_vec_f64(values, shape),
        Some("int32") => Tensor::from_labels(values.into_iter().map(|value| value as i32).collect(), shape),
        _ => Tensor::from_vec(values.into_iter().map(|value| value as f32).collect(), shape),
    }
}

#[test]
fn tensors_print_as_numpy_prints_arrays() -> Result<()> {
    let fixture = fixture::read("printed_arrays.json");
    let cases = fixture["cases"].as_array().expect("cases");
    assert!(cases.len() > 130);
    let mut wrong = Vec::new();
    for case in cases {
        let (text, expected) = (tensor(case)?.to_string(), case["text"].as_str().expect("text"));
        if text != expected {
            wrong.push(format!("{}:\n{text}\nNumPy:\n{expected}", case["dtype"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
    Ok(())
}
