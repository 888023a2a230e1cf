#!/usr/bin/env python3
"""Optimizers whose steps are small with Keras's default rates, with larger ones, so that a tolerance says something.

    python tests/oracle/larger_rates.py          writes tests/fixtures/larger_rates.json

The procedure is that of `golden_keras.json`: x = ones(10), gradient 1 is 0.01 * ones(10), gradients 2..6 are
[0.1, 0.2, ..., 1.0]; rows are x after each application.
"""

import oracle
import keras
import numpy as np

O = keras.optimizers
CASES = {
    "Adagrad_rate_0.5": ("Adagrad", {"learning_rate": 0.5}),
    "Adagrad_rate_1": ("Adagrad", {"learning_rate": 1.0}),
    "Adadelta_rate_1": ("Adadelta", {"learning_rate": 1.0}),
    "Adadelta_rate_50": ("Adadelta", {"learning_rate": 50.0}),
    "Ftrl_rate_0.5": ("Ftrl", {"learning_rate": 0.5}),
    "Lion_rate_0.1": ("Lion", {"learning_rate": 0.1}),
}


def case(kind, arguments):
    optimizer, x = getattr(O, kind)(**arguments), keras.Variable(np.ones(10, np.float32), name="x")
    rows = []
    for step in range(6):
        gradient = np.full(10, 0.01, np.float32) if step == 0 else np.arange(1, 11, dtype=np.float32) * np.float32(0.1)
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [x])
        rows.append(np.asarray(x).tolist())
    state = {v.path: np.asarray(v, np.float32).tolist() for v in optimizer.variables}
    return {"class": kind, "kwargs": arguments, "x_after_each_of_6_applications": rows, "state_after_6": state}


oracle.write("larger_rates.json", {**oracle.made_by(__file__), "cases": {n: case(*c) for n, c in CASES.items()}})
