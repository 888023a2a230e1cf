//! Comparing a model's gradients with differences of its loss.

use super::Sequential;
use crate::choice::Choice;
use crate::layers::{Mode, pass_key};
use crate::losses::{self, Loss};
use crate::tensor::{DType, Shape, Tensor};
use crate::{Error, Result};
use std::fmt;

/// How far a coordinate is moved to each side, relative to its size (at least 1).
const STEP: f64 = 1e-5;
/// A coordinate whose two one-sided differences disagree by more than this (relative) sits at a kink and is left out.
const KINK: f64 = 1e-3;

/// What [`Sequential::check_gradients`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct GradientCheck {
    /// How many coordinates were compared.
    pub compared: usize,
    /// How many were left out, since they sit at a kink, such as ReLU's at 0.
    pub kinks: usize,
    /// The comparison with the largest error.
    pub worst: GradientError,
}

/// One coordinate's gradient and difference.
#[derive(Debug, Clone, PartialEq)]
pub struct GradientError {
    /// Which coordinate: `dense/kernel[17]` or `input[3]`.
    pub place: String,
    /// What backward computed.
    pub gradient: f64,
    /// What the loss says: its central difference.
    pub difference: f64,
    /// Their distance, relative to the larger of them and to the largest gradient of the same array.
    pub relative: f64,
}

impl fmt::Display for GradientCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worst = &self.worst;
        write!(
            f,
            "{} numbers compared, {} at kinks left out; largest error: {:.1e} relative, at {} (gradient {:.6}, difference {:.6})",
            self.compared, self.kinks, worst.relative, worst.place, worst.gradient, worst.difference
        )
    }
}

impl GradientCheck {
    /// Shows the findings as a cell's result.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        crate::notebook::show_result(&crate::notebook::MimeBundle::text(self.to_string()));
    }
}

impl Sequential {
    /// Compares the gradient of the total loss (data and penalties, in training mode, masks of dropout held fixed) with
    /// central differences in 64-bit arithmetic, for every weight that trains and for the input.
    ///
    /// A right gradient has a relative error below 1e-6. Meant for small layers and few samples: it computes the loss
    /// twice for each number.
    ///
    /// # Errors
    /// When data, loss and model do not fit.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// kiln::set_seed(1);
    /// let model = Sequential::new().add(Dense::new(3).activation("tanh").input_shape([4])).add(Dense::new(1));
    /// let (x, y) = (Tensor::random_normal([5, 4], 0.0, 1.0)?, Tensor::ones([5, 1]));
    /// let check = model.check_gradients(&x, &y, "mse")?;
    /// assert!(check.worst.relative < 1e-6, "{check:?}");
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn check_gradients(
        &self,
        x: &Tensor,
        y: &Tensor,
        loss: impl Into<Choice<dyn Loss>>,
    ) -> Result<GradientCheck> {
        self.check_layers()?;
        self.check_built()?;
        let mut model = self.copy_as(DType::Float64);
        model.compile("sgd", loss, ())?;
        let home = model.home()?;
        let y = if y.dtype().is_float() { y.cast(DType::Float64) } else { y.clone() };
        let (mut x, y) = (x.to_device(home)?.cast(DType::Float64), y.to_device(home)?);
        model.prepare(&x, &y)?;
        model.input_gradient = true;
        model.begin_check(true);
        let output = model.forward(&x)?;
        let shares = losses::shares(&*model.compiled()?.loss.clone(), &y, &output, None)?;
        let input_gradient = model.backward(&y, &output, &shares)?;
        // Each loss below begins a pass of its own, which forgets these.
        let mut gradients = std::mem::take(&mut model.pass.gradients);
        let mut report = Report::default();
        for index in (0..model.weights.len()).filter(|&index| self.trains(index)) {
            let mut gradient = gradients[index].take().ok_or_else(|| {
                Error::state(format!("backward gave no gradient for {}", self.address(index)))
            })?;
            if let Some(regularizer) = &model.weights[index].spec.regularizer {
                gradient = gradient + regularizer.gradient(&model.pass.weights[index]);
            }
            report.array(&self.address(index), &gradient, |at, shift| {
                let moved = moved(&model.pass.weights[index], at, shift)?;
                let kept = std::mem::replace(&mut model.pass.weights[index], moved);
                let loss = model.total_loss(&x, &y);
                model.pass.weights[index] = kept;
                loss
            })?;
        }
        report.array("input", &input_gradient, |at, shift| {
            let moved = moved(&x, at, shift)?;
            let kept = std::mem::replace(&mut x, moved);
            let loss = model.total_loss(&x, &y);
            x = kept;
            loss
        })?;
        report.finish()
    }

    fn begin_check(&mut self, differentiates: bool) {
        let key = pass_key(self.seed.unwrap_or_default(), 0);
        self.pass.begin(self.slots.len(), Mode::Training, differentiates, key);
    }

    fn total_loss(&mut self, x: &Tensor, y: &Tensor) -> Result<f64> {
        self.begin_check(false);
        let output = self.forward(x)?;
        Ok(self.compiled()?.loss.call(y, &output, None)?.item()? + self.penalties()?.value())
    }
}

/// A copy with one coordinate moved.
fn moved(tensor: &Tensor, at: usize, shift: f64) -> Result<Tensor> {
    let mut host = tensor.to_host()?;
    host.as_mut_slice::<f64>()[at] += shift;
    host.to_device(tensor.device())
}

#[derive(Default)]
struct Report {
    compared: usize,
    kinks: usize,
    worst: Option<GradientError>,
}

impl Report {
    /// Compares all coordinates of one array; `loss(at, shift)` is the loss with one of them moved.
    fn array(
        &mut self,
        name: &str,
        gradient: &Tensor,
        mut loss: impl FnMut(usize, f64) -> Result<f64>,
    ) -> Result<()> {
        let gradients = gradient.reshaped(Shape::from_fit(&[gradient.len()])).to_vec_f64();
        let scale = gradients.iter().fold(1e-6_f64, |largest, gradient| largest.max(gradient.abs()));
        let centre = loss(0, 0.0)?;
        for (at, &gradient) in gradients.iter().enumerate() {
            let (above, below) = (loss(at, STEP)?, loss(at, -STEP)?);
            let (right, left) = ((above - centre) / STEP, (centre - below) / STEP);
            if (right - left).abs() > KINK * scale {
                self.kinks += 1;
                continue;
            }
            self.compared += 1;
            let difference = (above - below) / (2.0 * STEP);
            let relative = (gradient - difference).abs() / gradient.abs().max(difference.abs()).max(scale);
            if self.worst.as_ref().is_none_or(|worst| relative > worst.relative || relative.is_nan()) {
                self.worst =
                    Some(GradientError { place: format!("{name}[{at}]"), gradient, difference, relative });
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<GradientCheck> {
        let worst = self.worst.ok_or_else(|| Error::data("there is no coordinate to compare"))?;
        Ok(GradientCheck { compared: self.compared, kinks: self.kinks, worst })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    /// A model with this layer in the middle, so that its input and its output have gradients of all signs.
    fn around(layer: impl Layer + 'static) -> Sequential {
        Sequential::new()
            .seed(3)
            .add(Dense::new(5).activation("tanh").input_shape([4]))
            .add(layer)
            .add(Dense::new(3))
    }

    fn samples(rows: usize, columns: usize) -> Tensor {
        let mut generator = crate::random::Generator::new(7);
        let values = (0..rows * columns).map(|_| generator.normal()).collect();
        Tensor::from_vec_f64(values, [rows, columns]).unwrap()
    }

    fn assert_right(what: &str, model: &Sequential, loss: impl Into<Choice<dyn Loss>>, y: &Tensor) {
        let check = model.check_gradients(&samples(6, 4), y, loss).unwrap();
        assert!(check.worst.relative < 1e-6, "{what}: {check:?}");
        assert!(check.kinks * 20 < check.compared, "{what}: {check:?}");
    }

    #[test]
    fn every_layer_has_the_gradient_of_its_loss() {
        let y = samples(6, 3);
        assert_right("Dense", &around(Dense::new(4)), "mse", &y);
        assert_right("Dense without bias", &around(Dense::new(4).use_bias(false)), "mse", &y);
        assert_right("Dropout", &around(Dropout::new(0.4)), "mse", &y);
        assert_right("Flatten", &around(Flatten::new()), "mse", &y);
        assert_right("BatchNormalization", &around(BatchNormalization::new()), "mse", &y);
        assert_right("plain", &around(BatchNormalization::new().scale(false).center(false)), "mse", &y);
        assert_right("frozen", &around(BatchNormalization::new().trainable(false)), "mse", &y);
        assert_right(
            "L2",
            &around(Dense::new(4).kernel_regularizer(L2::new(0.3)).bias_regularizer("l1")),
            "mse",
            &y,
        );
        assert_right(
            "activity",
            &around(Dense::new(4).activation("tanh").activity_regularizer(L2::new(0.3))),
            "mse",
            &y,
        );
        assert_right(
            "L1L2",
            &around(Dense::new(4).kernel_regularizer(L1L2::new().l1(0.1).l2(0.2))),
            "mse",
            &y,
        );
    }

    #[test]
    fn every_activation_has_the_gradient_of_its_loss() {
        for activation in Activation::all() {
            assert_right(
                &format!("{activation:?}"),
                &around(Dense::new(4).activation(activation)),
                "mse",
                &samples(6, 3),
            );
        }
    }

    #[test]
    fn every_loss_has_its_gradient_joined_with_the_activation_and_alone() {
        let labels = Tensor::new([0, 2, 1, 1, 0, 2]);
        let model = |activation: &str| around(Dense::new(4)).add(Dense::new(3).activation(activation));
        let alone = |activation: &str| model(activation).add(Flatten::new());
        assert_right("sparse, joined", &model("softmax"), "sparse_categorical_crossentropy", &labels);
        assert_right("sparse, alone", &alone("softmax"), "sparse_categorical_crossentropy", &labels);
        assert_right("sparse of any numbers", &alone("sigmoid"), "sparse_categorical_crossentropy", &labels);
        let spread = Activation::Softmax.apply(&samples(6, 3));
        assert_right("categorical, joined", &model("softmax"), "categorical_crossentropy", &spread);
        assert_right("categorical, alone", &alone("softmax"), "categorical_crossentropy", &spread);
        let share = Activation::Sigmoid.apply(&samples(6, 3));
        assert_right("binary, joined", &model("sigmoid"), "binary_crossentropy", &share);
        assert_right("binary, alone", &alone("sigmoid"), "binary_crossentropy", &share);
        let positive = Activation::Softplus.apply(&samples(6, 3)) + 0.1;
        for loss in ["mae", "mape", "huber", "log_cosh", "hinge", "squared_hinge", "cosine_similarity"] {
            assert_right(loss, &model("linear"), loss, &samples(6, 3));
        }
        for loss in ["msle", "poisson"] {
            assert_right(loss, &model("softplus"), loss, &positive);
        }
        assert_right("kl_divergence", &model("softmax"), "kl_divergence", &spread);
        let hot =
            Tensor::new([[1., 0., 0.], [0., 0., 1.], [0., 1., 0.], [0., 1., 0.], [1., 0., 0.], [0., 0., 1.]]);
        assert_right("categorical_hinge", &model("linear"), "categorical_hinge", &hot);
        assert_right("squares", &model("linear"), "mse", &samples(6, 3));
    }

    /// Logits, smoothed targets, left-out classes, and every reduction; joined with the activation and alone.
    #[test]
    fn every_mode_of_a_loss_has_its_gradient() {
        use crate::losses::*;
        let labels = Tensor::new([0, 2, 1, 1, 0, 2]);
        let spread = Activation::Softmax.apply(&samples(6, 3));
        let share = Activation::Sigmoid.apply(&samples(6, 3));
        let model = |activation: &str| around(Dense::new(4)).add(Dense::new(3).activation(activation));
        let alone = |activation: &str| model(activation).add(Flatten::new());
        let linear = model("linear");
        let sparse = SparseCategoricalCrossentropy::new;
        assert_right("sparse, logits", &linear, sparse().from_logits(true), &labels);
        assert_right(
            "sparse, logits, one class left out",
            &linear,
            sparse().from_logits(true).ignore_class(1),
            &labels,
        );
        assert_right(
            "sparse, joined, one class left out",
            &model("softmax"),
            sparse().ignore_class(2),
            &labels,
        );
        assert_right(
            "sparse, alone, one class left out",
            &alone("softmax"),
            sparse().ignore_class(0),
            &labels,
        );
        let categorical = || CategoricalCrossentropy::new().label_smoothing(0.2);
        assert_right("categorical, smoothed, joined", &model("softmax"), categorical(), &spread);
        assert_right("categorical, smoothed, alone", &alone("softmax"), categorical(), &spread);
        assert_right("categorical, smoothed logits", &linear, categorical().from_logits(true), &spread);
        let binary = || BinaryCrossentropy::new().label_smoothing(0.3);
        assert_right("binary, smoothed, joined", &model("sigmoid"), binary(), &share);
        assert_right("binary, smoothed logits", &linear, binary().from_logits(true), &share);
        assert_right("by shape, labels", &model("softmax"), "crossentropy", &labels);
        assert_right("by shape, distributions", &model("softmax"), "crossentropy", &spread);
        assert_right("huber", &linear, Huber::new().delta(0.2), &samples(6, 3));
        for reduction in ["sum", "mean", "mean_with_sample_weight"] {
            assert_right(reduction, &linear, MeanSquaredError::new().reduction(reduction), &samples(6, 3));
            let left_out = sparse().ignore_class(1).reduction(reduction);
            assert_right(reduction, &model("softmax"), left_out, &labels);
        }
        // Several positions a sample.
        let steps = Sequential::new().seed(3).add(Dense::new(3).activation("softmax").input_shape([2, 4]));
        let x = samples(6, 8).reshape([6, 2, 4]).unwrap();
        let spread = Activation::Softmax.apply(&samples(12, 3)).reshape([6, 2, 3]).unwrap();
        for loss in
            ["categorical_crossentropy", "binary_crossentropy", "mse", "kl_divergence", "cosine_similarity"]
        {
            let check = steps.check_gradients(&x, &spread, loss).unwrap();
            assert!(check.worst.relative < 1e-6, "positions, {loss}: {check:?}");
        }
        let y = Tensor::new([0, -1, 1, 2, -1, -1, 0, 1, 2, 2, -1, 0]).reshape([6, 2]).unwrap();
        for reduction in ["sum_over_batch_size", "sum", "mean_with_sample_weight"] {
            let check =
                steps.check_gradients(&x, &y, sparse().ignore_class(-1).reduction(reduction)).unwrap();
            assert!(check.worst.relative < 1e-6, "positions, {reduction}: {check:?}");
        }
    }

    /// The loss in f32 is that in f64 but for rounding.
    #[test]
    fn f32_equals_f64() {
        let model = around(BatchNormalization::new()).add(Dense::new(3).activation("softmax"));
        let (x, y) = (samples(6, 4), Tensor::new([0, 2, 1, 1, 0, 2]));
        let loss = |dtype| {
            let mut copy = model.copy_as(dtype);
            copy.compile("sgd", "sparse_categorical_crossentropy", ()).unwrap();
            let home = copy.home().unwrap();
            let (x, y) = (x.to_device(home).unwrap(), y.to_device(home).unwrap());
            copy.total_loss(&x.cast(dtype), &y).unwrap()
        };
        let (single, double) = (loss(DType::Float32), loss(DType::Float64));
        assert!((single - double).abs() < 1e-5 * double, "{single} {double}");
    }
}
