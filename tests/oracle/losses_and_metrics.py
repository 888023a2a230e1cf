#!/usr/bin/env python3
"""Each loss and each metric alone in real Keras, with their options: numbers, gradients and configurations.

    python tests/oracle/losses_and_metrics.py    writes tests/fixtures/losses_and_metrics.json.gz

Losses: every reduction, without and with weights of samples, and the gradient by the prediction. Metrics: two updates,
without and with weights. Predictions, targets and weights stand in the fixture.
"""

import oracle
import jax
import jax.numpy as jnp
import keras
import numpy as np

L, M = keras.losses, keras.metrics
random = np.random.default_rng(3)


def probabilities(*shape):
    scores = np.exp(random.normal(size=shape))
    return (scores / scores.sum(-1, keepdims=True)).astype(np.float32)


def numbers(*shape, low=-2.0, high=2.0):
    return random.uniform(low, high, size=shape).astype(np.float32)


def one_hot(labels, classes):
    return np.eye(classes, dtype=np.float32)[labels]


labels, positions = random.integers(0, 4, 8), random.integers(-1, 4, (8, 3))
labels[2] = 3
WEIGHTS = np.array([1, 0.5, 2, 0, 1.5, 1, 0.25, 3], np.float32)
DATA = {  # targets, predictions
    "regression": (numbers(8, 3), numbers(8, 3)),
    "positive": (numbers(8, 3, low=0.1), numbers(8, 3, low=0.1)),
    "column": (numbers(8, 1), numbers(8, 1)),
    "steps": (numbers(8, 3, 2), numbers(8, 3, 2)),
    "yes_or_no": (random.integers(0, 2, (8, 3)).astype(np.float32), probabilities(8, 3, 2)[..., 0]),
    "yes_or_no_logits": (random.integers(0, 2, (8, 3)).astype(np.float32), numbers(8, 3)),
    "signs": (random.choice([-1.0, 1.0], (8, 3)).astype(np.float32), numbers(8, 3)),
    "classes": (one_hot(labels, 4), probabilities(8, 4)),
    "class_logits": (one_hot(labels, 4), numbers(8, 4)),
    "labels": (labels.astype(np.int32), probabilities(8, 4)),
    "label_logits": (labels.astype(np.int32), numbers(8, 4)),
    "label_steps": (positions.astype(np.int32), probabilities(8, 3, 4)),
}
LOSSES = [
    *[(cls, data) for cls in (L.MeanSquaredError, L.MeanAbsoluteError, L.Huber, L.LogCosh, L.CosineSimilarity)
      for data in ("regression", "steps")],
    (lambda **o: L.Huber(delta=0.5, name="mine", **o), "regression"),
    (L.MeanAbsolutePercentageError, "positive"), (L.MeanSquaredLogarithmicError, "positive"), (L.Poisson, "positive"),
    (L.KLDivergence, "classes"), (L.Hinge, "yes_or_no_logits"), (L.SquaredHinge, "signs"), (L.CategoricalHinge, "class_logits"),
    (L.BinaryCrossentropy, "yes_or_no"), (lambda **o: L.BinaryCrossentropy(from_logits=True, **o), "yes_or_no_logits"),
    (lambda **o: L.BinaryCrossentropy(label_smoothing=0.2, **o), "yes_or_no"),
    (L.CategoricalCrossentropy, "classes"), (lambda **o: L.CategoricalCrossentropy(from_logits=True, **o), "class_logits"),
    (lambda **o: L.CategoricalCrossentropy(label_smoothing=0.1, **o), "classes"),
    (L.SparseCategoricalCrossentropy, "labels"),
    (lambda **o: L.SparseCategoricalCrossentropy(from_logits=True, **o), "label_logits"),
    (lambda **o: L.SparseCategoricalCrossentropy(ignore_class=3, **o), "labels"),
    (lambda **o: L.SparseCategoricalCrossentropy(ignore_class=3, from_logits=True, **o), "label_logits"),
    (lambda **o: L.SparseCategoricalCrossentropy(ignore_class=-1, **o), "label_steps"),
]
METRICS = [
    (M.MeanSquaredError, "regression"), (M.MeanAbsoluteError, "steps"), (M.MeanAbsolutePercentageError, "positive"),
    (M.MeanSquaredLogarithmicError, "positive"), (M.LogCoshError, "regression"), (M.CosineSimilarity, "regression"),
    (M.RootMeanSquaredError, "regression"), (lambda: M.RootMeanSquaredError(name="rmse"), "steps"), (M.Poisson, "positive"),
    (M.KLDivergence, "classes"), (M.Hinge, "yes_or_no_logits"), (M.SquaredHinge, "signs"), (M.CategoricalHinge, "class_logits"),
    (M.BinaryCrossentropy, "yes_or_no"), (lambda: M.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), "yes_or_no_logits"),
    (M.CategoricalCrossentropy, "classes"), (lambda: M.CategoricalCrossentropy(from_logits=True), "class_logits"),
    (M.SparseCategoricalCrossentropy, "labels"), (lambda: M.SparseCategoricalCrossentropy(from_logits=True), "label_logits"),
    (M.BinaryAccuracy, "yes_or_no"), (lambda: M.BinaryAccuracy(threshold=0.2), "yes_or_no"), (M.CategoricalAccuracy, "classes"),
    (M.SparseCategoricalAccuracy, "labels"), (M.SparseCategoricalAccuracy, "label_steps"),
    (lambda: M.TopKCategoricalAccuracy(k=2), "classes"), (lambda: M.SparseTopKCategoricalAccuracy(k=3), "labels"),
    *[(lambda c=c, t=t: c(thresholds=t), "yes_or_no") for c in (M.Precision, M.Recall, M.TruePositives, M.FalsePositives,
      M.TrueNegatives, M.FalseNegatives) for t in (None, 0.3, [0.2, 0.5, 0.8])],
    *[(lambda c=c, o=o: c(**o), "classes") for c in (M.Precision, M.Recall)
      for o in ({"top_k": 2}, {"class_id": 1}, {"class_id": 1, "thresholds": 0.2}, {"top_k": 3, "class_id": 2})],
    *[(lambda o=o: M.AUC(**o), "yes_or_no") for o in (
        {}, {"curve": "PR"}, {"summation_method": "majoring"}, {"summation_method": "minoring"},
        {"curve": "PR", "summation_method": "majoring"}, {"curve": "PR", "summation_method": "minoring"},
        {"num_thresholds": 7}, {"thresholds": [0.1, 0.35, 0.5]}, {"multi_label": True},
        {"multi_label": True, "label_weights": [1.0, 2.0, 0.5]}, {"multi_label": True, "curve": "PR"})],
    (lambda: M.AUC(from_logits=True), "yes_or_no_logits"),
    *[(lambda c=c, o=o: c(**o), "classes") for c, more in ((M.F1Score, {}), (M.FBetaScore, {"beta": 2.0}))
      for o in ({**more}, {"average": "micro", **more}, {"average": "macro", **more}, {"average": "weighted", **more},
                {"average": "macro", "threshold": 0.3, **more})],
    *[(lambda o=o: M.R2Score(**o), "regression") for o in (
        {}, {"class_aggregation": None}, {"class_aggregation": "variance_weighted_average"}, {"num_regressors": 2})],
    (M.R2Score, "column"),
]
REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none"]


def listed(value):
    return np.asarray(value, np.float32).ravel().tolist()


def kinds(data):
    """Without and with weights; Keras has no weights of samples where each has several positions."""
    return [("plain", None)] + ([] if "steps" in data else [("weighted", WEIGHTS)])


def loss_case(make, data):
    y, p = DATA[data]
    case = {"loss": keras.saving.serialize_keras_object(make()), "data": data}
    if make().name == "mine":
        case["loss"]["config"]["delta"] = 0.5  # which Keras 3.15 does not write
    for kind, weights in kinds(data):
        case[kind] = {}
        for reduction in REDUCTIONS:
            loss = make(reduction=reduction)
            case[kind][reduction] = listed(loss(y, p, weights))
            if reduction != "none":
                gradient = jax.grad(lambda p: jnp.asarray(loss(y, p, weights)).sum())(jnp.asarray(p))
                case[kind][reduction + " gradient"] = listed(gradient)
    return case


def metric_case(make, data):
    y, p = DATA[data]
    metric = make()
    case = {"metric": keras.saving.serialize_keras_object(metric), "data": data}
    for kind, weights in kinds(data):
        metric.reset_state()
        for part in (slice(0, 5), slice(5, 8)):
            metric.update_state(y[part], p[part], None if weights is None else weights[part])
        case[kind] = listed(metric.result())
    return case


def main():
    oracle.write("losses_and_metrics.json.gz", {
        **oracle.made_by(__file__),
        "weights": listed(WEIGHTS),
        "data": {name: [{"shape": list(a.shape), "values": a.ravel().tolist(), "labels": a.dtype == np.int32}
                        for a in pair] for name, pair in DATA.items()},
        "losses": [loss_case(*case) for case in LOSSES],
        "metrics": [metric_case(*case) for case in METRICS],
    })


main()
