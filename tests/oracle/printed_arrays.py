#!/usr/bin/env python3
"""How NumPy prints arrays: many shapes, sizes of numbers, and what is not a number.

    python tests/oracle/printed_arrays.py        writes tests/fixtures/printed_arrays.json

Values are texts, since JSON has neither NaN nor infinities. An array of more than 1,000 elements is `arange` divided by a
number, which the case states instead of its values.
"""

import json
import pathlib

import numpy as np

rng = np.random.default_rng(7)
cases = []


def case(values, dtype):
    array = np.array(values, dtype=dtype)
    texts = [repr(number.item()) if number.dtype != np.float32 else str(number) for number in array.reshape(-1)]
    cases.append({"shape": array.shape, "dtype": dtype, "values": texts, "text": str(array)})


def long(shape, divisor, dtype):
    array = (np.arange(np.prod(shape)) / divisor).astype(dtype).reshape(shape)
    cases.append({"shape": shape, "dtype": dtype, "arange_over": divisor, "text": str(array)})


for dtype in ("float32", "float64"):
    for number in (0, 1, -1.5, 3, 0.1, 1e-4, 9.99e-5, 1e-10, 123456789, 99999, 999999, 1e6, 16777218, 1e15, 1e16, 1e20, np.nan, np.inf, -np.inf):
        case(number, dtype)
    for values in ([1, 2.5, -3], [0.1, 0.25, 10], [0, 0, 0], [1e-10, 1], [1.5e-10, 1], [0.001, 1], [0.001, 1.001], [1e8, 1],
                   [1e7, 1e5], [999999, 5e5], [1e6, 5e5], [-0.0, 1], [1 / 3, 2 / 3], [100.125, 0.5], [np.nan, 1], [np.inf, 1], [-np.inf, 0.25],
                   [np.nan, np.nan], [-np.inf, 123456], [1e-45, 1e38], [np.nan, 1e-9], [99999.5, 123.25]):
        case(values, dtype)
    for shape in ((5,), (20,), (3, 4), (2, 3, 2), (2, 1, 2, 3), (4, 25), (1, 1), (2, 40), (2, 2, 12)):
        case(rng.normal(size=shape), dtype)
        case(rng.normal(size=shape) * 10.0 ** rng.integers(-6, 7, size=shape), dtype)
        case(np.round(rng.normal(size=shape) * 10, 1), dtype)
    long((2000,), 1, dtype)
    long((2000,), 7, dtype)
    long((40, 50), 3, dtype)
    long((3, 700), 3, dtype)
    long((10, 11, 12), 1000, dtype)
    long((7, 200), 50, dtype)
for values in (3, [3, 10], [-1, 100, 7], [[1, 2], [3, -4]], list(range(60))):
    case(values, "int32")
long((1500,), 1, "int32")
long((60, 30), 1, "int32")

path = pathlib.Path(__file__).parents[1] / "fixtures" / "printed_arrays.json"
made = {"script": "tests/oracle/printed_arrays.py", "numpy": np.__version__, "cases": cases}
path.write_text(json.dumps(made, indent=0) + "\n")
print(f"{len(cases)} cases in {path}")
