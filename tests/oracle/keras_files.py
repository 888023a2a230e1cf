#!/usr/bin/env python3
"""Model files as real Keras writes them, with what they hold and what they predict.

    python tests/oracle/keras_files.py           writes tests/fixtures/keras_files/ and its index.json

Each model is trained three steps (unless its state is `built` or `unbuilt`) and saved as `.keras`, as legacy `.h5`, as
`.weights.h5`, or several of these. The index states input and predictions, every weight, the optimizer's state, and the
losses of ten more steps from there: a reader that restores all of it trains on with the same losses.
"""

import json
import sys

import oracle
import formula
import absl.logging
import h5py
import keras
import numpy as np

L, O, R, C = keras.layers, keras.optimizers, keras.regularizers, keras.constraints
absl.logging.set_verbosity("error")  # `.h5` is meant here
FOLDER = oracle.FIXTURES / "keras_files"
ROWS = 8


def small():
    return [L.Input((5,)), L.Dense(4, activation="elu", kernel_initializer="he_normal"), L.Dense(3, activation="softmax")]


def many_layers():
    normalization = L.Normalization()
    normalization.adapt(formula.fill((32, 4, 3), 77, 2.0, 0.5))
    return [
        L.Input((4, 3)), normalization, L.Rescaling(0.5, offset=0.1), L.Reshape((6, 2)), L.Flatten(),
        L.Dense(8, activation="selu", kernel_regularizer=R.L2(1e-3), bias_regularizer=R.L1(1e-3),
                activity_regularizer=R.L1L2(1e-4, 1e-4), kernel_constraint=C.MaxNorm(3.0), bias_constraint=C.NonNeg()),
        L.AlphaDropout(0.1), L.Dense(7, kernel_initializer="lecun_normal", kernel_regularizer=R.OrthogonalRegularizer()),
        L.BatchNormalization(), L.LeakyReLU(), L.Dropout(0.2), L.Dense(3, activation="softmax")]


def more_layers():
    return [
        L.Input((5,)), L.Dense(6, use_bias=False, kernel_constraint=C.MinMaxNorm(0.1, 1.5, rate=0.9),
                               kernel_initializer=keras.initializers.VarianceScaling(2.0, "fan_avg", "uniform")),
        L.LayerNormalization(), L.PReLU(), L.GaussianNoise(0.05), L.Dense(6, kernel_constraint=C.UnitNorm()), L.ELU(0.5),
        L.GaussianDropout(0.1), L.Dense(5, kernel_initializer=keras.initializers.Orthogonal(0.9)), L.ReLU(6.0),
        L.Dense(5, bias_initializer=keras.initializers.Constant(0.1)), L.Activation("tanh"), L.Dense(3), L.Softmax()]


def picture_layers():
    return [
        L.Input((8, 8, 2)), L.RandomFlip("horizontal"), L.RandomRotation(0.05), L.RandomTranslation(0.1, 0.1), L.RandomZoom(0.1),
        L.Conv2D(3, 3, padding="same", activation="relu", kernel_regularizer=R.L2(1e-4)), L.BatchNormalization(),
        L.MaxPooling2D(), L.Conv2D(4, (2, 3), strides=(1, 2), use_bias=False), L.PReLU(shared_axes=[1, 2]),
        L.AveragePooling2D(2, strides=1, padding="same"), L.Conv2D(4, 2, dilation_rate=2, padding="same", groups=2),
        L.GlobalAveragePooling2D(), L.Dense(3, activation="softmax")]


def lecture(between=lambda: []):
    return [L.Input((4, 4)), L.Flatten(), *between(), L.Dense(6, activation="elu", kernel_initializer="he_normal"), *between(),
            L.Dense(5, activation="elu", kernel_initializer="he_normal"), *between(), L.Dense(3, activation="softmax")]


def frozen():
    layers = lecture(lambda: [L.BatchNormalization()])
    for layer in layers[2:5]:
        layer.trainable = False
    return layers


def chain():
    """A Functional model that is one chain of layers."""
    layers = lecture(lambda: [L.BatchNormalization()])
    value = layers[0]
    for layer in layers[1:]:
        value = layer(value)
    return keras.Model(layers[0], value)


def regression():
    return [L.Input((5,)), L.Dense(4, activation="tanh"), L.Dense(2)]


SPARSE = "sparse_categorical_crossentropy"
MODELS = [  # (name, layers, optimizer, loss, metrics, endings)
    ("many_layers", many_layers, lambda: O.Adam(), SPARSE, ["accuracy"], [".keras", ".h5", ".weights.h5"]),
    ("more_layers", more_layers, lambda: O.RMSprop(), SPARSE, ["accuracy"], [".keras", ".h5"]),
    ("picture_layers", picture_layers, lambda: O.SGD(0.01, momentum=0.9), SPARSE, ["accuracy"], [".keras", ".h5"]),
    ("lecture_plain", lecture, lambda: O.SGD(0.01), SPARSE, ["accuracy"], [".keras", ".h5"]),
    ("lecture_dropout", lambda: lecture(lambda: [L.Dropout(0.2)]), lambda: O.SGD(0.01, momentum=0.9, nesterov=True), SPARSE,
     ["accuracy"], [".keras"]),
    ("lecture_batch_normalization", lambda: lecture(lambda: [L.BatchNormalization()]), lambda: O.Nadam(), SPARSE, ["accuracy"],
     [".keras", ".h5"]),
    ("frozen", frozen, lambda: O.Adam(0.01), SPARSE, None, [".keras"]),
    ("adagrad", small, lambda: O.Adagrad(0.05), SPARSE, None, [".keras"]),
    ("adadelta", small, lambda: O.Adadelta(1.0), SPARSE, None, [".keras"]),
    ("rmsprop", small, lambda: O.RMSprop(0.002, momentum=0.9, centered=True), SPARSE, None, [".keras", ".h5"]),
    ("adam_amsgrad", small, lambda: O.Adam(0.01, amsgrad=True), SPARSE, None, [".keras", ".h5"]),
    ("adamw", small, lambda: O.AdamW(0.01, weight_decay=0.02), SPARSE, None, [".keras"]),
    ("adamax", small, lambda: O.Adamax(0.01), SPARSE, None, [".keras"]),
    ("nadam", small, lambda: O.Nadam(0.01), SPARSE, None, [".keras"]),
    ("lion", small, lambda: O.Lion(0.001), SPARSE, None, [".keras"]),
    ("ftrl", small, lambda: O.Ftrl(0.05, l1_regularization_strength=0.001), SPARSE, None, [".keras"]),
    ("schedule", small, lambda: O.Adam(O.schedules.ExponentialDecay(0.01, 2, 0.5)), SPARSE, ["accuracy"], [".keras", ".h5"]),
    ("average_and_accumulation", small, lambda: O.SGD(0.05, momentum=0.5, use_ema=True, ema_momentum=0.9,
                                                      ema_overwrite_frequency=4, gradient_accumulation_steps=2, clipnorm=1.0),
     SPARSE, None, [".keras", ".h5"]),
    ("loss_and_metric_objects", regression, lambda: O.Adam(), lambda: keras.losses.Huber(),
     lambda: [keras.metrics.RootMeanSquaredError(), "mae", keras.metrics.R2Score(name="r2")], [".keras"]),
    ("functional_chain", chain, lambda: O.Adam(0.01), SPARSE, ["accuracy"], [".keras", ".h5", ".weights.h5"]),
    ("built", small, None, None, None, [".keras", ".h5", ".weights.h5"]),
    ("unbuilt", lambda: small()[1:], None, None, None, [".keras"]),
]


def value(thing):
    return thing() if callable(thing) else thing


def run(index, name, layers, optimizer, loss, metrics, endings):
    keras.utils.clear_session()
    keras.utils.set_random_seed(1000 + index)
    made = layers()
    model = made if isinstance(made, keras.Model) else keras.Sequential(made)
    entry = {"name": name, "files": [name + ending for ending in endings],
             "state": "unbuilt" if not model.built else "built" if optimizer is None else "trained"}
    for ending in () if model.built else endings:
        model.save(FOLDER / (name + ending))
    if not model.built:
        return entry
    plan = oracle.plan_weights(model, 500 + index, "glorot", 0.1)
    for p, v in zip(plan, model.weights):  # what `adapt` computed stays
        if not v.name.startswith(("mean", "variance", "count")):
            v.assign(formula.fill(p["shape"], p["seed"], p["limit"], p["offset"]))
    shape, units = model.input_shape[1:], model.output_shape[-1]
    inputs = {"shape": [ROWS, *shape], "seed": 40_000 + index, "limit": 2.0, "offset": 0.5}
    x = formula.fill(inputs["shape"], inputs["seed"], inputs["limit"], inputs["offset"])
    y = np.arange(ROWS, dtype=np.int32) * 7 % units if loss == SPARSE else formula.fill((ROWS, units), 50_000 + index, 1.0)
    if optimizer is not None:
        model.compile(optimizer=optimizer(), loss=value(loss), metrics=value(metrics))
        for _ in range(3):
            model.train_on_batch(x, y)
    entry["input"] = inputs
    for ending in endings:
        path = FOLDER / (name + ending)
        model.save_weights(path) if ending == ".weights.h5" else model.save(path)
    entry["predictions"] = np.asarray(model.predict(x, verbose=0), float).ravel().tolist()
    entry["weights"] = [{"path": p["path"], "shape": p["shape"], "values": np.asarray(v, float).ravel().tolist()}
                        for p, v in zip(plan, model.weights)]
    if optimizer is None:
        return entry
    entry["targets"] = ({"labels": y.tolist()} if loss == SPARSE else
                        {"shape": [ROWS, units], "seed": 50_000 + index, "limit": 1.0, "offset": 0.0})
    entry["optimizer_state"] = [{"path": v.path, "shape": list(v.shape), "values": np.asarray(v, float).ravel().tolist()}
                                for v in model.optimizer.variables]
    entry["evaluation"] = model.test_on_batch(x, y, return_dict=True)
    entry["evaluation"] = {k: float(v) for k, v in entry["evaluation"].items()}
    if not any(l.__class__.__name__.startswith(("Random", "Gaussian", "Alpha", "Dropout")) for l in model.layers):
        again = keras.saving.load_model(FOLDER / entry["files"][0])
        entry["losses_of_ten_more_steps"] = [float(np.asarray(again.train_on_batch(x, y)).ravel()[0]) for _ in range(10)]
        own = [float(np.asarray(model.train_on_batch(x, y)).ravel()[0]) for _ in range(10)]
        assert np.allclose(own, entry["losses_of_ten_more_steps"], rtol=1e-5), (name, own, entry["losses_of_ten_more_steps"])
    entry["keras_restores_optimizer_from"] = []
    for file in entry["files"]:
        if file.endswith(".weights.h5"):
            continue
        loaded = keras.saving.load_model(FOLDER / file)
        assert np.allclose(loaded.predict(x, verbose=0).ravel(), entry["predictions"], 1e-5), file
        state = [np.asarray(v, float).ravel().tolist() for v in loaded.optimizer.variables]
        if state == [row["values"] for row in entry["optimizer_state"]]:
            entry["keras_restores_optimizer_from"].append(file)
    return entry


def functional():
    """A model with two inputs, which a reader of Sequential models must refuse by name."""
    keras.utils.clear_session()
    a, b = L.Input((3,), name="left"), L.Input((2,), name="right")
    model = keras.Model([a, b], L.Dense(1)(L.Concatenate()([a, b])))
    files = ["functional.keras", "functional.h5"]
    for file in files:
        model.save(FOLDER / file)
    return {"name": "functional", "state": "built", "files": files}


def outline(path):
    """Groups, datasets and attribute names of an HDF5 file, as a reader sees them."""
    lines = []
    with h5py.File(path) as file:
        file.visititems(lambda name, item: lines.append(
            f"/{name} {item.dtype.str}{list(item.shape)}" if isinstance(item, h5py.Dataset) else f"/{name}/"))
    return lines


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.*"):
        old.unlink()
    entries = [run(index, *model) for index, model in enumerate(MODELS)] + [functional()]
    outlines = {f: outline(FOLDER / f) for e in entries for f in e["files"] if f.endswith(".h5")}
    sizes = {f.name: f.stat().st_size for f in FOLDER.iterdir() if f.suffix in (".keras", ".h5")}
    print(json.dumps(sizes, indent=1), sum(sizes.values()), file=sys.stderr)
    oracle.write("keras_files/index.json", {
        **oracle.made_by(__file__), "h5py": h5py.__version__,
        "about": "Model files and what they hold; `losses_of_ten_more_steps` are train_on_batch on `input` and `targets` "
                 "from the saved state (models without random layers); `keras_restores_optimizer_from` names the files from "
                 "which Keras itself reads the optimizer's state back.",
        "formula": formula.TEXT, "models": entries, "outlines": outlines})


if __name__ == "__main__":
    main()
