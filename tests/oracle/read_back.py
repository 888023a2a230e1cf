#!/usr/bin/env python3
"""Real Keras reads the model files that Kiln wrote, and trains on.

    cargo run -p kiln-tests --example write_keras_files -- FOLDER
    python tests/oracle/read_back.py FOLDER

For each model of FOLDER/index.json, in `.keras`, legacy `.h5` and `.weights.h5`: the weights and the optimizer's state are
the same numbers, predictions agree within 1e-5, what `compile` set gives the same loss and metrics, and ten more steps have
the same losses within 1e-4.
"""

import json
import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
warnings.filterwarnings("ignore")

import absl.logging  # noqa: E402
import h5py  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
import safetensors.numpy  # noqa: E402

absl.logging.set_verbosity("error")
PREDICTION, LOSS = 1e-5, 1e-4


def array(entry):
    return np.asarray(entry["values"], "float32").reshape(entry["shape"])


def same(what, got, want, tolerance=0.0):
    got, want = np.asarray(got, float), np.asarray(want, float)
    assert got.shape == want.shape, f"{what}: shape {got.shape}, Kiln wrote {want.shape}"
    difference = float(np.max(np.abs(got - want))) if got.size else 0.0
    assert difference <= tolerance, f"{what}: differs by {difference}"
    return difference


def restore_legacy_optimizer(model, path):
    """Keras does not restore the slots of a Sequential model from `.h5` by itself; the file holds them."""
    with h5py.File(path) as file:
        group = file["optimizer_weights"]
        values = [np.asarray(group[name]) for name in group.attrs["weight_names"]]
    model.compile_from_config(model.get_compile_config())
    model.optimizer.build(model.trainable_variables)
    assert len(values) == len(model.optimizer.variables), path
    for variable, value in zip(model.optimizer.variables, values):
        variable.assign(value)


def check(folder, entry, ending, worst):
    path = folder / (entry["name"] + ending)
    what = path.name
    x, y = array(entry["input"]), array(entry["targets"])
    y = y.astype("int32") if entry["labels"] else y
    if ending == ".weights.h5":
        model = keras.saving.load_model(folder / (entry["name"] + ".keras"))
        for variable in model.variables:
            variable.assign(np.zeros(variable.shape))
        for variable in model.optimizer.variables:
            variable.assign(np.zeros(variable.shape))
        model.load_weights(path)
    else:
        model = keras.saving.load_model(path)
    if ending == ".h5":
        restore_legacy_optimizer(model, path)
    model.run_eagerly = True  # no minutes of compiling: operations are compiled once for all models
    for variable, want in zip(model.weights, entry["weights"], strict=True):
        same(f"{what}: {variable.path}", variable, array(want))
    for variable, want in zip(model.optimizer.variables, entry["optimizer_state"], strict=True):
        same(f"{what}: {variable.path}", variable, array(want))
    difference = same(f"{what}: predictions", model.predict(x, verbose=0), array(entry["predictions"]), PREDICTION)
    worst["prediction"] = max(worst["prediction"], difference)
    if ending == ".weights.h5":
        return
    measured = model.evaluate(x, y, verbose=0, return_dict=True)
    # Keras's reader of the legacy format makes metrics of their abbreviations, and logs them by their full names.
    full = {"mae": "mean_absolute_error", "mse": "mean_squared_error"} if ending == ".h5" else {}
    wanted = {name if name in measured else full.get(name, name): want for name, want in entry["evaluation"].items()}
    assert sorted(measured) == sorted(wanted), f"{what}: {measured} {wanted}"
    for name, want in wanted.items():
        same(f"{what}: {name}", measured[name], want, PREDICTION * max(1.0, abs(want)))
    for step, want in enumerate(entry.get("losses_of_ten_more_steps", [])):
        got = float(np.asarray(model.train_on_batch(x, y)).ravel()[0])
        difference = same(f"{what}: loss of step {step}", got, want, LOSS * max(1.0, abs(want)))
        worst["loss"] = max(worst["loss"], difference / max(1.0, abs(want)))


def check_safetensors(folder, entry):
    values = safetensors.numpy.load_file(folder / (entry["name"] + ".safetensors"))
    for (name, got), want in zip(values.items(), entry["weights"], strict=True):
        same(f"{entry['name']}.safetensors: {name}", got, array(want))


def main():
    folder = Path(sys.argv[1])
    entries = json.loads((folder / "index.json").read_text())["models"]
    worst = {"prediction": 0.0, "loss": 0.0}
    failures, files = [], 0
    for entry in entries:
        keras.utils.clear_session()
        # The weights' file is another road to the same state: one layout is enough.
        endings = [".keras", ".h5", ".weights.h5", ".safetensors"] if not entry["name"].startswith("loss_") else [".keras", ".h5"]
        for ending in endings:
            files += 1
            try:
                check(folder, entry, ending, worst) if ending != ".safetensors" else check_safetensors(folder, entry)
            except Exception as error:  # all files are tried
                failures.append(f"{entry['name']}{ending}: {type(error).__name__}: {error}")
    print(f"{len(entries)} models, {files} files; largest difference of a prediction {worst['prediction']:.1e}, of a loss {worst['loss']:.1e}")
    for failure in failures:
        print("FAILED", failure)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
