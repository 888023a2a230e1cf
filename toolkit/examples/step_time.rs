//! Milliseconds a training step of the lecture's network (784-300-100-10) on Fashion-MNIST.
//!
//! ```text
//! cargo run --release -p kiln --example step_time [plain|dropout|bn] [BATCH] [EPOCHS] [adam|sgd]
//! ```
//!
//! Prints the best epoch after a warm-up, as `tests/peers/keras_mlp.py` does for Keras.

use kiln::prelude::*;
use std::time::Instant;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |index: usize, default: &'static str| {
        arguments.get(index).map_or(default, String::as_str).to_string()
    };
    let (kind, optimizer) = (argument(0, "plain"), argument(3, "adam"));
    let batch: usize = argument(1, "32").parse().unwrap_or(32);
    let epochs: usize = argument(2, "3").parse().unwrap_or(3);
    kiln::set_seed(42);
    let data = datasets::fashion_mnist::load()?;
    let mut model = Sequential::new().add(Flatten::new().input_shape([28, 28]));
    for (units, activation) in [(300, "elu"), (100, "elu"), (10, "softmax")] {
        model = match kind.as_str() {
            "dropout" => model.add(Dropout::new(0.2)),
            "bn" => model.add(BatchNormalization::new()),
            _ => model,
        };
        let initializer = if units == 10 { "glorot_uniform" } else { "he_normal" };
        model = model.add(Dense::new(units).activation(activation).kernel_initializer(initializer));
    }
    let loss = "sparse_categorical_crossentropy";
    if optimizer == "adam" {
        model.compile(Adam::new(0.001), loss, ["accuracy"])?;
    } else {
        model.compile(SGD::new(0.01).momentum(0.9), loss, ["accuracy"])?;
    }
    let (x, y) = (data.train_x(), data.train_y());
    model.fit(&x.rows(..batch * 4)?, &y.rows(..batch * 4)?).batch_size(batch).verbose(0).run()?;
    let steps = x.shape()[0].div_ceil(batch) as f64;
    let mut best = f64::INFINITY;
    for _ in 0..epochs {
        let start = Instant::now();
        model.fit(&x, &y).batch_size(batch).verbose(0).run()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    let accuracy = model.evaluate(&data.test_x(), &data.test_y())?["accuracy"];
    println!(
        "{{\"framework\": \"kiln\", \"kind\": \"{kind}\", \"batch\": {batch}, \"optimizer\": \"{optimizer}\", \"ms_per_step\": {:.4}, \"test_accuracy\": {accuracy:.4}}}",
        best / steps * 1e3
    );
    Ok(())
}
