//! How windows go over pictures: sizes, strides, padding.

use crate::backend::Window;
use crate::config::{Field, name_of, names};
use crate::{Error, Result};
use serde_json::Value;

/// What becomes of the border of a picture under a convolution or a pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Windows lie wholly within the picture: the output is $\lfloor (n - d(k - 1) - 1)/s \rfloor + 1$ wide.
    Valid,
    /// The picture is extended so that the output is $\lceil n/s \rceil$ wide; an odd extension is larger at the end.
    Same,
}

const NAMES: [(&str, Padding); 2] = [("valid", Padding::Valid), ("same", Padding::Same)];

/// What a layer's `padding` takes: a [`Padding`] or Keras's name of it.
pub trait IntoPadding {
    /// The padding.
    ///
    /// # Errors
    /// For an unknown name.
    fn into_padding(self) -> Result<Padding>;
}

impl IntoPadding for Padding {
    fn into_padding(self) -> Result<Padding> {
        Ok(self)
    }
}

impl IntoPadding for &str {
    fn into_padding(self) -> Result<Padding> {
        names("padding", &NAMES, &self.into())
    }
}

impl Field for Result<Padding> {
    fn write(&self) -> Result<Value> {
        Ok(name_of(&NAMES, &self.clone()?))
    }
    fn read(value: &Value) -> Result<Self> {
        names("padding", &NAMES, value).map(Ok)
    }
}

/// What a layer takes for height and width: one number for both, or a pair.
pub trait IntoPair {
    /// (height, width)
    fn into_pair(self) -> (usize, usize);
}

impl IntoPair for usize {
    fn into_pair(self) -> (usize, usize) {
        (self, self)
    }
}

impl IntoPair for (usize, usize) {
    fn into_pair(self) -> (usize, usize) {
        self
    }
}

impl IntoPair for [usize; 2] {
    fn into_pair(self) -> (usize, usize) {
        (self[0], self[1])
    }
}

/// The window of these sizes over pictures of `height` times `width`.
pub(super) fn window(
    (height, width): (usize, usize),
    size: (usize, usize),
    strides: (usize, usize),
    dilation: (usize, usize),
    padding: Padding,
) -> Result<Window> {
    for (what, pair) in [("the window", size), ("strides", strides), ("dilation_rate", dilation)] {
        if pair.0 == 0 || pair.1 == 0 {
            return Err(Error::argument(format!("{what} must be at least 1 each way, but is {pair:?}")));
        }
    }
    let along = |n: usize, k: usize, s: usize, d: usize| {
        let reach = d * (k - 1) + 1;
        match padding {
            Padding::Valid => n.checked_sub(reach).map(|room| (room / s + 1, 0)),
            Padding::Same => {
                let out = n.div_ceil(s);
                Some((out, ((out.max(1) - 1) * s + reach).saturating_sub(n) / 2))
            }
        }
    };
    let rows = along(height, size.0, strides.0, dilation.0);
    let columns = along(width, size.1, strides.1, dilation.1);
    let (Some((rows, top)), Some((columns, left))) = (rows, columns) else {
        return Err(Error::shape(format!(
            "a window of {size:?} with dilation {dilation:?} does not fit into pictures of {height} x {width}"
        ))
        .with_help("take a smaller window, or padding(\"same\")"));
    };
    Ok(Window { size, strides, dilation, before: (top, left), output: (rows, columns) })
}

/// (height, width, channels) of the samples of an image layer.
pub(super) fn picture(input: &[usize]) -> Result<(usize, usize, usize)> {
    match *input {
        [height, width, channels] => Ok((height, width, channels)),
        [height, width] => Err(Error::shape(format!(
            "the input must be pictures [height, width, channels], but the samples have the shape {input:?}"
        ))
        .with_help(format!("add Reshape::new([{height}, {width}, 1]) before it"))),
        _ => Err(Error::shape(format!(
            "the input must be pictures [height, width, channels], but the samples have the shape {input:?}"
        ))),
    }
}
