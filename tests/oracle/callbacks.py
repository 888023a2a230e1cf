#!/usr/bin/env python3
"""What Keras's watching callbacks decide for given courses of numbers.

    python tests/oracle/callbacks.py             writes tests/fixtures/callbacks.json.gz

The callbacks are driven by hand, epoch by epoch, on a compiled model whose numbers are given: so every branch is reached
in few epochs. Which courses: falling with noise, standing still, rising, with NaN, from a seeded generator.
"""

import io
import itertools
import warnings
from contextlib import redirect_stdout

import oracle
import keras
import numpy as np

CB = keras.callbacks
EPOCHS = 24
random = np.random.default_rng(7)


def courses():
    """Names and courses, rounded so that both sides read the same numbers."""
    noise = random.normal(0, 0.02, EPOCHS)
    falling = 0.9 ** np.arange(EPOCHS)
    found = {
        "noisy": 0.5 + 0.5 * falling ** 2 + noise,
        "constant": np.full(EPOCHS, 0.75),
        "rising": 1 + 0.1 * np.arange(EPOCHS),
        "valley": 1 + 0.01 * (np.arange(EPOCHS) - 9.0) ** 2,
        "steps": np.repeat([1.0, 0.8, 0.7995, 0.4], EPOCHS // 4),
        "accuracy": 1 - 0.6 * falling + noise,
    }
    found = {name: [round(float(v), 4) for v in values] for name, values in found.items()}
    found["nan"] = [1.0, 0.9, float("nan"), 0.85] + [0.9] * (EPOCHS - 4)
    return found


EARLY = [
    {}, {"patience": 1}, {"patience": 3}, {"patience": 2, "min_delta": 0.02}, {"patience": 3, "baseline": 0.8},
    {"patience": 2, "start_from_epoch": 5}, {"patience": 2, "mode": "max"}, {"patience": 4, "min_delta": -0.01},
    {"patience": 2, "restore_best_weights": True, "start_from_epoch": 2},
]
REDUCE = [
    {"patience": 2}, {"factor": 0.5, "patience": 1}, {"factor": 0.5, "patience": 2, "cooldown": 2},
    {"factor": 0.2, "patience": 1, "cooldown": 3, "min_lr": 0.005}, {"factor": 0.5, "patience": 3, "min_delta": 0.05},
    {"factor": 0.5, "patience": 2, "mode": "max"}, {"factor": 0.0, "patience": 2, "min_lr": 0.01}, {"patience": 0, "factor": 0.9},
]
CHECKPOINT = [
    {}, {"save_best_only": True}, {"save_best_only": True, "initial_value_threshold": 0.7}, {"save_best_only": True, "mode": "max"},
    {"save_freq": 5}, {"save_freq": 3, "save_best_only": True},
]


def model():
    made = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(0.5), "mse", metrics=["accuracy"])
    # Metrics are built by the first batch.
    made.train_on_batch(np.zeros((1, 1)), np.zeros((1, 1)))
    made.optimizer.learning_rate = 0.5
    return made


def drive(callback, monitor, course):
    """Calls the hooks of a fit whose epochs have these numbers; the training ends where the callback ends it."""
    trained = model()
    callback.set_model(trained)
    trained.stop_training = False
    callback.on_train_begin()
    rates, epochs = [], 0
    for epoch, number in enumerate(course):
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {monitor: number})
        rates.append(float(np.asarray(trained.optimizer.learning_rate)))
        epochs += 1
        if trained.stop_training:
            break
    return rates, epochs


def checkpoint(options, monitor, course):
    """Which paths ModelCheckpoint saves to, in their order: two batches an epoch."""
    paths = []
    trained = model()
    trained.save = lambda path, **_: paths.append(path)
    pattern = "m{epoch:02d}-{batch:d}-{%s:.2f}.keras" if "save_freq" in options else "m{epoch:02d}-{%s:.3f}.keras"
    callback = CB.ModelCheckpoint(pattern % monitor, monitor=monitor, verbose=1, **options)
    callback.set_model(trained)
    callback.on_train_begin()
    said = io.StringIO()
    with redirect_stdout(said), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for epoch, number in enumerate(course):
            callback.on_epoch_begin(epoch)
            # Keras learns which way is better at the first end of an epoch.
            if epoch == 0 and options.get("save_freq") and options.get("save_best_only"):
                callback._set_monitor_op()
            for batch in range(2):
                callback.on_train_batch_end(batch, {monitor: number})
            callback.on_epoch_end(epoch, {monitor: number})
    return {"filepath": pattern % monitor, "paths": paths, "said": said.getvalue()}


def main():
    cases = []
    every = courses()
    for (name, course), options in itertools.product(every.items(), EARLY):
        monitor = "val_accuracy" if name == "accuracy" else "val_loss"
        callback = CB.EarlyStopping(monitor=monitor, **options)
        _, epochs = drive(callback, monitor, course)
        cases.append({"callback": "EarlyStopping", "config": options, "monitor": monitor, "course": name, "epochs": epochs,
                      "stopped_epoch": callback.stopped_epoch, "best_epoch": callback.best_epoch,
                      "best": None if callback.best is None or np.isnan(callback.best) else float(callback.best)})
    for (name, course), options in itertools.product(every.items(), REDUCE):
        monitor = "val_accuracy" if name == "accuracy" else "val_loss"
        rates, _ = drive(CB.ReduceLROnPlateau(monitor=monitor, **options), monitor, course)
        cases.append({"callback": "ReduceLROnPlateau", "config": options, "monitor": monitor, "course": name, "rates": rates})
    for (name, course), options in itertools.product(every.items(), CHECKPOINT):
        if name == "nan":
            continue
        monitor = "val_accuracy" if name == "accuracy" else "val_loss"
        cases.append({"callback": "ModelCheckpoint", "config": options, "monitor": monitor, "course": name,
                      **checkpoint(options, monitor, course)})
    oracle.write("callbacks.json.gz", {
        **oracle.made_by(__file__),
        "about": "Learning rate 0.5 at first. EarlyStopping: after how many epochs it ended, Keras's attributes; "
                 "ReduceLROnPlateau: the rate behind each epoch; ModelCheckpoint: the paths that it saved to, and what it said.",
        "courses": {k: [None if v != v else v for v in values] for k, values in every.items()}, "cases": cases})


if __name__ == "__main__":
    main()
