#!/usr/bin/env python3
"""Write tests/fixtures/bias_variance.json: points and noise of a few runs, and NumPy's least-squares predictions for them.

    python3 tests/oracle/bias_variance_data.py      (needs NumPy only)

True function x + 2 sin(1.5 x) on [0, 10], 30 uniform points a run, Gaussian noise of standard deviation 0.5. Polynomials in
u = (x - 5) / 5 by QR in float64, as in tests/peers/bias_variance.py.
"""
import json
import pathlib

import numpy as np

RUNS, POINTS, NOISE, DEGREES = 4, 30, 0.5, [1, 3, 5, 7, 9, 15]
rng = np.random.default_rng(2024)
x = rng.uniform(0, 10, (RUNS, POINTS))
noise = rng.normal(0, NOISE, (RUNS, POINTS))
y = x + 2 * np.sin(1.5 * x) + noise
at = np.linspace(0, 10, 21)


def predictions(degree):
    powers = np.arange(degree + 1)
    q, r = np.linalg.qr(((x - 5) / 5)[:, :, None] ** powers)
    coefficients = np.linalg.solve(r, np.swapaxes(q, 1, 2) @ y[:, :, None])[:, :, 0]
    return (((at - 5) / 5)[:, None] ** powers @ coefficients.T).T.tolist()


fixture = {
    "script": "tests/oracle/bias_variance_data.py",
    "numpy": np.__version__,
    "function": "x + 2 sin(1.5 x)",
    "domain": [0, 10],
    "x": x.tolist(),
    "noise": noise.tolist(),
    "at": at.tolist(),
    "cases": [{"degree": degree, "predictions": predictions(degree)} for degree in DEGREES],
}
path = pathlib.Path(__file__).parent.parent / "fixtures" / "bias_variance.json"
path.write_text(json.dumps(fixture) + "\n")
print(path, path.stat().st_size, "bytes")
