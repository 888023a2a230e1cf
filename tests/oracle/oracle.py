"""What the fixture scripts share: Keras on JAX in float32 or float64, given weights, checksums, JSON.

Import this module before Keras. With the environment variable ORACLE_FLOAT64 set, Keras computes in float64: that is
how a script learns how far float32 rounding alone moves a number (`in_float64`).
"""

import gzip
import json
import os
import platform
import subprocess
import sys
import textwrap
from pathlib import Path

FLOAT64 = bool(os.environ.get("ORACLE_FLOAT64"))
os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
if FLOAT64:
    os.environ["JAX_ENABLE_X64"] = "1"

import jax  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402

import formula  # noqa: E402

if FLOAT64:
    keras.config.set_floatx("float64")

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
FLOAT = np.float64 if FLOAT64 else np.float32


def made_by(script):
    """The header of every fixture: which program produced it, with what."""
    return {
        "made_by": f"tests/oracle/{Path(script).name}",
        "keras": keras.__version__,
        "backend": f"jax {jax.__version__} (cpu)",
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def in_float64(script, *arguments):
    """The JSON that `script` prints as its last line when it runs with Keras in float64."""
    environment = dict(os.environ, ORACLE_FLOAT64="1")
    run = subprocess.run([sys.executable, script, *arguments], env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def address(model, variable):
    """`layer/variable`, as in "dense_1/kernel"."""
    layer = next(l for l in model.layers if any(v is variable for v in l.weights))
    return f"{layer.name}/{variable.name}"


def plan_weights(model, seed, kernel="he", spread=0.0):
    """How to fill each weight of a model: [{path, shape, seed, limit, offset}], in the order of `model.weights`.

    Kernels are uniform with the variance of the `he` or `glorot` initializer; everything else starts where Keras
    starts it, plus or minus `spread`.
    """
    plan = []
    for index, variable in enumerate(model.weights):
        shape = tuple(variable.shape)
        if variable.name == "kernel":
            receptive = int(np.prod(shape[:-2], dtype=np.int64)) if len(shape) > 2 else 1
            fan_in, fan_out = receptive * shape[-2], receptive * shape[-1]
            limit, offset = (6 / fan_in if kernel == "he" else 6 / (fan_in + fan_out)) ** 0.5, 0.0
        else:
            limit, offset = spread, 1.0 if variable.name in ("gamma", "moving_variance") else 0.0
            if variable.name == "alpha":
                limit, offset = spread, 0.25
        limit = float(f"{limit:.6g}")  # the fixture's text must be the number itself
        plan.append({"path": address(model, variable), "shape": list(shape), "seed": seed * 100 + index,
                     "limit": limit, "offset": offset})
    return plan


def set_weights(model, plan):
    """Give a model its planned weights, and return them."""
    weights = [np.array(p["values"], np.float32).reshape(p["shape"]) if "values" in p
               else formula.fill(p["shape"], p["seed"], p["limit"], p["offset"]) for p in plan]
    model.set_weights(weights)
    return weights


def entries(size, most):
    """The row-major indices that a fixture samples from an array: entry k is k * size / count, count = min(size, most)."""
    count = min(size, most)
    return np.arange(count, dtype=np.int64) * size // count


def checksums(plan, start, end, most):
    """What a fixture keeps of final weights: norms in float64, and sampled entries."""
    rows = []
    for p, before, after in zip(plan, start, end):
        before, after = before.astype(np.float64).ravel(), np.asarray(after, np.float64).ravel()
        rows.append({"path": p["path"], "norm": float(np.linalg.norm(after)), "sum": float(after.sum()),
                     "distance": float(np.linalg.norm(after - before)),
                     "sampled": after[entries(after.size, most)].tolist()})
    return rows


def spread(case, losses, weights):
    """How far a float32 case is from its float64 twin: what rounding alone does."""
    with np.errstate(all="ignore"):
        loss = np.max(np.abs(np.subtract(case["losses"], losses)) / np.abs(losses))
        moved = max(np.linalg.norm(np.subtract(a["sampled"], b["sampled"]))
                    * (np.prod(p["shape"]) / len(a["sampled"])) ** 0.5 / max(a["distance"], 1e-30)
                    for p, a, b in zip(case["initial_weights"], case["final_weights"], weights))
    return {"largest_relative_loss_difference": float(f"{loss:.3g}"),
            "largest_weight_difference_by_distance": float(f"{moved:.3g}")}


def shorten(value):
    """Floats that are float32 numbers in the shortest text that reads back to the same float32, others with 9 digits.

    Keras's own configurations stay as they are.
    """
    if isinstance(value, dict):
        return {k: v if k == "config" else shorten(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [shorten(v) for v in value]
    if isinstance(value, (float, np.floating)):
        value = float(value)
        if value == float(np.float32(value)):
            return float(str(np.float32(value)))
        return float(f"{value:.9g}")
    if isinstance(value, np.integer):
        return int(value)
    return value


def dump(value, indent="", width=110):
    """JSON with one entry a line where it does not fit on one line, and plain lists of numbers packed."""
    flat = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(flat) + len(indent) <= width or not isinstance(value, (dict, list)):
        return flat
    deeper = indent + " "
    if isinstance(value, dict):
        rows = [f"{json.dumps(k)}: {dump(v, deeper, width)}" for k, v in value.items()]
        return "{\n" + ",\n".join(deeper + row for row in rows) + "\n" + indent + "}"
    if not all(isinstance(v, (int, float)) for v in value):
        return "[\n" + ",\n".join(deeper + dump(v, deeper, width) for v in value) + "\n" + indent + "]"
    return "[\n" + textwrap.fill(flat[1:-1], width, initial_indent=deeper, subsequent_indent=deeper) + "\n" + indent + "]"


def write(name, document):
    """Write a fixture; `.gz` by its name, with no time stamp so that equal content gives equal bytes."""
    packed = name.endswith(".gz")
    document = shorten(document)
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")) if packed else dump(document)
    data = (text + "\n").encode()
    path = FIXTURES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, 9, mtime=0) if packed else data)
    print(f"{path.relative_to(FIXTURES.parent)}: {path.stat().st_size} bytes", file=sys.stderr)
