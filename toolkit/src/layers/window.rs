//! How windows go over pictures: sizes, strides, padding.

use crate::backend::Window;
use crate::config::Named;
use crate::{Error, Result};

/// What becomes of the border of a picture under a convolution or a pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Windows lie wholly within the picture: the output is $\lfloor (n - d(k - 1) - 1)/s \rfloor + 1$ wide.
    Valid,
    /// The picture is extended so that the output is $\lceil n/s \rceil$ wide; an odd extension is larger at the end.
    Same,
}

impl Named for Padding {
    const WHAT: &'static str = "padding";
    const NAMES: &'static [(&'static str, Self)] = &[("valid", Self::Valid), ("same", Self::Same)];
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
