//! The toolkit in cells: the lines of the README, and the quickstart notebook.

use super::kernel;
use std::process::Command;

/// What a user writes first, one line a cell.
const CELLS: [&str; 10] = [
    "use kiln::prelude::*;",
    "kiln::set_seed(42);",
    "let data = datasets::fashion_mnist::load()?;",
    r#"let mut model = Sequential::new()
        .add(Flatten::new().input_shape([28, 28]))
        .add(BatchNormalization::new())
        .add(Dense::new(300).activation("elu").kernel_initializer("he_normal").kernel_regularizer(L2::new(1e-4)))
        .add(Dropout::new(0.2))
        .add(Dense::new(10).activation("softmax"));"#,
    "model.summary()?",
    r#"model.compile(SGD::new(0.01).momentum(0.9).nesterov(true), "sparse_categorical_crossentropy", ["accuracy"])?;"#,
    r#"let history = model.fit(&data.train_x(), &data.train_y())
        .epochs(2).batch_size(32).validation_split(0.1)
        .callback(EarlyStopping::new().patience(3).restore_best_weights(true))
        .callback(LearningRateScheduler::new(|epoch, _lr| 0.01 * 0.1_f64.powf(epoch as f64 / 20.0)))
        .run()?;"#,
    "let scores = model.evaluate(&data.test_x(), &data.test_y())?;",
    "let p = model.predict(&data.test_x())?;",
    "plot::history(&history)",
];

/// Each line works in a cell of its own, in order, and every cell once more.
#[test]
fn each_line_works_in_a_cell_of_its_own_and_again() {
    let mut kernel = kernel();
    for round in 1..=2 {
        for cell in CELLS {
            let answer = kernel.execute(cell);
            assert_eq!(answer.reply["status"], "ok", "round {round}: {cell}\n{answer:?}");
        }
    }
    let answer = kernel
        .execute("scores[\"accuracy\"] > 0.7 && p.shape()[1] == 10 && history.get(\"val_loss\").len() == 2")
        .ok();
    assert_eq!(answer.result(), Some("true"));
    let figure = kernel.execute("plot::history(&history)").ok();
    let kinds = figure.of("execute_result")[0]["data"]
        .as_object()
        .map(|data| data.keys().cloned().collect::<Vec<_>>());
    assert_eq!(
        kinds.map(|mut kinds| {
            kinds.sort();
            kinds
        }),
        Some(["application/vnd.plotly.v1+json", "image/svg+xml", "text/plain"].map(str::to_owned).to_vec())
    );
    // A training without its end says so, and trains nothing.
    let answer = kernel.execute("model.fit(&data.train_x(), &data.train_y())").ok();
    assert_eq!(answer.result(), Some("not trained yet: end with .run()?"));
}

/// Notebooks named by relative paths, in different directories, all run, and land in the one directory that was named.
#[test]
fn several_notebooks_run_in_one_call() {
    let base = std::env::temp_dir().join(format!("kiln-several-{}", std::process::id()));
    for (name, cell) in [("one", "1 + 1"), ("two", "std::env::current_dir()?.ends_with(\"two\")")] {
        let directory = base.join(name);
        std::fs::create_dir_all(&directory).expect("a directory for the notebook");
        let notebook = serde_json::json!({
            "cells": [{"cell_type": "code", "id": "a", "metadata": {}, "source": cell, "outputs": [], "execution_count": null}],
            "metadata": {"kernelspec": {"name": "kiln", "display_name": "Rust (Kiln)"}}, "nbformat": 4, "nbformat_minor": 5,
        });
        std::fs::write(directory.join(format!("{name}.ipynb")), notebook.to_string()).expect("written");
    }
    let run = Command::new(env!("CARGO_BIN_EXE_kiln"))
        .args(["run", "one/one.ipynb", "two/two.ipynb", "--to", "out"])
        .current_dir(&base)
        .output()
        .expect("the program is there");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let executed = |name: &str| std::fs::read_to_string(base.join("out").join(name)).expect("it was written");
    assert!(executed("one.ipynb").contains("\"2\"") && executed("two.ipynb").contains("\"true\""));
    let _ = std::fs::remove_dir_all(&base);
}

/// The quickstart runs through the real kernel, and its claims hold.
#[test]
fn the_quickstart_runs() {
    let notebook = concat!(env!("CARGO_MANIFEST_DIR"), "/../notebooks/00-quickstart.ipynb");
    let out = std::env::temp_dir().join(format!("kiln-quickstart-{}", std::process::id()));
    let run = Command::new(env!("CARGO_BIN_EXE_kiln"))
        .args(["run", notebook, "--to"])
        .arg(&out)
        .env("KILN_DATA", "embedded")
        .output()
        .expect("the program is there");
    let (printed, errors) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{printed}\n{errors}");
    let executed =
        std::fs::read_to_string(out.join("00-quickstart.ipynb")).expect("the notebook was written");
    assert!(executed.contains("application/vnd.plotly.v1+json") && executed.contains("image/svg+xml"));
    assert!(executed.contains("network 784-300-100-10"));
    let _ = std::fs::remove_dir_all(out);
}
