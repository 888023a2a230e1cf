#!/usr/bin/env python3
"""Legacy `.h5` files as Keras 2 wrote them, with what they hold and what they predict.

    tests/oracle/regenerate.sh keras2           makes its environment and runs it
    python tests/oracle/keras2_files.py         writes tests/fixtures/keras2_files/ and its index.json

`tf-keras` is Keras 2 as it is still maintained. Its files differ from those of Keras 3: `batch_input_shape`, weights named
`dense/kernel:0`, initializers without a module, and an older optimizer configuration.
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import json  # noqa: E402
import warnings  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf_keras as keras  # noqa: E402

import formula  # noqa: E402

warnings.filterwarnings("ignore")
L, O = keras.layers, keras.optimizers
FOLDER = Path(__file__).resolve().parent.parent / "fixtures" / "keras2_files"
ROWS = 8


def lecture(between=lambda: []):
    return [L.Flatten(input_shape=(4, 4)), *between(), L.Dense(6, activation="elu", kernel_initializer="he_normal"), *between(),
            L.Dense(5, activation="elu", kernel_initializer="he_normal"), *between(), L.Dense(3, activation="softmax")]


def pictures():
    return [L.Conv2D(3, 3, padding="same", activation="relu", input_shape=(6, 6, 2)), L.MaxPooling2D(), L.LeakyReLU(),
            L.PReLU(shared_axes=[1, 2]), L.GlobalAveragePooling2D(), L.LayerNormalization(), L.Dense(3, activation="softmax")]


MODELS = [  # (file, layers, optimizer or None)
    ("lecture_plain.h5", lecture, lambda: O.SGD(0.01, momentum=0.9)),
    ("lecture_batch_normalization.h5", lambda: lecture(lambda: [L.BatchNormalization()]), lambda: O.Adam(0.001)),
    ("lecture_dropout.h5", lambda: lecture(lambda: [L.Dropout(0.2)]), lambda: O.legacy.SGD(0.01, momentum=0.9, nesterov=True)),
    ("legacy_adam.h5", lecture, lambda: O.legacy.Adam(0.001)),
    ("picture_layers.h5", pictures, lambda: O.RMSprop(0.001)),
    ("uncompiled.h5", lecture, None),
]


def run(index, file, layers, optimizer):
    keras.backend.clear_session()
    keras.utils.set_random_seed(index)
    model = keras.Sequential(layers())
    shape = [ROWS, *model.input_shape[1:]]
    inputs = {"shape": shape, "seed": 60_000 + index, "limit": 2.0, "offset": 0.5}
    x, labels = formula.fill(shape, inputs["seed"], 2.0, 0.5), np.arange(ROWS, dtype=np.int32) * 7 % 3
    if optimizer is not None:
        model.compile(optimizer=optimizer(), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, labels, batch_size=ROWS, epochs=3, verbose=0)
    model.save(FOLDER / file)
    predictions = [float(str(v)) for v in model.predict(x, verbose=0).ravel()]
    weights = [{"path": v.name, "shape": list(v.shape), "values": [float(str(n)) for n in v.numpy().ravel()]} for v in model.weights]
    losses = []
    if optimizer is not None and "dropout" not in file:  # whose masks are random
        losses = [float(model.train_on_batch(x, labels, return_dict=True)["loss"]) for _ in range(10)]
    return {"file": file, "input": inputs, "labels": labels.tolist(),
            "predictions": predictions, "weights": weights, "losses_of_ten_more_steps": losses}



def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    entries = [run(index, *model) for index, model in enumerate(MODELS)]
    (FOLDER / "index.json").write_text(json.dumps({
        "made_by": "tests/oracle/keras2_files.py", "tf_keras": keras.__version__, "tensorflow": tf.__version__,
        "numpy": np.__version__, "formula": formula.TEXT, "models": entries}, indent=1) + "\n")
    for path in sorted(FOLDER.iterdir()):
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
