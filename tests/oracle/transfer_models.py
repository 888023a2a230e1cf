#!/usr/bin/env python3
"""Model A of the lecture's transfer learning, trained and saved to `.h5` by real Keras, for each pair of classes.

    python tests/oracle/transfer_models.py FOLDER
    cargo run --release -p kiln --example transfer -- FOLDER

Model A learns the eight classes of Fashion-MNIST outside of the pair, as `toolkit/examples/transfer.rs` does it itself.
"""

import gzip
import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import absl.logging  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402

absl.logging.set_verbosity("error")
PAIRS = [(0, 6), (2, 4), (4, 6), (2, 6), (0, 3), (3, 4), (5, 7), (7, 9), (5, 9), (1, 3), (5, 6), (1, 8)]
DATA = Path("/usr/share/datasets/fashion-mnist")  # Debian's package dataset-fashion-mnist


def read(name, skipped):
    return np.frombuffer(gzip.open(DATA / name).read(), np.uint8, offset=skipped)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    x = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28).astype("float32") / 255
    y = read("train-labels-idx1-ubyte.gz", 8)
    L = keras.layers
    for first, second in PAIRS:
        keras.utils.clear_session()
        keras.utils.set_random_seed(42)
        others = [c for c in range(10) if c not in (first, second)]
        rows = np.isin(y, others)
        labels = np.searchsorted(others, y[rows])
        model = keras.Sequential([L.Input((28, 28)), L.Flatten()] + [
            L.Dense(units, activation="elu", kernel_initializer="he_normal") for units in (300, 100, 50, 50, 50)
        ] + [L.Dense(8, activation="softmax")])
        model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(x[rows], labels, epochs=5, verbose=0)
        model.save(folder / f"model_A_{first}_{second}.h5")
        print(first, second, history.history["accuracy"][-1], flush=True)


if __name__ == "__main__":
    main()
