//! The live view of a training, as a front end sees it.

use super::client::{Answer, Kernel};
use serde_json::Value;

const PLOTLY: &str = "application/vnd.plotly.v1+json";

/// A training of `epochs` epochs, slow enough that the view moves.
fn training(epochs: usize, more: &str) -> String {
    format!(
        "use kiln::prelude::*;
{{
    struct Slow;
    impl Callback for Slow {{
        fn on_epoch_end(&mut self, _: usize, _: &mut Logs, _: &mut Sequential) -> Result<()> {{
            std::thread::sleep(std::time::Duration::from_millis(300));
            Ok(())
        }}
    }}
    let (x, y) = (Tensor::ones([64, 2]), Tensor::zeros([64, 1]));
    let mut model = Sequential::new().seed(1).add(Dense::new(1).input_shape([2]));
    model.compile(\"sgd\", \"mse\", [\"mae\"])?;
    model.fit(&x, &y).epochs({epochs}).seed(1).callback(Slow){more}.run()?;
}}"
    )
}

fn displays(answer: &Answer) -> Vec<&Value> {
    let kinds = ["display_data", "update_display_data"];
    answer
        .messages
        .iter()
        .filter(|(kind, _)| kinds.contains(&kind.as_str()))
        .map(|(_, content)| content)
        .collect()
}

/// What a notebook keeps of a display: its last state.
fn kept(answer: &Answer) -> &Value {
    &displays(answer).last().expect("a display")["data"]
}

/// One display changes while the training runs, and ends as the figure of all epochs; what stays is the same again.
#[test]
fn one_display_follows_the_training() {
    let mut kernel = Kernel::start();
    let code = training(4, "");
    let answer = kernel.execute(&code).ok();
    assert_eq!(answer.of("display_data").len(), 1, "{answer:?}");
    let shown = displays(&answer);
    assert!(shown.len() >= 4, "{} states", shown.len());
    let id = &shown[0]["transient"]["display_id"];
    assert!(id.is_string() && shown.iter().all(|state| state["transient"]["display_id"] == *id));
    let (last, before) = shown.split_last().expect("a display");
    for state in before {
        let svg = state["data"]["image/svg+xml"].as_str().expect("a picture");
        assert!(svg.contains("Epoch ") && state["data"][PLOTLY].is_null());
    }
    // Interactive, as a picture, and in words: the order in which front ends look.
    let data = last["data"].as_object().expect("formats");
    assert_eq!(data.len(), 3);
    assert_eq!(data[PLOTLY]["data"][0]["x"], serde_json::json!([1, 2, 3, 4]));
    let text = data["text/plain"].as_str().expect("text");
    assert!(
        text.starts_with("Epoch 1/4\n2/2 ━━━━━━━━━━━━━━━━━━━━ - ") && text.contains("\nEpoch 4/4\n"),
        "{text}"
    );

    let again = kernel.execute(&code).ok();
    // The client does not keep the order of the formats; `kiln run` does, and its notebooks are compared as bytes.
    assert!(kept(&again) == kept(&answer), "a second run leaves something else");
}

/// A single epoch has no curve: its line stays. One line an epoch, and nothing, are what they are anywhere.
#[test]
fn other_levels_are_text_or_nothing() {
    let mut kernel = Kernel::start();
    let answer = kernel.execute(&training(1, "")).ok();
    let data = kept(&answer).as_object().expect("formats");
    assert_eq!(data.keys().collect::<Vec<_>>(), ["text/plain"]);
    assert!(data["text/plain"].as_str().is_some_and(|text| text.starts_with("2/2 ━━━")));
    let answer = kernel.execute(&training(2, ".verbose(2)")).ok();
    assert!(displays(&answer).is_empty());
    let text = answer.text("stdout");
    assert!(text.starts_with("Epoch 1/2\n2/2 - loss: ") || text.starts_with("Epoch 1/2\n2/2 - "), "{text}");
    let answer = kernel.execute(&training(2, ".verbose(0)")).ok();
    assert!(answer.messages.iter().all(|(kind, _)| kind == "execute_input"), "{answer:?}");
    let answer = kernel.execute(&training(2, ".verbose(\"loud\")"));
    assert!(answer.error().1.contains("`loud`"), "{answer:?}");
}
