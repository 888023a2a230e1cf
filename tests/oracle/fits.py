#!/usr/bin/env python3
"""Whole calls of fit() in real Keras, with callbacks: history, final weights, evaluate() and predict() afterwards.

    python tests/oracle/fits.py                  writes tests/fixtures/fits.json

Data are those of random_configs.py; nothing is shuffled, no layer is random.
"""

import json
import sys
import tempfile
from pathlib import Path

import oracle
import formula
import keras
import numpy as np
from random_configs import make_data, read

L, O, M, CB = keras.layers, keras.optimizers, keras.metrics, keras.callbacks
SAMPLED = 24
DATA = make_data()
NEEDED = ("vectors", "labels", "one_hot", "binary", "targets", "sample_weights")


def network(units, activation, norm=False, **keywords):
    between = [L.BatchNormalization(momentum=0.9)] if norm else []
    return [L.Input((20,)), L.Dense(64, activation="elu", **keywords), *between, L.Dense(units, activation=activation)]


def power(epoch, rate):
    return 0.05 * 0.5 ** epoch


SPARSE = "sparse_categorical_crossentropy"
CASES = {  # name: (layers, optimizer, loss, targets, compile options, fit options, callbacks)
    "validation_split": (lambda: network(5, "softmax"), lambda: O.Adam(0.01), SPARSE, "labels", {"metrics": ["accuracy"]},
                         {"epochs": 4, "batch_size": 32, "validation_split": 0.25}, []),
    "partial_last_batch": (lambda: network(5, "softmax"), lambda: O.SGD(0.05, momentum=0.9, nesterov=True), SPARSE, "labels",
                           {"metrics": ["accuracy"]}, {"epochs": 3, "batch_size": 40}, []),
    "validation_every_second_epoch": (lambda: network(3, None), lambda: O.RMSprop(0.002), "mse", "targets", {"metrics": ["mae"]},
                                      {"epochs": 7, "initial_epoch": 2, "batch_size": 24, "validation_rows": 48,
                                       "validation_freq": 2}, []),
    "batch_normalization": (lambda: network(5, "softmax", True, use_bias=False), lambda: O.Adam(0.01), SPARSE, "labels",
                            {"metrics": ["accuracy"]}, {"epochs": 4, "batch_size": 32, "validation_split": 0.2}, []),
    "regularizer": (lambda: network(3, None, kernel_regularizer=keras.regularizers.L2(0.01)), lambda: O.SGD(0.02), "mse", "targets",
                    {"metrics": ["mse"]}, {"epochs": 3, "batch_size": 32, "validation_split": 0.25}, []),
    "early_stopping": (lambda: network(5, "softmax"), lambda: O.Adam(0.05), SPARSE, "labels", {"metrics": ["accuracy"]},
                       {"epochs": 30, "batch_size": 16, "validation_split": 0.25},
                       [("EarlyStopping", {"patience": 2, "restore_best_weights": True})]),
    "early_stopping_of_accuracy": (lambda: network(5, "softmax"), lambda: O.Adam(0.05), SPARSE, "labels",
                                   {"metrics": ["accuracy"]}, {"epochs": 30, "batch_size": 16, "validation_split": 0.25},
                                   [("EarlyStopping", {"monitor": "val_accuracy", "patience": 3, "min_delta": 0.01,
                                                       "start_from_epoch": 2})]),
    "reduce_on_plateau": (lambda: network(3, None), lambda: O.SGD(0.2), "mse", "targets", {},
                          {"epochs": 12, "batch_size": 32, "validation_split": 0.25},
                          [("ReduceLROnPlateau", {"factor": 0.5, "patience": 1, "cooldown": 1, "min_delta": 0.01,
                                                  "min_lr": 0.02})]),
    "learning_rate_scheduler": (lambda: network(5, "softmax"), lambda: O.SGD(0.3, momentum=0.9), SPARSE, "labels",
                                {"metrics": ["accuracy"]}, {"epochs": 4, "batch_size": 32, "validation_split": 0.25},
                                [("LearningRateScheduler", {"schedule": power}), ("CSVLogger", {})]),
    "class_weight": (lambda: network(5, "softmax"), lambda: O.Adam(0.01), SPARSE, "labels",
                     {"metrics": ["accuracy"], "weighted_metrics": ["accuracy"]},
                     {"epochs": 3, "batch_size": 32, "validation_split": 0.25, "class_weight": {0: 2.0, 2: 0.5, 3: 0.0}}, []),
    "sample_weight": (lambda: network(3, None), lambda: O.Adam(0.01), "mse", "targets",
                      {"metrics": ["mse"], "weighted_metrics": ["mae"]},
                      {"epochs": 3, "batch_size": 40, "validation_split": 0.25, "sample_weight": True}, []),
    "binary_metrics": (lambda: network(1, "sigmoid"), lambda: O.Adam(0.01), "binary_crossentropy", "binary",
                       {"metrics": lambda: ["accuracy", M.AUC(name="auc"), M.AUC(curve="PR", name="auc_pr"),
                                            M.Precision(name="precision"), M.Recall(name="recall"), "mse"]},
                       {"epochs": 3, "batch_size": 32, "validation_split": 0.25}, []),
    "one_hot_metrics": (lambda: network(5, "softmax"), lambda: O.Adam(0.01), "categorical_crossentropy", "one_hot",
                        {"metrics": lambda: ["acc", M.TopKCategoricalAccuracy(k=2), M.F1Score(average="macro"),
                                             M.CategoricalCrossentropy(label_smoothing=0.1)]},
                        {"epochs": 3, "batch_size": 32, "validation_split": 0.25}, []),
    "regression_metrics": (lambda: network(3, None), lambda: O.Adam(0.01), lambda: keras.losses.LogCosh(), "targets",
                           {"metrics": lambda: [M.R2Score(), M.RootMeanSquaredError(), "mae", "cosine_similarity"]},
                           {"epochs": 3, "batch_size": 32, "validation_split": 0.25}, []),
    "moving_average_of_weights": (lambda: network(5, "softmax"), lambda: O.SGD(0.1, use_ema=True, ema_momentum=0.9), SPARSE, "labels",
                                  {}, {"epochs": 2, "batch_size": 32, "validation_split": 0.25}, []),
    "accumulation_over_epochs": (lambda: network(5, "softmax"), lambda: O.Adam(0.01, gradient_accumulation_steps=4), SPARSE,
                                 "labels", {}, {"epochs": 3, "batch_size": 40}, []),
    "schedule": (lambda: network(5, "softmax"), lambda: O.Adam(O.schedules.CosineDecay(0.02, 15)), SPARSE, "labels", {},
                 {"epochs": 3, "batch_size": 32}, []),
    "not_a_number": (lambda: network(3, None), lambda: O.SGD(1e6), "mse", "targets", {}, {"epochs": 5, "batch_size": 16},
                     [("TerminateOnNaN", {})]),
}


def finite(value):
    """JSON has no NaN: such numbers become the text "NaN" or "inf"."""
    return value if np.isfinite(value) else str(value)


def run(index, name, layers, optimizer, loss, target, compiling, fitting, callbacks):
    keras.utils.clear_session()
    model = keras.Sequential(layers())
    plan = oracle.plan_weights(model, 3000 + index, "glorot", 0.1)
    start = oracle.set_weights(model, plan)
    model.compile(optimizer=optimizer(), loss=loss() if callable(loss) else loss,
                  **{k: v() if callable(v) else v for k, v in compiling.items()})
    config = keras.saving.serialize_keras_object(model)
    x, y, weights = read(DATA["vectors"]), read(DATA[target]), read(DATA["sample_weights"])
    y = y.astype(np.int32) if target == "labels" else y
    arguments, log = dict(fitting), None
    if arguments.pop("sample_weight", False):
        arguments["sample_weight"] = weights
    held = arguments.pop("validation_rows", 0)
    if held:
        arguments["validation_data"] = (x[-held:], y[-held:])
        x, y = x[:-held], y[:-held]
    made = []
    for kind, options in callbacks:
        if kind == "CSVLogger":
            log = Path(tempfile.mkdtemp()) / "log.csv"
            made.append(CB.CSVLogger(str(log)))
        else:
            made.append(getattr(CB, kind)(**options))
    history = model.fit(x.astype(oracle.FLOAT), y, shuffle=False, verbose=0, callbacks=made, **arguments)
    case = {"name": name, "config": config, "x": "vectors", "y": target, "fit": fitting,
            "callbacks": [{"class_name": k, "config": {a: "0.05 * 0.5 ** epoch" if callable(v) else v for a, v in o.items()}}
                          for k, o in callbacks],
            "epochs": history.epoch,
            "history": {k: [[finite(float(n)) for n in np.ravel(v)] if np.ndim(v) else finite(float(v)) for v in values]
                        for k, values in history.history.items()}}
    for callback in made:
        if isinstance(callback, CB.EarlyStopping):
            case["stopped_epoch"], case["best_epoch"] = callback.stopped_epoch, callback.best_epoch
    if log is not None:
        case["csv"] = log.read_bytes().decode()
    case["initial_weights"] = plan
    if name != "not_a_number":
        case["final_weights"] = oracle.checksums(plan, start, [np.asarray(v) for v in model.get_weights()], SAMPLED)
        x, y = read(DATA["vectors"]), read(DATA[target])
        y = y.astype(np.int32) if target == "labels" else y
        scores = model.evaluate(x, y, batch_size=50, verbose=0, return_dict=True)
        case["evaluate"] = {"batch_size": 50, "scores": {k: [float(n) for n in v] if np.ndim(v) else float(v) for k, v in scores.items()}}
        case["predict_first_4_rows"] = np.asarray(model.predict(x[:4], verbose=0), float).ravel().tolist()
    return case


def spread(case, other):
    """The largest relative difference of the two histories' losses."""
    pairs = [(a, b) for k in case["history"] if k in ("loss", "val_loss")
             for a, b in zip(case["history"][k], other[k]) if not isinstance(a, str)]
    return float(f"{max([abs(a - b) / abs(b) for a, b in pairs] or [0]):.3g}")


def main():
    cases = [run(i, n, *c) for i, (n, c) in enumerate(CASES.items())]
    if oracle.FLOAT64:
        print(json.dumps([c["history"] for c in cases]))
        return
    for case, other in zip(cases, oracle.in_float64(__file__)):
        case["float32_against_float64"] = {"largest_relative_loss_difference": spread(case, other)}
        print(case["name"], case["float32_against_float64"], file=sys.stderr)
    oracle.write("fits.json", {
        **oracle.made_by(__file__),
        "about": "fit(shuffle=False) on the vectors; `fit` has its options (sample_weight true: with `sample_weights`; "
                 "validation_rows n: the last n rows are validation_data and not trained on); `history` keeps Keras's order of "
                 "keys; `evaluate` and `predict_first_4_rows` are on all 192 rows and the first 4, after fit.",
        "formula": formula.TEXT,
        "sampling": f"entry k of `sampled` is row-major entry k * size / count (integer division), count = min(size, {SAMPLED})",
        "data": {k: DATA[k] for k in NEEDED}, "cases": cases})


if __name__ == "__main__":
    main()
