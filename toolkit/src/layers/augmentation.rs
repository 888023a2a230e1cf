//! Data augmentation: pictures that are flipped, turned, moved and scaled at random in training.
//!
//! Each picture of a batch draws its own change; prediction and evaluation leave pictures as they are. The changes are
//! affine maps of the places of the output to places of the input, read between the pixels as Keras reads them on JAX.

use super::Pass;
use crate::backend::pictures::{Outside, Reading, Warp};
use crate::config::{Field, name_of, names};
use crate::random::Generator;
use crate::tensor::Tensor;
use crate::{Error, Result};
use serde_json::Value;

mod flip;
mod rotation;
mod translation;
mod zoom;

pub use flip::RandomFlip;
pub use rotation::RandomRotation;
pub use translation::RandomTranslation;
pub use zoom::RandomZoom;

/// What is seen outside a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FillMode {
    /// One number, `fill_value`.
    Constant,
    /// The pixel at the border.
    Nearest,
    /// The picture mirrored at its border: `d c b a | a b c d | d c b a`.
    Reflect,
    /// The picture again: `a b c d | a b c d`.
    Wrap,
}

const FILL_MODES: [(&str, FillMode); 4] = [
    ("reflect", FillMode::Reflect),
    ("wrap", FillMode::Wrap),
    ("constant", FillMode::Constant),
    ("nearest", FillMode::Nearest),
];

/// How a pixel between pixels is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// The four neighbours, weighted by their nearness.
    Bilinear,
    /// The nearest pixel.
    Nearest,
}

const INTERPOLATIONS: [(&str, Interpolation); 2] =
    [("bilinear", Interpolation::Bilinear), ("nearest", Interpolation::Nearest)];

/// A type of which a value may be given by Keras's name.
macro_rules! by_name {
    ($Type:ident, $names:ident, $what:literal, $Into:ident, $into:ident) => {
        #[doc = concat!("What a layer's option takes for a [`", stringify!($Type), "`]: itself or Keras's name of it.")]
        pub trait $Into {
            /// The value.
            ///
            /// # Errors
            /// For an unknown name.
            fn $into(self) -> Result<$Type>;
        }
        impl $Into for $Type {
            fn $into(self) -> Result<$Type> {
                Ok(self)
            }
        }
        impl $Into for &str {
            fn $into(self) -> Result<$Type> {
                names($what, &$names, &self.into())
            }
        }
        impl Field for Result<$Type> {
            fn write(&self) -> Result<Value> {
                Ok(name_of(&$names, &self.clone()?))
            }
            fn read(value: &Value) -> Result<Self> {
                names($what, &$names, value).map(Ok)
            }
        }
    };
}
by_name!(FillMode, FILL_MODES, "fill_mode", IntoFillMode, into_fill_mode);
by_name!(Interpolation, INTERPOLATIONS, "interpolation", IntoInterpolation, into_interpolation);

/// A share of a size, drawn evenly from a range; one number $f$ stands for $-f..f$.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Factor {
    /// From minus this number to this number.
    Around(f64),
    /// From the first to the second.
    Between(f64, f64),
}

impl From<f64> for Factor {
    fn from(factor: f64) -> Self {
        Self::Around(factor)
    }
}

impl From<(f64, f64)> for Factor {
    fn from((low, high): (f64, f64)) -> Self {
        Self::Between(low, high)
    }
}

impl Factor {
    fn range(self) -> (f64, f64) {
        match self {
            Self::Around(factor) => (-factor.abs(), factor.abs()),
            Self::Between(low, high) => (low, high),
        }
    }

    fn draw(self, generator: &mut Generator) -> f64 {
        let (low, high) = self.range();
        low + (high - low) * generator.uniform()
    }

    fn check(self, what: &str) -> Result<()> {
        let (low, high) = self.range();
        if -1.0 <= low && low <= high && high <= 1.0 {
            return Ok(());
        }
        Err(Error::argument(format!("{what} must be a range within -1.0..=1.0, but is {low}..{high}")))
    }
}

impl Field for Factor {
    fn write(&self) -> Result<Value> {
        match *self {
            Self::Around(factor) => factor.write(),
            Self::Between(low, high) => (low, high).write(),
        }
    }
    fn read(value: &Value) -> Result<Self> {
        match value {
            Value::Array(_) => <(f64, f64)>::read(value).map(Self::from),
            _ => f64::read(value).map(Self::Around),
        }
    }
}

/// How the layers that turn, move and scale read a picture.
#[derive(Debug, Clone)]
struct View {
    fill_mode: Result<FillMode>,
    fill_value: f64,
    interpolation: Result<Interpolation>,
    seed: Option<u64>,
}

impl View {
    /// Mirrored outside, bilinear, as in Keras.
    fn new() -> Self {
        Self {
            fill_mode: Ok(FillMode::Reflect),
            fill_value: 0.0,
            interpolation: Ok(Interpolation::Bilinear),
            seed: None,
        }
    }

    fn reading(&self) -> Result<Reading> {
        let outside = match self.fill_mode.clone()? {
            FillMode::Constant => Outside::Constant(self.fill_value),
            FillMode::Nearest => Outside::Nearest,
            FillMode::Reflect => Outside::Reflect,
            FillMode::Wrap => Outside::Wrap,
        };
        Ok(Reading { outside, bilinear: self.interpolation.clone()? == Interpolation::Bilinear })
    }

    /// In training, each picture through a warp that it draws.
    fn forward(&self, x: &Tensor, pass: &Pass, draw: impl FnMut(&mut Generator) -> Warp) -> Result<Tensor> {
        if !pass.is_training() {
            return Ok(x.clone());
        }
        let warps = self.warps(x, pass, draw);
        Ok(x.backend().warp(x, &warps, self.reading()?))
    }

    /// The gradient through [`View::forward`]: the same draws again.
    fn backward(
        &self,
        grad: &Tensor,
        pass: &Pass,
        draw: impl FnMut(&mut Generator) -> Warp,
    ) -> Result<Tensor> {
        if !pass.is_training() {
            return Ok(grad.clone());
        }
        let warps = self.warps(grad, pass, draw);
        Ok(grad.backend().warp_backward(grad, &warps, self.reading()?))
    }

    fn warps(&self, x: &Tensor, pass: &Pass, mut draw: impl FnMut(&mut Generator) -> Warp) -> Vec<Warp> {
        let mut generator = Generator::new(pass.seeded_key(self.seed));
        (0..x.shape()[0]).map(|_| draw(&mut generator)).collect()
    }
}

/// Gives a layer with a field `view: View` its builder methods.
macro_rules! view_options {
    ($layer:ident) => {
        impl $layer {
            /// What is seen outside the picture: `"reflect"` (the default), `"wrap"`, `"constant"` or `"nearest"`.
            pub fn fill_mode(mut self, mode: impl super::IntoFillMode) -> Self {
                self.view.fill_mode = mode.into_fill_mode();
                self
            }

            /// The number outside the picture where the fill mode is `"constant"`; 0 by default.
            pub fn fill_value(mut self, value: f64) -> Self {
                self.view.fill_value = value;
                self
            }

            /// How pixels between pixels are read: `"bilinear"` (the default) or `"nearest"`.
            pub fn interpolation(mut self, interpolation: impl super::IntoInterpolation) -> Self {
                self.view.interpolation = interpolation.into_interpolation();
                self
            }

            /// A seed of its own; without one the draws follow the model's.
            pub fn seed(mut self, seed: u64) -> Self {
                self.view.seed = Some(seed);
                self
            }
        }
    };
}
use view_options;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Shape;

    /// Every warp of `golden_keras.json`, which real Keras computed on JAX.
    #[test]
    fn warps_read_as_keras_does() {
        let text = include_str!("../../../tests/fixtures/golden_keras.json");
        // Python writes NaN and Infinity, which are not JSON.
        let text = text.replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null");
        let golden: Value = serde_json::from_str(&text).unwrap();
        let cases = golden["layers"]["affine (x=arange(25).reshape(1,5,5,1))"].as_object().unwrap();
        let x = Tensor::arange(25).reshape([1, 5, 5, 1]).unwrap();
        assert!(cases.len() >= 12);
        for (name, case) in cases {
            let t: Vec<f64> =
                case["transform"].as_array().unwrap().iter().map(|t| t.as_f64().unwrap()).collect();
            let warp = Warp { a: [t[0], t[1], t[2]], b: [t[3], t[4], t[5]] };
            let outside = match name.split(' ').rev().nth(1).unwrap() {
                "constant" => Outside::Constant(-1.0),
                "nearest" => Outside::Nearest,
                "wrap" => Outside::Wrap,
                _ => Outside::Reflect,
            };
            let reading = Reading { outside, bilinear: name.ends_with("bilinear") };
            let ours = x.backend().warp(&x, &[warp], reading).to_vec_f64();
            let theirs: Vec<f64> =
                case["y"].to_string().split(['[', ']', ',']).filter_map(|n| n.parse().ok()).collect();
            for (place, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
                assert!((ours - theirs).abs() < 1e-5, "{name}, pixel {place}: {ours}, Keras has {theirs}");
            }
            assert_eq!(theirs.len(), Shape::from_fit(&[5, 5]).elements());
        }
    }
}
