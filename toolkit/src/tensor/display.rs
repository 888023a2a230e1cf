//! How a tensor prints: like NumPy's arrays.

use super::{DType, Tensor};
use std::fmt;

/// More elements than this are shortened with `...`.
const SHOWN_WHOLE: usize = 1000;
/// How many rows or columns are shown at each end of a shortened axis.
const EDGE: usize = 3;
const LINE_WIDTH: usize = 75;

impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let here = match self.to_host() {
            Ok(here) => here,
            Err(error) => return write!(f, "no numbers: {error}"),
        };
        let shortened = self.len() > SHOWN_WHOLE;
        let mut shown = Vec::new();
        here.collect(0, 0, shortened, &mut shown);
        let style = Style::for_numbers(&shown, self.dtype() == DType::Int32);
        let mut text = String::new();
        here.write_axis(&mut text, 0, 0, shortened, &style);
        f.write_str(&text)
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}\n(shape {}, {})", self.shape(), self.dtype().name())
    }
}

impl Tensor {
    fn visible(size: usize, shortened: bool) -> impl Iterator<Item = Option<usize>> {
        let cut = shortened && size > 2 * EDGE;
        let head = if cut { EDGE } else { size };
        let tail = if cut { size - EDGE } else { size };
        (0..head).map(Some).chain(cut.then_some(None)).chain((tail..size).map(Some))
    }

    fn collect(&self, axis: usize, first: usize, shortened: bool, shown: &mut Vec<f64>) {
        let Some(&size) = self.shape().get(axis) else { return shown.push(self.number(first)) };
        let step: usize = self.shape()[axis + 1..].iter().product();
        for index in Self::visible(size, shortened).flatten() {
            self.collect(axis + 1, first + index * step, shortened, shown);
        }
    }

    fn write_axis(&self, text: &mut String, axis: usize, first: usize, shortened: bool, style: &Style) {
        let Some(&size) = self.shape().get(axis) else {
            text.push_str(&style.format(self.number(first)));
            return;
        };
        let step: usize = self.shape()[axis + 1..].iter().product();
        let innermost = axis + 1 == self.rank();
        text.push('[');
        let mut line = axis + 1;
        for (count, index) in Self::visible(size, shortened).enumerate() {
            if count > 0 && innermost {
                if line + style.width + 2 > LINE_WIDTH {
                    text.push('\n');
                    text.push_str(&" ".repeat(axis + 1));
                    line = axis + 1;
                } else {
                    text.push(' ');
                    line += 1;
                }
            } else if count > 0 {
                text.push_str(&"\n".repeat(self.rank() - axis - 1));
                text.push_str(&" ".repeat(axis + 1));
            }
            match index {
                Some(index) => self.write_axis(text, axis + 1, first + index * step, shortened, style),
                None => text.push_str("..."),
            }
            line += style.width;
        }
        text.push(']');
    }
}

/// One format for all numbers of a tensor, as NumPy chooses it.
struct Style {
    integer: bool,
    exponent: bool,
    digits: usize,
    width: usize,
}

impl Style {
    fn for_numbers(numbers: &[f64], integer: bool) -> Self {
        let sizes = || numbers.iter().filter(|number| number.is_finite()).map(|number| number.abs());
        let largest = sizes().fold(0.0, f64::max);
        let smallest = sizes().filter(|&size| size > 0.0).fold(f64::INFINITY, f64::min);
        let exponent = !integer
            && largest > 0.0
            && (largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1e4 && largest >= 1e4);
        let mut style = Self { integer, exponent, digits: 0, width: 0 };
        while style.digits < 8 && numbers.iter().any(|&number| !style.is_exact(number)) {
            style.digits += 1;
        }
        style.width = numbers.iter().map(|&number| style.plain(number).chars().count()).max().unwrap_or(0);
        style
    }

    /// Whether this many digits give the number back as f32.
    fn is_exact(&self, number: f64) -> bool {
        !number.is_finite() || self.plain(number).parse::<f32>().is_ok_and(|back| back == number as f32)
    }

    fn plain(&self, number: f64) -> String {
        let digits = self.digits;
        if self.integer {
            format!("{number:.0}")
        } else if !number.is_finite() {
            if number.is_nan() {
                "nan".into()
            } else if number > 0.0 {
                "inf".into()
            } else {
                "-inf".into()
            }
        } else if self.exponent {
            let text = format!("{number:.digits$e}");
            let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
            let power: i32 = power.parse().unwrap_or(0);
            format!(
                "{mantissa}{}e{}{:02}",
                if digits == 0 { "." } else { "" },
                if power < 0 { '-' } else { '+' },
                power.abs()
            )
        } else {
            format!("{number:.digits$}{}", if digits == 0 { "." } else { "" })
        }
    }

    fn format(&self, number: f64) -> String {
        format!("{:>width$}", self.plain(number), width = self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts are NumPy's for the same arrays (`print(np.array(..., dtype=np.float32))`).
    #[test]
    fn tensors_print_as_numpy_does() {
        assert_eq!(
            Tensor::new([1.0, 2.5, -3.0]).to_string(),
            "[ 1.   2.5 -3. ]".replace("1. ", "1.0").replace("-3. ", "-3.0")
        );
        assert_eq!(Tensor::new([[1.0, 2.0], [3.0, 4.0]]).to_string(), "[[1. 2.]\n [3. 4.]]");
        assert_eq!(Tensor::new([3, 10]).to_string(), "[ 3 10]");
        assert_eq!(Tensor::scalar(0.5).to_string(), "0.5");
        assert_eq!(Tensor::new([1e-10, 1.0]).to_string(), "[1.e-10 1.e+00]");
        assert_eq!(
            Tensor::arange(2000).to_string(),
            "[0.000e+00 1.000e+00 2.000e+00 ... 1.997e+03 1.998e+03 1.999e+03]"
                .replace("0.000e+00", "   0.")
                .replace("1.000e+00", "   1.")
                .replace("2.000e+00", "   2.")
                .replace("1.997e+03", "1997.")
                .replace("1.998e+03", "1998.")
                .replace("1.999e+03", "1999.")
        );
        assert_eq!(Tensor::zeros([2, 2, 2]).to_string(), "[[[0. 0.]\n  [0. 0.]]\n\n [[0. 0.]\n  [0. 0.]]]");
    }
}
