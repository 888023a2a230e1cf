#!/usr/bin/env python3
"""Each layer alone in real Keras: output, gradients and state in inference and in training.

    python tests/oracle/layers.py                writes tests/fixtures/layers.json.gz

Weights, inputs and the gradient that comes from above are filled by formula.py. Layers that are random in training are
there for inference only.
"""

import oracle
import formula
import jax
import keras
import numpy as np

L, R = keras.layers, keras.regularizers

VECTOR, IMAGE = (6, 10), (3, 7, 6, 4)
ACTIVATIONS = ["celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu",
               "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink",
               "softmax", "softplus", "softsign", "squareplus", "tanh", "tanh_shrink"]
CASES = [  # (layer, shape of the input, distance of the input from 0)
    (lambda: L.Dense(7), VECTOR, 2.0),
    (lambda: L.Dense(7, activation="elu", use_bias=False), VECTOR, 2.0),
    (lambda: L.Dense(5, activation="softmax", kernel_regularizer=R.L2(0.1), activity_regularizer=R.L1(0.2)), VECTOR, 2.0),
    (lambda: L.Dense(3, bias_regularizer=R.L1L2(0.1, 0.2), kernel_regularizer=R.OrthogonalRegularizer()), VECTOR, 2.0),
    (lambda: L.Dense(5), (4, 3, 6), 2.0),
    *[(lambda a=a: L.Activation(a), VECTOR, 4.0) for a in ACTIVATIONS],
    (lambda: L.Flatten(), IMAGE, 1.0), (lambda: L.Flatten(), (5,), 1.0), (lambda: L.Reshape((2, -1)), VECTOR, 1.0),
    (lambda: L.Reshape((6, 7, 4)), IMAGE, 1.0),
    (lambda: L.ReLU(), VECTOR, 4.0), (lambda: L.ReLU(max_value=2.0, negative_slope=0.2, threshold=0.5), VECTOR, 4.0),
    (lambda: L.LeakyReLU(), VECTOR, 2.0), (lambda: L.LeakyReLU(negative_slope=0.05), IMAGE, 2.0),
    (lambda: L.ELU(), VECTOR, 2.0), (lambda: L.ELU(alpha=0.3), VECTOR, 2.0),
    (lambda: L.PReLU(), VECTOR, 2.0), (lambda: L.PReLU(shared_axes=[1, 2]), IMAGE, 2.0), (lambda: L.PReLU(), IMAGE, 2.0),
    (lambda: L.Softmax(), VECTOR, 3.0), (lambda: L.Softmax(axis=1), (3, 4, 5), 3.0),
    (lambda: L.BatchNormalization(), VECTOR, 2.0), (lambda: L.BatchNormalization(), IMAGE, 2.0),
    (lambda: L.BatchNormalization(momentum=0.8, epsilon=1e-5, center=False), VECTOR, 2.0),
    (lambda: L.BatchNormalization(scale=False), VECTOR, 2.0),
    (lambda: L.BatchNormalization(axis=1), IMAGE, 2.0),
    (lambda: L.BatchNormalization(center=False, scale=False), VECTOR, 2.0),
    (lambda: L.BatchNormalization(trainable=False), VECTOR, 2.0),
    (lambda: L.LayerNormalization(), VECTOR, 2.0), (lambda: L.LayerNormalization(), IMAGE, 2.0),
    (lambda: L.LayerNormalization(epsilon=1e-6, center=False), VECTOR, 2.0),
    (lambda: L.LayerNormalization(scale=False), VECTOR, 2.0), (lambda: L.LayerNormalization(axis=[1, 2, 3]), IMAGE, 2.0),
    (lambda: L.LayerNormalization(axis=1), (3, 4, 5), 2.0),
    (lambda: L.Conv2D(5, 3), IMAGE, 1.0), (lambda: L.Conv2D(5, 3, padding="same", activation="tanh"), IMAGE, 1.0),
    (lambda: L.Conv2D(3, (2, 3), strides=(2, 1), padding="same"), IMAGE, 1.0),
    (lambda: L.Conv2D(3, (2, 4), strides=2, padding="same", use_bias=False), IMAGE, 1.0),
    (lambda: L.Conv2D(3, 2, strides=3), IMAGE, 1.0), (lambda: L.Conv2D(3, 2, dilation_rate=2), IMAGE, 1.0),
    (lambda: L.Conv2D(3, 3, dilation_rate=(1, 2), padding="same"), IMAGE, 1.0), (lambda: L.Conv2D(6, 3, groups=2), IMAGE, 1.0),
    (lambda: L.Conv2D(4, 1), IMAGE, 1.0),
    (lambda: L.MaxPooling2D(), IMAGE, 1.0), (lambda: L.MaxPooling2D(3, strides=1, padding="same"), IMAGE, 1.0),
    (lambda: L.MaxPooling2D((2, 3), strides=(3, 2)), IMAGE, 1.0), (lambda: L.MaxPooling2D(2, padding="same"), IMAGE, 1.0),
    (lambda: L.AveragePooling2D(2), IMAGE, 1.0), (lambda: L.AveragePooling2D(3, strides=2, padding="same"), IMAGE, 1.0),
    (lambda: L.AveragePooling2D((2, 3), strides=1, padding="same"), IMAGE, 1.0),
    (lambda: L.GlobalAveragePooling2D(), IMAGE, 1.0), (lambda: L.GlobalAveragePooling2D(keepdims=True), IMAGE, 1.0),
    (lambda: L.Rescaling(1 / 255, offset=-0.5), IMAGE, 255.0), (lambda: L.Rescaling(2.0), VECTOR, 1.0),
    (lambda: L.Normalization(mean=[0.5, -0.5, 0.0, 1.0], variance=[1.0, 0.25, 4.0, 0.0]), IMAGE, 1.0),
    (lambda: L.Normalization(mean=3.0, variance=2.0, axis=None), VECTOR, 1.0),
    (lambda: L.Normalization(mean=3.0, variance=2.0, axis=None, invert=True), VECTOR, 1.0),
    ("adapt", VECTOR, 2.0), ("adapt", IMAGE, 2.0), ("adapt axis none", IMAGE, 2.0), ("adapt axes", (4, 3, 5), 2.0),
    (lambda: L.Dropout(0.3), VECTOR, 1.0), (lambda: L.AlphaDropout(0.3), VECTOR, 1.0),
    (lambda: L.GaussianNoise(0.3), VECTOR, 1.0), (lambda: L.GaussianDropout(0.3), VECTOR, 1.0),
    (lambda: L.RandomFlip(), IMAGE, 1.0), (lambda: L.RandomRotation(0.1), IMAGE, 1.0),
    (lambda: L.RandomTranslation(0.1, 0.2), IMAGE, 1.0), (lambda: L.RandomZoom(0.2), IMAGE, 1.0),
]
RANDOM = ("Dropout", "AlphaDropout", "GaussianNoise", "GaussianDropout", "RandomFlip", "RandomRotation", "RandomTranslation",
          "RandomZoom")
ADAPTED = {"adapt": {}, "adapt axis none": {"axis": None}, "adapt axes": {"axis": [1, 2]}}


def numbers(array):
    return np.asarray(array, float).ravel().tolist()


def run(index, make, shape, limit):
    keras.utils.clear_session()
    x = formula.fill(shape, 10_000 + index, limit)
    if isinstance(make, str):
        layer = L.Normalization(**ADAPTED[make])
        layer.adapt(x)
    else:
        layer = make()
    model = keras.Sequential([L.Input(shape[1:]), layer])
    case = {"name": f"{index:02} {type(layer).__name__}", "layer": keras.saving.serialize_keras_object(layer),
            "input": {"shape": list(shape), "seed": 10_000 + index, "limit": limit, "offset": 0.0}}
    if isinstance(make, str):
        case["adapted_to_input"] = True
        case["weights"] = [{"path": oracle.address(model, v), "shape": list(v.shape), "values": numbers(v)}
                                    for v in model.weights]
    elif layer.weights:
        plan = oracle.plan_weights(model, 20_000 + index, "glorot", 0.3)
        oracle.set_weights(model, plan)
        case["weights"] = plan
    trainable = [v.value for v in model.trainable_variables]
    fixed = [v.value for v in model.non_trainable_variables]
    call = lambda t, x, training: model.stateless_call(t, fixed, x, training=training, return_losses=True)
    output, _, losses = call(trainable, x, False)
    case["output_shape"] = list(output.shape)
    case["inference"] = {"output": numbers(output), "losses": [float(l) for l in losses]}
    if type(layer).__name__ in RANDOM:
        return case
    above = formula.fill(output.shape, 30_000 + index, 1.0)
    case["gradient_from_above"] = {"shape": list(output.shape), "seed": 30_000 + index, "limit": 1.0, "offset": 0.0}
    for training in (False, True):
        def total(t, x):
            output, state, losses = call(t, x, training)
            return (output * above).sum() + sum(losses), (output, state)
        by_mode = case.setdefault("training" if training else "inference", {})
        (_, (output, state)), (by_weight, by_input) = jax.value_and_grad(total, argnums=(0, 1), has_aux=True)(trainable, x)
        if training:
            by_mode["output"], by_mode["losses"] = numbers(output), [float(l) for l in call(trainable, x, True)[2]]
            by_mode["state_after"] = [{"path": oracle.address(model, v), "values": numbers(s)}
                                      for v, s in zip(model.non_trainable_variables, state) if v.name.startswith("moving")]
        by_mode["gradient_by_input"] = numbers(by_input)
        by_mode["gradient_by_weight"] = [{"path": oracle.address(model, v), "values": numbers(g)}
                                         for v, g in zip(model.trainable_variables, by_weight)]
    return case


def main():
    cases = [run(index, *case) for index, case in enumerate(CASES)]
    oracle.write("layers.json.gz", {
        **oracle.made_by(__file__),
        "about": "Per layer: output, losses (regularizers, one number each as Keras adds them), and the gradients of "
                 "sum(output * gradient_from_above) + sum(losses) by input and weights; arrays are row-major.",
        "formula": formula.TEXT, "cases": cases})


if __name__ == "__main__":
    main()
