#!/usr/bin/env python3
"""Random models, trained thirty steps in real Keras with every optimizer, schedule, regularizer, constraint and loss.

    python tests/oracle/random_configs.py        writes tests/fixtures/random_configs.json.gz
    python tests/oracle/random_configs.py -v     also prints a line a case

A case is drawn from a seed: a body (dense or convolutional), a loss with its targets, an optimizer with options, and
whatever regularizers, constraints, schedules and weights it is dealt. Options are dealt in turn from shuffled decks, so
that each is used about equally often, in random company. Every case runs in float32 and again in float64; one whose
numbers already move by rounding alone, so that it could not be compared, is left out. No layer is random.
"""

import json
import random
import sys
from collections import Counter

import oracle
import formula
import keras
import numpy as np

STEPS, CASES, SAMPLED, SAMPLED_STATE = 30, 110, 48, 8
LOSS_SPREAD, WEIGHT_SPREAD = 2e-5, 2e-4  # a fifth of the tolerances 1e-4 and 1e-3 that a test wants
K, L, O = keras, keras.layers, keras.optimizers
S, R, C = keras.optimizers.schedules, keras.regularizers, keras.constraints


# --- data: stored in the fixture as integers and a scale, value = float32(integer / scale) ------------------------------

def stored(values, scale):
    return {"shape": list(values.shape), "scale": scale, "values": np.asarray(values, np.int64).ravel().tolist()}


def read(entry):
    values = (np.array(entry["values"], np.float64) / entry["scale"]).astype(np.float32)
    return values.reshape(entry["shape"])


def make_data():
    """192 vectors of 20 features in 5 noisy classes, 96 pictures of 10 x 10 x 2 in 4, and targets for each loss."""
    rng = np.random.default_rng(2024)
    labels = rng.integers(0, 5, 192)
    centres = rng.integers(-40, 41, (5, 20))
    vectors = np.clip(centres[labels] + rng.integers(-50, 51, (192, 20)), -127, 127)
    noisy = np.where(rng.random(192) < 0.12, rng.integers(0, 5, 192), labels)
    mixing = rng.integers(-8, 9, (20, 3))
    targets = np.clip(vectors @ mixing // 24 + rng.integers(-12, 13, (192, 3)), -160, 160)
    shares = rng.integers(1, 9, (192, 5)) + 24 * np.eye(5, dtype=np.int64)[labels]
    shares = shares * 256 // shares.sum(1, keepdims=True)
    shares[:, 0] += 256 - shares.sum(1)
    kinds = rng.integers(0, 4, 96)
    shapes = rng.integers(0, 200, (4, 10, 10, 2))
    pictures = np.clip(shapes[kinds] * 3 // 5 + rng.integers(0, 136, (96, 10, 10, 2)), 0, 255)
    wrong = np.where(rng.random(96) < 0.12, rng.integers(0, 4, 96), kinds)
    return {
        "vectors": stored(vectors, 64), "labels": stored(noisy, 1), "one_hot": stored(np.eye(5)[noisy], 1),
        "binary": stored((noisy < 2)[:, None], 1), "signs": stored(np.where(noisy < 2, 1, -1)[:, None], 1),
        "multi": stored(np.stack([noisy < 2, noisy % 2, vectors[:, 0] > 0], 1), 1),
        "shares": stored(shares, 256), "targets": stored(targets, 64), "positives": stored(np.abs(targets) + 32, 64),
        "sample_weights": stored(rng.integers(0, 129, 192), 64),
        "pictures": stored(pictures, 255), "picture_labels": stored(wrong, 1),
        "picture_one_hot": stored(np.eye(4)[wrong], 1), "picture_binary": stored((wrong < 2)[:, None], 1),
        "picture_targets": stored(np.clip(pictures.mean((1, 2)) + 20 * wrong[:, None] - 120, -128, 128).astype(int), 64),
        "picture_weights": stored(rng.integers(0, 129, 96), 64),
    }


# --- what is dealt -----------------------------------------------------------------------------------------------------

def losses_for_vectors():
    X = K.losses
    return [
        ("labels", 5, "softmax", lambda: "sparse_categorical_crossentropy"),
        ("labels", 5, None, lambda: X.SparseCategoricalCrossentropy(from_logits=True)),
        ("labels", 5, "softmax", lambda: X.SparseCategoricalCrossentropy(ignore_class=3)),
        ("one_hot", 5, "softmax", lambda: "categorical_crossentropy"),
        ("one_hot", 5, "softmax", lambda: X.CategoricalCrossentropy(label_smoothing=0.1)),
        ("one_hot", 5, None, lambda: X.CategoricalCrossentropy(from_logits=True, label_smoothing=0.05)),
        ("binary", 1, "sigmoid", lambda: "binary_crossentropy"),
        ("binary", 1, None, lambda: X.BinaryCrossentropy(from_logits=True)),
        ("multi", 3, "sigmoid", lambda: X.BinaryCrossentropy(label_smoothing=0.2)),
        ("targets", 3, None, lambda: "mse"),
        ("targets", 3, None, lambda: "mean_absolute_error"),
        ("targets", 3, None, lambda: X.Huber(delta=0.5)),
        ("targets", 3, None, lambda: X.LogCosh()),
        ("positives", 3, "softplus", lambda: X.MeanAbsolutePercentageError()),
        ("positives", 3, "softplus", lambda: "mean_squared_logarithmic_error"),
        ("positives", 3, "softplus", lambda: X.Poisson()),
        ("signs", 1, None, lambda: "hinge"),
        ("signs", 1, "tanh", lambda: X.SquaredHinge()),
        ("one_hot", 5, "softmax", lambda: X.CategoricalHinge()),
        ("targets", 3, None, lambda: X.CosineSimilarity()),
        ("shares", 5, "softmax", lambda: X.KLDivergence()),
        ("targets", 3, None, lambda: X.MeanSquaredError(reduction="mean_with_sample_weight")),
        ("one_hot", 5, "softmax", lambda: X.CategoricalCrossentropy(reduction="mean_with_sample_weight")),
        ("targets", 3, None, lambda: X.MeanAbsoluteError(reduction="sum")),
    ]


def losses_for_pictures():
    return [
        ("picture_labels", 4, "softmax", lambda: "sparse_categorical_crossentropy"),
        ("picture_one_hot", 4, "softmax", lambda: "categorical_crossentropy"),
        ("picture_binary", 1, "sigmoid", lambda: "binary_crossentropy"),
        ("picture_labels", 4, None, lambda: K.losses.SparseCategoricalCrossentropy(from_logits=True)),
        ("picture_targets", 2, None, lambda: "mse"),
    ]


METRICS = {
    "labels": [["accuracy"], [lambda: K.metrics.SparseTopKCategoricalAccuracy(k=2)], ["sparse_categorical_crossentropy"]],
    "one_hot": [["accuracy", "mse"], ["categorical_accuracy"], [lambda: K.metrics.TopKCategoricalAccuracy(k=2)]],
    "binary": [["accuracy"], [lambda: K.metrics.AUC(name="auc")],
               [lambda: K.metrics.Precision(name="precision"), lambda: K.metrics.Recall(name="recall")]],
    "targets": [["mae", "mse"], [lambda: K.metrics.RootMeanSquaredError()], [lambda: K.metrics.R2Score()]],
}

# (constructor, options): each optimizer several times; rates are large enough for thirty steps to move the weights
OPTIMIZERS = [
    (O.SGD, dict(learning_rate=0.05)), (O.SGD, dict(learning_rate=0.02, momentum=0.9)),
    (O.SGD, dict(learning_rate=0.02, momentum=0.9, nesterov=True)), (O.SGD, dict(learning_rate=0.05, momentum=0.5)),
    (O.Adagrad, dict(learning_rate=0.05)), (O.Adagrad, dict(learning_rate=0.1, initial_accumulator_value=0.3)),
    (O.Adagrad, dict(learning_rate=0.03, epsilon=1e-3)), (O.Adagrad, dict()),
    (O.Adadelta, dict(learning_rate=1.0)), (O.Adadelta, dict(learning_rate=2.0, rho=0.9)),
    (O.Adadelta, dict(learning_rate=0.5, epsilon=1e-4)), (O.Adadelta, dict(learning_rate=1.0, rho=0.8, epsilon=1e-5)),
    (O.RMSprop, dict(learning_rate=0.003)), (O.RMSprop, dict(learning_rate=0.003, rho=0.95, centered=True)),
    (O.RMSprop, dict(momentum=0.9, epsilon=1e-5)), (O.RMSprop, dict(momentum=0.8, centered=True, epsilon=1e-3)),
    (O.Adam, dict(learning_rate=0.01)), (O.Adam, dict(learning_rate=0.005, amsgrad=True)),
    (O.Adam, dict(learning_rate=0.01, beta_1=0.8, beta_2=0.99)), (O.Adam, dict(learning_rate=0.01, epsilon=1e-3)),
    (O.AdamW, dict(learning_rate=0.005)), (O.AdamW, dict(learning_rate=0.01, weight_decay=0.1)),
    (O.AdamW, dict(learning_rate=0.005, amsgrad=True, weight_decay=0.02)), (O.AdamW, dict(learning_rate=0.002, beta_1=0.7)),
    (O.Adamax, dict(learning_rate=0.01)), (O.Adamax, dict(learning_rate=0.02, beta_1=0.85, beta_2=0.95)),
    (O.Adamax, dict(learning_rate=0.005, epsilon=1e-3)),
    (O.Nadam, dict(learning_rate=0.005)), (O.Nadam, dict(learning_rate=0.01, beta_1=0.8, beta_2=0.95)),
    (O.Nadam, dict(learning_rate=0.01, epsilon=1e-4)),
    (O.Lion, dict(learning_rate=0.001)), (O.Lion, dict(learning_rate=0.002, beta_1=0.8, beta_2=0.95)),
    (O.Lion, dict(learning_rate=0.0005, beta_1=0.95)), (O.Lion, dict(learning_rate=0.002, weight_decay=0.1)),
    (O.Ftrl, dict(learning_rate=0.05)), (O.Ftrl, dict(learning_rate=0.05, l1_regularization_strength=0.001, l2_regularization_strength=0.01)),
    (O.Ftrl, dict(learning_rate=0.1, learning_rate_power=-0.4, l2_shrinkage_regularization_strength=0.01, beta=0.1)),
    (O.Ftrl, dict(learning_rate=0.03, initial_accumulator_value=0.5)),
]
OPTIONS = [
    {}, {}, {"weight_decay": 0.05}, {"clipnorm": 0.3}, {"clipvalue": 0.02}, {"global_clipnorm": 0.5}, {},
    {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 4}, {"gradient_accumulation_steps": 3}, {},
    {"use_ema": True}, {"gradient_accumulation_steps": 2, "clipnorm": 0.5}, {"weight_decay": 0.01, "global_clipnorm": 1.0},
    {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 7, "weight_decay": 0.02},
]
SCHEDULES = [  # of the case's own rate; None keeps the number
    None,
    lambda r: S.ExponentialDecay(r, 10, 0.5),
    None,
    lambda r: S.ExponentialDecay(r, 8, 0.6, staircase=True),
    None,
    lambda r: S.InverseTimeDecay(r, 10, 1.0),
    lambda r: S.InverseTimeDecay(r, 6, 0.5, staircase=True),
    None,
    lambda r: S.PiecewiseConstantDecay([5, 12, 20], [r, r / 2, r / 4, r / 10]),
    None,
    lambda r: S.PolynomialDecay(r, 20, r / 10, power=2.0),
    lambda r: S.PolynomialDecay(r, 8, r / 20, power=0.5, cycle=True),
    None,
    lambda r: S.CosineDecay(r, 25, alpha=0.1),
    lambda r: S.CosineDecay(r / 10, 20, alpha=0.05, warmup_target=r, warmup_steps=6),
    None,
    lambda r: S.CosineDecayRestarts(r, 7, t_mul=1.5, m_mul=0.8, alpha=0.05),
    lambda r: S.CosineDecayRestarts(r, 9, t_mul=1.0, m_mul=0.9),
]
REGULARIZERS = [  # (where, what)
    None,
    ("kernel", lambda: R.L1(1e-3)), ("kernel", lambda: R.L2(1e-2)), None,
    ("kernel", lambda: R.L1L2(1e-3, 2e-3)), ("kernel", lambda: R.OrthogonalRegularizer(0.05)), None,
    ("bias", lambda: R.L2(0.1)), ("bias", lambda: R.L1(0.02)), None,
    ("activity", lambda: R.L2(1e-3)), ("activity", lambda: R.L1(1e-3)), None,
    ("kernel", lambda: R.OrthogonalRegularizer(0.02, mode="columns")), ("bias", lambda: R.L1L2(0.01, 0.02)),
    ("activity", lambda: R.L1L2(5e-4, 5e-4)),
]
CONSTRAINTS = [
    None, None, ("kernel", lambda: C.MaxNorm(1.0)), ("kernel", lambda: C.NonNeg()), None, ("kernel", lambda: C.UnitNorm()),
    None, ("kernel", lambda: C.MinMaxNorm(0.3, 1.2, rate=0.7)), ("bias", lambda: C.NonNeg()), None,
    ("kernel", lambda: C.MaxNorm(0.8, axis=1)), ("bias", lambda: C.MaxNorm(0.05)), None,
    ("kernel", lambda: C.MinMaxNorm(0.5, 0.9)), ("kernel", lambda: C.UnitNorm(axis=1)),
]
ACTIVATIONS = ["relu", "elu", "tanh", "selu", "sigmoid", "softplus", "gelu", "silu", "softsign", "leaky_relu", "mish",
               "hard_sigmoid", "relu6", "celu", "hard_silu", "linear", "exponential", "log_sigmoid", "tanh_shrink"]
ACTIVATION_LAYERS = [
    lambda: L.PReLU(), lambda: L.LeakyReLU(), lambda: L.ELU(0.7), lambda: L.Softmax(),
    lambda: L.ReLU(max_value=4.0, negative_slope=0.1, threshold=0.05), lambda: L.Activation("silu"),
    lambda: L.LeakyReLU(negative_slope=0.1), lambda: L.ELU(), lambda: L.PReLU(alpha_regularizer=R.L2(0.01)),
    lambda: L.Activation("softmax"), lambda: L.ReLU(),
]
NORMALIZATIONS = [
    None, lambda: L.BatchNormalization(), lambda: L.LayerNormalization(), None,
    lambda: L.BatchNormalization(momentum=0.9, epsilon=1e-5), lambda: L.LayerNormalization(epsilon=1e-6, center=False),
    lambda: L.BatchNormalization(scale=False, momentum=0.8), None, lambda: L.BatchNormalization(center=False),
    lambda: L.LayerNormalization(scale=False), lambda: L.BatchNormalization(gamma_regularizer=R.L2(0.01), beta_constraint=C.MaxNorm(0.5)),
]
SCALINGS = [
    None, None, lambda: L.Rescaling(0.5, offset=-0.1), None,
    lambda n: L.Normalization(mean=[0.01 * i - 0.1 for i in range(n)], variance=[0.5 + 0.05 * i for i in range(n)]),
    None, "adapt", None,
]
CONVOLUTIONS = [
    lambda **k: L.Conv2D(12, 3, **k), lambda **k: L.Conv2D(16, 3, padding="same", **k),
    lambda **k: L.Conv2D(12, (3, 2), strides=2, padding="same", **k), lambda **k: L.Conv2D(12, 3, dilation_rate=2, **k),
    lambda **k: L.Conv2D(16, 3, strides=(2, 1), padding="valid", **k),
    lambda **k: L.Conv2D(8, 3, dilation_rate=(1, 2), padding="same", **k), lambda **k: L.Conv2D(8, (2, 3), groups=2, **k),
]
POOLINGS = [
    lambda: L.MaxPooling2D(), lambda: L.AveragePooling2D(2), lambda: L.MaxPooling2D((3, 2), strides=(2, 1), padding="same"),
    lambda: L.AveragePooling2D(3, strides=2, padding="same"), lambda: L.MaxPooling2D(3, strides=1),
    lambda: L.AveragePooling2D((2, 3), strides=1),
]
ENDINGS = [lambda: [L.Flatten()], lambda: [L.GlobalAveragePooling2D()], lambda: [L.Flatten(), L.Dense(64, activation="elu")],
           lambda: [L.GlobalAveragePooling2D(keepdims=True), L.Flatten()]]
WEIGHTINGS = [None, None, "sample", None, "class", None, None, "sample", None, "class"]


class Deck:
    """Deals its cards in shuffled order, again and again, so that each comes up about equally often."""

    def __init__(self, cards, rng):
        self.cards, self.rng, self.left = list(cards), rng, []

    def deal(self):
        if not self.left:
            self.left = self.cards[:]
            self.rng.shuffle(self.left)
        return self.left.pop()


def decks(seed):
    rng = random.Random(seed)
    names = dict(optimizers=OPTIMIZERS, options=OPTIONS, schedules=SCHEDULES, regularizers=REGULARIZERS,
                 constraints=CONSTRAINTS, activations=ACTIVATIONS, activation_layers=ACTIVATION_LAYERS,
                 normalizations=NORMALIZATIONS, scalings=SCALINGS, convolutions=CONVOLUTIONS, poolings=POOLINGS,
                 endings=ENDINGS, weightings=WEIGHTINGS, vector_losses=losses_for_vectors(),
                 picture_losses=losses_for_pictures(), widths=[64, 96, 32, 128, 64, 48],
                 bodies=["dense", "dense", "pictures", "dense", "deep"], **{f"metrics_{k}": v for k, v in METRICS.items()})
    return {k: Deck(v, rng) for k, v in names.items()}, rng


# --- one case ----------------------------------------------------------------------------------------------------------

def hyperparameters(deal, conv):
    """Regularizer and constraint of a layer with a kernel, as keyword arguments."""
    keywords = {}
    for kind, suffix in (("regularizers", "regularizer"), ("constraints", "constraint")):
        card = deal(kind)
        if card is None:
            continue
        where, make = card
        made = make()
        if conv and isinstance(made, R.OrthogonalRegularizer):
            made = R.L2(0.01)
        if conv and where == "kernel" and suffix == "constraint" and hasattr(made, "axis"):
            made.axis = [0, 1, 2]
        if where == "bias" and suffix == "constraint" and hasattr(made, "axis"):
            made.axis = 0
        keywords[f"{where}_{suffix}"] = made
    return keywords


def before_normalization(norm, keywords):
    """A layer in front of batch normalization has no bias: its gradient would be rounding noise, which Adam amplifies."""
    if isinstance(norm, L.BatchNormalization):
        keywords = {k: v for k, v in keywords.items() if not k.startswith("bias") or k == "bias_initializer"}
        keywords["use_bias"] = False
    return keywords


def dense_body(deal, rng, deep, data):
    layers = [L.Input((20,))]
    scaling = deal("scalings")
    if scaling == "adapt":
        layer = L.Normalization()
        layer.adapt(read(data["vectors"]))
        layers.append(layer)
    elif scaling is not None:
        layers.append(scaling() if scaling.__code__.co_argcount == 0 else scaling(20))
    if rng.random() < 0.15:
        layers += [L.Reshape((4, 5)), L.Dense(16, activation="elu"), L.Flatten()]
    for _ in range(2 if deep else 1):
        norm = deal("normalizations")
        norm = norm() if norm else None
        keywords = hyperparameters(deal, False)
        if norm is not None or rng.random() < 0.35:
            layers.append(L.Dense(deal("widths"), **before_normalization(norm, keywords)))
            layers += [norm] if norm is not None else []
            layers.append(deal("activation_layers")())
        else:
            layers.append(L.Dense(deal("widths"), activation=deal("activations"), **keywords))
    return layers


def picture_body(deal, rng):
    layers = [L.Input((10, 10, 2))]
    if rng.random() < 0.5:
        layers.append(L.Rescaling(2.0, offset=-1.0))
    for block in range(2):
        norm = deal("normalizations") if block == 0 else None
        norm = norm() if norm else None
        keywords = before_normalization(norm, hyperparameters(deal, True))
        last = rng.random() < 0.5
        make = deal("convolutions")
        layers.append(make(**keywords) if norm is not None or last else make(activation=deal("activations"), **keywords))
        if norm is not None:
            layers.append(norm)
        if norm is not None or last:
            layers.append(rng.choice([lambda: L.PReLU(shared_axes=[1, 2]), lambda: L.LeakyReLU(), lambda: L.ELU(),
                                      lambda: L.ReLU()])())
        if block == 0:
            layers.append(deal("poolings")())
    return layers + deal("endings")()


def optimizer_of(deal, dealt):
    make, own = deal("optimizers")
    options = {**deal("options"), **own}
    rate = options.pop("learning_rate", 0.001)
    schedule = deal("schedules")
    if schedule is not None:
        schedule = schedule(rate)
        dealt.append(type(schedule).__name__)
    dealt += [k for k in options if k in ("clipnorm", "clipvalue", "global_clipnorm", "weight_decay", "use_ema",
                                          "ema_overwrite_frequency", "gradient_accumulation_steps")]
    dealt.append(make.__name__)
    return make(learning_rate=rate if schedule is None else schedule, **options)


def draw(index, deck, rng, data):
    """A compiled model and what it is trained on."""
    K.utils.clear_session()
    deal, dealt = (lambda name: deck[name].deal()), []
    body = deal("bodies")
    if body == "pictures":
        x, (y, units, activation, loss) = "pictures", deal("picture_losses")
        layers = picture_body(deal, rng)
        weights = "picture_weights"
    else:
        x, (y, units, activation, loss) = "vectors", deal("vector_losses")
        layers = dense_body(deal, rng, body == "deep", data)
        weights = "sample_weights"
    layers.append(L.Dense(units, activation=activation))
    model = K.Sequential(layers)
    loss = loss()
    dealt.append(loss if isinstance(loss, str) else type(loss).__name__)
    if index % 12 == 5 and len(model.layers) > 3:
        frozen = next(l for l in model.layers if l.weights)
        frozen.trainable = False
        dealt.append("frozen " + type(frozen).__name__)
    weighting = deal("weightings")
    classes = {"labels": 5, "one_hot": 5, "binary": 2, "picture_labels": 4, "picture_one_hot": 4, "picture_binary": 2}
    class_weight = sample_weight = None
    if weighting == "class" and y in classes:
        class_weight = {c: 0.5 + 0.5 * ((c * 3 + index) % 4) for c in range(classes[y])}
        if index % 3 == 0:
            class_weight.pop(1)  # a class that is not named weighs 1
        dealt.append("class weights")
    elif weighting is not None:
        sample_weight = weights
        dealt.append("sample weights")
    metrics = deck.get("metrics_" + y.removeprefix("picture_"))
    metrics = [m if isinstance(m, str) else m() for m in metrics.deal()] if metrics and index % 2 else None
    if sample_weight and any(type(m).__name__ == "R2Score" for m in metrics or []):
        metrics = None
    weighted = ["accuracy" if y in classes else "mse"] if sample_weight and index % 3 == 0 and metrics is None else None
    model.compile(optimizer=optimizer_of(deal, dealt), loss=loss, metrics=metrics, weighted_metrics=weighted)
    for layer in model.layers:
        dealt.append(type(layer).__name__)
        for where in ("kernel", "bias", "activity", "alpha", "gamma", "beta"):
            for suffix in ("regularizer", "constraint"):
                made = getattr(layer, f"{where}_{suffix}", None)
                dealt += [f"{where} {type(made).__name__}"] if made is not None else []
    return model, {"x": x, "y": y, "batch_size": rng.choice([16, 24, 32]) if x == "vectors" else 16,
                   "class_weight": class_weight, "sample_weight": sample_weight, "uses": sorted(set(dealt))}


def rows_of(step, batch, count):
    """Step s takes rows s * batch .. (s + 1) * batch, each modulo the number of samples."""
    return (np.arange(batch) + step * batch) % count


def run(index, deck, rng, data):
    while True:
        try:
            model, case = draw(index, deck, rng, data)
            break
        except ValueError as error:
            if "dimension" not in str(error) and "size" not in str(error):
                raise
    plan = oracle.plan_weights(model, seed=1000 + index, kernel="glorot", spread=0.1)
    kept = [np.asarray(v) for v in model.get_weights()]
    for p, v, value in zip(plan, model.weights, kept):
        if any(isinstance(l, L.Normalization) and any(w is v for w in l.weights) for l in model.layers):
            del p["seed"], p["limit"], p["offset"]
            p["values"] = oracle.shorten(np.asarray(value, np.float32).ravel().astype(float).tolist())
    start = oracle.set_weights(model, plan)
    config = K.saving.serialize_keras_object(model)
    if isinstance(model.loss, K.losses.Huber):  # Keras 3.15.1 forgets to write it; 3.16 writes it
        config["compile_config"]["loss"]["config"]["delta"] = model.loss._fn_kwargs["delta"]
    x, y = read(data[case["x"]]).astype(oracle.FLOAT), read(data[case["y"]])
    if case["y"].endswith("labels"):
        y = y.astype(np.int32)
    weights = read(data[case["sample_weight"]]) if case["sample_weight"] else None
    logs = []
    for step in range(STEPS):
        rows = rows_of(step, case["batch_size"], len(x))
        logs.append(model.train_on_batch(x[rows], y[rows], class_weight=case["class_weight"], return_dict=True,
                                         sample_weight=None if weights is None else weights[rows]))
    end = [np.asarray(v) for v in model.get_weights()]
    uses = case.pop("uses")
    state = [{"path": v.path, "shape": list(v.shape), "norm": float(np.linalg.norm(np.asarray(v, np.float64))),
              "sampled": np.asarray(v, np.float64).ravel()[oracle.entries(int(np.prod(v.shape)), SAMPLED_STATE)].tolist()}
             for v in model.optimizer.variables]
    return {"name": f"case_{index:03}", "uses": uses, **case, "config": config, "initial_weights": plan,
            "losses": [float(l.pop("loss")) for l in logs],
            "metrics": {k: [np.asarray(l[k], float).tolist() for l in logs] for k in logs[0]},
            "final_weights": oracle.checksums(plan, start, end, SAMPLED), "optimizer_state": state}


def comparable(case, lion):
    s = case["float32_against_float64"]
    values = np.array(case["losses"])
    return (np.isfinite(values).all() and np.abs(values).min() > 0.01
            and s["largest_relative_loss_difference"] < LOSS_SPREAD
            and (lion or s["largest_weight_difference_by_distance"] < WEIGHT_SPREAD))


def main():
    deck, rng = decks(7)
    data = make_data()
    cases = []
    for index in range(CASES):
        cases.append(run(index, deck, rng, data))
        if "-v" in sys.argv and not oracle.FLOAT64:
            print(index, cases[-1]["uses"], cases[-1]["losses"][0], cases[-1]["losses"][-1], file=sys.stderr)
    if oracle.FLOAT64:
        print(json.dumps([[c["losses"], c["final_weights"], c["metrics"]] for c in cases]))
        return
    kept = []
    for case, (losses, weights, metrics) in zip(cases, oracle.in_float64(__file__)):
        case["float32_against_float64"] = oracle.spread(case, losses, weights) | {
            "largest_metric_difference": float(f"{max([np.abs(np.subtract(case['metrics'][k], metrics[k])).max() for k in metrics] or [0]):.3g}")}
        if comparable(case, "Lion" in case["uses"]):
            kept.append(case)
        else:
            print("left out:", case["name"], case["float32_against_float64"], case["losses"][::10], case["uses"], file=sys.stderr)
    uses = Counter(u for c in kept for u in c["uses"])
    for use, count in sorted(uses.items()):
        print(f"{count:4} {use}", file=sys.stderr)
    oracle.write("random_configs.json.gz", {
        **oracle.made_by(__file__),
        "about": "Models trained 30 steps by train_on_batch from given weights; wanted: 1e-4 relative on every loss, final "
                 "weights within 1e-3 of the distance travelled (Lion: only the loss).",
        "formula": formula.TEXT, "steps": STEPS,
        "batches": "step s takes rows (s * batch_size + k) % samples, k = 0 .. batch_size - 1",
        "sampling": f"entry k of `sampled` is row-major entry k * size / count (integer division), count = min(size, {SAMPLED}); "
                    f"for optimizer_state count = min(size, {SAMPLED_STATE})",
        "uses": dict(sorted(uses.items())), "data": data, "cases": kept})


if __name__ == "__main__":
    main()
