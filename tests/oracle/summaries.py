#!/usr/bin/env python3
"""What `model.summary()` prints in real Keras.

    python tests/oracle/summaries.py             writes tests/fixtures/summaries.json

A case's `state` says what was done with the model before: nothing (`built`), `compiled`, or `trained` for one step of batch size
4. The terminal has 80 columns.
"""

import os

os.environ["COLUMNS"] = "80"

import oracle  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402

L = keras.layers


def lecture(between):
    hidden = lambda units: L.Dense(units, activation="elu", kernel_initializer="he_normal")
    return [L.Input((28, 28)), L.Flatten(), *between(), hidden(300), *between(), hidden(100), *between(),
            L.Dense(10, activation="softmax")]


def frozen(layers, *positions):
    for position in positions:
        layers[position].trainable = False
    return layers


def pictures():
    return [L.Input((28, 28, 1)), L.Rescaling(1 / 255), L.RandomFlip("horizontal"), L.Conv2D(32, 3, padding="same"),
            L.BatchNormalization(), L.PReLU(shared_axes=[1, 2]), L.MaxPooling2D(), L.Conv2D(64, (3, 5), strides=2),
            L.LeakyReLU(), L.AveragePooling2D(2), L.GlobalAveragePooling2D(), L.LayerNormalization(), L.GaussianNoise(0.1),
            L.Reshape((8, 8)), L.Flatten(), L.Dense(10, activation="softmax")]


MODELS = {
    "plain": lambda: lecture(lambda: []),
    "dropout": lambda: lecture(lambda: [L.Dropout(0.2)]),
    "batch_normalization": lambda: lecture(lambda: [L.BatchNormalization()]),
    "pictures": pictures,
    "one_layer": lambda: [L.Input((3,)), L.Dense(1)],
    "frozen": lambda: frozen(lecture(lambda: [L.BatchNormalization()]), 2, 3, 4),
    "long_names": lambda: [L.Input((16,)), L.Dense(4, name="a_name_that_is_far_too_long_for_the_column_of_names"),
                           L.Dense(4, name="encoder_block_1_dense_projection"), L.Dense(1234567, name="wide")],
    "unbuilt": lambda: [L.Flatten(), L.Dense(30), L.Dropout(0.1), L.Dense(10)],
    "empty": lambda: [],
}
SGD = lambda: keras.optimizers.SGD(0.01, momentum=0.9)
CASES = [  # (model, optimizer or None, state, arguments of summary)
    ("plain", None, "built", {}), ("plain", SGD, "compiled", {}), ("plain", SGD, "trained", {}),
    ("plain", keras.optimizers.SGD, "trained", {}), ("plain", keras.optimizers.Adam, "trained", {}),
    ("dropout", None, "built", {}), ("dropout", keras.optimizers.Nadam, "trained", {}),
    ("batch_normalization", None, "built", {}), ("batch_normalization", SGD, "trained", {}),
    ("batch_normalization", keras.optimizers.Adam, "trained", {}),
    ("batch_normalization", None, "built", {"show_trainable": True}), ("batch_normalization", None, "built", {"line_length": 60}),
    ("batch_normalization", None, "built", {"line_length": 76}), ("batch_normalization", None, "built", {"line_length": 70}),
    ("batch_normalization", None, "built", {"line_length": 71}), ("batch_normalization", None, "built", {"line_length": 40}),
    ("pictures", None, "built", {}), ("pictures", keras.optimizers.Adam, "trained", {}),
    ("pictures", None, "built", {"show_trainable": True}),
    ("one_layer", None, "built", {}), ("one_layer", keras.optimizers.SGD, "trained", {}),
    ("frozen", None, "built", {}), ("frozen", None, "built", {"show_trainable": True}),
    ("frozen", keras.optimizers.Adam, "trained", {}),
    ("long_names", None, "built", {}), ("long_names", None, "built", {"line_length": 50}),
    ("unbuilt", None, "built", {}), ("unbuilt", None, "built", {"show_trainable": True}), ("empty", None, "built", {}),
]


def run(name, optimizer, state, arguments):
    keras.utils.clear_session()
    model = keras.Sequential(MODELS[name]())
    if optimizer is not None:
        model.compile(optimizer=optimizer(), loss="mse")
        if state == "trained":
            model.train_on_batch(np.zeros((4, *model.input_shape[1:])), np.zeros((4, *model.output_shape[1:])))
    texts = []
    model.summary(print_fn=texts.append, **arguments)
    return {"model": name, "state": state, "optimizer": optimizer and keras.saving.serialize_keras_object(model.optimizer),
            "arguments": arguments, "text": texts[0].split("\n")}


def config_of(name):
    keras.utils.clear_session()
    return keras.saving.serialize_keras_object(keras.Sequential(MODELS[name]()))


def main():
    oracle.write("summaries.json", {
        **oracle.made_by(__file__),
        "about": "summary() of models, each given by its configuration in `models`; `text` is the one string that Keras "
                 "hands to print_fn, split at line ends.",
        "columns": 80, "models": {name: {"config": config_of(name)} for name in MODELS}, "cases": [run(*case) for case in CASES]})


if __name__ == "__main__":
    main()
