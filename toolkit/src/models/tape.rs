//! Every layer and loss in every mode against the tape: a second truth beside differences, to rounding in f64.
//!
//! The layers are those of the fixture of `tests/oracle/layers.py`. Left out is what the tape has no primitives for: the
//! exact `gelu`, and the layers that turn, shift or zoom pictures (differences and Keras check these).

use super::Sequential;
use super::oracle::{array, cases, model, numbers};
use crate::Result;
use crate::autodiff::Var;
use crate::device::Device;
use crate::layers::Mode;
use crate::losses::{self, Loss};
use crate::random::Generator;
use crate::tensor::{DType, Shape, Tensor};
use serde_json::Value;
use std::ops::Range;

/// On the default device, as models are.
fn placed(tensor: Tensor) -> Tensor {
    tensor.to_device(Device::get_default().unwrap()).unwrap()
}

fn random(shape: &[usize], seed: u64) -> Tensor {
    let mut generator = Generator::new(seed);
    let count = shape.iter().product();
    placed(Tensor::from_vec_f64((0..count).map(|_| generator.normal()).collect(), shape).unwrap())
}

fn assert_same(what: &str, ours: &Tensor, tape: &Tensor) {
    assert_eq!(ours.shape(), tape.shape(), "{what}");
    let (ours, tape) = (ours.to_vec_f64(), tape.to_vec_f64());
    let largest = tape.iter().fold(1e-3_f64, |largest, number| largest.max(number.abs()));
    for (at, (ours, tape)) in ours.iter().zip(&tape).enumerate() {
        assert!((ours - tape).abs() <= 1e-10 * largest, "{what}[{at}]: {ours}, the tape has {tape}");
    }
}

/// One activation by the tape; `None` where it lacks a primitive.
fn activation(name: &str, x: &Var) -> Option<Var> {
    Some(match name {
        "linear" => x.clone(),
        "relu" => x.relu(),
        "relu6" => x.clip(0.0, 6.0),
        "leaky_relu" => x.relu() - (-x).relu() * 0.2,
        "elu" => x.relu() + (-(-x).relu()).exp() - 1.0,
        "selu" => {
            let (scale, alpha) = (1.050_700_987_355_480_5, 1.673_263_242_354_377_2);
            (x.relu() + ((-(-x).relu()).exp() - 1.0) * alpha) * scale
        }
        "celu" => x.relu() + (-(-x).relu()).exp() - 1.0,
        "softplus" => x.softplus(),
        "softsign" => x / (x.abs() + 1.0),
        "silu" => x * x.sigmoid(),
        "mish" => x * x.softplus().tanh(),
        "sigmoid" => x.sigmoid(),
        "log_sigmoid" => -(-x).softplus(),
        "hard_sigmoid" => (x / 6.0 + 0.5).clip(0.0, 1.0),
        "hard_silu" => x * (x / 6.0 + 0.5).clip(0.0, 1.0),
        "tanh" => x.tanh(),
        "exponential" => x.exp(),
        "hard_tanh" => x.clip(-1.0, 1.0),
        "tanh_shrink" => x - x.tanh(),
        "soft_shrink" => (x - 0.5).relu() - (-x - 0.5).relu(),
        "hard_shrink" => x * x.abs().greater(0.5),
        "squareplus" => (x + (x.square() + 4.0).sqrt()) / 2.0,
        "softmax" => x.softmax(),
        "log_softmax" => x.log_softmax(),
        "gelu" => return None,
        other => panic!("an activation {other}"),
    })
}

struct Case<'a> {
    config: &'a Value,
    x: &'a Var,
    weights: &'a [Var],
    uses_batch: bool,
}

impl Case<'_> {
    fn number(&self, key: &str) -> f64 {
        self.config[key].as_f64().unwrap_or_default()
    }

    fn pair(&self, key: &str) -> [usize; 2] {
        let numbers = numbers(&self.config[key]);
        [numbers[0] as usize, numbers[1] as usize]
    }

    fn axes(&self, key: &str) -> Vec<usize> {
        let one = |axis: f64| self.x.shape().axis(axis as isize).unwrap();
        let axes = &self.config[key];
        axes.as_f64().map_or_else(|| numbers(axes).into_iter().map(one).collect(), |axis| vec![one(axis)])
    }

    /// A statistic or a scale along some axes, in a shape that broadcasts against the input.
    fn along(&self, values: &Var, axes: &[usize]) -> Var {
        let shape = self.x.shape();
        let sizes: Vec<usize> =
            (0..shape.len()).map(|axis| if axes.contains(&axis) { shape[axis] } else { 1 }).collect();
        values.reshape(sizes)
    }

    fn mean_but(&self, x: &Var, kept: &[usize]) -> Var {
        let mut mean = x.clone();
        for axis in (0..x.shape().len()).filter(|axis| !kept.contains(axis)) {
            mean = mean.mean_keeping(axis as isize);
        }
        mean
    }

    fn scaled(&self, standard: Var, axes: &[usize]) -> Var {
        let mut result = standard;
        let mut index = 0;
        if self.config["scale"] == true {
            result = result * self.along(&self.weights[index], axes);
            index += 1;
        }
        if self.config["center"] == true {
            result = result + self.along(&self.weights[index], axes);
        }
        result
    }

    /// For each place of a window's output: the parts of the input under it with their places in the window.
    fn windows(
        &self,
        window: [usize; 2],
        dilation: [usize; 2],
    ) -> (Vec<Vec<(usize, usize, Var)>>, [usize; 2]) {
        let strides = self.pair("strides");
        let shape = self.x.shape();
        let mut before = [0; 2];
        let mut outputs = [0; 2];
        for axis in 0..2 {
            let (size, reach) = (shape[axis + 1], (window[axis] - 1) * dilation[axis] + 1);
            if self.config["padding"] == "same" {
                outputs[axis] = size.div_ceil(strides[axis]);
                before[axis] = ((outputs[axis] - 1) * strides[axis] + reach).saturating_sub(size) / 2;
            } else {
                outputs[axis] = (size - reach) / strides[axis] + 1;
            }
        }
        let place = |axis: usize, output: usize, at: usize| -> Option<Range<usize>> {
            let index = (output * strides[axis] + at * dilation[axis]).checked_sub(before[axis])?;
            (index < shape[axis + 1]).then_some(index..index + 1)
        };
        let mut places = Vec::new();
        for row in 0..outputs[0] {
            for column in 0..outputs[1] {
                let mut parts = Vec::new();
                for i in 0..window[0] {
                    for j in 0..window[1] {
                        if let (Some(rows), Some(columns)) = (place(0, row, i), place(1, column, j)) {
                            let part = self.x.slice(&[0..shape[0], rows, columns]);
                            parts.push((i, j, part.reshape([shape[0], shape[3]])));
                        }
                    }
                }
                places.push(parts);
            }
        }
        (places, outputs)
    }

    /// The places of an output, each [batch, channels], as a picture.
    fn picture(&self, places: &[Var], outputs: [usize; 2]) -> Var {
        let shape = places[0].shape();
        Var::stack(places).permute(&[1, 0, 2]).reshape([shape[0], outputs[0], outputs[1], shape[1]])
    }

    fn pooled(&self, pool: impl Fn(Vec<Var>) -> Var) -> Var {
        let (places, outputs) = self.windows(self.pair("pool_size"), [1, 1]);
        let pooled: Vec<Var> =
            places.into_iter().map(|parts| pool(parts.into_iter().map(|part| part.2).collect())).collect();
        self.picture(&pooled, outputs)
    }

    fn convolution(&self) -> Var {
        let (window, groups) = (self.pair("kernel_size"), self.number("groups") as usize);
        let (places, outputs) = self.windows(window, self.pair("dilation_rate"));
        let kernel = &self.weights[0];
        let (inputs, filters) = (kernel.shape()[2], kernel.shape()[3] / groups);
        let batch = self.x.shape()[0];
        let computed: Vec<Var> = places
            .iter()
            .map(|parts| {
                let group = |group: usize| {
                    let mut sum = Var::constant(random(&[batch, filters], 0) * 0.0);
                    for (i, j, part) in parts {
                        let part = part.slice(&[0..batch, group * inputs..(group + 1) * inputs]);
                        let taken = group * filters..(group + 1) * filters;
                        let matrix = kernel.slice(&[*i..i + 1, *j..j + 1, 0..inputs, taken]);
                        sum = sum + part.matmul(&matrix.reshape([inputs, filters]));
                    }
                    sum
                };
                Var::concat(&(0..groups).map(group).collect::<Vec<_>>(), 1)
            })
            .collect();
        self.picture(&computed, outputs)
    }

    /// The layer's output; `None` where the tape lacks a primitive.
    fn output(&self, class: &str) -> Option<Var> {
        let x = self.x;
        let function = self.config["activation"].as_str().unwrap_or("linear");
        Some(match class {
            "Dense" => {
                let (rows, inputs) = x.shape().as_rows();
                let mut y = x.reshape([rows, inputs]).matmul(&self.weights[0]);
                if let Some(bias) = self.weights.get(1) {
                    y = y + bias;
                }
                let mut sizes = x.shape().to_vec();
                *sizes.last_mut()? = self.number("units") as usize;
                activation(function, &y.reshape(sizes))?
            }
            "Activation" => activation(function, x)?,
            "Flatten" => x.reshape([x.shape()[0], Shape::INFER]),
            "Reshape" => {
                let sizes = numbers(&self.config["target_shape"]).into_iter();
                let sizes = sizes.map(|size| if size < 0.0 { Shape::INFER } else { size as usize });
                x.reshape(std::iter::once(x.shape()[0]).chain(sizes).collect::<Vec<_>>())
            }
            "ReLU" => {
                let (slope, threshold) = (self.number("negative_slope"), self.number("threshold"));
                let above = x * x.greater_equal(threshold);
                let above =
                    self.config["max_value"].as_f64().map_or(above.clone(), |most| above.minimum(most));
                above + (x - threshold) * x.less(threshold) * slope
            }
            "LeakyReLU" => x.relu() - (-x).relu() * self.number("negative_slope"),
            "ELU" => x.relu() + ((-(-x).relu()).exp() - 1.0) * self.number("alpha"),
            "PReLU" => x.relu() - (-x).relu() * &self.weights[0],
            "Softmax" => {
                let mut axes: Vec<usize> = (0..x.shape().len()).collect();
                let last = axes.len() - 1;
                axes.swap(self.axes("axis")[0], last);
                x.permute(&axes).softmax().permute(&axes)
            }
            "BatchNormalization" => {
                let axes = self.axes("axis");
                let moving = self.weights.len() - 2;
                let (mean, variance) = if self.uses_batch {
                    let mean = self.mean_but(x, &axes);
                    let variance = self.mean_but(&(x - &mean).square(), &axes);
                    (mean, variance)
                } else {
                    let moved = |index: usize| self.along(&self.weights[moving + index].detach(), &axes);
                    (moved(0), moved(1))
                };
                self.scaled((x - mean) / (variance + self.number("epsilon")).sqrt(), &axes)
            }
            "LayerNormalization" => {
                let axes = self.axes("axis");
                let others: Vec<usize> = (0..x.shape().len()).filter(|axis| !axes.contains(axis)).collect();
                let centred = x - self.mean_but(x, &others);
                let variance = self.mean_but(&centred.square(), &others);
                self.scaled(centred / (variance + self.number("epsilon")).sqrt(), &axes)
            }
            "Conv2D" => {
                let y = self.convolution();
                activation(function, &self.weights.get(1).map_or(y.clone(), |bias| y + bias))?
            }
            "MaxPooling2D" => self.pooled(|parts| Var::stack(&parts).max_along(0)),
            "AveragePooling2D" => self.pooled(|parts| Var::stack(&parts).mean_along(0)),
            "GlobalAveragePooling2D" if self.config["keepdims"] == true => x.mean_keeping([1, 2]),
            "GlobalAveragePooling2D" => x.mean_along([1, 2]),
            "Rescaling" => x * self.number("scale") + self.number("offset"),
            "Normalization" => {
                let axes = self.axes("axis");
                let given = |key: &str, index: usize| {
                    let given = &self.config[key];
                    let constant = || {
                        let values = given.as_f64().map_or_else(|| numbers(given), |number| vec![number]);
                        let count = values.len();
                        Var::constant(placed(Tensor::from_vec_f64(values, [count]).unwrap()))
                    };
                    let values = if given.is_null() { self.weights[index].detach() } else { constant() };
                    self.along(&values, &axes)
                };
                let (mean, deviation) = (given("mean", 0), given("variance", 1).sqrt().maximum(1e-7));
                if self.config["invert"] == true { x * deviation + mean } else { (x - mean) / deviation }
            }
            _ => return None,
        })
    }
}

/// The layer's output for `x` in a pass of this mode; the same random numbers each time.
fn computed(model: &mut Sequential, mode: Mode, x: &Tensor) -> Result<Tensor> {
    model.input_gradient = true;
    model.pass.begin(1, mode, true, 5);
    model.forward(x)
}

/// Output, gradient by the input, gradients by the weights: in inference, in training, and in training when frozen.
#[test]
fn every_layer_agrees_with_the_tape() {
    let mut compared = std::collections::BTreeSet::new();
    let mut left_out = std::collections::BTreeSet::new();
    for case in cases() {
        let name = case["name"].as_str().unwrap();
        let class = case["layer"]["class_name"].as_str().unwrap();
        for (mode, trainable) in [(Mode::Inference, true), (Mode::Training, true), (Mode::Training, false)] {
            let mut model = model(&case, DType::Float64);
            model.slots[0].trainable = trainable;
            let frozen = !trainable;
            let place = format!("{name}, {mode:?}{}", if frozen { ", frozen" } else { "" });
            let x = placed(array(&case["input"]).cast(DType::Float64));
            let vars: Vec<Var> =
                model.pass.weights.iter().map(|weight| Var::new(weight.cast(DType::Float64))).collect();
            let input = Var::new(x.clone());
            let uses_batch = mode == Mode::Training && trainable;
            let config = &case["layer"]["config"];
            let output = match class {
                // These are a x + b with a and b drawn in training: their values at 0 and 1 tell both.
                "Dropout" | "AlphaDropout" | "GaussianNoise" | "GaussianDropout" => {
                    let mut at = |value| computed(&mut model, mode, &(&x * 0.0 + value)).unwrap();
                    let (offset, one) = (at(0.0), at(1.0));
                    Some(&input * (one - &offset) + offset)
                }
                _ => Case { config, x: &input, weights: &vars, uses_batch }.output(class),
            };
            let Some(output) = output else {
                left_out.insert(if class == "Activation" { "gelu" } else { class }.to_string());
                continue;
            };
            let y = computed(&mut model, mode, &x).unwrap();
            assert_same(&format!("{place}: output"), &y, &output.value().unwrap());
            // A penalty on the output adds its own part to the gradient; it is checked by differences.
            if !config["activity_regularizer"].is_null() {
                continue;
            }
            let upstream = random(&y.shape(), 11);
            model.enter(0);
            let layer = model.slots[0].layer.clone();
            let grad = layer.backward(&upstream, &mut model.pass).unwrap();
            let of: Vec<&Var> = std::iter::once(&input).chain(&vars).collect();
            let gradients = output.pull_back(&upstream, &of).unwrap();
            assert_same(&format!("{place}: gradient by the input"), &grad, &gradients[0]);
            for index in (0..model.weights.len()).filter(|&index| model.trains(index)) {
                let ours = model.pass.gradients[index].clone().unwrap();
                let what = format!("{place}: gradient of {}", model.address(index));
                assert_same(&what, &ours, &gradients[index + 1]);
            }
            compared.insert(class.to_string());
        }
    }
    println!("compared: {compared:?}; left out: {left_out:?}");
    assert_eq!(compared.len(), 21, "{compared:?}");
    let known = ["RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "gelu"];
    assert_eq!(left_out.iter().map(String::as_str).collect::<Vec<_>>(), known);
}

/// Value, gradient, and the gradient joined with the last activation, for unequal weights of the samples.
fn assert_loss(
    what: &str,
    loss: &dyn Loss,
    y: &Tensor,
    p: &Tensor,
    tape: impl Fn(&Var, &Var) -> Var,
    before: Option<(crate::Activation, fn(&Var) -> Var)>,
) {
    let weights = random(&[p.shape()[0]], 21).square() + 0.1;
    let prediction = Var::new(p.clone());
    let target = Var::constant(y.cast(DType::Float64));
    let per_sample = tape(&target, &prediction);
    assert_same(what, &loss.per_sample(y, p).unwrap(), &per_sample.value().unwrap());
    let expected = (per_sample * &weights).sum().gradient(&prediction).unwrap();
    assert_same(&format!("{what}: gradient"), &loss.gradient(y, p, &weights).unwrap(), &expected);
    if let Some((activation, function)) = before {
        assert!(loss.joins(&activation), "{what}");
        let z = Var::new(random(&p.shape(), 31));
        let y_pred = function(&z);
        let expected = (tape(&target, &y_pred) * &weights).sum().gradient(&z).unwrap();
        let joined = loss.joined_gradient(y, &y_pred.value().unwrap(), &weights).unwrap();
        assert_same(&format!("{what}: joined gradient"), &joined, &expected);
    }
}

fn smooth(y: &Var, smoothing: f64, classes: f64) -> Var {
    y * (1.0 - smoothing) + smoothing / classes
}

#[test]
fn every_loss_agrees_with_the_tape() {
    use crate::Activation::{Sigmoid, Softmax};
    const E: f64 = 1e-7;
    let (y, p) = (random(&[6, 4], 1), random(&[6, 4], 2));
    let (positive, chances) = (p.square() + 0.1, Softmax.apply(&p));
    let (share, spread) = (Sigmoid.apply(&y), Softmax.apply(&y));
    let above = |x: &Var| (x.maximum(E) + 1.0).ln();
    let plain = |name: &str, y: &Tensor, p: &Tensor, tape: &dyn Fn(&Var, &Var) -> Var| {
        assert_loss(name, &*losses::by_name(name).unwrap(), y, p, tape, None);
    };
    plain("mse", &y, &p, &|y, p| (y - p).square().mean_along(-1));
    plain("mae", &y, &p, &|y, p| (y - p).abs().mean_along(-1));
    plain("mape", &y, &p, &|y, p| ((y - p) / y.abs().maximum(E)).abs().mean_along(-1) * 100.0);
    plain("msle", &share, &positive, &|y, p| (above(y) - above(p)).square().mean_along(-1));
    plain("poisson", &share, &positive, &|y, p| (p - y * (p + E).ln()).mean_along(-1));
    plain("log_cosh", &y, &p, &|y, p| (((p - y).exp() + (y - p).exp()) / 2.0).ln().mean_along(-1));
    plain("huber", &y, &p, &|y, p| {
        let e = (y - p).abs();
        let small = e.detach().less_equal(1.0);
        (e.square() * 0.5).where_mask(small, &e - 0.5).mean_along(-1)
    });
    plain("hinge", &y.sign(), &p, &|y, p| (1.0 - y * p).relu().mean_along(-1));
    plain("squared_hinge", &y.sign(), &p, &|y, p| (1.0 - y * p).relu().square().mean_along(-1));
    plain("kl_divergence", &spread, &chances, &|y, p| (y * (y / p).ln()).sum_along(-1));
    plain("cosine_similarity", &y, &p, &|y, p| {
        let length = |x: &Var| x.square().sum_along(-1).sqrt();
        -(y * p).sum_along(-1) / (length(y) * length(p))
    });
    let labels = placed(Tensor::new([0, 3, 1, 2, 2, 0]));
    let hot = labels.backend().one_hot(&labels, 4, DType::Float64);
    plain("categorical_hinge", &hot, &p, &|y, p| {
        (((1.0 - y) * p).max_along(-1) - (y * p).sum_along(-1) + 1.0).relu()
    });

    let categorical = |y: &Var, p: &Var| -(y * (p / p.sum_keeping(-1)).clip(E, 1.0 - E).ln()).sum_along(-1);
    let from_logits = |y: &Var, p: &Var| -(y * p.log_softmax()).sum_along(-1);
    for smoothing in [0.0, 0.2] {
        let what = format!("categorical_crossentropy, smoothing {smoothing}");
        let loss = losses::CategoricalCrossentropy::new().label_smoothing(smoothing);
        let tape = |y: &Var, p: &Var| categorical(&smooth(y, smoothing, 4.0), p);
        assert_loss(&what, &loss, &spread, &chances, tape, Some((Softmax, Var::softmax)));
        let tape = |y: &Var, p: &Var| from_logits(&smooth(y, smoothing, 4.0), p);
        assert_loss(&format!("{what}, logits"), &loss.from_logits(true), &spread, &p, tape, None);

        let what = format!("binary_crossentropy, smoothing {smoothing}");
        let loss = losses::BinaryCrossentropy::new().label_smoothing(smoothing);
        let tape = |y: &Var, p: &Var| {
            let (y, p) = (smooth(y, smoothing, 2.0), p.clip(E, 1.0 - E));
            -(&y * p.ln() + (1.0 - &y) * (1.0 - &p).ln()).mean_along(-1)
        };
        assert_loss(&what, &loss, &share, &Sigmoid.apply(&p), tape, Some((Sigmoid, Var::sigmoid)));
        let tape = |y: &Var, p: &Var| {
            let y = smooth(y, smoothing, 2.0);
            (p.softplus() - y * p).mean_along(-1)
        };
        assert_loss(&format!("{what}, logits"), &loss.from_logits(true), &share, &p, tape, None);
    }
    let sparse = losses::SparseCategoricalCrossentropy::new();
    let tape = |_: &Var, p: &Var| categorical(&Var::constant(hot.clone()), p);
    assert_loss("sparse", &sparse, &labels, &chances, tape, Some((Softmax, Var::softmax)));
    let tape = |_: &Var, p: &Var| from_logits(&Var::constant(hot.clone()), p);
    assert_loss("sparse, logits", &sparse.from_logits(true), &labels, &p, tape, None);
}
