#!/usr/bin/env python3
"""Fifty training steps of the lecture's networks in real Keras: loss of every step and final weights.

    python tests/oracle/training_run.py          writes tests/fixtures/training_run.json

Images, labels and initial weights come from formula.py, so that a test in another language has the same bits. Each
case runs in float32 (the fixture) and again in float64, and the fixture states how far the two are apart.
"""

import json
import sys

import oracle
import formula
import keras
import numpy as np

STEPS, BATCH, SAMPLED = 50, 32, 24
L = keras.layers


def hidden(units, activation):
    return L.Dense(units, activation=activation, kernel_initializer="glorot_uniform" if activation == "tanh" else "he_normal")


def network(output, output_activation, activation="elu", between=lambda: []):
    """Flatten, Dense 300, Dense 100, Dense `output`, with `between()` before each Dense."""
    return keras.Sequential([
        L.Input((28, 28)), L.Flatten(), *between(), hidden(300, activation), *between(), hidden(100, activation),
        *between(), L.Dense(output, activation=output_activation)])


NETWORKS = {
    "plain": (lambda: network(10, "softmax"), "he", "sparse_categorical_crossentropy", "labels"),
    "batch_normalization": (lambda: network(10, "softmax", between=lambda: [L.BatchNormalization()]), "he",
                            "sparse_categorical_crossentropy", "labels"),
    "tanh_one_hot": (lambda: network(10, "softmax", "tanh"), "glorot", "categorical_crossentropy", "one_hot"),
    "binary": (lambda: network(1, "sigmoid"), "he", "binary_crossentropy", "binary"),
    "regression": (lambda: network(1, None), "he", "mean_squared_error", "target"),
}
OPTIMIZERS = {
    "nesterov": lambda rate: keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
    "sgd": lambda rate: keras.optimizers.SGD(rate),
    "adam": lambda rate: keras.optimizers.Adam(0.001),
}
RATES = {"regression": 0.001}  # elsewhere 0.01; plain regression diverges there


def run(network_name, optimizer_name):
    keras.utils.clear_session()
    build, kernel, loss, target = NETWORKS[network_name]
    model, optimizer = build(), OPTIMIZERS[optimizer_name](RATES.get(network_name, 0.01))
    plan = oracle.plan_weights(model, seed=1 + list(NETWORKS).index(network_name), kernel=kernel)
    start = oracle.set_weights(model, plan)
    model.compile(optimizer=optimizer, loss=loss)
    config = keras.saving.serialize_keras_object(model)
    x, labels, binary, targets = formula.images(STEPS * BATCH)
    y = {"labels": labels, "one_hot": np.eye(10, dtype=np.float32)[labels],
         "binary": binary[:, None], "target": targets[:, None]}[target]
    losses = []
    for step in range(STEPS):
        rows = slice(step * BATCH, (step + 1) * BATCH)
        losses.append(float(model.train_on_batch(x[rows].astype(oracle.FLOAT), y[rows])))
    end = [np.asarray(v) for v in model.get_weights()]
    return {"name": f"{network_name}/{optimizer_name}", "target": target, "config": config, "initial_weights": plan,
            "losses": losses, "final_weights": oracle.checksums(plan, start, end, SAMPLED)}


def main():
    cases = [run(n, o) for n in NETWORKS for o in OPTIMIZERS]
    if oracle.FLOAT64:
        print(json.dumps([[c["losses"], c["final_weights"]] for c in cases]))
        return
    for case, (losses, weights) in zip(cases, oracle.in_float64(__file__)):
        case["losses_float64"] = losses
        case["float32_against_float64"] = oracle.spread(case, losses, weights)
        print(case["name"], case["losses"][0], case["losses"][-1], case["float32_against_float64"], file=sys.stderr)
    oracle.write("training_run.json", {
        **oracle.made_by(__file__),
        "about": "Loss of each of 50 steps of train_on_batch (the batch's loss before its update), batch size 32, batches "
                 "in order, first 1600 samples of the formula's images; wanted: 1e-4 relative on every loss.",
        "formula": formula.TEXT, "steps": STEPS, "batch_size": BATCH,
        "sampling": "entry k of `sampled` is row-major entry k * size / count (integer division), count = min(size, 24)",
        "cases": cases})


if __name__ == "__main__":
    main()
